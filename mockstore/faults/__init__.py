"""Faults: the ways in which webhooks go wrong, to cause on purpose with `Mockstore.emit(…, fault=…)`. Pure."""

from mockstore.faults.catalogue import (
    ALL,
    MUST_ACCEPT,
    MUST_BE_HARMLESS,
    MUST_DEDUPE,
    MUST_NOT_CRASH,
    MUST_REJECT,
    OVER_A_SOCKET,
    named,
)
from mockstore.faults.fault import Expect, Fault, Group
from mockstore.faults.verdict import expectation, is_met

__all__ = [
    "ALL",
    "MUST_ACCEPT",
    "MUST_BE_HARMLESS",
    "MUST_DEDUPE",
    "MUST_NOT_CRASH",
    "MUST_REJECT",
    "OVER_A_SOCKET",
    "Expect",
    "Fault",
    "Group",
    "expectation",
    "is_met",
    "named",
]
