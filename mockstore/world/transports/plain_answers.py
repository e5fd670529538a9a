"""Reads the head of the answers that most receivers give, in a tenth of the time of `http.client`. Pure: no I/O.

Plain is an answer of HTTP/1.1 with a body of announced length or none, over a connection that stays open. Whatever is
not plain is left to `http.client`, which finds the same in what is.
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
"""Longer heads are left to `http.client`: what is read is kept for a while."""


class PlainHead(NamedTuple):
    """What stands before the body."""

    status: int
    headers: Headers
    size: int
    """Of the head, in bytes."""
    length: int
    """Of the body."""


def plain_head(come: bytes) -> PlainHead | None:
    """Return the head of the answer to a POST; None when it is not plain, not all here, or has too much behind it."""
    end = come.find(_END, 0, _LONGEST)
    head = _read(come[: end + len(_END)]) if end >= 0 else None
    return head if head is not None and len(come) <= head.size + head.length else None


@lru_cache(maxsize=256)
def _read(text: bytes) -> PlainHead | None:
    """Read a whole head. A receiver answers alike many times in a second, and what it says of itself is kept once."""
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
        if length:  # a lie, or of the answer to a GET: where the next answer begins is not certain
            return None
        length = 0
    if length is None or length > BODY_LIMIT:
        return None
    return PlainHead(status, tuple(headers), len(text), length)
