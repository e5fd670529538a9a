"""The allowed changes of status of pets, orders and payments, and the names that events use for statuses. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from mockstore.petstore.errors import ConflictError

TABLE: Mapping[str, Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "pet": {
            "order": {"AVAILABLE": "PENDING", "PENDING": "PENDING"},
            "adopt": {"AVAILABLE": "ADOPTED", "PENDING": "ADOPTED"},
            "release": {"PENDING": "AVAILABLE", "ADOPTED": "AVAILABLE"},
            "await": {"ADOPTED": "PENDING"},
        },
        "order": {
            "pay": {"PLACED": "APPROVED", "APPROVED": "APPROVED"},
            "ship": {"APPROVED": "SHIPPED"},
            "deliver": {"SHIPPED": "DELIVERED"},
            "cancel": {"PLACED": "CANCELLED", "APPROVED": "CANCELLED"},
        },
        "payment": {
            "process": {"PENDING": "PROCESSING"},
            "succeed": {"PROCESSING": "SUCCEEDED"},
            "fail": {"PROCESSING": "FAILED"},
            "cancel": {"PENDING": "CANCELLED"},
        },
    }
)
"""By kind and verb: the new status for each old one. A change that is not in the table is a conflict.

A PENDING pet can be ordered again, and an APPROVED order can be paid again, without a change of status (contract 2).
Staff may give a pet any status by PUT, which does not use this table.
"""

OPEN_ORDERS = ("PLACED", "APPROVED")
"""The statuses in which an order holds its pet."""

_EVENT_WORDS: Mapping[str, str] = MappingProxyType({"PLACED": "PENDING", "APPROVED": "PROCESSING"})
"""The statuses of orders whose names in events differ from those in REST (contract 1.1)."""


def next_status(kind: str, id_: str, status: str, verb: str) -> str:
    """Return the status after `verb`; raise `ConflictError` when `status` does not allow `verb`."""
    moves = TABLE[kind]
    if status not in moves[verb]:
        allowed = [name for name, steps in moves.items() if status in steps]
        raise ConflictError(kind, id_, status=status, wanted=verb, allowed=allowed)
    return moves[verb][status]


def event_word(order_status: str) -> str:
    """Return the name that events use for the status of an order."""
    return _EVENT_WORDS.get(order_status, order_status)
