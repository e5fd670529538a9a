"""`/v1/pets`: lists of pets, searches, single pets and their photos."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.routing import BaseConverter

from mockstore.petstore.errors import FieldMistake, ValidationError
from mockstore.web.reading import whole_object
from mockstore.web.rest.shop_calls import created, filters, serve, shop
from mockstore.web.site import mockstore, nothing

if TYPE_CHECKING:
    from mockstore.petstore.images import Upload

routes = Blueprint("pets", __name__)


class PetId(BaseConverter):
    """The id of a pet in a path: any segment except `search`, which is a route of its own."""

    regex = r"(?!search\Z)[^/]+"


routes.record_once(lambda state: state.app.url_map.converters.update(pet=PetId))

_FILE: Final = "file"
_MULTIPART: Final = "multipart/form-data"
_UNTYPED: Final = ("", "application/octet-stream")
_BY_SUFFIX: Final[Mapping[str, str]] = MappingProxyType(
    {"gif": "image/gif", "jpeg": "image/jpeg", "jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
)


@routes.get("")
def find() -> ResponseReturnValue:
    """Return a page of the pets that match the filters."""
    return shop().pets.find(filters("pet-filters"))


@routes.post("")
def add() -> ResponseReturnValue:
    """Add a pet."""
    body = whole_object()
    return created(serve(lambda: shop().pets.add(body)))


@routes.route("", methods=["QUERY"])
@routes.post("/search")
def query() -> ResponseReturnValue:
    """Return a page of the pets that meet the criteria in the body, in its sort order."""
    return shop().pets.query(whole_object())


@routes.get("/<pet:pet_id>")
def read(pet_id: str) -> ResponseReturnValue:
    """Return a pet."""
    return shop().pets.get(pet_id)


@routes.put("/<pet:pet_id>")
def change(pet_id: str) -> ResponseReturnValue:
    """Change the members of the pet that the body names."""
    body = whole_object()
    return serve(lambda: shop().pets.update(pet_id, body))


@routes.delete("/<pet:pet_id>")
def remove(pet_id: str) -> ResponseReturnValue:
    """Remove the pet from the shop."""
    serve(lambda: shop().pets.remove(pet_id))
    return nothing()


@routes.post("/<pet_id>/images")
def add_image(pet_id: str) -> ResponseReturnValue:
    """Store a photo of the pet."""
    upload = _upload()
    origin = request.root_url.rstrip("/") if request.host else ""  # Flask makes an invalid host empty
    pets = mockstore().shop.at(origin + request.path.partition("/pets/")[0]).pets
    image = serve(lambda: pets.add_image(pet_id, upload))
    return created(image, image["url"])


@routes.get("/<pet_id>/images/<image_id>")
def read_image(pet_id: str, image_id: str) -> ResponseReturnValue:
    """Return an uploaded photo of the pet."""
    image = shop().pets.image(pet_id, image_id)
    return Response(image.content, mimetype=image.content_type, headers={"X-Content-Type-Options": "nosniff"})


def _upload() -> "Upload":
    """Return the file in the form; raise `UnsupportedMediaType` for another body, `ValidationError` without a file."""
    if request.mimetype != _MULTIPART:
        raise UnsupportedMediaType(f"the body is {request.mimetype or 'of no type'}; send {_MULTIPART} with a {_FILE}")
    file = request.files.get(_FILE)
    if file is None:
        raise ValidationError([FieldMistake(_FILE, "is required, as a file with a name", "required")])
    from mockstore.petstore.images import Upload  # noqa: PLC0415 - the server starts without the shop

    return Upload(file.read(), _type_of(file), file.filename or None)


def _type_of(file: FileStorage) -> str:
    """Return the media type of a file in the form, taken from the suffix of its name when the client sent none."""
    if file.mimetype not in _UNTYPED:
        return file.mimetype
    return _BY_SUFFIX.get((file.filename or "").rpartition(".")[2].lower(), file.mimetype)
