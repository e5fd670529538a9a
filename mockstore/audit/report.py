"""Renders an audit as text, as JSON, and as JUnit XML for CI. Pure."""

from collections.abc import Iterator
from typing import Final

from mockstore.audit.result import Audit, Exchange, Finding, Verdict
from mockstore.audit.rules import Area
from mockstore.model import Json, Reply
from mockstore.xml_text import attribute, content

MARKS: Final = {Verdict.PASSED: "✓", Verdict.FAILED: "✗", Verdict.NOT_JUDGED: "?"}
_BODY_SHOWN: Final = 200
_HEADER_SHOWN: Final = 120
_EXCHANGES_SHOWN: Final = 12
"""How many requests of a rule are shown, from the first."""


# ---- text -----------------------------------------------------------------------------------


def finding_lines(finding: Finding) -> Iterator[str]:
    """Yield the rule's line of the report; for a failure also what was sent and answered, and what to change."""
    rule = finding.rule
    yield f"{MARKS[finding.verdict]} {rule.id:<38} {rule.title}"
    if finding.verdict is Verdict.NOT_JUDGED:
        yield f"    not judged:  {finding.reason}"
    if finding.verdict is Verdict.FAILED:
        yield f"    sent:        {rule.sent}"
        yield f"    came back:   {finding.reason}"
        if finding.effects and finding.effects not in finding.reason:
            yield f"    the probe:   {finding.effects}"
        yield f"    it matters:  {rule.why}"
        yield f"    change:      {finding.change}"


def summary(audit: Audit) -> str:
    """Return the last line of a report: how many rules passed, failed and were not judged."""
    counts = ", ".join(f"{len(audit.of(verdict))} {verdict}" for verdict in Verdict if audit.of(verdict))
    unprobed = "" if audit.probed else "; without a probe of side effects nothing was counted"
    in_vain = "; that says nothing of the consumer" if audit.judged_nothing else ""
    return f"{audit.target}: {counts or 'no rule was tried'}{unprobed}{in_vain}"


def text_of(audit: Audit) -> str:
    """Return the whole report as text."""
    return "\n".join([*(line for finding in audit.findings for line in finding_lines(finding)), summary(audit)])


def failure_text(finding: Finding) -> str:
    """Return the message of a failed test for one rule, with its requests and answers."""
    return "\n".join([*finding_lines(finding), *(f"    {line}" for line in map(exchange_line, _shown(finding)))])


def exchange_line(exchange: Exchange) -> str:
    """Return one request and its answer in one line."""
    request = exchange.attempt.request
    return f"{request.method} {preview(request.body)} -> {exchange.answer}"


def preview(body: bytes) -> str:
    """Return the start of a body as text; add its length when it is cut."""
    text = body[:_BODY_SHOWN].decode("utf-8", "replace")
    return text if len(body) <= _BODY_SHOWN else f"{text}… ({len(body):,} bytes)"


def short(value: str) -> str:
    """Return the start of a header's value; add its length when it is cut."""
    return value if len(value) <= _HEADER_SHOWN else f"{value[:_HEADER_SHOWN]}… ({len(value):,} characters)"


def _shown(finding: Finding) -> tuple[Exchange, ...]:
    return finding.exchanges[:_EXCHANGES_SHOWN]


# ---- JSON -----------------------------------------------------------------------------------


def document(audit: Audit) -> dict[str, Json]:
    """Return the audit as a JSON document."""
    return {
        "target": audit.target,
        "eventType": audit.event_type,
        "probed": audit.probed,
        "passed": audit.passed,
        "counts": {str(verdict): len(audit.of(verdict)) for verdict in Verdict},
        "findings": [finding_document(finding) for finding in audit.findings],
    }


def finding_document(finding: Finding) -> dict[str, Json]:
    """Return one finding as a JSON document."""
    rule = finding.rule
    return {
        "rule": rule.id,
        "area": str(rule.area),
        "title": rule.title,
        "verdict": str(finding.verdict),
        "reason": finding.reason,
        "effects": finding.effects,
        "sent": rule.sent,
        "why": rule.why,
        "change": finding.change,
        "requests": len(finding.exchanges),
        "exchanges": [_exchange_document(exchange) for exchange in _shown(finding)],
    }


def _exchange_document(exchange: Exchange) -> dict[str, Json]:
    request, reply = exchange.attempt.request, exchange.attempt.reply
    return {
        "method": request.method,
        "headers": [[name, short(value)] for name, value in request.headers],
        "body": preview(request.body),
        "answer": exchange.answer,
        "answerBody": preview(reply.body) if isinstance(reply, Reply) else None,
        "error": exchange.attempt.error,
        "tookMs": round(exchange.took.total_seconds() * 1000, 3),
        "effects": exchange.reading,
    }


# ---- JUnit ----------------------------------------------------------------------------------


def junit(audit: Audit) -> str:
    """Return JUnit XML: a suite for each area, a case for each rule; a rule that was not judged is skipped."""
    suites = "\n".join(
        _suite(area, found) for area in Area if (found := [one for one in audit.findings if one.rule.area is area])
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n{suites}\n</testsuites>\n'


def _suite(area: Area, findings: list[Finding]) -> str:
    failures = sum(finding.verdict is Verdict.FAILED for finding in findings)
    skipped = sum(finding.verdict is Verdict.NOT_JUDGED for finding in findings)
    counts = f'tests="{len(findings)}" failures="{failures}" errors="0" skipped="{skipped}"'
    cases = "\n".join(map(_case, findings))
    return f"  <testsuite name={attribute(area)} {counts}>\n{cases}\n  </testsuite>"


def _case(finding: Finding) -> str:
    head = (
        f'    <testcase classname="mockstore.audit.{finding.rule.area.replace(" ", "_")}" '
        f"name={attribute(f'{finding.rule.id}: {finding.rule.title}')}"
    )
    if finding.verdict is Verdict.PASSED:
        return f"{head}/>"
    if finding.verdict is Verdict.NOT_JUDGED:
        return f"{head}>\n      <skipped message={attribute(finding.reason)}/>\n    </testcase>"
    message, details = attribute(finding.reason), content(failure_text(finding))
    return f"{head}>\n      <failure message={message}>{details}</failure>\n    </testcase>"
