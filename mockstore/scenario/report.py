"""Renders a scenario's result as text, and as JUnit XML for CI. Pure."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from mockstore.delivery.schedule import describe
from mockstore.scenario.mistakes import ScenarioFailedError
from mockstore.scenario.result import Entry, Kind, Result, Verdict
from mockstore.xml_text import attribute, content

_UNAUTHORIZED: Final = 401
_UNAUTHORIZED_HINT: Final = (
    "answered 401: does the consumer know the secret that signs? It is a made-up one unless it is said: "
    "to=mockstore.subscribe(app, secret=…) in a test, --secret in the shell"
)
_MARKS: Final = {True: "✓", False: "✗"}
_WIDTH: Final = 13
_MOST_ALIKE: Final = 3
"""How many equal entries in a row are shown; the others are counted."""


# ---- text -----------------------------------------------------------------------------------


def timeline_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the lines of the timeline as the entries come; of many equal ones in a row, only the first are shown."""
    current: tuple[object, ...] | None = None
    count = 0
    for entry in entries:
        key = _group_key(entry)
        if key != current:
            yield from _rest_line(count)
            current, count = key, 0
        count += 1
        if count <= _MOST_ALIKE:
            yield from entry_lines(entry)
    yield from _rest_line(count)


def entry_lines(entry: Entry) -> Iterator[str]:
    """Yield the lines of one entry: time, line of the step in the file, what happened."""
    if entry.kind is Kind.STEP:
        yield f"{_offset(entry.since)}{entry.line:>4}  {entry.text}"
    elif entry.kind is Kind.EXPECTATION:
        yield f"{_offset(entry.since)}{entry.line:>4}  {_MARKS[entry.facts['holds']]} {entry.text}"
        yield from (f"{'':{_WIDTH}}        {line}" for line in entry.facts["differences"])
    else:
        yield f"{_offset(entry.since)}        {entry.text}"


def summary(result: Result) -> str:
    """Return the last lines of a report: whether the scenario passed, and if not, why."""
    count = len(result.verdicts)
    expectations = "1 expectation" if count == 1 else f"{count} expectations"
    if result.broken is not None:
        place = result.broken.place
        return (
            f"{result.scenario.name}: broken off after {expectations}\n"
            f"{result.scenario.source}:{place.line}: {place.path}: {result.broken.why}"
        )
    if result.passed:
        return f"{result.scenario.name}: passed, {expectations} held"
    failed = f"{result.scenario.name}: failed, {len(result.failed)} of {expectations} did not hold"
    return f"{failed}\n{_UNAUTHORIZED_HINT}" if _is_unauthorized(result) else failed


def _is_unauthorized(result: Result) -> bool:
    """Tell whether a live consumer answered 401; a scripted receiver that verifies does so on purpose."""
    verifying = {spec.name for spec in result.scenario.webhooks if spec.verifies}
    refused = {entry.facts["webhook"] for entry in result.entries if entry.facts.get("status") == _UNAUTHORIZED}
    return bool(refused - verifying)


def failure_text(result: Result) -> str:
    """Return the message of a failed test: each expectation that did not hold with its line, then the timeline."""
    lines = [summary(result)]
    for verdict in result.failed:
        lines.append(f"{result.scenario.source}:{verdict.place.line}: {verdict.claim}")
        lines += [f"  {line}" for line in verdict.differences]
    return "\n".join([*lines, "timeline:", *(f"  {line}" for line in timeline_lines(result.entries))])


def require(result: Result) -> None:
    """Raise `ScenarioFailedError` with the whole report unless the scenario passed."""
    __tracebackhide__ = True
    if not result.passed:
        raise ScenarioFailedError(result, failure_text(result))


def _group_key(entry: Entry) -> tuple[object, ...]:
    """Return a key that is equal for entries to be counted together; it is unique for steps and expectations."""
    if entry.kind in (Kind.STEP, Kind.EXPECTATION):
        return (id(entry),)
    facts = {name: value for name, value in entry.facts.items() if name not in ("eventId", "deliveryId")}
    return (entry.kind, entry.since, entry.line, str(facts))


def _rest_line(count: int) -> Iterator[str]:
    if count > _MOST_ALIKE:
        yield f"{'':{_WIDTH}}        and {count - _MOST_ALIKE:,} more like this"


def _offset(since: timedelta) -> str:
    return f"+{describe(timedelta(milliseconds=since // timedelta(milliseconds=1)))}".ljust(_WIDTH)


# ---- JUnit ----------------------------------------------------------------------------------


def junit(results: Iterable[Result]) -> str:
    """Return JUnit XML: a suite for each scenario; a case for each expectation, and one for all steps together."""
    suites = "\n".join(_suite(result) for result in results)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n{suites}\n</testsuites>\n'


def _suite(result: Result) -> str:
    cases = [_case(result, verdict) for verdict in result.verdicts]
    name, source = attribute(result.scenario.name), attribute(result.scenario.source)
    broken = result.broken
    if broken is None:
        cases.append(f'    <testcase classname={name} name="every step" file={source}/>')
    else:
        cases.append(
            f'    <testcase classname={name} name="every step" file={source} line="{broken.place.line}">\n'
            f"      <error message={attribute(broken.why)}>{content(f'{broken.place.path}: {broken.why}')}</error>\n"
            f"    </testcase>"
        )
    counts = f'tests="{len(cases)}" failures="{len(result.failed)}" errors="{int(broken is not None)}"'
    listed = "\n".join(cases)
    timeline = content("\n".join(timeline_lines(result.entries)))
    return f"  <testsuite name={name} {counts}>\n{listed}\n    <system-out>{timeline}</system-out>\n  </testsuite>"


def _case(result: Result, verdict: Verdict) -> str:
    head = (
        f"    <testcase classname={attribute(result.scenario.name)} name={attribute(verdict.claim)} "
        f'file={attribute(result.scenario.source)} line="{verdict.place.line}"'
    )
    if verdict.holds:
        return f"{head}/>"
    message = attribute(verdict.differences[0])
    listed = content("\n".join(verdict.differences))
    return f"{head}>\n      <failure message={message}>{listed}</failure>\n    </testcase>"
