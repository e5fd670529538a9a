"""The result of an audit: a finding for each rule, with the requests and answers."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from msgspec import Struct

from mockstore.audit.rules import Rule
from mockstore.model import Attempt, Headers, Json
from mockstore.timeline import csrf_hint


class Verdict(StrEnum):
    """The verdict on one rule."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_JUDGED = "not judged"


class Exchange(Struct, frozen=True):
    """One request and its answer."""

    attempt: Attempt
    reading: Json = None
    """The probe's reading afterwards; None without a probe."""

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.attempt.request.method

    @property
    def headers(self) -> Headers:
        """The request's headers."""
        return self.attempt.request.headers

    @property
    def answer(self) -> str:
        """The status, or the attempt's outcome when there was no reply.

        A reply counts even if a fault hid it from the sender.
        """
        reply = self.attempt.reply
        return str(reply.status) if reply is not None else str(self.attempt.outcome)

    @property
    def took(self) -> timedelta:
        """The time until the end of the reply's headers, or the attempt's duration when there was no reply."""
        return self.attempt.reply.took if self.attempt.reply is not None else self.attempt.duration


class Finding(Struct, frozen=True):
    """The finding on one rule."""

    rule: Rule
    verdict: Verdict
    reason: str
    """One sentence: how the consumer answered, or why the rule was not judged."""
    exchanges: tuple[Exchange, ...] = ()
    effects: str = ""
    """The probe's readings as text; empty without a probe."""

    @property
    def passed(self) -> bool:
        """Whether the rule passed."""
        return self.verdict is Verdict.PASSED

    @property
    def change(self) -> str:
        """What to change in the consumer: specific advice when an answer shows the cause, else that of the rule."""
        given_away = (csrf_hint(one.attempt) for one in self.exchanges if self.verdict is Verdict.FAILED)
        return next((one for one in given_away if one is not None), self.rule.change)


class Audit(Struct, frozen=True):
    """The result of a whole audit."""

    target: str
    event_type: str
    probed: bool
    """Whether there was a probe of side effects."""
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether no rule failed; a rule that was not judged is no failure."""
        return not self.failed

    @property
    def failed(self) -> Sequence[Finding]:
        """The findings that failed."""
        return self.of(Verdict.FAILED)

    @property
    def judged_nothing(self) -> bool:
        """Whether no rule at all passed or failed: nothing is known of the consumer then."""
        return len(self.of(Verdict.NOT_JUDGED)) == len(self.findings)

    def of(self, verdict: Verdict) -> Sequence[Finding]:
        """Return the findings with this verdict."""
        return [finding for finding in self.findings if finding.verdict is verdict]

    def __getitem__(self, rule_id: str) -> Finding:
        return next(finding for finding in self.findings if finding.rule.id == rule_id)
