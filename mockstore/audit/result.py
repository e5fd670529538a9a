"""What an audit found: rule by rule, with the evidence. Pure values."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from msgspec import Struct

from mockstore.audit.rules import Rule
from mockstore.model import Attempt, Headers, Json
from mockstore.timeline import csrf_hint


class Verdict(StrEnum):
    """How a rule ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_JUDGED = "not judged"


class Exchange(Struct, frozen=True):
    """One request and what came back."""

    attempt: Attempt
    reading: Json = None
    """What the probe said afterwards; None without a probe."""

    @property
    def method(self) -> str:
        """How it was sent."""
        return self.attempt.request.method

    @property
    def headers(self) -> Headers:
        """The headers that were sent."""
        return self.attempt.request.headers

    @property
    def answer(self) -> str:
        """The status, or how the attempt ended without one; what the sender lost counts as answered."""
        reply = self.attempt.reply
        return str(reply.status) if reply is not None else str(self.attempt.outcome)

    @property
    def took(self) -> timedelta:
        """The time to the end of the answer's headers."""
        return self.attempt.reply.took if self.attempt.reply is not None else self.attempt.duration


class Finding(Struct, frozen=True):
    """What became of one rule."""

    rule: Rule
    verdict: Verdict
    reason: str
    """One sentence: what came back, or why there is nothing to judge."""
    exchanges: tuple[Exchange, ...] = ()
    effects: str = ""
    """What the probe showed, in a few words; empty without one."""

    @property
    def passed(self) -> bool:
        """Whether the consumer did as it should."""
        return self.verdict is Verdict.PASSED

    @property
    def change(self) -> str:
        """What to change in the consumer that failed: what an answer gives away, else what the rule advises."""
        given_away = (csrf_hint(one.attempt) for one in self.exchanges if self.verdict is Verdict.FAILED)
        return next((one for one in given_away if one is not None), self.rule.change)


class Audit(Struct, frozen=True):
    """The whole of it."""

    target: str
    event_type: str
    probed: bool
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether no rule failed; one that was not judged did not."""
        return not self.failed

    @property
    def failed(self) -> Sequence[Finding]:
        """The rules that the consumer broke."""
        return self.of(Verdict.FAILED)

    @property
    def judged_nothing(self) -> bool:
        """Whether no rule at all passed or failed: nothing is known of the consumer then."""
        return len(self.of(Verdict.NOT_JUDGED)) == len(self.findings)

    def of(self, verdict: Verdict) -> Sequence[Finding]:
        """Return the findings that ended so."""
        return [finding for finding in self.findings if finding.verdict is verdict]

    def __getitem__(self, rule_id: str) -> Finding:
        return next(finding for finding in self.findings if finding.rule.id == rule_id)
