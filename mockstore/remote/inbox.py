"""The client side of an inbox that runs in the process of a server."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from mockstore.answers import Answer, answer
from mockstore.collection import Collection, Waiter
from mockstore.handles import Webhook
from mockstore.inbox import Captured, Expected, Received
from mockstore.model import Headers, Json
from mockstore.provider import Provider
from mockstore.remote.wire import Wire, path_to
from mockstore.web.records import from_json, to_json


class RemoteInbox(Collection[Received]):
    """Captures deliveries in the order of arrival, and answers as scripted, by default with 200."""

    webhook: Webhook
    """The registration of the inbox."""

    def __init__(self, wire: Wire, webhook: Webhook, provider: Provider, wait: Waiter) -> None:
        self.webhook = webhook
        self._wire = wire
        self._provider = provider
        super().__init__(
            self._captured,
            wait,
            noun="received delivery",
            check=lambda wanted: provider.catalogue.check_patterns([wanted]),
        )

    def will_answer(self, *answers: Answer | int | str | timedelta) -> None:
        """Script the answers in turn: a status, `"timeout"`, `"reset"`, a delay or an Answer; the last repeats."""
        documents = [to_json(answer(one)) for one in answers]
        self._wire.ask("PUT", path_to("records", "inboxes", self.webhook.id, "answers"), {"answers": documents})

    def clear(self) -> None:
        """Remove the captured deliveries and the scripted answers."""
        self._wire.delete("records", "inboxes", self.webhook.id)

    def _captured(self) -> list[Received]:
        expected = Expected(self._provider, lambda: self.webhook.secret)
        return [_received(one, expected) for one in self._wire.get("records", "inboxes", self.webhook.id)["data"]]

    def _narrowed(self, find: Callable[[], Sequence[Received]]) -> Captured:
        return Captured(find, self._wait, noun=self._noun)


def _received(document: Json, expected: Expected) -> Received:
    return Received(
        document["url"],
        from_json(Headers, document["headers"]),
        from_json(bytes, document["body"]),
        document["answer"],
        document["arrival"],
        expected,
    )
