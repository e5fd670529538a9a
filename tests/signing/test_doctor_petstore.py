import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass

import pytest

from mockstore.signing import Reason, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OTHER_SECRET = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
BODY = '{"name":"Žofka","price":75.00,"age":3}'.encode()
AS_SENT = b'{"price": 75.00, "age": 3, "name": null}'
AS_REWRITTEN = b'{"name":null,"age":3,"price":75}'


def signed(body: bytes = BODY, key: str | bytes = SECRET) -> str:
    return f"sha256={digest(body, key)}"


def digest(body: bytes = BODY, key: str | bytes = SECRET) -> str:
    """Sign independently of the code under test."""
    return hmac.new(key.encode() if isinstance(key, str) else key, body, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Received:
    """The arguments of `verify` in one case."""

    signature: str | None = signed()
    body: bytes = BODY
    secret: str = SECRET
    old_secrets: tuple[str, ...] = ()
    sent_body: bytes | None = None
    others: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        own = () if self.signature is None else (("X-Webhook-Signature", self.signature),)
        return self.others + own


CASES = [
    pytest.param(
        Received(),
        Reason.VALID,
        "The signature is genuine: the secret whsec_…LaSw signed exactly this body of 39 bytes.",
        id="valid",
    ),
    pytest.param(
        Received(signed(b"!"), b"!"),
        Reason.VALID,
        "The signature is genuine: the secret whsec_…LaSw signed exactly this body of 1 byte.",
        id="valid, one byte",
    ),
    pytest.param(
        Received(f"sha256={'0' * 64}, sha256={digest()}"),
        Reason.VALID,
        "The signature is genuine: the secret whsec_…LaSw signed exactly this body of 39 bytes.",
        id="valid, the second of two",
    ),
    pytest.param(
        Received(None),
        Reason.MISSING_HEADER,
        "The X-Webhook-Signature header is missing, but it must carry 'sha256=' and 64 hex digits: check that the "
        "sender signs and that nothing on the way drops the header.",
        id="missing header",
    ),
    pytest.param(
        Received(None, others=(("X-Hub-Signature-256", "sha256=00"), ("Stripe-Signature", "t=1"))),
        Reason.MISSING_HEADER,
        "The X-Webhook-Signature header is missing (found instead: 'stripe-signature' and 'x-hub-signature-256'), "
        "but it must carry 'sha256=' and 64 hex digits: check that the sender signs and that nothing on the way "
        "drops the header.",
        id="missing header, similar ones there",
    ),
    pytest.param(
        Received(" , "),
        Reason.MISSING_HEADER,
        "The X-Webhook-Signature header is empty, but it must carry 'sha256=' and 64 hex digits: check that the "
        "sender has a secret to sign with.",
        id="empty header",
    ),
    pytest.param(
        Received(None, others=(("webhook-id", "1"), ("webhook-signature", "v1,x"))),
        Reason.WRONG_SCHEME,
        "The headers are those of Standard Webhooks, but the Petstore's X-Webhook-Signature is to be verified: "
        "verify with the scheme 'standard-webhooks', or have the sender add X-Webhook-Signature.",
        id="wrong scheme: Standard Webhooks",
    ),
    pytest.param(
        Received("sha1=2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"),
        Reason.WRONG_SCHEME,
        "The signature is 'sha1=2fd4e1c…', but it must begin with 'sha256=' in lower case: send 'sha256=' and the "
        "hex digits of the HMAC-SHA256.",
        id="wrong scheme: SHA-1",
    ),
    pytest.param(
        Received("SHA256=00"),
        Reason.WRONG_SCHEME,
        "The signature is 'SHA256=00', but it must begin with 'sha256=' in lower case: send 'sha256=' and the hex "
        "digits of the HMAC-SHA256.",
        id="wrong scheme: upper case",
    ),
    pytest.param(
        Received("ünsigned\x00"),
        Reason.WRONG_SCHEME,
        "The signature is '\\xfcnsigned\\x00', but it must begin with 'sha256=' in lower case: send 'sha256=' and "
        "the hex digits of the HMAC-SHA256.",
        id="wrong scheme: not ASCII",
    ),
    pytest.param(
        Received("sha256="),
        Reason.WRONG_LENGTH,
        "The signature has 0 hex digits after 'sha256=', but HMAC-SHA256 has 64: send the whole digest.",
        id="wrong length: none",
    ),
    pytest.param(
        Received(f"sha256={digest()[:63]}"),
        Reason.WRONG_LENGTH,
        "The signature has 63 hex digits after 'sha256=', but HMAC-SHA256 has 64: send the whole digest.",
        id="wrong length: cut off",
    ),
    pytest.param(
        Received("sha256=2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"),
        Reason.WRONG_LENGTH,
        "The signature has 40 hex digits, as many as SHA-1, after 'sha256=', but HMAC-SHA256 has 64: send an "
        "HMAC-SHA256.",
        id="wrong length: another hash",
    ),
    pytest.param(
        Received(f"sha256=ab{'z' * 62}"),
        Reason.NOT_HEX,
        "The signature has 'z' as character 3 after 'sha256=', but only 0-9 and a-f are hex digits: send the digest "
        "in hex.",
        id="not hex",
    ),
    pytest.param(
        Received(f"sha256={b64encode(bytes.fromhex(digest())).decode()}"),
        Reason.NOT_HEX,
        "The signature has 'P' as character 1 after 'sha256=', but only 0-9 and a-f are hex digits: send the digest "
        "in hex, not in base64.",
        id="not hex but base64",
    ),
    pytest.param(
        Received(f"sha256={digest().upper()}"),
        Reason.UPPER_CASE_HEX,
        "The signature is right but for its upper-case hex digits, and receivers compare it letter by letter: send "
        "the digits in lower case.",
        id="upper-case hex",
    ),
    pytest.param(
        Received(secret=""),
        Reason.EMPTY_SECRET,
        "The secret is empty, but without one nothing can be verified: pass the webhook's whole secret.",
        id="empty secret",
    ),
    pytest.param(
        Received(signed(key=b64decode(SECRET[6:]))),
        Reason.SECRET_DECODED,
        "The signature was made with the base64-decoded secret, but the key is the text whsec_…LaSw itself, 'whsec_' "
        "included: sign with the secret as it stands.",
        id="secret decoded",
    ),
    pytest.param(
        Received(signed(key=SECRET[6:])),
        Reason.SECRET_WITHOUT_PREFIX,
        "The signature was made with the secret without its prefix, but the key is the whole text whsec_…LaSw, "
        "'whsec_' included: sign with the secret as it stands.",
        id="secret without prefix, at the sender",
    ),
    pytest.param(
        Received(secret=SECRET[6:]),
        Reason.SECRET_WITHOUT_PREFIX,
        "The signature was made with 'whsec_' before the secret …LaSw that was given, so the one given has lost its "
        "prefix: pass the whole secret.",
        id="secret without prefix, here",
    ),
    pytest.param(
        Received(secret=f"{SECRET}\n"),
        Reason.SECRET_WHITESPACE,
        "The secret whsec_…LaSw was given with white space around it, but the signature was made without: strip the "
        "secret where it is read.",
        id="white space around the secret, here",
    ),
    pytest.param(
        Received(signed(key=SECRET + "\n")),
        Reason.SECRET_WHITESPACE,
        "The signature was made with a newline after the secret whsec_…LaSw, but the newline is no part of it: strip "
        "the secret where the sender reads it.",
        id="newline after the secret, at the sender",
    ),
    pytest.param(
        Received(signed(key=OLD_SECRET), old_secrets=(OTHER_SECRET, OLD_SECRET)),
        Reason.OLD_SECRET,
        "The signature was made with the old secret whsec_…Hh8=, but the current one is whsec_…LaSw: give the sender "
        "the current one, or sign with both until the rotation is over.",
        id="old secret",
    ),
    pytest.param(
        Received(signed(BODY[:-1]), BODY[:-1] + b"\n"),
        Reason.TRAILING_NEWLINE,
        "The signature is right for the body without the newline at its end, so a newline was added or lost after "
        "signing: verify the raw bytes of the request, before any editor, shell or strip() touches them.",
        id="trailing newline gained",
    ),
    pytest.param(
        Received(signed(BODY + b"\r\n")),
        Reason.TRAILING_NEWLINE,
        "The signature is right for the body with a CRLF at its end, so a newline was added or lost after signing: "
        "verify the raw bytes of the request, before any editor, shell or strip() touches them.",
        id="trailing newline lost",
    ),
    pytest.param(
        Received(body=BODY + b"\n\n", sent_body=BODY),
        Reason.TRAILING_NEWLINE,
        "The signature is right for the body with its end as it was sent (39 bytes, received 41 bytes), so a newline "
        "was added or lost after signing: verify the raw bytes of the request, before any editor, shell or strip() "
        "touches them.",
        id="trailing newlines, with evidence",
    ),
    pytest.param(
        Received(body=json.dumps(json.loads(BODY), indent=2).encode()),
        Reason.BODY_RESERIALISED,
        "The signature is right for the same JSON written compactly, fractions with two decimals, so the body was "
        "re-serialised after signing: verify the raw bytes of the request, before any JSON parser touches them.",
        id="body re-serialised",
    ),
    pytest.param(
        Received(signed(AS_SENT), AS_REWRITTEN, sent_body=AS_SENT),
        Reason.BODY_RESERIALISED,
        "The signature is right for the same JSON written as it was sent, so the body was re-serialised after "
        "signing: verify the raw bytes of the request, before any JSON parser touches them.",
        id="body re-serialised, with evidence",
    ),
    pytest.param(
        Received(body=BODY.replace(b"75", b"99"), sent_body=BODY),
        Reason.BODY_CHANGED,
        "The signature is right for the body that was sent (39 bytes), but the body received (39 bytes) differs from "
        "byte 26 on: verify the raw bytes of the request, before anything edits them.",
        id="body changed",
    ),
    pytest.param(
        Received(body=BODY[:20], sent_body=BODY),
        Reason.BODY_CHANGED,
        "The signature is right for the body that was sent (39 bytes), but the body received (20 bytes) differs from "
        "byte 21 on: verify the raw bytes of the request, before anything edits them.",
        id="body cut off",
    ),
    pytest.param(
        Received(signed(key=OTHER_SECRET), sent_body=BODY),
        Reason.WRONG_SECRET,
        "The signature 'sha256=8ca3c7df…' is not the 'sha256=3da6fb5d…' that the secret whsec_…LaSw makes of this "
        "body, and the body is as it was sent, so another secret signed or the headers were altered: compare the "
        "secrets of both sides.",
        id="wrong secret",
    ),
    pytest.param(
        Received(signed(key=OTHER_SECRET), body=b"{}", sent_body=BODY),
        Reason.WRONG_SECRET,
        "The signature 'sha256=8ca3c7df…' is not the 'sha256=6cbbcdf2…' that the secret whsec_…LaSw makes of this "
        "body, and it does not fit the body that was sent either, so another secret signed or the headers were "
        "altered: compare the secrets of both sides.",
        id="wrong secret and body changed",
    ),
    pytest.param(
        Received(signed(key=OTHER_SECRET)),
        Reason.MISMATCH,
        "The signature 'sha256=8ca3c7df…' is not the 'sha256=3da6fb5d…' that the secret whsec_…LaSw makes of this "
        "body of 39 bytes, so the secret or the body differs: compare the secrets of both sides, and verify the raw "
        "bytes of the request.",
        id="mismatch, no evidence",
    ),
]


@pytest.mark.parametrize(("received", "reason", "sentence"), CASES)
def test_every_failure_has_its_word_and_its_sentence(received: Received, reason: Reason, sentence: str) -> None:
    verdict = verify(
        received.body,
        received.headers,
        received.secret,
        old_secrets=received.old_secrets,
        sent_body=received.sent_body,
    )

    assert verdict.message == sentence
    assert verdict.reason is reason
    assert verdict.ok is (reason is Reason.VALID)
