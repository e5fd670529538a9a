"""The list of faults, and the groups that a parametrised test takes."""

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
"""One fault or several, each by itself or by its name."""

ALL: Final = (*FORGERIES, *HOSTILE, *DRIFTS, *SEQUENCES, *WIRES)
"""Every fault there is."""

MUST_REJECT: Final = FORGERIES
"""A good consumer answers 4xx to each and does nothing."""

MUST_NOT_CRASH: Final = HOSTILE
"""A good consumer answers 4xx to each (to a few of them 2xx is as good), and never 5xx."""

MUST_ACCEPT: Final = DRIFTS
"""A good consumer answers 2xx to each."""

MUST_BE_HARMLESS: Final = SEQUENCES
"""A good consumer answers 2xx to each, however late, often or out of order the event comes."""

MUST_DEDUPE: Final = tuple(fault for fault in SEQUENCES if fault.expects is Expect.DEDUPE)
"""The event comes more than once, and a good consumer does its work once. Three hours later all has come."""

OVER_A_SOCKET: Final = tuple(fault for fault in WIRES if fault.needs_socket)
"""They need a webhook with a URL."""


def named(name: str) -> Fault:
    """Return the fault of this name; raise `InvalidInputError` with the near names for any other."""
    found = _by_name().get(name)
    if found is None:
        near = get_close_matches(str(name), list(_by_name()), n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
        raise InvalidInputError(
            f"unknown fault {name!r}: {hint}known faults: {', '.join(_by_name())}", field="fault", code="unknown_fault"
        )
    return found


def wanted(told: Wanted) -> tuple[Fault, ...]:
    """Accept a fault, its name, or several of them; raise `InvalidInputError` for what is none."""
    if isinstance(told, str):
        return (named(told),)
    if isinstance(told, Fault):
        return (_known(told),)
    if not isinstance(told, Iterable):
        raise InvalidInputError(f"{told!r} is no fault; name one, or a list of them", field="fault")
    return tuple(found for one in told for found in wanted(one))


def _known(fault: Fault) -> Fault:
    """Return the fault; raise when it is none of the catalogue, for a delivery keeps its faults by name."""
    named(fault.name)
    return fault


@cache
def _by_name() -> MappingProxyType[str, Fault]:
    return MappingProxyType({fault.name: fault for fault in ALL})
