"""Runs an audit of one consumer, rule by rule, in process or over HTTP."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from mockstore.audit.bench import Bench, Subject
from mockstore.audit.judging import Baseline, difference, is_broken_off, judged, quoted, unjudged, wrong_answer
from mockstore.audit.probe import Probe
from mockstore.audit.result import Audit, Exchange, Finding, Verdict
from mockstore.audit.rules import Rule, Way, rule_named, rules
from mockstore.delivery.schedule import describe
from mockstore.errors import InvalidInputError, ReceiverTimeoutError, UnreachableError
from mockstore.events import EventFactory
from mockstore.faults.verdict import ABSENT
from mockstore.model import Json, Outcome
from mockstore.provider import Provider, petstore
from mockstore.receivers import DEFAULT_PATH
from mockstore.registration import checked_secret, checked_signatures, checked_url
from mockstore.world.transports import Router

_STANDARD = ("standard-webhooks",)
_FIRST_RULE = 100
"""The number of the first rule's bench; smaller numbers belong to the baseline."""
_CONVINCING = 8
"""How many events of one type in a row must change the probe: some have an effect only with certain data."""


class Auditor:
    """Audits one consumer: iterate to get the findings one by one; `audit` is the result so far.

    `wanted` are ids of rules; empty means all.
    """

    def __init__(self, subject: Subject, wanted: Iterable[str] = (), event_type: str | None = None) -> None:
        self.subject = subject
        self.rules = tuple(map(rule_named, wanted)) or rules()
        if event_type is not None:
            subject.provider.catalogue.check_type(event_type)
        self._event_type = event_type
        self._findings: list[Finding] = []
        self.baseline: Baseline | None = None

    def __iter__(self) -> Iterator[Finding]:
        """Try the rules in turn; raise the errors of `baseline_of` when there is no consumer to judge."""
        self._findings.clear()
        self.baseline = baseline = baseline_of(self.subject, self._event_type)
        for number, rule in enumerate(self.rules, start=_FIRST_RULE):
            finding = WAYS[rule.way](rule, self.subject, number, baseline)
            self._findings.append(finding)
            yield finding

    @property
    def audit(self) -> Audit:
        """The result so far."""
        event_type = self.baseline.event_type if self.baseline is not None else ""
        return Audit(self.subject.url, event_type, self.subject.probe is not None, tuple(self._findings))

    def run(self) -> Audit:
        """Try every rule and return the result."""
        for _ in self:
            pass
        return self.audit


@contextmanager
def auditing(  # noqa: PLR0913 - consumers differ in each of these
    target: object,
    *,
    secret: str,
    probe: Probe | None = None,
    path: str = DEFAULT_PATH,
    event_type: str | None = None,
    rules: Iterable[str] = (),
    signatures: str | Iterable[str] | None = None,
    provider: Provider | None = None,
    seed: int | None = None,
    router: Router | None = None,
) -> Iterator[Auditor]:
    """Yield the auditor of `target`: a URL, a WSGI or ASGI app, "django", or a callable.

    `secret` is the one that the consumer verifies with. `probe` returns what the consumer has done so far. `event_type`
    is a type with an effect; by default the first one that changes the probe. `rules` are ids; empty means all.
    `router` is used but not closed; by default a new one that reaches every host. Raises `InvalidInputError` for
    invalid arguments.
    """
    its_provider = provider or petstore()
    names = (signatures,) if isinstance(signatures, str) else tuple(signatures or ())
    own = Router.standalone() if router is None else router
    try:
        url = _address(target, path, own)
        subject = Subject(
            url=checked_url(url),
            secret=checked_secret(secret),
            router=own,
            provider=its_provider,
            factory=EventFactory(its_provider.catalogue),
            probe=probe,
            signatures=checked_signatures(names or None),
            seed=seed,
        )
        yield Auditor(subject, rules, event_type)
    finally:
        if router is None:
            own.close()


