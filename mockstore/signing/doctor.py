"""Verifies a signature, and finds out why it is wrong. Pure: `now` is an argument."""

import hmac
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from mockstore.errors import InvalidInputError
from mockstore.signing.claims import Claim, Dialect, ReceivedHeaders, WrongKey, read_fields
from mockstore.signing.petstore import PETSTORE_DIALECT
from mockstore.signing.schemes import PETSTORE, STANDARD_WEBHOOKS, TOLERANCE, Scheme, scheme_named
from mockstore.signing.secrets import mask, utf8
from mockstore.signing.standard import STANDARD_DIALECT
from mockstore.signing.variants import is_same_json, json_variants, newline_variants
from mockstore.signing.verdict import Finding, Reason, Verdict
from mockstore.signing.wording import abbreviated, instant, size, span

_DIAGNOSED: Final = 8  # signatures per request for which a cause is sought; a rotation needs two
_NEWLINES: Final = b"\r\n"
_RAW: Final = "verify the raw bytes of the request"

_DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType(
    {PETSTORE: PETSTORE_DIALECT, STANDARD_WEBHOOKS: STANDARD_DIALECT}
)


def verify(  # noqa: PLR0913 - three values to compare, and keywords that are optional evidence
    body: bytes,
    headers: ReceivedHeaders,
    secret: str,
    *,
    scheme: str = PETSTORE,
    now: datetime | None = None,
    tolerance: timedelta = TOLERANCE,
    old_secrets: Sequence[str] = (),
    sent_body: bytes | None = None,
) -> Verdict:
    """Return whether `headers` contain a genuine signature of `body` made with `secret`, and if not, why.

    The verdict is ok when at least one of the signatures in the header is right. `now` (aware) is compared with the
    signed timestamp, if the scheme has one; without `now` the age is not checked. A stale or future timestamp is
    reported only for a genuine signature. Two arguments help to find the cause and never make a verdict ok:
    `old_secrets` are those before a rotation, and `sent_body` is what the sender signed, which tells a wrong secret
    from a changed body. Without `sent_body`, a failure that no common mistake explains is a `mismatch`.

    Every body and all header values get a verdict. Signatures are compared in constant time. Raise
    `InvalidInputError` for an unknown scheme or a naive `now`.
    """
    known = scheme_named(scheme)
    if now is not None and now.tzinfo is None:
        raise InvalidInputError(f"the moment {now} has no time zone; pass an aware datetime, best in UTC", field="now")
    dialect = _DIALECTS[scheme]
    claim = dialect.read(read_fields(headers))
    if isinstance(claim, Finding):
        return Verdict(claim.reason, claim.message, scheme)
    case = _Case(known, dialect, claim, body, secret)
    finding = _judge(case, now, tolerance) or _diagnose(case, old_secrets, sent_body)
    return Verdict(finding.reason, finding.message, scheme)


class _Case(Struct, frozen=True):
    """One request to verify: its signatures, its body, and the secret."""

    scheme: Scheme
    dialect: Dialect
    claim: Claim
    body: bytes
    secret: str

    def expected(self, key: bytes, body: bytes) -> str:
        return self.scheme.signature(key, self.claim.preamble + body)

    def is_signed(self, key: bytes, body: bytes) -> bool:
        return _is_among(self.claim.signatures, self.expected(key, body))


def _is_among(signatures: Sequence[str], expected: str) -> bool:
    right = utf8(expected)
    return any(hmac.compare_digest(utf8(signature), right) for signature in signatures)


def _judge(case: _Case, now: datetime | None, tolerance: timedelta) -> Finding | None:
    if not case.secret:
        return Finding(
            Reason.EMPTY_SECRET,
            "The secret is empty, but without one nothing can be verified: pass the webhook's whole secret.",
        )
    if not case.is_signed(case.scheme.key(case.secret), case.body):
        return None
    genuine = f"The signature is genuine: the secret {mask(case.secret)} signed exactly this body of {size(case.body)}"
    signed_at = case.claim.signed_at
    if signed_at is None:
        return Finding(Reason.VALID, f"{genuine}.")
    if now is None:
        return Finding(Reason.VALID, f"{genuine} at {instant(signed_at)}, an age that was not judged.")
    return _judge_age(now - signed_at, tolerance) or Finding(Reason.VALID, f"{genuine} at {instant(signed_at)}.")


