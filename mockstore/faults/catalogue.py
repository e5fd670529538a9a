"""The list of all faults, and groups of them to parametrise tests with."""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Final, TypeAlias

from mockstore.errors import InvalidInputError
from mockstore.faults.drift import DRIFTS
from mockstore.faults.fault import Expect, Fault
from mockstore.faults.forgery import FORGERIES
from mockstore.faults.hostile import HOSTILE
from mockstore.faults.sequence import SEQUENCES
from mockstore.faults.wire import WIRES

Wanted: TypeAlias = Fault | str | Iterable[Fault | str]
"""One fault or several, each as a `Fault` or by its name."""

ALL: Final = (*FORGERIES, *HOSTILE, *DRIFTS, *SEQUENCES, *WIRES)
"""All faults."""

MUST_REJECT: Final = FORGERIES
"""A good consumer answers each with 4xx and does nothing."""

MUST_NOT_CRASH: Final = HOSTILE
"""A good consumer answers each with 4xx (for a few of them 2xx is right, too), and never with 5xx."""

MUST_ACCEPT: Final = DRIFTS
"""A good consumer answers each with 2xx."""

MUST_BE_HARMLESS: Final = SEQUENCES
"""A good consumer answers each with 2xx, even when an event comes late, repeatedly or out of order."""

MUST_DEDUPE: Final = tuple(fault for fault in SEQUENCES if fault.expects is Expect.DEDUPE)
"""The event is sent more than once, within three hours, and a good consumer processes it once."""

OVER_A_SOCKET: Final = tuple(fault for fault in WIRES if fault.needs_socket)
"""Faults that need a webhook with a URL: an app in process has no socket."""


def named(name: str) -> Fault:
    """Return the fault with this name; raise `InvalidInputError` with similar names for an unknown one."""
    found = _by_name().get(name)
    if found is None:
        near = get_close_matches(str(name), list(_by_name()), n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
        raise InvalidInputError(
            f"unknown fault {name!r}: {hint}known faults: {', '.join(_by_name())}", field="fault", code="unknown_fault"
        )
    return found


def wanted(fault: Wanted) -> tuple[Fault, ...]:
    """Return the faults that `fault` stands for: a fault, its name, or several; else raise `InvalidInputError`."""
    if isinstance(fault, str):
        return (named(fault),)
    if isinstance(fault, Fault):
        return (_known(fault),)
    if not isinstance(fault, Iterable):
        raise InvalidInputError(f"{fault!r} is no fault; name one, or a list of them", field="fault")
    return tuple(found for one in fault for found in wanted(one))


def _known(fault: Fault) -> Fault:
    """Return `fault`; raise `InvalidInputError` if its name is unknown, since deliveries store names of faults only."""
    named(fault.name)
    return fault


@cache
def _by_name() -> MappingProxyType[str, Fault]:
    return MappingProxyType({fault.name: fault for fault in ALL})
