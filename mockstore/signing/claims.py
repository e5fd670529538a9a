"""What a request's headers claim about its signature, and how a scheme reads that. Pure."""

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
"""Header fields as frameworks hand them over: a mapping, or pairs in which a name may repeat."""

Fields: TypeAlias = Mapping[str, list[str]]
"""Header values by lower-case name, stripped."""

Slip: TypeAlias = tuple[bytes, Finding]
"""A key that is used by mistake, and what to say when it turns out to be the one."""

DIGEST_BYTES: Final = 32
HEX_DIGITS: Final = 64
NOT_HEX: Final = re.compile(r"[^0-9a-fA-F]")


class Claim(Struct, frozen=True):
    """The signatures that came along, and what they cover besides the body."""

    signatures: tuple[str, ...]
    preamble: bytes = b""
    signed_at: datetime | None = None


class Dialect(Struct, frozen=True):
    """How one scheme is read, and what usually goes wrong with it."""

    read: Callable[[Fields], Claim | Finding]
    flaw: Callable[[str], Finding | None]
    """Says what is wrong with the form of one signature."""
    normal: Callable[[str], str]
    """Rewrites a signature of sound form as the scheme itself writes it."""
    slips: Callable[[str], Iterator[Slip]]
    """Yields the keys that are made of a secret by mistake."""
    covered: str
    """Everything that a signature depends on, as a sentence names it."""


def read_fields(headers: ReceivedHeaders) -> Fields:
    """Return the fields of a mapping (any object with `items`) or of pairs; bytes are read as Latin-1, as HTTP does."""
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


def instead(fields: Fields) -> str:
    """Return, in brackets, the names of up to three headers that look like a signature, or nothing."""
    similar = sorted(name for name, values in fields.items() if values and "signature" in name)[:3]
    return f" (found instead: {listed([quoted(name) for name in similar])})" if similar else ""


def whitespace_slips(secret: str, key: Callable[[str], bytes]) -> Iterator[Slip]:
    """Yield the keys made with white space around the secret, on either side of the wire."""
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
    """Return how many bytes strict, padded base64 decodes to; None when it is not that."""
    try:
        return len(b64decode(encoded, validate=True))
    except ValueError:
        return None
