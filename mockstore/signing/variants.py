"""The same body, written in the ways in which it gets rewritten by accident. Pure, and bounded in cost."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, Final

from mockstore.model import Json

_MAX_JSON_BYTES: Final = 32 * 1024  # a longer body is not re-serialised: guessing has to stay cheap
_MAX_DEPTH: Final = 16  # indenting costs depth times length; real events are four deep

_MARK: Final = "\x00"  # json escapes it, so a marked number can be found again in what json wrote
_MARKED: Final = re.compile(r'"\\u0000([-+.0-9eE]+)"')

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
    """Yield `body` with one newline more or fewer at its end; each with how it differs, as «with …» or «without …»."""
    for name, newline in (("newline", b"\n"), ("CRLF", b"\r\n")):
        if body.endswith(newline):
            yield f"without the {name} at its end", body.removesuffix(newline)
        yield f"with a {name} at its end", body + newline


def json_variants(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the JSON of `body` in the usual ways of writing it; each with how it is written, as an adverb.

    Fractions are tried as they stand and as languages rewrite them (`150.00`, `150.0`, `150`). Nothing is yielded for
    what is not JSON, is longer than 32 KiB or nests deeper than 16 levels.
    """
    value = _parse(body)
    if value is None or not _is_shallow(value):
        return
    for (layout, options), (order, sort), (escapes, ascii_only) in product(_LAYOUTS, _ORDERS, _ESCAPES):
        text = json.dumps(value, sort_keys=sort, ensure_ascii=ascii_only, **options)
        for numbers, rewrite in _NUMBERS if _MARKED.search(text) else _NUMBERS[:1]:
            written = _with_numbers(text, rewrite)
            yield layout + order + escapes + numbers, written
            yield layout + order + escapes + numbers + ", with a newline at the end", written + b"\n"


def is_same_json(one: bytes, other: bytes) -> bool:
    """Whether both are JSON and mean the same, however written; False beyond the limits of `json_variants`."""
    meaning = _meaning(one)
    return meaning is not None and meaning == _meaning(other)


def _parse(body: bytes) -> Json | None:
    if len(body) > _MAX_JSON_BYTES:
        return None
    try:
        return json.loads(body, parse_float=lambda text: _MARK + text)
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


def _with_numbers(text: str, rewrite: Callable[[str], str]) -> bytes:
    return _MARKED.sub(lambda found: rewrite(found[1]), text).encode("utf-8", "surrogatepass")


def _meaning(body: bytes) -> str | None:
    if len(body) > _MAX_JSON_BYTES:
        return None
    try:
        # every number as a float: 150, 150.0 and 150.00 mean the same, and unlike in Python true is not 1
        return json.dumps(json.loads(body, parse_int=float), sort_keys=True)
    except (ValueError, RecursionError):
        return None
