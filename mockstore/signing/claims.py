"""What the headers of a request say about its signature, and how a scheme parses them. Pure."""

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, TypeAlias, cast

from msgspec import Struct

from mockstore.signing.secrets import mask
from mockstore.signing.verdict import Finding, Reason
from mockstore.signing.wording import listed, quoted

ReceivedHeaders: TypeAlias = Mapping[str, str | bytes] | Iterable[tuple[str | bytes, str | bytes]]
"""Header fields as frameworks pass them: a mapping, or pairs in which a name may occur several times."""

Fields: TypeAlias = Mapping[str, list[str]]
"""Header values by lower-case name; white space around the values is removed."""

WrongKey: TypeAlias = tuple[bytes, Finding]
"""A key that senders or receivers use by mistake, and the finding if the signature was made with it."""

DIGEST_BYTES: Final = 32
HEX_DIGITS: Final = 64
NOT_HEX: Final = re.compile(r"[^0-9a-fA-F]")


class Claim(Struct, frozen=True):
    """The signatures in the headers, and what they cover besides the body."""

    signatures: tuple[str, ...]
    preamble: bytes = b""
    """What is signed before the body."""
    signed_at: datetime | None = None
    """The signed timestamp; None when the scheme has none."""


class Dialect(Struct, frozen=True):
    """How the headers of one scheme are parsed, and the mistakes that are common with it."""

    read: Callable[[Fields], Claim | Finding]
    """Parses the headers; returns a finding when there is no signature that could be verified."""
    format_error: Callable[[str], Finding | None]
    """Returns what is wrong with the format of one signature, or None."""
    normalise: Callable[[str], str]
    """Returns a well-formed signature as the scheme itself writes it."""
    wrong_keys: Callable[[str], Iterator[WrongKey]]
    """Yields keys that are made of a secret by mistake."""
    covered: str
    """Everything that a signature depends on, for use in a sentence."""


def read_fields(headers: ReceivedHeaders) -> Fields:
    """Return the header fields of a mapping (any object with `items`) or of pairs; bytes are decoded as Latin-1."""
    items = getattr(headers, "items", None)
    pairs = cast("Iterable[tuple[object, object]]", headers if items is None else items())
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        values = value if isinstance(value, list | tuple) else (value,)
        found = [text for text in map(_text, values) if text]
        fields.setdefault(_text(name).lower(), []).extend(found)
    return fields


def _text(value: object) -> str:
    if value is None:
        return ""
    return (value.decode("latin-1") if isinstance(value, bytes | bytearray) else str(value)).strip(" \t\r\n")


def similar_headers(fields: Fields) -> str:
    """Return the names of up to three headers that contain "signature", as text in brackets; empty without any."""
    similar = sorted(name for name, values in fields.items() if values and "signature" in name)[:3]
    return f" (found instead: {listed([quoted(name) for name in similar])})" if similar else ""


def keys_with_whitespace(secret: str, key: Callable[[str], bytes]) -> Iterator[WrongKey]:
    """Yield the keys that differ by white space around the secret, at the receiver or at the sender."""
    yield (
        key(secret.strip()),
        Finding(
            Reason.SECRET_WHITESPACE,
            f"The secret {mask(secret.strip())} was given with white space around it, but the signature was made "
            "without: strip the secret where it is read.",
        ),
    )
    yield (
        key(secret + "\n"),
        Finding(
            Reason.SECRET_WHITESPACE,
            f"The signature was made with a newline after the secret {mask(secret)}, but the newline is no part of "
            "it: strip the secret where the sender reads it.",
        ),
    )


def digest_length(encoded: str) -> int | None:
    """Return how many bytes `encoded` decodes to; None when it is not padded base64 of the standard alphabet."""
    try:
        return len(b64decode(encoded, validate=True))
    except ValueError:
        return None
