"""Photos of pets: validates uploads and encodes them for the store."""

from base64 import b64decode, b64encode

from msgspec import Struct

from mockstore.model import Json, ResourceRecord
from mockstore.petstore.context import ShopContext
from mockstore.petstore.errors import FieldMistake, ValidationError

_TYPES = ("image/gif", "image/jpeg", "image/png", "image/webp")


class Upload(Struct, frozen=True):
    """An uploaded file."""

    content: bytes
    content_type: str
    filename: str | None = None
    """None when the upload did not name it."""

    @classmethod
    def from_record(cls, record: ResourceRecord) -> "Upload":
        """Return the file that is stored in the record of an image."""
        known = record.document
        return cls(b64decode(record.hidden["content"]), known["contentType"], known.get("filename"))


def new_image(upload: Upload, context: ShopContext, pet_id: str) -> dict[str, Json]:
    """Return the document of a new image; raise `ValidationError` when the file is empty or not an image."""
    mistakes = []
    if not upload.content:
        mistakes.append(FieldMistake("file", "must not be empty", "min_length"))
    if upload.content_type not in _TYPES:
        mistakes.append(FieldMistake("file", f"must be one of {', '.join(_TYPES)}", "media_type"))
    if mistakes:
        raise ValidationError(mistakes)
    id_ = context.new_id()
    named = {} if upload.filename is None else {"filename": upload.filename}
    return {
        "id": id_,
        "petId": pet_id,
        "url": f"{context.base_url}/pets/{pet_id}/images/{id_}",
        **named,
        "contentType": upload.content_type,
        "size": len(upload.content),
        "createdAt": context.moment(),
    }


def encoded_content(upload: Upload) -> dict[str, Json]:
    """Return the hidden part of the image's record: the bytes in Base64."""
    return {"content": b64encode(upload.content).decode()}
