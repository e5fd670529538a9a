"""Verbs of a Mockstore that use layers above it: play a scenario, audit a consumer. Imported when first used."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from mockstore.errors import AsyncConsumerError, InvalidInputError
from mockstore.model import Json
from mockstore.parts import Parts

if TYPE_CHECKING:
    from os import PathLike

    from mockstore.audit import Audit, Probe
    from mockstore.audit.explore import Chain, Exploration
    from mockstore.handles import Event, Webhook
    from mockstore.scenario import Result, Scenario
    from mockstore.service import Mockstore

Tell: TypeAlias = Callable[[str, str | None, str | None], None]
"""Called with a rule's id, the failure text (None unless it failed) and why it was not judged (None if it was)."""

_PATH = "/webhooks/petstore"


@contextmanager
def _from_a_plain_test(verb: str) -> Iterator[None]:
    """Raise `AsyncConsumerError` anew with advice for `verb`, which has no async variant."""
    try:
        yield
    except AsyncConsumerError:
        raise AsyncConsumerError(
            f"{verb} cannot reach an async consumer from inside a running event loop: call it from a plain `def` test, "
            f"where the app runs on a loop of its own"
        ) from None


class Conformance:
    """Audits consumers from a test; call it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.tell: Tell | None = None
        """Called with each rule's result (the pytest plugin makes subtests of them)."""

    def __call__(  # noqa: PLR0913 - each keyword is one thing that a consumer may have different
        self,
        target: object,
        *,
        secret: str,
        probe: "Probe | None" = None,
        path: str = _PATH,
        event_type: str | None = None,
        rules: Iterable[str] = (),
        signatures: str | Iterable[str] | None = None,
    ) -> "Audit":
        """Audit the consumer `target` (whatever `subscribe` takes) and return the result.

        `secret` is the secret that the consumer verifies with. `probe` counts the effects so far: it returns a number,
        or JSON that contains numbers. `event_type` is an event that has an effect (by default the first one that
        changes the probe), `rules` are the ids of the rules to check (by default all). In pytest 9 each rule is a
        subtest; elsewhere an `AssertionError` lists all that failed. The events of the audit are not recorded in this
        Mockstore.
        """
        __tracebackhide__ = True
        from mockstore.audit import Verdict, auditing  # noqa: PLC0415 - most tests audit nothing
        from mockstore.audit.report import failure_text, summary  # noqa: PLC0415 - likewise

        with (
            _from_a_plain_test("assert_conforms"),
            auditing(
                target,
                secret=secret,
                probe=probe,
                path=path,
                event_type=event_type,
                rules=rules,
                signatures=signatures,
                provider=self._parts.provider,
                router=self._parts.router,
            ) as auditor,
        ):
            for finding in auditor:
                if self.tell is not None:
                    failure = failure_text(finding) if finding.verdict is Verdict.FAILED else None
                    self.tell(
                        finding.rule.id, failure, finding.reason if finding.verdict is Verdict.NOT_JUDGED else None
                    )
            audit = auditor.audit
        if self.tell is None and not audit.passed:
            raise AssertionError("\n".join([summary(audit), *map(failure_text, audit.failed)]))
        return audit


class OrderExplorer:
    """Searches for an order of events that breaks a consumer; call it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def __call__(  # noqa: PLR0913 - what there is to know of a consumer
        self,
        app_factory: Callable[[], Any],
        chain: "Chain",
        probe: Callable[[Any], Json],
        *,
        secret: str,
        path: str = _PATH,
        seed: int = 0,
    ) -> "Exploration":
        """Send the events of a causal chain in other orders and with gaps; raise unless the consumer handles them all.

        `app_factory` returns a new consumer for each try. `chain` is a function that causes the events on the Mockstore
        that it is given (`shop.orders.place(…)`), or a list of event types. `probe` returns the state of an app, or
        raises `AssertionError`. Of a chain of up to five events every order is tried, of a longer one a sample that
        `seed` selects. Raises `BrokenOrderError`, an `AssertionError`, with the smallest sequence that is refused,
        crashes the consumer, or ends in another state than the same events in the causal order; also when the causal
        order itself is refused or crashes. Raises `InvalidInputError` when the whole chain does not change the probe.
        """
        __tracebackhide__ = True
        from mockstore.audit.explore import Explorer  # noqa: PLC0415 - most tests explore nothing

        provider = self._parts.provider
        with _from_a_plain_test("explore_orders"):
            return Explorer(app_factory, chain, probe, secret=secret, provider=provider, path=path, seed=seed).run()


class Replay:
    """Replays cassettes on one Mockstore; call it."""

    def __init__(self, mockstore: "Mockstore") -> None:
        self._mockstore = mockstore

    def __call__(self, cassette: "str | PathLike[str]", *, to: "Webhook | None" = None) -> "list[Event]":
        """Emit the events of a cassette (a path) in order, with new signatures, and return them.

        `to` delivers to that webhook alone. Raises `InvalidInputError` for a file that is no cassette.
        """
        __tracebackhide__ = True
        from pathlib import Path  # noqa: PLC0415 - most tests replay nothing

        from mockstore.exporting import read_cassette  # noqa: PLC0415 - likewise

        try:
            text = Path(cassette).read_bytes()
        except OSError as error:
            raise InvalidInputError(f"cannot read {str(cassette)!r}: {error.strerror}", field="cassette") from None
        return [
            self._mockstore.emit(
                one.event_type, body=one.body, content_type=one.content_type, invalid=True, to=to, fault=one.fault
            )
            for one in read_cassette(text)
        ]


class Player:
    """Plays scenarios on one Mockstore; call it."""

    def __init__(self, mockstore: "Mockstore", parts: Parts) -> None:
        self._mockstore = mockstore
        self._parts = parts
        self._latest: Result | None = None

    def __call__(
        self,
        scenario: "Scenario | str | PathLike[str]",
        *,
        to: object = None,
        variables: Mapping[str, Json] | None = None,
    ) -> "Result":
        """Play a scenario (a path, the name of a library scenario, or a parsed one) and return the result.

        `to` sends deliveries to consumers instead of scripted receivers: it maps names of the scenario's webhooks to
        whatever `subscribe` takes, or to a `Webhook`; for a single webhook the consumer alone will do. Without `to`, a
        registered webhook whose description is the name of a scenario's webhook is used for that one. `variables`
        override those of the file.

        Raises `ScenarioFailedError`, an `AssertionError` with the whole report, unless every expectation holds;
        `InvalidScenarioError` with every mistake in the file; and exceptions of a consumer's own code.
        """
        __tracebackhide__ = True
        from mockstore.scenario.inside import play_inside  # noqa: PLC0415 - most tests play nothing
        from mockstore.scenario.report import require  # noqa: PLC0415 - likewise

        result = self._latest = play_inside(scenario, self._mockstore, self._parts, to=to, variables=variables)
        require(result)
        return result

    def forget(self) -> None:
        """Forget the latest result."""
        self._latest = None

    @property
    def result(self) -> "Result":
        """The result of the latest scenario, passed or not; raise `InvalidInputError` when none was played."""
        if self._latest is None:
            raise InvalidInputError("no scenario was played; play one: mockstore.play('outage-and-recovery')")
        return self._latest