def _address(target: object, path: str, router: Router) -> str:
    if isinstance(target, str) and target != "django":
        return target
    return f"http://{router.mount_app(target)}{path}"


def baseline_of(subject: Subject, event_type: str | None) -> Baseline:
    """Find the event type that has an effect, and how much it changes the probe.

    Raises `UnreachableError` when the consumer cannot be reached, `ReceiverTimeoutError` when no event is answered in
    time, and `InvalidInputError` when there is no endpoint at the path.
    """
    benches = [
        _tried(subject, name, number)
        for number, name in enumerate((event_type,) if event_type else subject.provider.catalogue.types)
    ]
    _check_there(subject, [one for bench, _ in benches for one in bench.exchanges])
    found = [baseline for _, baseline in benches]
    return next(
        (one for one in found if one.moves),
        next((one for one in found if one.accepted), found[0]),
    )


def _check_there(subject: Subject, genuine: Sequence[Exchange]) -> None:
    if all(one.attempt.outcome is Outcome.TIMEOUT and one.attempt.reply is None for one in genuine):
        patience = describe(subject.provider.timeout)
        raise ReceiverTimeoutError(f"no answer from {subject.url} within {patience}, whatever event was sent")
    if all(one.attempt.status in ABSENT for one in genuine):
        raise InvalidInputError(
            f"{subject.url} answers {genuine[0].answer} to every genuine event: does the consumer take a POST there? "
            f"Say the path of its endpoint",
            field="path",
        )


def _tried(subject: Subject, event_type: str, number: int) -> tuple[Bench, Baseline]:
    """Send up to `_CONVINCING` events of one type; stop early when one has no effect."""
    bench = Bench(subject, number)
    readings: list[Json] = [bench.before]
    steps: list[Json] = []
    while len(steps) < _CONVINCING:
        bench.send(event_type)
        latest = bench.exchanges[-1]
        if latest.attempt.outcome is Outcome.UNREACHABLE:
            raise UnreachableError(latest.attempt.error or f"nobody listens at {subject.url}")
        readings.append(latest.reading)
        steps.append(difference(*readings[-2:]))
        if subject.probe is None or readings[-1] == readings[-2]:
            break
    accepted = all(one.attempt.outcome is Outcome.ACKNOWLEDGED for one in bench.exchanges)
    moves = subject.probe is not None and readings[-1] != readings[-2]
    is_even = moves and all(step == steps[0] for step in steps)
    return bench, Baseline(event_type, accepted, subject.probe is not None, moves, steps[0] if is_even else None)


def _genuine(rule: Rule, subject: Subject, number: int, baseline: Baseline) -> Finding:
    bench = Bench(subject, number)
    bench.send(baseline.event_type, as_=rule.variants[0] if rule.variants else "")
    return judged(rule, bench.exchanges, bench.before, baseline, twins=False)


def _single(rule: Rule, subject: Subject, number: int, baseline: Baseline) -> Finding:
    bench = Bench(subject, number)
    for variant in rule.variants:
        bench.send(baseline.event_type, rule.fault, int(variant))
    sent = bench.exchanges
    if any(map(is_broken_off, sent)):  # a refused body or a crash: the answer to the next event shows which
        bench.send(baseline.event_type)
        after = bench.exchanges[-1]
        if baseline.accepted and after.attempt.outcome is not Outcome.ACKNOWLEDGED:
            why = f"the connection broke, and the genuine event after it was answered {after.answer}, expected 2xx"
            return Finding(rule, Verdict.FAILED, why, bench.exchanges)
    return judged(rule, sent, bench.before, baseline, twins=False)


def _every_type(rule: Rule, subject: Subject, number: int, baseline: Baseline) -> Finding:
    """Send the type that has an effect first: its reading of the probe is judged."""
    bench = Bench(subject, number)
    for name in dict.fromkeys((baseline.event_type, *subject.provider.catalogue.types)):
        for variant in rule.variants:
            bench.send(name, rule.fault, int(variant))
    return judged(rule, bench.exchanges, bench.before, baseline, twins=False)


