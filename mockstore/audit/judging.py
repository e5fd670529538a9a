"""Judges a rule by the consumer's answers and the readings of the probe. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from mockstore.audit.result import Exchange, Finding, Verdict
from mockstore.audit.rules import Area, Effect, Rule
from mockstore.faults import Expect, is_met
from mockstore.model import Json, Outcome

_EXPECTED_ANSWERS: Mapping[Expect, str] = {
    Expect.REJECT: "4xx",
    Expect.SURVIVE: "4xx or 2xx",
    Expect.DEDUPE: "2xx",
    Expect.ORDER: "2xx",
    Expect.ACCEPT: "2xx",
}
_MOST_QUOTED = 60
"""How many characters of a reading are quoted."""


class Baseline(Struct, frozen=True):
    """How the consumer handles genuine events; the rules are judged in comparison."""

    event_type: str
    accepted: bool
    """Whether every genuine event was answered 2xx."""
    probed: bool = False
    """Whether there is a probe."""
    moves: bool = False
    """Whether a genuine event changes the probe's reading."""
    step: Json = None
    """The change of each number in the reading for one event, by path; None when it is not always the same."""


def judged(rule: Rule, exchanges: Sequence[Exchange], before: Json, baseline: Baseline, *, twins: bool) -> Finding:
    """Return the finding for these requests and answers.

    `before` is the probe's reading before the first request. `twins` means that two requests were in progress at the
    same time, so that only the last reading counts.
    """
    kept = tuple(exchanges)
    wrong = wrong_answer(rule, kept)
    if wrong is not None:
        return Finding(rule, Verdict.FAILED, wrong, kept, _readings_text(before, kept, baseline))
    if rule.expects is Expect.REJECT and not baseline.accepted:
        return unjudged(rule, "a genuine event is refused, too, so that a refusal says nothing", kept)
    if not baseline.probed:
        return _judged_by_answers(rule, kept)
    verdict, reason = _judged_by_probe(rule, kept, before, baseline, twins=twins)
    return Finding(rule, verdict, reason, kept, _readings_text(before, kept, baseline))


def unjudged(rule: Rule, reason: str, exchanges: Sequence[Exchange] = ()) -> Finding:
    """Return the finding of a rule that cannot be judged, for this reason."""
    return Finding(rule, Verdict.NOT_JUDGED, reason, tuple(exchanges))


def wrong_answer(rule: Rule, exchanges: Sequence[Exchange]) -> str | None:
    """Return a text on the first wrong answer; None when all are right."""
    for number, exchange in enumerate(exchanges, start=1):
        if rule.area is Area.SIZE and rule.expects is not Expect.ACCEPT and is_broken_off(exchange):
            continue
        late = exchange.attempt.reply is None and exchange.attempt.outcome is Outcome.TIMEOUT
        if late or not is_met(rule.expects, exchange.attempt):
            which = f"request {number} of {len(exchanges)} was" if len(exchanges) > 1 else "it was"
            error = exchange.attempt.error
            detail = f": {error}" if error and exchange.attempt.reply is None else ""
            return f"{which} answered {exchange.answer}, expected {_EXPECTED_ANSWERS[rule.expects]}{detail}"
    return None


def is_broken_off(exchange: Exchange) -> bool:
    """Tell whether the connection was closed before an answer was received.

    This also happens when a server answers 413 and closes while the body is still being sent (RFC 9112, 9.6).
    """
    return exchange.attempt.reply is None and exchange.attempt.outcome is Outcome.RESET


def difference(before: Json, after: Json) -> dict[str, float] | None:
    """Return the change of each number in a reading, by its path.

    None when there is no number, or when something that is not a number changed as well.
    """
    old, new = dict(_leaves(before)), dict(_leaves(after))
    moved: dict[str, float] = {}
    for path in old.keys() | new.keys():
        one, two = old.get(path, 0), new.get(path, 0)
        if _is_number(one) and _is_number(two):
            moved[path] = two - one
        elif one != two:
            return None
    return moved or None


