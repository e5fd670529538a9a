"""Yields variants of a body, as software often rewrites it by accident. Pure, and with limits that keep it fast."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, Final

from mockstore.model import Json

_MAX_JSON_BYTES: Final = 32 * 1024  # of a longer body there are no variants: trying them would take too long
_MAX_DEPTH: Final = 16  # indenting takes time in proportion to depth and length; real events are four levels deep

_MARK: Final = "\x00"
"""Put before a fraction, so that it can be found again in the output of `json`, where the mark is escaped."""
_MARKS: Final = re.compile(r"(?:\\u0000)+")

_LAYOUTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("compactly", {"separators": (",", ":")}),
    ("with Python's default spaces", {}),
    ("with an indent of 2", {"indent": 2}),
    ("with an indent of 4", {"indent": 4}),
)
_ORDERS: Final = (("", False), (", keys sorted", True))
_ESCAPES: Final = (("", False), (", non-ASCII characters escaped", True))
_NUMBERS: Final[tuple[tuple[str, Callable[[str], str]], ...]] = (
    ("", str),
    (", fractions as Python writes them", lambda text: repr(float(text))),
    (", fractions with two decimals", lambda text: text if "e" in text.lower() else f"{float(text):.2f}"),
    (", fractions as JavaScript writes them", lambda text: repr(float(text)).removesuffix(".0")),
)


def newline_variants(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield `body` with one newline more or less at its end; each with a description, "with …" or "without …"."""
    for name, newline in (("newline", b"\n"), ("CRLF", b"\r\n")):
        if body.endswith(newline):
            yield f"without the {name} at its end", body.removesuffix(newline)
        yield f"with a {name} at its end", body + newline


def json_variants(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the JSON of `body` in the common ways to write it; each with a description, such as "compactly".

    Fractions are written as in `body` and as languages rewrite them (`150.00`, `150.0`, `150`). Nothing is yielded
    for a body that is not JSON, is longer than 32 KiB or is nested deeper than 16 levels.
    """
    marks = _unused_marks(body)
    value = None if marks is None else _parse(body, _MARK * marks)
    if value is None or not _is_shallow(value):
        return
    marked = re.compile(rf'"(?:\\u0000){{{marks}}}([-+.0-9eE]+)"')
    for (layout, options), (order, sort), (escapes, ascii_only) in product(_LAYOUTS, _ORDERS, _ESCAPES):
        text = json.dumps(value, sort_keys=sort, ensure_ascii=ascii_only, **options)
        for numbers, rewrite in _NUMBERS if marked.search(text) else _NUMBERS[:1]:
            written = _with_numbers(text, marked, rewrite)
            yield layout + order + escapes + numbers, written
            yield layout + order + escapes + numbers + ", with a newline at the end", written + b"\n"


def is_same_json(one: bytes, other: bytes) -> bool:
    """Tell whether both are JSON with equal values; False for a body of more than 32 KiB."""
    canonical = _canonical(one)
    return canonical is not None and canonical == _canonical(other)


def _unused_marks(body: bytes) -> int | None:
    """Return a number of marks larger than any run of them in `body`; None when it is too long or not Unicode."""
    if len(body) > _MAX_JSON_BYTES:
        return None
    try:
        text = body.decode(json.detect_encoding(body), "surrogatepass")
    except UnicodeDecodeError:
        return None
    return 1 + max((len(found[0]) for found in _MARKS.finditer(text)), default=0) // len("\\u0000")


def _parse(body: bytes, mark: str) -> Json | None:
    try:
        return json.loads(body, parse_float=lambda text: mark + text)
    except (ValueError, RecursionError):
        return None


def _is_shallow(value: Json) -> bool:
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [child for item in level for child in _children(item)]
        if not level:
            return True
    return False


def _children(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _with_numbers(text: str, marked: re.Pattern[str], rewrite: Callable[[str], str]) -> bytes:
    return marked.sub(lambda found: rewrite(found[1]), text).encode("utf-8", "surrogatepass")


def _canonical(body: bytes) -> str | None:
    if len(body) > _MAX_JSON_BYTES:
        return None
    try:
        # all numbers as floats: 150, 150.0 and 150.00 are equal, and other than in Python true is not equal to 1
        return json.dumps(json.loads(body, parse_int=float), sort_keys=True)
    except (ValueError, RecursionError):
        return None
