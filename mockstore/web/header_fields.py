"""Parses the headers of a request strictly by RFC 9112, and refuses what another server may parse differently."""

import re
from collections.abc import MutableMapping
from typing import Final, Protocol

from cheroot.server import comma_separated_headers  # type: ignore[attr-defined]  # typeshed leaves it out

_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LENGTH: Final = re.compile(rb"[0-9]{1,18}")
_CRLF: Final = b"\r\n"
_SHOWN: Final = 40
"""How many bytes of a malformed line a refusal shows."""

Fields = MutableMapping[bytes, bytes]


class Lines(Protocol):
    """A source of lines."""

    def readline(self) -> bytes:
        """Return the next line with its line end; empty at the end of the stream."""


def read_fields(lines: Lines, fields: Fields, *, host_required: bool) -> None:
    """Read the headers up to the empty line into `fields`, with names in the form `Content-Type`.

    Raises `ValueError` with the reason for malformed headers, for an ambiguous body length (RFC 9112, 5 and 6.3), for
    a second `Host`, and for none if `host_required` (3.2).
    """
    while (line := lines.readline()) != _CRLF:
        name, value = _field(line)
        before = fields.get(name)
        if before is None:
            fields[name] = value
        elif name == b"Host" or (name == b"Content-Length" and before != value):
            raise ValueError(f"there is more than one {name.decode()}")
        else:
            fields[name] = b", ".join((before, value)) if name in comma_separated_headers else value
    if host_required and b"Host" not in fields:
        raise ValueError("HTTP/1.1 requires the header Host")
    _check_framing(fields)


def _field(line: bytes) -> tuple[bytes, bytes]:
    if not line.endswith(_CRLF):
        raise ValueError("a header line does not end in CRLF" if line else "the headers have no end")
    name, colon, value = line.partition(b":")
    if not colon or _NAME.fullmatch(name) is None:
        raise ValueError(f"a header is written as name, colon, value, on one line; found {line.strip()[:_SHOWN]!r}")
    return name.title(), value.strip()


def _check_framing(fields: Fields) -> None:
    length = fields.get(b"Content-Length")
    if length is None:
        return
    if b"Transfer-Encoding" in fields:
        raise ValueError("Content-Length and Transfer-Encoding exclude each other")
    if _LENGTH.fullmatch(length) is None:
        raise ValueError(f"Content-Length is {length[:_SHOWN]!r}; it has to be a number of at most 18 digits")
