"""A tenant's inbox behind an address of the server: it captures what is sent there, and answers as told."""

from collections.abc import Sequence
from threading import Lock

from mockstore.inbox import Expected, Inbox, Received
from mockstore.model import Outgoing, Reply
from mockstore.news import News
from mockstore.service import Mockstore
from mockstore.signing import SCHEMES


class ServedInbox:
    """What comes in at a tenant's inbox by HTTP; safe for many threads."""

    def __init__(self, mockstore: Mockstore) -> None:
        self._mockstore = mockstore
        self._inbox = Inbox(News(), keep=mockstore.options.history)
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
        """Return the secret that signed the request, else the latest webhook's, else none."""
        from mockstore.signing import verify  # noqa: PLC0415 - most never need the doctor

        records = [webhook.record for webhook in self._mockstore.webhooks]
        current = [record.secret for record in reversed(records)]
        rotated = [old.secret for record in records for old in record.old_secrets]
        for secret in (*current, *rotated):
            if any(verify(request.body, request.headers, secret, scheme=scheme) for scheme in SCHEMES):
                return secret
        return current[0] if current else ""