def _judge_age(age: timedelta, tolerance: timedelta) -> Finding | None:
    if age > tolerance:
        return Finding(
            Reason.STALE_TIMESTAMP,
            f"The signature is genuine but {span(age)} old, and the limit is {span(tolerance)}: compare the clocks of "
            "both sides, and have the sender sign each attempt anew.",
        )
    if -age > tolerance:
        return Finding(
            Reason.FUTURE_TIMESTAMP,
            f"The signature is genuine but its timestamp is {span(-age)} ahead, and the limit is {span(tolerance)}: "
            "compare the clocks of both sides.",
        )
    return None


def _diagnose(case: _Case, old_secrets: Sequence[str], sent_body: bytes | None) -> Finding:
    """Return the first common mistake that explains one of the signatures; likely and cheap ones are tried first."""
    examined = case.claim.signatures[:_DIAGNOSED]
    errors = [case.dialect.format_error(signature) for signature in examined]
    well_formed = tuple(signature for signature, error in zip(examined, errors, strict=True) if error is None)
    if not well_formed:
        return errors[0] or _unexplained(case, examined[0], sent_body)
    normal = tuple(map(case.dialect.normalise, well_formed))
    right_key = case.scheme.key(case.secret)
    for key, body, finding in _explanations(case, right_key, old_secrets, sent_body):
        if _is_among(normal, case.expected(key, body)):
            return finding
    return _unexplained(case, normal[0], sent_body)


def _explanations(
    case: _Case, right_key: bytes, old_secrets: Sequence[str], sent_body: bytes | None
) -> Iterator[tuple[bytes, bytes, Finding]]:
    """Yield key and body that may have been signed by mistake, and the finding if they were."""
    yield (
        right_key,
        case.body,
        Finding(
            Reason.UPPER_CASE_HEX,
            "The signature is right but for its upper-case hex digits, and receivers compare it letter by letter: send "
            "the digits in lower case.",
        ),
    )
    for key, finding in _old_secrets(case, old_secrets):
        yield key, case.body, finding
    if sent_body is not None and sent_body != case.body:
        yield right_key, sent_body, _difference(sent_body, case.body)
    for key, finding in case.dialect.wrong_keys(case.secret):
        yield key, case.body, finding
    for change, body in newline_variants(case.body):
        yield right_key, body, _newline(change)
    for manner, body in json_variants(case.body):
        yield right_key, body, _reserialised(manner)


def _old_secrets(case: _Case, old_secrets: Sequence[str]) -> Iterator[WrongKey]:
    for old in old_secrets:
        yield (
            case.scheme.key(old),
            Finding(
                Reason.OLD_SECRET,
                f"The signature was made with the old secret {mask(old)}, but the current one is {mask(case.secret)}: "
                "give the sender the current one, or sign with both until the rotation is over.",
            ),
        )


def _difference(sent: bytes, received: bytes) -> Finding:
    if sent.rstrip(_NEWLINES) == received.rstrip(_NEWLINES):
        return _newline(f"with its end as it was sent ({size(sent)}, received {size(received)})")
    if is_same_json(sent, received):
        return _reserialised("as it was sent")
    shorter = min(len(sent), len(received))
    first = bisect_left(range(shorter), x=True, key=lambda place: sent[: place + 1] != received[: place + 1])
    return Finding(
        Reason.BODY_CHANGED,
        f"The signature is right for the body that was sent ({size(sent)}), but the body received ({size(received)}) "
        f"differs from byte {first + 1:,} on: {_RAW}, before anything edits them.",
    )


def _newline(change: str) -> Finding:
    return Finding(
        Reason.TRAILING_NEWLINE,
        f"The signature is right for the body {change}, so a newline was added or lost after signing: {_RAW}, before "
        "any editor, shell or strip() touches them.",
    )


def _reserialised(manner: str) -> Finding:
    return Finding(
        Reason.BODY_RESERIALISED,
        f"The signature is right for the same JSON written {manner}, so the body was re-serialised after signing: "
        f"{_RAW}, before any JSON parser touches them.",
    )


def _unexplained(case: _Case, found: str, sent_body: bytes | None) -> Finding:
    right = abbreviated(case.expected(case.scheme.key(case.secret), case.body))
    seen = (
        f"The signature {abbreviated(found)} is not the {right} that the secret {mask(case.secret)} makes of this body"
    )
    if sent_body is None:
        return Finding(
            Reason.MISMATCH,
            f"{seen} of {size(case.body)}, so {case.dialect.covered} differs: compare the secrets of both sides, and "
            f"{_RAW}.",
        )
    proof = "the body is as it was sent" if sent_body == case.body else "it does not fit the body that was sent either"
    return Finding(
        Reason.WRONG_SECRET,
        f"{seen}, and {proof}, so another secret signed or the headers were altered: compare the secrets of both "
        "sides.",
    )
