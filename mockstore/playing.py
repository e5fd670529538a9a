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
"""Takes the id of a rule, what is wrong if it failed, and why it was not judged if so."""

_PATH = "/webhooks/petstore"


@contextmanager
def _from_a_plain_test(verb: str) -> Iterator[None]:
    """Say of an async consumer that is met inside a running event loop what helps here: there is no verb to await."""
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
        """Run the audit's matrix against `target` (whatever `subscribe` takes, or a URL) and return what was found.

        `secret` is the one that the consumer verifies with; `probe` returns a number, or JSON with numbers in it: what
        was done so far. `event_type` is the event that has an effect, `rules` the ids of those to try; without them
        the first type that moves the probe, and all. In pytest 9 each rule is a subtest; elsewhere an `AssertionError`
        tells of all that failed. Nothing of it shows in this Mockstore's events.
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
    """Looks for an order of events that breaks a consumer; call it."""

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
        """Send the events of a causal chain in other orders and with gaps; raise unless the consumer bears them all.

        `app_factory` makes a fresh consumer for each try, `chain` is a function that causes the events on the
        Mockstore that it is given (`shop.orders.place(…)`), or a list of event types, and `probe` returns the state of
        an app, or raises `AssertionError`. Of a chain of up to five events every order is tried, of a longer one a
        sample by `seed`. Raises `BrokenOrderError`, an `AssertionError`, with the smallest sequence that ends in
        another state than the same events in the causal order, or in a crash or a refusal, also when the causal order
        itself does; `InvalidInputError` when the whole chain does not move the probe.
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
        """Emit what is in a cassette (a path) in its order, signed afresh, and return the events.

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
        """Play a scenario (a file, the name of a ready one, or one that was read) and return the result.

        `to` says who stands behind a webhook instead of a receiver, by its name, or just who when there is but one:
        whatever `subscribe` takes, or a registration. Without it, a registration whose description is the name of a
        webhook stands behind that one. `variables` go over those of the file.

        Raises `ScenarioFailedError`, an `AssertionError` with the whole report, unless every expectation holds;
        `InvalidScenarioError` with every mistake in the file; and what a consumer's own code raised.
        """
        __tracebackhide__ = True
        from mockstore.scenario.inside import play_inside  # noqa: PLC0415 - most tests play nothing
        from mockstore.scenario.report import require  # noqa: PLC0415 - likewise

        result = self._latest = play_inside(scenario, self._mockstore, self._parts, to=to, variables=variables)
        require(result)
        return result

    def forget(self) -> None:
        """Forget what came of the latest scenario."""
        self._latest = None

    @property
    def result(self) -> "Result":
        """What came of the latest scenario, passed or not; raise `InvalidInputError` when none was played."""
        if self._latest is None:
            raise InvalidInputError("no scenario was played; play one: mockstore.play('outage-and-recovery')")
        return self._latest
