"""How many calls a tenant may make: a count for each minute of its clock (contract 2). Pure: `now` is an argument."""

from collections import OrderedDict
from datetime import datetime, timedelta
from math import ceil
from threading import Lock
from typing import Final

from msgspec import Struct

API: Final = "/v1"
"""The calls below here are counted."""
WINDOW: Final = timedelta(minutes=1)
UNLIMITED: Final = 1_000_000
"""What the headers promise for a minute when there is no limit."""

_COUNTED: Final = 10_000
"""The most tenants whose counts are kept."""


class Allowance(Struct, frozen=True):
    """What is left of a window after a call."""

    limit: int
    remaining: int
    reset: int
    """Whole seconds until the next window."""
    granted: bool = True

    def headers(self) -> dict[str, str]:
        """Return the header fields that tell it; a refusal says when to come back."""
        fields = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }
        return fields if self.granted else fields | {"Retry-After": str(self.reset)}


class RateLimit:
    """Counts calls; `limit` None grants every one."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._lock = Lock()
        self._counts: OrderedDict[str | None, tuple[int, int]] = OrderedDict()

    def take(self, tenant_id: str | None, now: datetime) -> Allowance:
        """Count a call of the tenant, and say whether it is granted."""
        if self._limit is None:
            return untaken(None)
        window, past = divmod(now.timestamp(), WINDOW.total_seconds())
        with self._lock:
            counted, count = self._counts.pop(tenant_id, (int(window), 0))
            count = count + 1 if counted == int(window) else 1
            self._counts[tenant_id] = (int(window), count)
            if len(self._counts) > _COUNTED:
                self._counts.popitem(last=False)
        reset = max(1, ceil(WINDOW.total_seconds() - past))
        return Allowance(self._limit, max(0, self._limit - count), reset, granted=count <= self._limit)

    def forget(self, tenant_id: str | None) -> None:
        """Grant the tenant a whole window anew."""
        with self._lock:
            self._counts.pop(tenant_id, None)

    def whole(self) -> Allowance:
        """Return what is left where no call was counted."""
        return untaken(self._limit)


def is_api(path: str) -> bool:
    """Return whether calls of this path are counted."""
    return path == API or path.startswith(f"{API}/")


def untaken(limit: int | None) -> Allowance:
    """Return the allowance of a window that nothing was taken from."""
    most = UNLIMITED if limit is None else limit
    return Allowance(most, most, int(WINDOW.total_seconds()))
