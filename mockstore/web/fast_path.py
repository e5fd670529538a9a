"""The fast path for the request that comes most often: `POST /_mockstore/emit` with a type and nothing else.

What cheroot and Flask do for any request takes longer than making, recording and signing an event. A request that
differs from the plainest one in anything goes to Flask, which gives the same answer.
"""

import logging
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Final

from msgspec import MsgspecError, Raw
from msgspec.json import decode, encode

from mockstore.errors import InvalidInputError
from mockstore.web.documents import event_with_payload
from mockstore.web.guard import CONTROL, is_named_rightly
from mockstore.web.plain_requests import PlainHead
from mockstore.web.site import Site
from mockstore.world.clock import wall_time

PATH: Final = f"{CONTROL}/emit"

_LOG: Final = logging.getLogger("mockstore")
_PATH: Final = PATH.encode()
_LONGEST: Final = 256
"""A body that says no more than a type is shorter."""
_TELLING: Final = frozenset({b"X-Tenant-Id", b"Origin", b"Sec-Fetch-Site"})
"""Headers with which the answer could differ."""
_MOST: Final = 50
"""So many headers are not too many."""


class EmitFastPath:
    """Answers plain emits for one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        settings = site.settings
        self._is_open = settings.control_token is None and not settings.cors_origins and settings.database is None
        self._longest = min(_LONGEST, settings.body_limit)

    def takes(self, head: PlainHead) -> bool:
        """Return whether a request is plain, as far as its head says."""
        headers = head.headers
        return (
            head.path == _PATH
            and head.method == b"POST"
            and self._is_open
            and headers.get(b"Content-Type") == b"application/json"
            and 0 < head.length <= self._longest
            and not head.query
            and len(headers) <= _MOST
            and headers.keys().isdisjoint(_TELLING)
            and is_named_rightly(headers.get(b"Host", b"").decode("ascii") or None, self._site.settings)
            and not _LOG.isEnabledFor(logging.DEBUG)
        )

    def answer(self, body: bytes) -> bytes | None:
        """Make the event and return the whole answer; None, with nothing done, when Flask has to answer."""
        tenant = self._site.tenants.tenant(None)
        try:
            with tenant.deferred():
                event = tenant.mockstore.emit(_type_alone(body))
        except InvalidInputError:  # nothing was recorded; it is told why the usual way
            return None
        tenant.mockstore.news.tell()
        if self._site.tally is not None:
            self._site.tally.request("POST", PATH, 202)
        content = encode({"data": [event_with_payload(event, Raw(event.body))], "count": 1})
        return b"%b%d\r\nDate: %b\r\nServer: mockstore\r\n\r\n%b\n" % (
            b"HTTP/1.1 202 ACCEPTED\r\nContent-Type: application/json\r\nContent-Length: ",
            len(content) + 1,
            _date(wall_time().replace(microsecond=0)),
            content,
        )

    def kick(self) -> None:
        """Have the event delivered by the worker threads."""
        self._site.tenants.tenant(None).kick()

    def deliver_briefly(self) -> bool:
        """Deliver on this thread without waiting for much; return whether to come back soon."""
        return self._site.tenants.tenant(None).deliver_briefly()


@lru_cache(maxsize=64)
def _type_alone(body: bytes) -> str:
    """Return the type that the body names, when it says nothing else; else an empty text."""
    try:
        wanted = decode(body, type=dict[str, str])
    except (MsgspecError, ValueError):
        return ""
    return wanted["type"] if wanted.keys() == {"type"} else ""


@lru_cache(maxsize=1)
def _date(second: datetime) -> bytes:
    """Return the date of an answer (RFC 9110, 6.6.1)."""
    return format_datetime(second, usegmt=True).encode()
