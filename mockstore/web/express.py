"""The short way for the request that comes in storms: `POST /_mockstore/emit` with a type and nothing else.

What Flask does for any request takes longer than to make, record and sign an event. A request that is told apart from
the plainest one by anything at all goes the usual way, which answers this one alike.
"""

import logging
from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Final

from flask import Flask
from msgspec import MsgspecError
from msgspec.json import decode, encode

from mockstore.errors import InvalidInputError
from mockstore.web.documents import event_document
from mockstore.web.guard import CONTROL, is_named_rightly
from mockstore.web.site import Site

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PATH: Final = f"{CONTROL}/emit"

_LOG: Final = logging.getLogger("mockstore")
_LONGEST: Final = 256
"""A body that says no more than a type is shorter."""
_TELLING: Final = ("HTTP_X_TENANT_ID", "HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE", "HTTP_TRANSFER_ENCODING")
"""Headers with which the answer may be another one."""
_MOST: Final = 60
"""So many variables of a request have no more than 100 headers among them, which is checked elsewhere."""


class Express:
    """Wraps an app that serves one site."""

    def __init__(self, app: Flask, site: Site) -> None:
        self._flask: WSGIApplication = app.wsgi_app
        self._site = site
        settings = site.settings
        self._is_open = settings.control_token is None and not settings.cors_origins and settings.database is None
        self._longest = min(_LONGEST, settings.body_limit)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        content = self._emitted(environ) if environ.get("PATH_INFO") == PATH and self._is_plain(environ) else None
        if content is None:
            return self._flask(environ, start_response)
        if self._site.tally is not None:
            self._site.tally.request("POST", PATH, 202)
        start_response("202 ACCEPTED", [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
        return [content]

    def _is_plain(self, environ: "WSGIEnvironment") -> bool:
        length = environ.get("CONTENT_LENGTH", "")
        return (
            self._is_open
            and environ.get("REQUEST_METHOD") == "POST"
            and environ.get("CONTENT_TYPE") == "application/json"
            and not environ.get("QUERY_STRING")
            and length.isdecimal()
            and 0 < int(length) <= self._longest
            and len(environ) <= _MOST
            and not any(name in environ for name in _TELLING)
            and is_named_rightly(environ.get("HTTP_HOST"), self._site.settings)
            and not _LOG.isEnabledFor(logging.DEBUG)
        )

    def _emitted(self, environ: "WSGIEnvironment") -> bytes | None:
        """Make the event and return the answer; None, and the request as it was, when it takes more than that."""
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        shop = self._site.tenants.tenant(None).mockstore
        try:
            event = shop.emit(_type_alone(body))
        except InvalidInputError:  # nothing was recorded; it is told why the usual way
            environ["wsgi.input"] = BytesIO(body)
            return None
        shop.news.tell()
        return encode({"data": [event_document(event)], "count": 1}) + b"\n"


@lru_cache(maxsize=64)
def _type_alone(body: bytes) -> str:
    """Return the type that the body names, when it says nothing else; else an empty text."""
    try:
        wanted = decode(body, type=dict[str, str])
    except (MsgspecError, ValueError):
        return ""
    return wanted["type"] if wanted.keys() == {"type"} else ""
