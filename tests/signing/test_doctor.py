import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import Message
from http.client import HTTPMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import Headers as WerkzeugHeaders

from mockstore import signing
from mockstore.errors import InvalidInputError, SignatureError
from mockstore.signing import SCHEMES, Reason, Verdict, verify
from mockstore.signing.claims import ReceivedHeaders

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
AT = datetime(2026, 1, 6, 12, tzinfo=UTC)
BODY = '{"b":{"name":"Žofka","price":75.00},"a":[1,2,true,null]}'.encode()
SIGNATURE = SCHEMES["petstore"].sign(BODY, secrets=[SECRET], event_id="", at=AT)[0][1]


def message(kind: type[Message]) -> Message:
    headers = kind()
    headers["x-webhook-signature"] = SIGNATURE
    return headers


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"X-Webhook-Signature": SIGNATURE}, id="mapping"),
        pytest.param({"x-WEBHOOK-signature": SIGNATURE}, id="any case"),
        pytest.param({"X-Webhook-Signature": SIGNATURE.encode()}, id="bytes"),
        pytest.param([(b"x-webhook-signature", SIGNATURE.encode())], id="ASGI pairs"),
        pytest.param({"X-Webhook-Signature": f" \t{SIGNATURE} "}, id="white space around"),
        pytest.param([("X-Webhook-Signature", "sha256=0"), ("X-Webhook-Signature", SIGNATURE)], id="duplicated"),
        pytest.param({"X-Webhook-Signature": ["sha256=0", SIGNATURE]}, id="list of values"),
        pytest.param(iter([("X-Webhook-Signature", SIGNATURE)]), id="iterator"),
        pytest.param(WerkzeugHeaders([("X-Webhook-Signature", SIGNATURE)]), id="Flask"),
        pytest.param(message(HTTPMessage), id="http.client"),
    ],
)
def test_headers_are_taken_as_frameworks_hand_them_over(headers: ReceivedHeaders) -> None:
    assert verify(BODY, headers, SECRET)


@pytest.mark.parametrize(
    ("signed", "manner"),
    [
        pytest.param(
            '{"b":{"name":"Žofka","price":75.00},"a":[1,2,true,null]}',
            "compactly",
            id="compact",
        ),
        pytest.param(
            '{"b": {"name": "Žofka", "price": 75.00}, "a": [1, 2, true, null]}',
            "with Python's default spaces",
            id="default",
        ),
        pytest.param(
            '{"a":[1,2,true,null],"b":{"name":"Žofka","price":75.00}}',
            "compactly, keys sorted",
            id="sorted",
        ),
        pytest.param(
            '{"b": {"name": "\\u017dofka", "price": 75.0}, "a": [1, 2, true, null]}',
            "with Python's default spaces, non-ASCII characters escaped, fractions as Python writes them",
            id="json.dumps",
        ),
        pytest.param(
            '{"b":{"name":"Žofka","price":75},"a":[1,2,true,null]}',
            "compactly, fractions as JavaScript writes them",
            id="JSON.stringify",
        ),
        pytest.param(
            '{\n  "b": {\n    "name": "Žofka",\n    "price": 75.00\n  },\n'
            '  "a": [\n    1,\n    2,\n    true,\n    null\n  ]\n}\n',
            "with an indent of 2, with a newline at the end",
            id="jq",
        ),
        pytest.param(
            json.dumps(json.loads(BODY), indent=4),
            "with an indent of 4, non-ASCII characters escaped, fractions as Python writes them",
            id="indent of 4",
        ),
    ],
)
@pytest.mark.parametrize(
    "received",
    [
        pytest.param(
            json.dumps(json.loads(BODY), indent=1, separators=(" ,", " :")).replace("75.0", "75.00"), id="odd"
        ),
        pytest.param(f"\n{BODY.decode()}", id="led by a newline"),
    ],
)
def test_a_reserialised_body_is_recognised_and_the_manner_told(signed: str, manner: str, received: str) -> None:
    headers = SCHEMES["petstore"].sign(signed.encode(), secrets=[SECRET], event_id="", at=AT)

    verdict = verify(received.encode(), headers, SECRET)

    assert verdict.reason is Reason.BODY_RESERIALISED
    assert f"the same JSON written {manner}, so" in verdict.message


