"""Hostile faults: correctly signed bodies that may crash a careless consumer. Consumers must survive them. Pure."""

from collections.abc import Callable
from functools import partial
from typing import Final

from msgspec.structs import replace

from mockstore.events import encode
from mockstore.faults.fault import Draft, Expect, Fault, Group
from mockstore.faults.reading import read_object
from mockstore.model import Json

_DEPTH: Final = 100_000  # Python's parser fails at a depth of a thousand, others at ten thousand
_HUGE: Final = 4 * 1024 * 1024  # above the default limits of nginx (1 MB) and Django (2.5 MB)
_PAGE: Final = b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
_NOT_UTF8: Final = b"\xff\xfe"
_NON_OBJECTS: Final = (b"null", b"[]", b'"pet.adopted"', b"42", b"true")


def _not_json(_body: bytes, _roll: int) -> bytes:
    return _PAGE


def _not_an_object(_body: bytes, roll: int) -> bytes:
    return _NON_OBJECTS[roll % len(_NON_OBJECTS)]


def _truncated(body: bytes, roll: int) -> bytes:
    return body[: 1 + roll % (len(body) - 1)] if len(body) > 1 else b"{"


def _non_utf8(body: bytes, _roll: int) -> bytes:
    head, quote, tail = body.rpartition(b'"')
    return head + _NOT_UTF8 + quote + tail


def _deeply_nested(body: bytes, _roll: int) -> bytes:
    envelope = read_object(body) or {}
    rest = encode({name: value for name, value in envelope.items() if name != "data"})[1:-1]
    return b"{" + rest + (b"," if rest else b"") + b'"data":' + b"[" * _DEPTH + b"]" * _DEPTH + b"}"


def _huge(body: bytes, _roll: int) -> bytes:
    return _with_first_member(body, "padding", "x" * _HUGE)


def _duplicate_keys(body: bytes, _roll: int) -> bytes:
    """Write the members `id` and `eventType` twice, first with a wrong value: parsers differ in which one they use."""
    twice = _with_first_member(body, "eventType", "pet.vanished")
    return _with_first_member(twice, "id", "00000000-0000-7000-8000-000000000000")


def _empty(_body: bytes, _roll: int) -> bytes:
    return b""


def _with_first_member(body: bytes, name: str, value: Json) -> bytes:
    """Return the object in `body` with a member added in front; a new object if `body` does not contain one."""
    rest = body.lstrip().removeprefix(b"{") if read_object(body) is not None else b"}"
    comma = b"" if rest.lstrip().startswith(b"}") else b","
    return encode({name: value})[:-1] + comma + rest


def _with_body(draft: Draft, roll: int, *, as_: Callable[[bytes, int], bytes]) -> Draft:
    return replace(draft, body=as_(draft.body, roll))


def _wrong_content_type(draft: Draft, _roll: int) -> Draft:
    return replace(draft, content_type="text/plain")


def _hostile(
    name: str,
    sentence: str,
    good_consumer: str,
    write: Callable[[bytes, int], bytes],
    expects: Expect = Expect.REJECT,
) -> Fault:
    return Fault(
        name, Group.HOSTILE, sentence, good_consumer, expects, ("body",), compose=partial(_with_body, as_=write)
    )


HOSTILE: Final[tuple[Fault, ...]] = (
    _hostile("not_json", "The body is a page of HTML.", "Answers 400.", _not_json),
    _hostile(
        "not_an_object",
        "The body is JSON, but no object: null, a list, a text, a number.",
        "Checks the form before it reads a member, and answers 400 or 422.",
        _not_an_object,
    ),
    _hostile("truncated_json", "The body ends in the middle.", "Answers 400.", _truncated),
    _hostile(
        "non_utf8",
        "A text in the body has bytes in it that are no UTF-8.",
        "Takes an error of decoding for an error of parsing, and answers 400.",
        _non_utf8,
    ),
    _hostile(
        "deeply_nested",
        "The event's data are a hundred thousand lists in each other.",
        "Survives its parser's error about the depth (in Python a RecursionError), and answers 400.",
        _deeply_nested,
    ),
    _hostile(
        "huge",
        "The body has 4 MiB of padding in a member that nobody knows.",
        "Limits how much it reads and answers 413; if it can hold that much it may accept.",
        _huge,
        Expect.SURVIVE,
    ),
    _hostile(
        "duplicate_keys",
        "The body names id and eventType twice, with different values.",
        "Answers 400, or takes one of them throughout; verifying and handling with two parsers is a hole.",
        _duplicate_keys,
        Expect.SURVIVE,
    ),
    Fault(
        "wrong_content_type",
        Group.HOSTILE,
        "The body is as it should be, but is declared text/plain.",
        "Answers 415, or goes by the body; does not take the body for absent and crash.",
        Expect.SURVIVE,
        ("headers",),
        compose=_wrong_content_type,
    ),
    _hostile("empty_body", "The body is empty.", "Answers 400.", _empty),
)
