"""Where a scenario is played: its Mockstore, who stands behind each webhook, and what was kept by name."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from mockstore.errors import InvalidInputError
from mockstore.handles import Webhook
from mockstore.parts import Parts
from mockstore.scenario.document import Scenario, Step, WebhookSpec
from mockstore.scenario.mistakes import InvalidScenarioError, Mistake, unknown
from mockstore.scenario.reading import words_of
from mockstore.scenario.receiver import Receiver
from mockstore.service import Mockstore
from mockstore.world.transports import FunctionTransport

if TYPE_CHECKING:
    from mockstore.faults.standing import Rule
    from mockstore.model import Json

PATIENCE: Final = timedelta(seconds=30)
"""How long a step may take until nothing is due or under way, in the time of the machine."""


class Consumer(Struct, frozen=True):
    """A live consumer."""

    target: object
    """Whatever `Mockstore.subscribe` takes, or a registration."""
    secret: str | None = None
    """What signs; None: what the scenario says, or a new one."""


class Stage:
    """A Mockstore with the webhooks of a scenario.

    `to` says who stands behind a webhook instead of a receiver: whatever `Mockstore.subscribe` takes, a registration,
    or a `Consumer`. Raises `InvalidScenarioError` for a step that a live consumer cannot do.
    """

    def __init__(self, scenario: Scenario, mockstore: Mockstore, parts: Parts, to: Mapping[str, object]) -> None:
        check_targets(scenario, to)
        self.mockstore = mockstore
        self.parts = parts
        self.receivers: dict[str, Receiver] = {}
        self.rules: list[Rule] = []
        self.webhooks = {spec.name: self._register(spec, to.get(spec.name)) for spec in scenario.webhooks}
        self.names = {webhook.id: name for name, webhook in self.webhooks.items()}
        self.words = words_of(mockstore.provider.catalogue, tuple(self.webhooks))
        self.scope: dict[str, Json] = dict(scenario.variables)
        self.started = mockstore.clock.now()

    def webhook(self, name: str | None) -> Webhook:
        """Return the webhook of this name, without one the only one."""
        if name is None and len(self.webhooks) == 1:
            return next(iter(self.webhooks.values()))
        if name not in self.webhooks:
            raise InvalidInputError(unknown("webhook", str(name), self.webhooks), field="webhook")
        return self.webhooks[name]

    def receiver(self, name: str | None) -> Receiver:
        """Return the receiver behind a webhook."""
        return self.receivers[self.names[self.webhook(name).id]]

    def refresh(self) -> None:
        """Bring what `${webhooks…}` stands for up to date."""
        self.scope["webhooks"] = {
            name: {"id": webhook.id, "url": webhook.url, "secret": webhook.secret, "status": str(webhook.status)}
            for name, webhook in self.webhooks.items()
        }

    def settle(self) -> None:
        """Run what is due, or wait for the threads that do."""
        __tracebackhide__ = True
        self.mockstore.settle(PATIENCE)

    def excuse(self) -> None:
        """Settle the deliveries to receivers: they fail only when the scenario says so."""
        for name in self.receivers:
            for delivery in self.webhooks[name].deliveries[:]:  # a slice is one look; iterating asks anew for each
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
            self._mounted(spec.name, receiver), spec.events, secret=spec.secret, signatures=spec.signatures
        )
        receiver.secret = webhook.secret
        return webhook

    def _mounted(self, name: str, receiver: Receiver) -> str:
        """Give the receiver a host of its own, and return its URL."""
        scheme, number = self.parts.options.url_schemes[-1], 1
        host = f"{name}.receiver.test"
        while not self.parts.router.is_remote(f"{scheme}://{host}"):
            number += 1
            host = f"{name}-{number}.receiver.test"
        return self.mockstore.receivers.mount(host, FunctionTransport(receiver))


def check_targets(scenario: Scenario, to: Mapping[str, object]) -> None:
    """Raise for a target of no webhook, and for steps that tell a live consumer what only a receiver can be told."""
    names = [spec.name for spec in scenario.webhooks]
    for name in to:
        if name not in names:
            raise InvalidInputError(f"{scenario.source}: {unknown('webhook', name, names)}", field="to")
    live = {spec.name for spec in scenario.webhooks if spec.to is not None} | set(to)
    mistakes = [
        Mistake(step.place.line, step.place.path, _unteachable(step.verb, name))
        for step in _all_steps(scenario.steps)
        if step.verb in ("answer", "learn") and (name := str(step.told.get("webhook", next(iter(names), "")))) in live
    ]
    if mistakes:
        raise InvalidScenarioError(scenario.source, mistakes)


def _unteachable(verb: str, name: str) -> str:
    cannot = "be told what to answer" if verb == "answer" else "be told its secret"
    return f"{name} is a live consumer here, which cannot {cannot}; play it without a target, or leave the step out"


def _all_steps(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from _all_steps(step.steps)
