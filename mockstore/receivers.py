"""Apps and inboxes: mounted at hosts of their own, so that webhooks can reach them without a socket."""

from collections.abc import Callable, Sequence

from mockstore.errors import InvalidInputError
from mockstore.handles import Webhook
from mockstore.inbox import Expected, Inbox
from mockstore.parts import Parts
from mockstore.world.transports import FunctionTransport

DEFAULT_PATH = "/webhooks/petstore"
"""Where an app is taken to have its handler."""


class Receivers:
    """What is mounted in one Mockstore."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._opened = 0
        self.inboxes: dict[str, Inbox] = {}
        """The inboxes by the ids of their webhooks: they fail only when they are told to."""

    def address(self, target: object, path: str) -> str:
        """Return the URL of `target`: itself, when it is one, or where the app is mounted now."""
        if isinstance(target, str) and target != "django":
            return target
        if not path.startswith("/"):
            raise InvalidInputError(f"the path {path!r} must start with a slash", field="path")
        scheme = self._parts.options.url_schemes[0]
        return f"{scheme}://{self._parts.router.mount_app(target)}{path}"

    def open_inbox(
        self, subscribe: Callable[[str, str | Sequence[str]], Webhook], events: str | Sequence[str]
    ) -> Inbox:
        """Mount an inbox and have it subscribed."""
        catalogue = self._parts.provider.catalogue
        inbox = Inbox(self._parts.news, check=lambda wanted: catalogue.check_patterns([wanted]))
        self._opened += 1
        host = f"inbox-{self._opened}.mockstore.test"
        expected = Expected(self._parts.provider, lambda: inbox.webhook.secret)
        self._parts.router.mount(host, FunctionTransport(lambda outgoing: inbox.take(outgoing, expected)))
        scheme = self._parts.options.url_schemes[-1]
        inbox.webhook = subscribe(f"{scheme}://{host}{DEFAULT_PATH}", events)
        self.inboxes[inbox.webhook.id] = inbox
        return inbox
