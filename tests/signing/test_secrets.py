from base64 import b64decode, b64encode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from mockstore.signing import mask, new_secret, standard_key
from mockstore.signing.secrets import petstore_key


def test_a_new_secret_is_the_prefix_and_the_base64_of_32_rolled_bytes() -> None:
    asked: list[int] = []

    def roll(count: int) -> bytes:
        asked.append(count)
        return bytes(range(count))

    secret = new_secret(roll)

    assert secret == "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    assert asked == [32]


@given(rolled=st.binary(min_size=32, max_size=32))
def test_a_new_secret_holds_exactly_the_rolled_bytes(rolled: bytes) -> None:
    assert standard_key(new_secret(lambda _: rolled)) == rolled


@pytest.mark.parametrize(
    ("secret", "masked"),
    [
        pytest.param("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_…LaSw", id="24 bytes in base64"),
        pytest.param("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "…LaSw", id="no prefix"),
        pytest.param("whsec_sixteen_letters_", "whsec_…s_", id="16 characters show two"),
        pytest.param("whsec_swordfish", "whsec_…h", id="9 characters show one"),
        pytest.param("whsec_1234567", "whsec_…", id="7 characters show none"),
        pytest.param("hunter2", "…", id="short and without prefix"),
        pytest.param("whsec_", "whsec_…", id="nothing but the prefix"),
        pytest.param("", "…", id="empty"),
        pytest.param("whsec_" + "x" * 40 + "\n\n", "whsec_…", id="an end that cannot be printed"),
        pytest.param("whsec_" + "x" * 40 + "äöüß", "whsec_…", id="an end that is not ASCII"),
    ],
)
def test_a_mask_shows_a_little_of_the_end(secret: str, masked: str) -> None:
    assert mask(secret) == masked


@given(secret=st.text())
def test_a_mask_never_shows_more_than_an_eighth(secret: str) -> None:
    shown = mask(secret).removeprefix("whsec_").removeprefix("…")

    assert len(shown) <= min(4, len(secret) // 8)


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        pytest.param("whsec_AAECAw==", bytes(range(4)), id="padded"),
        pytest.param("whsec_AAECAw", bytes(range(4)), id="padding absent"),
        pytest.param("AAECAw==", bytes(range(4)), id="prefix absent"),
        pytest.param("whsec_AAEC\nAw==\n", bytes(range(4)), id="characters outside the alphabet are skipped"),
        pytest.param("whsec_x", b"x", id="not decodable: the text"),
        pytest.param("whsec_schlüssel", "schlüssel".encode(), id="not ASCII: the text"),
        pytest.param("whsec_!", b"!", id="nothing left after decoding: the text"),
        pytest.param("whsec_\ud800", b"\xed\xa0\x80", id="a lone surrogate"),
        pytest.param("", b"", id="empty"),
    ],
)
def test_the_standard_key_is_what_the_secret_decodes_to(secret: str, key: bytes) -> None:
    assert standard_key(secret) == key


@given(secret=st.one_of(st.text(), st.binary().map(lambda raw: "whsec_" + b64encode(raw).decode())))
@example(secret="whsec_hello_world")
def test_wherever_the_official_package_takes_a_secret_the_key_is_the_same(secret: str) -> None:
    try:
        official = Webhook(secret)._whsecret  # noqa: SLF001 - the package shows its key nowhere else
    except (ValueError, EmptyWebhookSecretError):
        assert standard_key(secret) == secret.removeprefix("whsec_").encode()
    else:
        assert standard_key(secret) == official


def test_the_petstore_key_is_the_whole_text() -> None:
    assert petstore_key("whsec_é") == b"whsec_\xc3\xa9"
    assert b64decode("AAECAw==") not in petstore_key("whsec_AAECAw==")
