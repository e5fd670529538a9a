"""What may become of a pet, an order and a payment, and in which words events tell it. Tables, and two readers."""

from collections.abc import Mapping
from types import MappingProxyType

from mockstore.petstore.errors import ConflictError

MOVES: Mapping[str, Mapping[str, Mapping[str, str]]] = MappingProxyType(
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
"""By kind and verb: from which status to which. What is not here is a conflict.

A pending pet can be ordered again and an approved order be paid again, without a second change (contract 2). Staff may
give a pet any status by PUT.
"""

OPEN_ORDERS = ("PLACED", "APPROVED")
"""An order in one of these holds its pet."""

_EVENT_WORDS: Mapping[str, str] = MappingProxyType({"PLACED": "PENDING", "APPROVED": "PROCESSING"})
"""The guide's words for an order's state, where they differ from REST's (contract 1.1)."""


def after(kind: str, id_: str, status: str, verb: str) -> str:
    """Return the status that `verb` leads to from `status`; raise `ConflictError` when it leads nowhere."""
    moves = MOVES[kind]
    if status not in moves[verb]:
        allowed = [name for name, steps in moves.items() if status in steps]
        raise ConflictError(kind, id_, status=status, wanted=verb, allowed=allowed)
    return moves[verb][status]


def event_word(order_status: str) -> str:
    """Return the word that events use for an order's state."""
    return _EVENT_WORDS.get(order_status, order_status)
