"""A mock of the Modern Petstore API: sends signed webhooks, retries them on a clock you control, checks consumers.

The names below are imported when they are first used, so that importing the package is fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockstore.answers import Answer
    from mockstore.api import PetstoreApi
    from mockstore.errors import MockstoreError
    from mockstore.events import EventFactory
    from mockstore.handles import Deliveries, Delivery, Event, Webhook
    from mockstore.inbox import Inbox, Received
    from mockstore.model import Attempt, Outgoing, Reply
    from mockstore.provider import Provider
    from mockstore.service import Mockstore

__all__ = [
    "Answer",
    "Attempt",
    "Deliveries",
    "Delivery",
    "Event",
    "EventFactory",
    "Inbox",
    "Mockstore",
    "MockstoreError",
    "Outgoing",
    "PetstoreApi",
    "Provider",
    "Received",
    "Reply",
    "Webhook",
]

_MODULE_OF = {
    "Answer": "answers",
    "Attempt": "model",
    "Deliveries": "handles",
    "Delivery": "handles",
    "Event": "handles",
    "EventFactory": "events",
    "Inbox": "inbox",
    "Mockstore": "service",
    "MockstoreError": "errors",
    "Outgoing": "model",
    "PetstoreApi": "api",
    "Provider": "provider",
    "Received": "inbox",
    "Reply": "model",
    "Webhook": "handles",
}
_SUBMODULES = frozenset({"faults", "strategies"})


def __getattr__(name: str) -> object:
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
