"""A fast path for the most frequent request: `POST /_mockstore/emit` with a type and nothing else.

The work of cheroot and Flask for a request takes longer than making, recording and signing an event. A request that is
not of the simplest form goes to Flask, which gives the same response.
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
_BODY_LIMIT: Final = 256
"""The limit of the body in bytes; a body with a type alone is shorter."""
_RELEVANT: Final = frozenset({b"X-Tenant-Id", b"Origin", b"Sec-Fetch-Site"})
"""Headers that can change the response."""
_HEADER_LIMIT: Final = 50
"""The limit of the number of headers; cheroot refuses only more than that."""


class EmitFastPath:
    """Answers such requests for one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        settings = site.settings
        self._is_enabled = settings.control_token is None and not settings.cors_origins and settings.database is None
        self._body_limit = min(_BODY_LIMIT, settings.body_limit)

    def takes(self, head: PlainHead) -> bool:
        """Return whether the head allows the fast path."""
        headers = head.headers
        return (
            head.path == _PATH
            and head.method == b"POST"
            and self._is_enabled
            and headers.get(b"Content-Type") == b"application/json"
            and 0 < head.length <= self._body_limit
            and not head.query
            and len(headers) <= _HEADER_LIMIT
            and headers.keys().isdisjoint(_RELEVANT)
            and is_named_rightly(headers.get(b"Host", b"").decode("ascii") or None, self._site.settings)
            and not _LOG.isEnabledFor(logging.DEBUG)
        )

    def answer(self, body: bytes) -> bytes | None:
        """Emit the event and return the whole response; None, with nothing done, when Flask must answer."""
        tenant = self._site.tenants.tenant(None)
        try:
            with tenant.deferred():
                event = tenant.mockstore.emit(_type_of(body))
        except InvalidInputError:  # nothing was recorded; Flask answers with the reason
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
        """Wake the worker threads to deliver the event."""
        self._site.tenants.tenant(None).kick()

    def deliver_briefly(self) -> bool:
        """Deliver on this thread, with short waits only; return whether to call again soon."""
        return self._site.tenants.tenant(None).deliver_briefly()


@lru_cache(maxsize=64)
def _type_of(body: bytes) -> str:
    """Return the event type if the body has no other member, else an empty text."""
    try:
        wanted = decode(body, type=dict[str, str])
    except (MsgspecError, ValueError):
        return ""
    return wanted["type"] if wanted.keys() == {"type"} else ""


@lru_cache(maxsize=1)
def _date(second: datetime) -> bytes:
    """Return the value of the header `Date` (RFC 9110, 6.6.1)."""
    return format_datetime(second, usegmt=True).encode()
