"""The rate limit of a tenant: calls for each minute of its clock (contract 2). Pure: `now` is an argument."""

from collections import OrderedDict
from datetime import datetime, timedelta
from math import ceil
from threading import Lock
from typing import Final

from msgspec import Struct

API: Final = "/v1"
"""The prefix of the paths that are counted."""
WINDOW: Final = timedelta(minutes=1)
UNLIMITED: Final = 1_000_000
"""What the headers promise for a minute when there is no limit."""

_COUNTED: Final = 10_000
"""For how many tenants counts are kept at most."""


class Allowance(Struct, frozen=True):
    """How many calls are left in a window."""

    limit: int
    remaining: int
    reset: int
    """Whole seconds until the next window."""
    granted: bool = True

    def headers(self) -> dict[str, str]:
        """Return the rate-limit headers; those of a refusal include `Retry-After`."""
        fields = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }
        return fields if self.granted else fields | {"Retry-After": str(self.reset)}


class RateLimit:
    """Counts calls; None for `limit` grants every call."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._lock = Lock()
        self._counts: OrderedDict[str | None, tuple[int, int]] = OrderedDict()

    def take(self, tenant_id: str | None, now: datetime) -> Allowance:
        """Count a call of the tenant, and return whether it is granted and how many are left."""
        if self._limit is None:
            return full_allowance(None)
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
        """Reset the tenant's count."""
        with self._lock:
            self._counts.pop(tenant_id, None)

    def whole(self) -> Allowance:
        """Return the allowance of a window without calls."""
        return full_allowance(self._limit)


def is_api(path: str) -> bool:
    """Return whether calls of this path are counted."""
    return path == API or path.startswith(f"{API}/")


def full_allowance(limit: int | None) -> Allowance:
    """Return the allowance of a window without calls; None means no limit."""
    most = UNLIMITED if limit is None else limit
    return Allowance(most, most, int(WINDOW.total_seconds()))
