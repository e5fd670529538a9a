import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from mockstore.signing import Reason, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = b64decode(SECRET[6:])
OLD_SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OLD_KEY = b64decode(OLD_SECRET[6:])
BODY = b'{"test": 2432232314}'
AT = datetime.fromtimestamp(1614265330, UTC)


def digest(body: bytes = BODY, key: bytes = KEY) -> bytes:
    """Sign independently of the code under test."""
    return hmac.new(key, b"msg_1.1614265330." + body, hashlib.sha256).digest()


def signed(body: bytes = BODY, key: bytes = KEY) -> str:
    return f"v1,{b64encode(digest(body, key)).decode()}"


@dataclass(frozen=True)
class Received:
    """The arguments of `verify` in one case."""

    signature: str = signed()
    body: bytes = BODY
    secret: str = SECRET
    now: datetime | None = AT
    tolerance: timedelta = timedelta(minutes=5)
    old_secrets: tuple[str, ...] = ()
    sent_body: bytes | None = None
    changes: Mapping[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Webhook-Id": "msg_1",
            "Webhook-Timestamp": "1614265330",
            "Webhook-Signature": self.signature,
        } | dict(self.changes)


CASES = [
    pytest.param(
        Received(),
        Reason.VALID,
        "The signature is genuine: the secret whsec_…LaSw signed exactly this body of 20 bytes at "
        "2021-02-25T15:02:10Z.",
        id="valid",
    ),
    pytest.param(
        Received(now=None),
        Reason.VALID,
        "The signature is genuine: the secret whsec_…LaSw signed exactly this body of 20 bytes at "
        "2021-02-25T15:02:10Z, an age that was not judged.",
        id="valid, age not judged",
    ),
    pytest.param(
        Received(f"v1a,xyz v1,AAAA {signed()}"),
        Reason.VALID,
        "The signature is genuine: the secret whsec_…LaSw signed exactly this body of 20 bytes at "
        "2021-02-25T15:02:10Z.",
        id="valid, the last of three",
    ),
    pytest.param(
        Received(now=AT + timedelta(minutes=5)),
        Reason.VALID,
        "The signature is genuine: the secret whsec_…LaSw signed exactly this body of 20 bytes at "
        "2021-02-25T15:02:10Z.",
        id="valid, at the end of the window",
    ),
    pytest.param(
        Received(changes={"Webhook-Id": ""}),
        Reason.MISSING_HEADER,
        "The webhook-id header is missing or empty, but Standard Webhooks needs it: check that the sender signs and "
        "that nothing on the way drops headers.",
        id="missing id",
    ),
    pytest.param(
        Received(" ", changes={"Webhook-Timestamp": "", "svix-signature": "v1,x"}),
        Reason.MISSING_HEADER,
        "The webhook-timestamp and webhook-signature headers are missing or empty (found instead: 'svix-signature'), "
        "but Standard Webhooks needs them: check that the sender signs and that nothing on the way drops headers.",
        id="missing timestamp and signature",
    ),
    pytest.param(
        Received("", changes={"X-Webhook-Signature": "sha256=00", "Webhook-Id": "", "Webhook-Timestamp": ""}),
        Reason.WRONG_SCHEME,
        "The headers carry the Petstore's X-Webhook-Signature, but those of Standard Webhooks are to be verified: "
        "verify with the scheme 'petstore', or have the sender add webhook-id, webhook-timestamp and "
        "webhook-signature.",
        id="wrong scheme: the Petstore's",
    ),
    pytest.param(
        Received(changes={"WEBHOOK-ID": "msg_2"}),
        Reason.DUPLICATE_HEADER,
        "The webhook-id header came 2 times with different values, but it must be one value: check what adds it a "
        "second time.",
        id="duplicate header",
    ),
    pytest.param(
        Received(changes={"Webhook-Timestamp": "2021-02-25T15:02:10Z"}),
        Reason.MALFORMED_TIMESTAMP,
        "The webhook-timestamp header is '2021-02-25T15:02:10Z', but it must be the whole seconds since 1970, such "
        "as '1614265330': send the time in that form.",
        id="malformed timestamp",
    ),
    pytest.param(
        Received(changes={"Webhook-Timestamp": "1614265330000"}),
        Reason.MALFORMED_TIMESTAMP,
        "The webhook-timestamp header is '1614265330000', which seems to be in milliseconds, but it must be the "
        "whole seconds since 1970, such as '1614265330': send the time in that form.",
        id="malformed timestamp: milliseconds",
    ),
    pytest.param(
        Received(f"v2{signed()[2:]}"),
        Reason.WRONG_SCHEME,
        "The signature is 'v2,9o7UeFkn1…', but it must begin with 'v1,': send 'v1,' and the base64 of the HMAC-SHA256.",
        id="wrong scheme: another version",
    ),
    pytest.param(
        Received(f"v1,{'_' * 43}="),
        Reason.NOT_BASE64,
        "The signature 'v1,________…' is not base64, but base64 of the standard alphabet, padded with '=', must "
        "follow 'v1,': encode the digest that way.",
        id="not base64: URL-safe alphabet",
    ),
    pytest.param(
        Received(signed().rstrip("=")),
        Reason.NOT_BASE64,
        "The signature 'v1,9o7UeFkn…' is not base64, but base64 of the standard alphabet, padded with '=', must "
        "follow 'v1,': encode the digest that way.",
        id="not base64: no padding",
    ),
    pytest.param(
        Received(f"v1,{digest().hex()}"),
        Reason.WRONG_LENGTH,
        "The signature decodes to 48 bytes, but HMAC-SHA256 has 32: encode the digest itself, not its hex digits.",
        id="wrong length: hex",
    ),
    pytest.param(
        Received("v1,AAECAw=="),
        Reason.WRONG_LENGTH,
        "The signature decodes to 4 bytes, but HMAC-SHA256 has 32: send the whole digest.",
        id="wrong length: cut off",
    ),
    pytest.param(
        Received(secret=""),
        Reason.EMPTY_SECRET,
        "The secret is empty, but without one nothing can be verified: pass the webhook's whole secret.",
        id="empty secret",
    ),
    pytest.param(
        Received(signed(key=SECRET.encode())),
        Reason.SECRET_NOT_DECODED,
        "The signature was made with the text of the secret whsec_…LaSw, but the key is what the part after 'whsec_' "
        "decodes to: decode that part from base64 before signing.",
        id="secret not decoded",
    ),
    pytest.param(
        Received(signed(key=SECRET[6:].encode())),
        Reason.SECRET_NOT_DECODED,
        "The signature was made with the text of the secret whsec_…LaSw, but the key is what the part after 'whsec_' "
        "decodes to: decode that part from base64 before signing.",
        id="secret not decoded, without prefix",
    ),
    pytest.param(
        Received(secret=f" {SECRET}"),
        Reason.SECRET_WHITESPACE,
        "The secret whsec_…LaSw was given with white space around it, but the signature was made without: strip the "
        "secret where it is read.",
        id="white space around the secret",
    ),
    pytest.param(
        Received(signed(key=OLD_KEY), old_secrets=(OLD_SECRET,)),
        Reason.OLD_SECRET,
        "The signature was made with the old secret whsec_…Hh8=, but the current one is whsec_…LaSw: give the sender "
        "the current one, or sign with both until the rotation is over.",
        id="old secret",
    ),
    pytest.param(
        Received(body=BODY + b"\n"),
        Reason.TRAILING_NEWLINE,
        "The signature is right for the body without the newline at its end, so a newline was added or lost after "
        "signing: verify the raw bytes of the request, before any editor, shell or strip() touches them.",
        id="trailing newline",
    ),
    pytest.param(
        Received(body=json.dumps(json.loads(BODY), indent=2).encode()),
        Reason.BODY_RESERIALISED,
        "The signature is right for the same JSON written with Python's default spaces, so the body was "
        "re-serialised after signing: verify the raw bytes of the request, before any JSON parser touches them.",
        id="body re-serialised",
    ),
    pytest.param(
        Received(body=b'{"test": 1}', sent_body=BODY),
        Reason.BODY_CHANGED,
        "The signature is right for the body that was sent (20 bytes), but the body received (11 bytes) differs from "
        "byte 10 on: verify the raw bytes of the request, before anything edits them.",
        id="body changed",
    ),
    pytest.param(
        Received(signed(key=OLD_KEY), sent_body=BODY),
        Reason.WRONG_SECRET,
        "The signature 'v1,GWvjEzx3…' is not the 'v1,9o7UeFkn…' that the secret whsec_…LaSw makes of this body, and "
        "the body is as it was sent, so another secret signed or the headers were altered: compare the secrets of "
        "both sides.",
        id="wrong secret",
    ),
    pytest.param(
        Received(changes={"Webhook-Id": "msg_2"}),
        Reason.MISMATCH,
        "The signature 'v1,9o7UeFkn…' is not the 'v1,P79lg9nH…' that the secret whsec_…LaSw makes of this body of 20 "
        "bytes, so the secret, the body, the id or the timestamp differs: compare the secrets of both sides, and "
        "verify the raw bytes of the request.",
        id="mismatch: another id",
    ),
    pytest.param(
        Received(now=AT + timedelta(minutes=12, seconds=3)),
        Reason.STALE_TIMESTAMP,
        "The signature is genuine but 12 min 3 s old, and the limit is 5 min: compare the clocks of both sides, and "
        "have the sender sign each attempt anew.",
        id="stale timestamp",
    ),
    pytest.param(
        Received(now=AT + timedelta(minutes=5, microseconds=1)),
        Reason.STALE_TIMESTAMP,
        "The signature is genuine but 5 min 1 s old, and the limit is 5 min: compare the clocks of both sides, and "
        "have the sender sign each attempt anew.",
        id="stale timestamp, by a whisker",
    ),
    pytest.param(
        Received(now=AT - timedelta(days=2, hours=1, minutes=4), tolerance=timedelta(hours=1)),
        Reason.FUTURE_TIMESTAMP,
        "The signature is genuine but its timestamp is 2 d 1 h ahead, and the limit is 1 h: compare the clocks of "
        "both sides.",
        id="future timestamp",
    ),
    pytest.param(
        Received(now=AT + timedelta(seconds=1), tolerance=timedelta(0)),
        Reason.STALE_TIMESTAMP,
        "The signature is genuine but 1 s old, and the limit is 0 s: compare the clocks of both sides, and have the "
        "sender sign each attempt anew.",
        id="stale timestamp, no tolerance",
    ),
]


@pytest.mark.parametrize(("received", "reason", "sentence"), CASES)
def test_every_failure_has_its_word_and_its_sentence(received: Received, reason: Reason, sentence: str) -> None:
    verdict = verify(
        received.body,
        received.headers,
        received.secret,
        scheme="standard-webhooks",
        now=received.now,
        tolerance=received.tolerance,
        old_secrets=received.old_secrets,
        sent_body=received.sent_body,
    )

    assert verdict.message == sentence
    assert verdict.reason is reason
    assert verdict.ok is (reason is Reason.VALID)


def test_the_same_id_twice_is_no_contradiction() -> None:
    headers = [*Received().headers.items(), ("webhook-id", "msg_1")]

    assert verify(BODY, headers, SECRET, scheme="standard-webhooks")


def test_signatures_may_come_in_several_headers() -> None:
    headers = [("webhook-signature", signed(key=OLD_KEY)), *Received().headers.items()]

    assert verify(BODY, headers, SECRET, scheme="standard-webhooks")
    assert verify(BODY, headers, OLD_SECRET, scheme="standard-webhooks")
