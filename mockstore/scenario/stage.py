"""The state of a running scenario: its Mockstore, webhooks, receivers and variables."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from mockstore.errors import InvalidInputError
from mockstore.handles import Webhook
from mockstore.parts import Parts
from mockstore.scenario.document import Scenario, Step, WebhookSpec
from mockstore.scenario.mistakes import InvalidScenarioError, Mistake, unknown
from mockstore.scenario.reading import names_in
from mockstore.scenario.receiver import Receiver
from mockstore.service import Mockstore
from mockstore.world.transports import FunctionTransport

if TYPE_CHECKING:
    from mockstore.faults.standing import Rule
    from mockstore.model import Json

SETTLE_TIMEOUT: Final = timedelta(seconds=30)
"""How long a step waits until no delivery is due or in progress, in real time."""


class Consumer(Struct, frozen=True):
    """A live consumer that replaces a scripted receiver."""

    target: object
    """Anything that `Mockstore.subscribe` accepts, or a registered `Webhook`."""
    secret: str | None = None
    """The signing secret; None means the scenario's, or a new one."""


class Stage:
    """A Mockstore on which the webhooks of a scenario are registered.

    `to` maps names of webhooks to live consumers: anything that `Mockstore.subscribe` accepts, a registered `Webhook`,
    or a `Consumer`. Raises `InvalidScenarioError` when a step is impossible with a live consumer.
    """

    def __init__(self, scenario: Scenario, mockstore: Mockstore, parts: Parts, to: Mapping[str, object]) -> None:
        check_targets(scenario, to)
        self.mockstore = mockstore
        self.parts = parts
        self.receivers: dict[str, Receiver] = {}
        self.rules: list[Rule] = []
        self.webhooks = {spec.name: self._register(spec, to.get(spec.name)) for spec in scenario.webhooks}
        self.names_by_id = {webhook.id: name for name, webhook in self.webhooks.items()}
        self.known_names = names_in(mockstore.provider.catalogue, tuple(self.webhooks))
        self.scope: dict[str, Json] = dict(scenario.variables)
        self.started = mockstore.clock.now()

    def webhook(self, name: str | None) -> Webhook:
        """Return the webhook of this name, or the only one for None; raise `InvalidInputError` for an unknown name."""
        if name is None and len(self.webhooks) == 1:
            return next(iter(self.webhooks.values()))
        if name not in self.webhooks:
            raise InvalidInputError(unknown("webhook", str(name), self.webhooks), field="webhook")
        return self.webhooks[name]

    def receiver(self, name: str | None) -> Receiver:
        """Return the scripted receiver of a webhook, named as in `webhook`."""
        return self.receivers[self.names_by_id[self.webhook(name).id]]

    def refresh(self) -> None:
        """Update the values of `${webhooks…}`."""
        self.scope["webhooks"] = {
            name: {"id": webhook.id, "url": webhook.url, "secret": webhook.secret, "status": str(webhook.status)}
            for name, webhook in self.webhooks.items()
        }

    def settle(self) -> None:
        """Run the deliveries that are due, or wait until the worker threads have done so."""
        __tracebackhide__ = True
        self.mockstore.settle(SETTLE_TIMEOUT)

    def mark_as_examined(self) -> None:
        """Mark the deliveries to receivers as examined, so that a strict test ignores failures that were scripted."""
        for name in self.receivers:
            for delivery in self.webhooks[name].deliveries[:]:  # a slice reads the store once, not for each delivery
                delivery.look()

    def _register(self, spec: WebhookSpec, target: object) -> Webhook:
        consumer = target if isinstance(target, Consumer) else Consumer(target if target is not None else spec.to)
        if isinstance(consumer.target, Webhook):
            return consumer.target
        if consumer.target is not None:
            return self.mockstore.subscribe(
                consumer.target,
                spec.events,
                secret=consumer.secret or spec.secret,
                description=spec.name,
                signatures=spec.signatures,
            )
        receiver = self.receivers[spec.name] = Receiver(spec.answers, verifies=spec.verifies)
        webhook = self.mockstore.subscribe(
            self._mount(spec.name, receiver), spec.events, secret=spec.secret, signatures=spec.signatures
        )
        receiver.secret = webhook.secret
        return webhook

    def _mount(self, name: str, receiver: Receiver) -> str:
        """Mount the receiver on an unused host and return its URL."""
        scheme, number = self.parts.options.url_schemes[-1], 1
        host = f"{name}.receiver.test"
        while not self.parts.router.is_remote(f"{scheme}://{host}"):
            number += 1
            host = f"{name}-{number}.receiver.test"
        return self.mockstore.receivers.mount(host, FunctionTransport(receiver))


def check_targets(scenario: Scenario, to: Mapping[str, object]) -> None:
    """Raise for an unknown webhook in `to`, and for steps that only a scripted receiver can do.

    These are `InvalidInputError` and `InvalidScenarioError`.
    """
    names = [spec.name for spec in scenario.webhooks]
    for name in to:
        if name not in names:
            raise InvalidInputError(f"{scenario.source}: {unknown('webhook', name, names)}", field="to")
    live = {spec.name for spec in scenario.webhooks if spec.to is not None} | set(to)
    mistakes = [
        Mistake(step.place.line, step.place.path, _live_consumer_mistake(step.verb, name))
        for step in _all_steps(scenario.steps)
        if step.verb in ("answer", "learn")
        and (name := str(step.arguments.get("webhook", next(iter(names), "")))) in live
    ]
    if mistakes:
        raise InvalidScenarioError(scenario.source, mistakes)


def _live_consumer_mistake(verb: str, name: str) -> str:
    cannot = "be told what to answer" if verb == "answer" else "be told its secret"
    return f"{name} is a live consumer here, which cannot {cannot}; play it without a target, or leave the step out"


def _all_steps(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from _all_steps(step.steps)