@pytest.mark.parametrize(
    ("sent", "received", "reason"),
    [
        pytest.param(b'{"a":1}', b'{"a": 1.0}', Reason.BODY_RESERIALISED, id="1 and 1.0 mean the same"),
        pytest.param(b'{"a":1}', b'{"a":true}', Reason.BODY_CHANGED, id="1 and true do not"),
        pytest.param(b'{"a":1}', b'{"a":"1"}', Reason.BODY_CHANGED, id="nor 1 and a text"),
        pytest.param(b'{"a":1,"b":2}', b'{"b":2,"a":1}', Reason.BODY_RESERIALISED, id="order of keys"),
        pytest.param(b"[1,2]", b"[2,1]", Reason.BODY_CHANGED, id="order of a list"),
        pytest.param(b"text", b"test", Reason.BODY_CHANGED, id="not JSON"),
        pytest.param(b"\xff", b"\xfe", Reason.BODY_CHANGED, id="not text"),
        pytest.param(b"", b"x", Reason.BODY_CHANGED, id="nothing sent"),
        pytest.param(b"x", b"x\r\n\n", Reason.TRAILING_NEWLINE, id="several newlines"),
    ],
)
def test_the_body_that_was_sent_tells_what_happened_to_it(sent: bytes, received: bytes, reason: Reason) -> None:
    headers = SCHEMES["petstore"].sign(sent, secrets=[SECRET], event_id="", at=AT)

    assert verify(received, headers, SECRET, sent_body=sent).reason is reason


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * 200_000, id="deep and broken"),
        pytest.param(b"[" * 30_000 + b"]" * 30_000, id="deeper than the parser goes"),
        pytest.param(b"[" * 900 + b"1," * 20_000 + b"1" + b"]" * 900, id="deep and long"),
        pytest.param(b'{"a":' * 100 + b"1" + b"}" * 100, id="deeper than we indent"),
        pytest.param(b"[" + b"1," * 5_000_000 + b"1]", id="10 MB"),
        pytest.param(b"9" * 60_000, id="a number too long for Python"),
        pytest.param(b"[1e999, -1e999, NaN, 1e400]", id="numbers beyond a float"),
        pytest.param(b'{"a": "\\ud800"}', id="half a surrogate pair"),
        pytest.param('{"a": 1.5}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'{"a": "\\u00001.5"}', id="a text like our own mark"),
        pytest.param(b'{"a": 1.5', id="cut off"),
    ],
)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("sent_body", [None, b"{}", b"[" * 30_000 + b"]" * 30_000])
def test_a_hostile_body_gets_a_verdict(body: bytes, scheme: str, sent_body: bytes | None) -> None:
    headers = SCHEMES[scheme].sign(b"other", secrets=[SECRET], event_id="1", at=AT)

    verdict = verify(body, headers, SECRET, scheme=scheme, now=AT, sent_body=sent_body)

    assert verdict.reason is (Reason.MISMATCH if sent_body is None else Reason.WRONG_SECRET)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_signature_is_found_among_very_many(scheme: str) -> None:
    *others, (name, value) = SCHEMES[scheme].sign(BODY, secrets=[SECRET], event_id="1", at=AT)
    separator = "," if scheme == "petstore" else " "
    many = separator.join(["sha256=00"] * 50_000 + [value])

    assert verify(BODY, [*others, (name, many)], SECRET, scheme=scheme)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_failure_is_told_by_the_signature_of_sound_form(scheme: str) -> None:
    *others, (name, value) = SCHEMES[scheme].sign(BODY + b"\n", secrets=[SECRET], event_id="1", at=AT)
    separator = "," if scheme == "petstore" else " "

    verdict = verify(BODY, [*others, (name, f"md5=0{separator}{value}")], SECRET, scheme=scheme)

    assert verdict.reason is Reason.TRAILING_NEWLINE


HEADER_NAMES = st.one_of(
    st.sampled_from(["X-Webhook-Signature", "webhook-id", "webhook-timestamp", "Webhook-Signature"]), st.text()
)
SIGNATURES = st.builds(
    "{}{}".format,
    st.sampled_from(["sha256=", "v1,", "v1a,", "", "sha256=,", "v1, v1,"]),
    st.one_of(
        st.text(),
        st.text("0123456789abcdefABCDEF", min_size=62, max_size=66),
        st.binary(min_size=30, max_size=34).map(lambda raw: raw.hex()),
        st.text("ABCxyz0189+/=", min_size=42, max_size=45),
    ),
)
VALUES = st.one_of(SIGNATURES, st.binary(), st.integers().map(str), st.text(st.characters()))