def _again(rule: Rule, subject: Subject, number: int, baseline: Baseline) -> Finding:
    bench = Bench(subject, number)
    bench.send_on(baseline.event_type, str(rule.fault))
    twins = subject.is_remote and rule.fault == "duplicate_at_once"
    return judged(rule, bench.exchanges, bench.before, baseline, twins=twins)


def _burst(rule: Rule, subject: Subject, number: int, baseline: Baseline) -> Finding:
    bench = Bench(subject, number)
    bench.burst(baseline.event_type)
    return judged(rule, bench.exchanges, bench.before, baseline, twins=False)


def _rotated(rule: Rule, subject: Subject, number: int, baseline: Baseline) -> Finding:
    bench = Bench(subject, number)
    bench.rotate(rule.variants[0])
    bench.send(baseline.event_type)
    return judged(rule, bench.exchanges, bench.before, baseline, twins=False)


def _replay(rule: Rule, subject: Subject, number: int, baseline: Baseline) -> Finding:
    fresh = Bench(subject, number, signatures=_STANDARD)
    fresh.send(baseline.event_type)
    if fresh.exchanges[0].attempt.outcome is not Outcome.ACKNOWLEDGED:
        return unjudged(
            rule,
            "a fresh delivery with the Standard Webhooks headers alone is not accepted either; the Petstore's own "
            "signature carries no time, so that there is no window",
            fresh.exchanges,
        )
    return _single(rule, subject, number + len(rules()), baseline)


def _method(rule: Rule, subject: Subject, number: int, baseline: Baseline) -> Finding:
    bench = Bench(subject, number)
    for method in rule.variants:
        bench.send_by(method, baseline.event_type)
    return judged(rule, bench.exchanges, bench.before, baseline, twins=False)


def _order(rule: Rule, subject: Subject, number: int, baseline: Baseline) -> Finding:
    if not {"order.created", "order.status_changed"} <= set(subject.provider.catalogue.types):
        return unjudged(rule, f"{subject.provider.name} has no events of orders to put in another order")
    bench = Bench(subject, number)
    causal = difference(*bench.live_an_order("causal"))
    sent = len(bench.exchanges)
    before, after = bench.live_an_order(rule.variants[0])
    other, kept = difference(before, after), bench.exchanges[sent:]
    if wrong_answer(rule, bench.exchanges) is not None or not baseline.probed:
        return judged(rule, kept or bench.exchanges, bench.before, baseline, twins=False)
    return _compared(rule, kept, causal, other)


def _compared(rule: Rule, kept: tuple[Exchange, ...], causal: Json, other: Json) -> Finding:
    if causal is None or other is None:
        why = "the probe has no numbers to compare: let it count, for instance the orders that are delivered"
        return unjudged(rule, why, kept)
    effects = f"{quoted(_moved(causal))} in the causal order, {quoted(_moved(other))} in this one"
    if causal != other:
        return Finding(rule, Verdict.FAILED, f"the order of arrival decided: {effects}", kept, effects)
    if not _moved(causal):
        return unjudged(rule, "the probe does not move over the life of an order", kept)
    return Finding(rule, Verdict.PASSED, "the same state in both orders", kept, effects)


def _moved(difference_: Mapping[str, float]) -> Json:
    """Return the numbers that changed, by path; only the change when the probe returns a single number."""
    return difference_[""] if set(difference_) == {""} else {name: by for name, by in difference_.items() if by}


WAYS: Mapping[Way, Callable[[Rule, Subject, int, Baseline], Finding]] = {
    Way.GENUINE: _genuine,
    Way.SINGLE: _single,
    Way.EVERY_TYPE: _every_type,
    Way.AGAIN: _again,
    Way.BURST: _burst,
    Way.REPLAY: _replay,
    Way.ROTATED: _rotated,
    Way.ORDER: _order,
    Way.METHOD: _method,
}
"""The function that tries a rule, for each way."""
