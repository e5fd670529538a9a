"""Parses the status line and headers of simple responses in a tenth of the time of `http.client`. Pure: no I/O.

A response is plain if it is HTTP/1.1, its body has a Content-Length or is absent, and the connection stays open.
`http.client` parses all others; for a plain one it would give the same result.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from mockstore.model import Headers
from mockstore.world.transports.rules import BODILESS, BODY_LIMIT

_HEAD: Final = re.compile(
    rb"HTTP/1\.1 ([2-5]\d\d)(?: [\t\x20-\x7e]*)?\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e]*\r\n){0,90})\r\n"
)
_LENGTH: Final = re.compile(r"[0-9]{1,9}")
_NOT_PLAIN: Final = frozenset({"transfer-encoding", "keep-alive", "proxy-connection"})
_END: Final = b"\r\n\r\n"
_LONGEST: Final = 4096
"""The longest head in bytes that is parsed here: parsed heads are cached. `http.client` parses longer ones."""


class PlainHead(NamedTuple):
    """The status line and the headers of a response."""

    status: int
    headers: Headers
    size: int
    """The length of the head in bytes."""
    length: int
    """The length of the body in bytes."""


def plain_head(received: bytes) -> PlainHead | None:
    """Parse the head of the response to a POST; return None when it is not plain or incomplete.

    Also None when there are more bytes than the body has.
    """
    end = received.find(_END, 0, _LONGEST)
    head = _parse(received[: end + len(_END)]) if end >= 0 else None
    return head if head is not None and len(received) <= head.size + head.length else None


@lru_cache(maxsize=256)
def _parse(text: bytes) -> PlainHead | None:
    """Parse a complete head. Cached, since a receiver sends equal heads many times a second."""
    head = _HEAD.fullmatch(text)
    if head is None:
        return None
    status, length = int(head[1]), None
    headers: list[tuple[str, str]] = []
    for line in head[2].decode("ascii").split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        value = value.lstrip(" \t")
        headers.append((name, value))
        lower = name.lower()
        if lower == "content-length":
            if length is not None or not _LENGTH.fullmatch(value):
                return None
            length = int(value)
        elif lower in _NOT_PLAIN or (lower == "connection" and value.lower() != "keep-alive"):
            return None
    if status in BODILESS:
        if length:  # wrong, or the length that a GET would have: it is uncertain where the next response begins
            return None
        length = 0
    if length is None or length > BODY_LIMIT:
        return None
    return PlainHead(status, tuple(headers), len(text), length)
