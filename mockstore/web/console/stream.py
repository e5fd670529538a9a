"""Server-sent events that notify an open page of changes, so that it reloads."""

from collections.abc import Iterator
from threading import BoundedSemaphore
from typing import Final, Protocol

from flask import Response, current_app, request
from flask.typing import ResponseReturnValue

from mockstore.news import News
from mockstore.web.problems import problem
from mockstore.web.site import mockstore, site

KEY: Final = "mockstore.console.streams"
SHARE: Final = 4
"""At most one in `SHARE` of the server's threads serves streams, since browsers leave them open for hours; but at least
one thread does, unless there is only one."""
RETRY_MS: Final = 2000
"""After how many milliseconds a browser reconnects."""
_LOOK: Final = 0.2
"""How often to check whether the server closes; in seconds."""
_PAUSE: Final = 0.1
"""The least number of seconds between two messages; changes in between are combined into one."""
_BEATS: Final = 50
"""After how many checks without news a heartbeat is sent, which detects closed connections."""
_LIFE: Final = 60
"""After how many heartbeats a stream ends; the page reconnects."""


class Closing(Protocol):
    """Set when the server closes: a `threading.Event`."""

    def is_set(self) -> bool:
        """Return whether the server closes."""

    def wait(self, timeout: float) -> bool:
        """Wait until the server closes, for `timeout` seconds at most; return whether it closes."""


def follow() -> ResponseReturnValue:
    """Open a stream; 503 when there are as many as allowed."""
    places = _places()
    if not places.acquire(blocking=False):
        answer = problem(503, "as many pages follow the news as may; this one asks again by itself")
        answer.headers["Retry-After"] = "5"
        return answer
    news = mockstore().news
    answer = Response(messages(news, site().tenants.closing, _seen(news)), mimetype="text/event-stream")
    answer.call_on_close(places.release)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


def _places() -> BoundedSemaphore:
    threads = site().settings.requests
    most = min(max(1, threads // SHARE), threads - 1)
    found: BoundedSemaphore = current_app.extensions.setdefault(KEY, BoundedSemaphore(most))
    return found


def messages(news: News, closing: Closing, seen: int) -> Iterator[str]:
    """Yield the news after number `seen` as server-sent events, until the server closes or the stream's time is up."""
    yield f"retry: {RETRY_MS}\n\n"
    quiet = beats = 0
    while not closing.is_set() and beats < _LIFE:
        if news.wait_for(lambda known=seen: news.count != known or closing.is_set(), _LOOK):  # type: ignore[misc]  # a default binds it now
            seen, quiet = news.count, 0
            yield f"event: news\nid: {seen}\ndata: {seen}\n\n"
            closing.wait(_PAUSE)
        elif (quiet := quiet + 1) == _BEATS:
            quiet, beats = 0, beats + 1
            yield ": still here\n\n"


def _seen(news: News) -> int:
    """Return the number of the latest change that the page knows."""
    number = request.headers.get("Last-Event-ID") or request.args.get("since", "")
    return int(number) if number.isascii() and number.isdecimal() and len(number) <= len(str(2**63)) else news.count
