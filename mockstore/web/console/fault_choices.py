"""The faults as choices of a form: by group, each explained. Pure."""

from collections.abc import Sequence
from functools import cache
from types import MappingProxyType
from typing import Final

from mockstore.faults import ALL, Fault, Group

_TITLES: Final = MappingProxyType(
    {
        Group.FORGERY: "Forged: no genuine signature",
        Group.HOSTILE: "Hostile: a body that crashes the careless",
        Group.DRIFT: "Drift: the API changes",
        Group.DELIVERY: "Delivery: twice, late, out of order",
        Group.WIRE: "Wire: trouble on the way",
    }
)


@cache
def fault_groups() -> Sequence[tuple[str, Sequence[Fault]]]:
    """Return the faults by the title of their group."""
    return tuple((title, tuple(fault for fault in ALL if fault.group is group)) for group, title in _TITLES.items())