def _leaves(value: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    else:
        yield path, value


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _judged_by_answers(rule: Rule, kept: tuple[Exchange, ...]) -> Finding:
    if rule.expects in (Expect.DEDUPE, Expect.ORDER):
        what = "how often the work was done" if rule.expects is Expect.DEDUPE else "what the consumer knows now"
        return unjudged(rule, f"every answer was right ({_answers(kept)}), but {what} takes a probe", kept)
    return Finding(rule, Verdict.PASSED, f"answered {_answers(kept)}", kept)


def _judged_by_probe(
    rule: Rule, kept: tuple[Exchange, ...], before: Json, baseline: Baseline, *, twins: bool
) -> tuple[Verdict, str]:
    forbidden = _forbidden_effect(rule, kept, before)
    if forbidden is not None:
        return Verdict.FAILED, forbidden
    if rule.effect is not Effect.ONCE:
        return Verdict.PASSED, f"answered {_answers(kept)}"
    if not baseline.moves:
        if rule.expects is Expect.DEDUPE:
            return Verdict.NOT_JUDGED, "the probe does not move for a genuine event, so that nothing can be counted"
        return Verdict.FAILED, "accepted, but the probe did not move: does it see the work that an event causes?"
    if twins:
        return _judged_at_once(kept, before, baseline)
    return _judged_in_turn(rule, kept, before)


def _forbidden_effect(rule: Rule, kept: tuple[Exchange, ...], before: Json) -> str | None:
    """Return a text on the first request with an effect that it must not have; None when there is none."""
    previous = before
    for number, exchange in enumerate(kept, start=1):
        refused = exchange.attempt.reply is not None and exchange.attempt.reply.status >= 400  # noqa: PLR2004 - 4xx
        if (rule.effect is Effect.NONE or refused) and exchange.reading != previous:
            return (
                f"request {number} was answered {exchange.answer}, and its work was done all the same: the probe went "
                f"from {quoted(previous)} to {quoted(exchange.reading)}"
            )
        previous = exchange.reading
    return None


def _judged_in_turn(rule: Rule, kept: tuple[Exchange, ...], before: Json) -> tuple[Verdict, str]:
    counted = kept if rule.expects is Expect.DEDUPE else kept[:1]
    first, last = counted[0].reading, counted[-1].reading
    if first == before:
        return Verdict.FAILED, f"answered {_answers(kept)}, but nothing was done: the probe stayed at {quoted(before)}"
    if first != last:
        return Verdict.FAILED, (
            f"the work was done more than once: the probe went from {quoted(before)} to {quoted(first)} with the first "
            f"of {len(counted)} arrivals, and is at {quoted(last)} after the last"
        )
    return Verdict.PASSED, f"answered {_answers(kept)}; the work was done once"


def _judged_at_once(kept: tuple[Exchange, ...], before: Json, baseline: Baseline) -> tuple[Verdict, str]:
    last = kept[-1].reading
    if last == before:
        return Verdict.FAILED, f"answered {_answers(kept)}, but nothing was done: the probe stayed at {quoted(before)}"
    if baseline.step is None:
        return Verdict.NOT_JUDGED, (
            "the probe does not move by the same for each event, so that two at once cannot be counted: let it count "
            "rows, not amounts"
        )
    moved = difference(before, last)
    if moved != baseline.step:
        return Verdict.FAILED, (
            f"the work was not done once: the probe went from {quoted(before)} to {quoted(last)}, and one event moves "
            f"it by {quoted(baseline.step)}"
        )
    return Verdict.PASSED, f"answered {_answers(kept)}; the work was done once"


def _answers(kept: Sequence[Exchange]) -> str:
    return ", ".join(dict.fromkeys(exchange.answer for exchange in kept))


def _readings_text(before: Json, kept: tuple[Exchange, ...], baseline: Baseline) -> str:
    if not baseline.probed or not kept:
        return ""
    return f"{quoted(before)} before, {quoted(kept[-1].reading)} after"


def quoted(reading: Json) -> str:
    """Return a reading as text, cut to `_MOST_QUOTED` characters."""
    text = str(reading)
    return text if len(text) <= _MOST_QUOTED else f"{text[: _MOST_QUOTED - 1]}…"
