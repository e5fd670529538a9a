"""The inbox that a server has at its own URL. Its memory is limited, since anybody may send to it."""

from collections.abc import Sequence
from threading import Lock
from typing import Final
from urllib.parse import urlsplit

from mockstore.inbox import Expected, Inbox, Received
from mockstore.model import Outgoing, Reply
from mockstore.news import News
from mockstore.service import Mockstore
from mockstore.signing import SCHEMES

INBOX_BYTES: Final = 32 * 1024 * 1024
"""How many bytes of captured requests an inbox of the server keeps."""
MOST_SECRETS: Final = 50
"""How many current secrets, and how many rotated ones, a captured request is checked against at most."""


class ServedInbox:
    """A tenant's inbox, reached by HTTP. Thread-safe."""

    def __init__(self, mockstore: Mockstore) -> None:
        self._mockstore = mockstore
        self._inbox = Inbox(News(), keep=mockstore.options.history, keep_bytes=INBOX_BYTES)
        self._lock = Lock()
        mockstore.on_reset.append(self.clear)

    def take(self, request: Outgoing) -> Reply:
        """Capture a request and return the scripted answer; raise a `DeliveryError` for a scripted failure."""
        secret = self._secret_of(request)
        with self._lock:
            return self._inbox.take(request, Expected(self._mockstore.provider, lambda: secret))

    def will_answer(self, answers: Sequence[int | str]) -> None:
        """Script the answers in turn; the last repeats, and without any the answer is 200."""
        with self._lock:
            self._inbox.will_answer(*answers)

    @property
    def captured(self) -> list[Received]:
        """All captured requests, in the order of arrival."""
        with self._lock:
            return list(self._inbox)

    def clear(self) -> None:
        """Remove all captured requests and scripted answers."""
        with self._lock:
            self._inbox.clear()

    def _secret_of(self, request: Outgoing) -> str:
        """Return the secret that verifies the request, else the most likely one, else an empty text.

        Webhooks whose URL has the path of the request are tried first, then the latest ones, up to `MOST_SECRETS`.
        """
        from mockstore.signing import verify  # noqa: PLC0415 - imported only when used

        path = urlsplit(request.url).path
        latest = reversed([webhook.record for webhook in self._mockstore.webhooks])
        records = sorted(latest, key=lambda record: urlsplit(record.url).path != path)
        current = [record.secret for record in records]
        rotated = [old.secret for record in records for old in record.old_secrets]
        for secret in (*current[:MOST_SECRETS], *rotated[:MOST_SECRETS]):
            if any(verify(request.body, request.headers, secret, scheme=scheme) for scheme in SCHEMES):
                return secret
        return current[0] if current else ""
