"""Hints for failures that are caused by how the test runs, not by the request that was sent."""

import sys
from typing import Final
from urllib.parse import urlsplit

from mockstore.model import DeliveryRecord, Outcome

_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_BLOCKED: Final = (
    "blocked: the test waited on an event loop. If the consumer runs on the same loop, the waiting test blocks its own "
    "event loop; use `await mockstore_server.aemit(...)`, which does not"
)


def blocked_loop_hint(delivery: DeliveryRecord, url: str) -> list[str]:
    """Return a hint when the test may block the event loop on which its consumer at `url` runs; else an empty list."""
    last = delivery.attempts[-1] if delivery.attempts else None
    unanswered = last is None or (last.outcome is Outcome.TIMEOUT and last.reply is None)
    if not unanswered or urlsplit(url).hostname not in _THIS_MACHINE or not _in_a_running_loop():
        return []
    return [_BLOCKED]


def _in_a_running_loop() -> bool:
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
