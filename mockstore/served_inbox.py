"""The inbox that a server has at its own address: what is captured there, within bounds, since anybody may send it."""

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
"""How much an inbox of the server remembers, in bytes of what it captured."""
SIGNERS: Final = 50
"""With how many current secrets a captured request is compared at most, and with how many rotated ones."""


class ServedInbox:
    """What comes in at a tenant's inbox by HTTP; safe for many threads."""

    def __init__(self, mockstore: Mockstore) -> None:
        self._mockstore = mockstore
        self._inbox = Inbox(News(), keep=mockstore.options.history, keep_bytes=INBOX_BYTES)
        self._lock = Lock()
        mockstore.on_reset.append(self.clear)

    def take(self, request: Outgoing) -> Reply:
        """Capture a request and return the answer; raise the `DeliveryError` of an answer that never comes."""
        secret = self._secret_of(request)
        with self._lock:
            return self._inbox.take(request, Expected(self._mockstore.provider, lambda: secret))

    def will_answer(self, answers: Sequence[int | str]) -> None:
        """Answer in turn, the last for good; without any, 200."""
        with self._lock:
            self._inbox.will_answer(*answers)

    @property
    def captured(self) -> list[Received]:
        """Everything so far, in the order of its arrival."""
        with self._lock:
            return list(self._inbox)

    def clear(self) -> None:
        """Forget what was captured and what was scripted."""
        with self._lock:
            self._inbox.clear()

    def _secret_of(self, request: Outgoing) -> str:
        """Return the secret that signed the request, else the likeliest one, else none.

        Likely are the secrets of webhooks whose URL has the path of the request, then those of the latest ones; of
        very many only the likeliest are tried.
        """
        from mockstore.signing import verify  # noqa: PLC0415 - most never need the doctor

        path = urlsplit(request.url).path
        latest = reversed([webhook.record for webhook in self._mockstore.webhooks])
        records = sorted(latest, key=lambda record: urlsplit(record.url).path != path)
        current = [record.secret for record in records]
        rotated = [old.secret for record in records for old in record.old_secrets]
        for secret in (*current[:SIGNERS], *rotated[:SIGNERS]):
            if any(verify(request.body, request.headers, secret, scheme=scheme) for scheme in SCHEMES):
                return secret
        return current[0] if current else ""
