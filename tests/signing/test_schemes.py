import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from itertools import product

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from mockstore.errors import InvalidInputError
from mockstore.model import Headers
from mockstore.signing import SCHEMES, scheme_named, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
EVENT_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'

BODIES = st.one_of(st.binary(), st.text().map(str.encode))
SECRETS = st.binary(min_size=24, max_size=64).map(lambda raw: "whsec_" + raw.hex())
MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2262, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive


def signed(scheme: str, body: bytes = BODY, *, secrets: tuple[str, ...] = (SECRET,), at: datetime = AT) -> Headers:
    return SCHEMES[scheme].sign(body, secrets=secrets, event_id=EVENT_ID, at=at)


def test_the_published_vector_of_standard_webhooks() -> None:
    assert signed("standard-webhooks") == (
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    )


def test_the_petstore_signs_the_body_alone_with_the_whole_secret() -> None:
    headers = signed("petstore", b'{"a":1}', secrets=("whsec_key",))

    assert headers == (
        ("X-Webhook-Signature", "sha256=2f5633826c6d16bb037a1b8cf7cd18c8b5f61c7798eda1a7065efdf72ee41c23"),
    )


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(BODY, id="json"),
        pytest.param(b"", id="empty"),
        pytest.param('{"name": "Žofka 🐕"}\n'.encode(), id="UTF-8"),
        pytest.param(bytes(range(256)) * 300, id="binary"),
    ],
)
@pytest.mark.parametrize("secret", [SECRET, "plain", "whsec_with spaces and = signs"])
def test_openssl_agrees(body: bytes, secret: str) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl command is not installed")

    shown = subprocess.run(
        [openssl, "dgst", "-sha256", "-hmac", secret], input=body, capture_output=True, check=True
    ).stdout.decode()

    assert signed("petstore", body, secrets=(secret,)) == (
        ("X-Webhook-Signature", f"sha256={shown.split('= ')[1].strip()}"),
    )


@pytest.mark.parametrize("secrets", [(SECRET,), (SECRET, OLD_SECRET), (OLD_SECRET, SECRET)])
def test_the_official_package_accepts_our_signatures(secrets: tuple[str, ...]) -> None:
    headers = dict(signed("standard-webhooks", secrets=secrets))

    with time_machine.travel(AT, tick=False):
        assert Webhook(SECRET).verify(BODY, headers) == {"test": 2432232314}


def test_we_accept_signatures_of_the_official_package() -> None:
    headers = {
        "webhook-id": EVENT_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": Webhook(SECRET).sign(EVENT_ID, AT, BODY.decode()),
    }

    assert verify(BODY, headers, SECRET, scheme="standard-webhooks", now=AT)


@settings(deadline=None)
@given(text=st.text(), secret=SECRETS, at=MOMENTS)
def test_the_official_package_makes_the_same_signature_of_any_text(text: str, secret: str, at: datetime) -> None:
    ours = dict(signed("standard-webhooks", text.encode(), secrets=(secret,), at=at))

    assert ours["webhook-signature"] == Webhook(secret).sign(EVENT_ID, at, text)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_while_rotating_receivers_with_either_secret_accept(scheme: str) -> None:
    headers = signed(scheme, secrets=(SECRET, OLD_SECRET))

    assert verify(BODY, headers, SECRET, scheme=scheme)
    assert verify(BODY, headers, OLD_SECRET, scheme=scheme)


@pytest.mark.parametrize(
    ("scheme", "name", "separator"),
    [("petstore", "X-Webhook-Signature", ","), ("standard-webhooks", "webhook-signature", " ")],
)
def test_while_rotating_the_newest_signature_comes_first(scheme: str, name: str, separator: str) -> None:
    both = dict(signed(scheme, secrets=(SECRET, OLD_SECRET)))[name]

    new, old = (dict(signed(scheme, secrets=(secret,)))[name] for secret in (SECRET, OLD_SECRET))
    assert both == f"{new}{separator}{old}"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_scheme_sends_exactly_the_headers_it_owns(scheme: str) -> None:
    assert tuple(name for name, _ in signed(scheme)) == SCHEMES[scheme].headers


@pytest.mark.parametrize("scheme", SCHEMES)
@settings(deadline=None)
@given(body=BODIES, secrets=st.lists(SECRETS, min_size=1, max_size=3), at=MOMENTS)
def test_what_is_signed_verifies(scheme: str, body: bytes, secrets: list[str], at: datetime) -> None:
    headers = signed(scheme, body, secrets=tuple(secrets), at=at)

    for secret in secrets:
        assert verify(body, headers, secret, scheme=scheme, now=at).reason == "valid"


@pytest.mark.parametrize("scheme", SCHEMES)
@settings(deadline=None)
@given(body=st.binary(min_size=1), secret=SECRETS, bit=st.integers(min_value=0))
def test_a_flipped_bit_of_the_body_never_verifies(scheme: str, body: bytes, secret: str, bit: int) -> None:
    headers = signed(scheme, body, secrets=(secret,))
    place, shift = divmod(bit % (len(body) * 8), 8)
    flipped = body[:place] + bytes([body[place] ^ 1 << shift]) + body[place + 1 :]

    assert not verify(flipped, headers, secret, scheme=scheme, now=AT).ok


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_flipped_bit_of_a_header_verifies(scheme: str) -> None:
    sound = [(name, value.encode()) for name, value in signed(scheme)]

    for which, (name, value) in enumerate(sound):
        for place, bit in product(range(len(value)), range(8)):
            flipped = value[:place] + bytes([value[place] ^ 1 << bit]) + value[place + 1 :]
            headers = [*sound[:which], (name, flipped), *sound[which + 1 :]]
            assert not verify(BODY, headers, SECRET, scheme=scheme, now=AT).ok, (name, flipped)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_is_signed_without_a_secret(scheme: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^no secret to sign with; pass at least one, the newest first$"):
        signed(scheme, secrets=())


def test_a_signed_moment_must_be_aware() -> None:
    with pytest.raises(InvalidInputError, match="2021-02-25 15:02:10 has no time zone; pass an aware datetime"):
        signed("standard-webhooks", at=AT.replace(tzinfo=None))


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(AT + timedelta(microseconds=999_999), id="a fraction of a second is dropped"),
        pytest.param(AT.astimezone(timezone(timedelta(hours=9))), id="any time zone will do"),
    ],
)
def test_the_signed_moment_is_in_whole_seconds_since_1970(at: datetime) -> None:
    assert dict(signed("standard-webhooks", at=at))["webhook-timestamp"] == "1614265330"


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(scheme_named, id="scheme_named"),
        pytest.param(lambda name: verify(BODY, {}, SECRET, scheme=name), id="verify"),
    ],
)
def test_an_unknown_scheme_lists_the_known_ones(ask: Callable[[str], object]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        ask("stripe")

    assert str(caught.value) == "unknown signature scheme 'stripe'; known schemes: petstore, standard-webhooks"
    assert (caught.value.field, caught.value.code) == ("scheme", "unknown_scheme")


def test_schemes_are_known_by_their_names() -> None:
    assert {name: scheme.name for name, scheme in SCHEMES.items()} == {
        "petstore": "petstore",
        "standard-webhooks": "standard-webhooks",
    }
    assert scheme_named("petstore") is SCHEMES["petstore"]


def test_a_scheme_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        SCHEMES["petstore"].name = "other"  # type: ignore[misc] # that it is refused is the claim
