"""What may explain a failure that lies in how the test runs, not in what was sent."""

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
    """Return what to do when the test may have kept the event loop busy on which its own consumer at `url` runs."""
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
