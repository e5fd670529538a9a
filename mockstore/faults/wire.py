"""Wire faults: correct requests that are transferred badly. All but `gzip` need a socket. Pure: only describes them."""

import gzip
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from msgspec.structs import replace

from mockstore.faults.fault import Expect, Fault, Group
from mockstore.model import Outgoing, Wire


def _with_wire(outgoing: Outgoing, roll: int, *, change: Callable[[Outgoing, int], dict[str, Any]]) -> Outgoing:
    return replace(outgoing, wire=replace(outgoing.wire or Wire(), **change(outgoing, roll)))


def _cut(outgoing: Outgoing, roll: int) -> dict[str, Any]:
    return {"cut_at": roll % max(1, len(outgoing.body))}


def _gzip(outgoing: Outgoing, _roll: int) -> Outgoing:
    """Compress the signed body, without a timestamp, so that the same event always makes the same bytes."""
    headers = (*outgoing.headers, ("Content-Encoding", "gzip"))
    return replace(outgoing, headers=headers, body=gzip.compress(outgoing.body, mtime=0))


def _wire(
    name: str,
    sentence: str,
    good_consumer: str,
    expects: Expect,
    change: Callable[[Outgoing, int], dict[str, Any]],
    *attempts: int,
) -> Fault:
    return Fault(
        name,
        Group.WIRE,
        sentence,
        good_consumer,
        expects,
        ("wire",),
        needs_socket=True,
        attempts=attempts,
        alter=partial(_with_wire, change=change),
    )


WIRES: Final[tuple[Fault, ...]] = (
    _wire(
        "dripped_body",
        "The body comes in small pieces, over a fifth of the time limit.",
        "Reads on until the announced length is there.",
        Expect.ACCEPT,
        lambda _outgoing, _roll: {"dripped": True},
    ),
    _wire(
        "cut_body",
        "The body ends before its announced length, and the sender closes its side; the next attempt is whole.",
        "Does nothing: a body that is not whole has no genuine signature.",
        Expect.REJECT,
        _cut,
        1,
    ),
    _wire(
        "chunked",
        "The body comes in chunks and without an announced length.",
        "Reads chunks (RFC 9112, 7.1), as its server should do for it.",
        Expect.ACCEPT,
        lambda _outgoing, _roll: {"chunked": True},
    ),
    Fault(
        "gzip",
        Group.WIRE,
        "The body was compressed after signing. This one needs no socket.",
        "Answers 415 (RFC 9110, 15.5.16), or decompresses within a limit and verifies the result.",
        Expect.SURVIVE,
        ("body", "headers"),
        alter=_gzip,
    ),
    _wire(
        "reset_before_answer",
        "The sender resets the connection when the answer is on its way, and tries again after a minute.",
        "Recognises the event's id the second time; does not undo its work because its answer was not read.",
        Expect.DEDUPE,
        lambda _outgoing, _roll: {"reset": "before"},
        1,
    ),
    _wire(
        "reset_during_answer",
        "The sender resets the connection amid the answer, and tries again after a minute.",
        "Recognises the event's id the second time; does not undo its work because its answer was not read.",
        Expect.DEDUPE,
        lambda _outgoing, _roll: {"reset": "during"},
        1,
    ),
    _wire(
        "slow_to_connect",
        "The connection is there a fifth of the time limit before the request comes.",
        "Has room for other connections meanwhile.",
        Expect.ACCEPT,
        lambda _outgoing, _roll: {"slow_to_connect": True},
    ),
)
