"""Apps and inboxes, each mounted at a host of its own, so that webhooks reach them without a socket."""

from collections.abc import Callable, Sequence
from itertools import count

from mockstore.delivery.pump import InlinePump
from mockstore.errors import InvalidInputError
from mockstore.handles import Webhook
from mockstore.inbox import Expected, Inbox
from mockstore.parts import Parts
from mockstore.world.seams import Transport
from mockstore.world.transports import FunctionTransport

DEFAULT_PATH = "/webhooks/petstore"
"""The path of an app's handler unless another is given."""


class Receivers:
    """What is mounted in one Mockstore."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._numbers = count(1)
        self._hosts: list[str] = []
        """The hosts of our own receivers, which end with the webhooks that they were made for."""
        self.inboxes: dict[str, Inbox] = {}
        """The inboxes, by the id of their webhook: they fail only when told to."""

    def address(self, target: object, path: str) -> str:
        """Return the URL of `target`: itself if it is a URL, else that of the app, which is mounted now."""
        if isinstance(target, str) and target != "django":
            return target
        if not path.startswith("/"):
            raise InvalidInputError(f"the path {path!r} must start with a slash", field="path")
        if target == "django" and not isinstance(self._parts.pump, InlinePump):
            from mockstore.world.transports.django import refuse_inside_a_transaction  # noqa: PLC0415 - for few

            refuse_inside_a_transaction()
        scheme = self._parts.options.url_schemes[0]
        return f"{scheme}://{self._parts.router.mount_app(target)}{path}"

    def mount(self, host: str, receiver: Transport) -> str:
        """Mount a receiver until the next reset, and return the URL at which it gets its events."""
        self._parts.router.mount(host, receiver)
        self._hosts.append(host)
        return f"{self._parts.options.url_schemes[-1]}://{host}{DEFAULT_PATH}"

    def forget(self) -> None:
        """Unmount the inboxes and the receivers of scenarios; apps stay mounted, and may be subscribed again."""
        while self._hosts:
            self._parts.router.unmount(self._hosts.pop())
        while self.inboxes:
            self.inboxes.popitem()[1].forget()

    def open_inbox(
        self, subscribe: Callable[[str, str | Sequence[str]], Webhook], events: str | Sequence[str]
    ) -> Inbox:
        """Mount an inbox and have it subscribed."""
        catalogue = self._parts.provider.catalogue
        inbox = Inbox(self._parts.news, check=lambda wanted: catalogue.check_patterns([wanted]))
        expected = Expected(self._parts.provider, lambda: inbox.webhook.secret)
        receiver = FunctionTransport(lambda outgoing: inbox.take(outgoing, expected))
        url = self.mount(f"inbox-{next(self._numbers)}.mockstore.test", receiver)
        inbox.webhook = subscribe(url, events)
        self.inboxes[inbox.webhook.id] = inbox
        return inbox