@pytest.mark.parametrize("scheme", SCHEMES)
@settings(deadline=None)
@given(
    body=st.binary(),
    headers=st.lists(st.tuples(st.one_of(HEADER_NAMES, st.binary()), VALUES), max_size=6),
    secret=st.text(st.characters()),
    sent_body=st.none() | st.binary(),
    now=st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_anything_at_all_gets_a_refusal_in_one_sentence(  # noqa: PLR0913, PLR0917 - hypothesis supplies them by name
    scheme: str,
    body: bytes,
    headers: list[tuple[str | bytes, str | bytes]],
    secret: str,
    sent_body: bytes | None,
    now: datetime | None,
) -> None:
    verdict = verify(body, headers, secret, scheme=scheme, now=now, sent_body=sent_body, old_secrets=[secret[1:]])

    assert not verdict.ok
    assert verdict.message.endswith(".")
    assert verdict.message.isprintable()
    assert len(verdict.message) < 400


JSON_BODIES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
).map(lambda value: json.dumps(value).encode())


@settings(deadline=None)
@given(body=JSON_BODIES, signature=st.binary(min_size=32, max_size=32))
@example(body=b"null", signature=bytes(32))
def test_a_signature_of_nothing_known_is_a_mismatch(body: bytes, signature: bytes) -> None:
    verdict = verify(body, {"X-Webhook-Signature": f"sha256={signature.hex()}"}, SECRET)

    assert verdict.reason is Reason.MISMATCH


@settings(deadline=None)
@given(body=JSON_BODIES)
@example(body=b'["\\u0000E", "\\u0000\\u00001", "\\u00001.5", 1.5]')
def test_a_body_indented_after_signing_is_always_recognised(body: bytes) -> None:
    headers = SCHEMES["petstore"].sign(body, secrets=[SECRET], event_id="", at=AT)
    indented = json.dumps(json.loads(body), indent=3).encode()

    assert verify(indented, headers, SECRET).reason in {Reason.BODY_RESERIALISED, Reason.VALID}


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"X-Webhook-Signature": SECRET}, id="secret sent as signature"),
        pytest.param({"X-Webhook-Signature": "sha256=" + SECRET}, id="secret after the scheme"),
        pytest.param({"X-Webhook-Signature": "sha256=" + "0" * 64}, id="mismatch"),
        pytest.param({"X-Webhook-Signature": SIGNATURE}, id="valid"),
        pytest.param({}, id="missing header"),
    ],
)
@pytest.mark.parametrize("secret", [SECRET, SECRET[6:], SECRET + "\n", OTHER_SECRET])
def test_no_sentence_gives_a_secret_away(headers: Mapping[str, str], secret: str) -> None:
    told = verify(BODY, headers, secret, old_secrets=[SECRET, OTHER_SECRET]).message

    assert not any(told.count(whole[6:][at : at + 8]) for whole in (SECRET, OTHER_SECRET) for at in range(24))


def test_a_naive_now_is_the_callers_mistake() -> None:
    with pytest.raises(InvalidInputError, match="2026-01-06 12:00:00 has no time zone; pass an aware datetime"):
        verify(BODY, {}, SECRET, now=AT.replace(tzinfo=None))


def test_require_is_silent_about_a_genuine_signature() -> None:
    verdict = verify(BODY, {"X-Webhook-Signature": SIGNATURE}, SECRET)

    verdict.require()

    assert verdict.ok


def test_require_raises_the_reason_and_the_sentence() -> None:
    verdict = verify(BODY, {"X-Webhook-Signature": "sha256=00"}, SECRET)

    with pytest.raises(SignatureError) as caught:
        verdict.require()

    assert caught.value.reason == "wrong_length"
    assert str(caught.value) == verdict.message


def test_a_verdict_is_true_only_when_ok() -> None:
    assert Verdict(Reason.VALID, "", "petstore")
    assert not any(Verdict(reason, "", "petstore") for reason in Reason if reason != "valid")


def test_a_verdict_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Verdict(Reason.MISMATCH, "", "petstore").reason = Reason.VALID  # type: ignore[misc] # the refusal is the claim


def test_a_verdict_names_its_scheme() -> None:
    assert [verify(BODY, {}, SECRET, scheme=scheme).scheme for scheme in SCHEMES] == list(SCHEMES)


def test_all_public_names_are_there_and_sorted() -> None:
    assert [name for name in signing.__all__ if not hasattr(signing, name)] == []
    assert {"SCHEMES", "Reason", "Scheme", "Verdict", "mask", "new_secret", "standard_key", "verify"} <= set(
        signing.__all__
    )
