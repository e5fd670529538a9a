"""The repr of a value that holds a secret does not show the secret."""

from datetime import UTC, datetime

import pytest

from mockstore.faults.fault import Draft
from mockstore.inbox import Expected
from mockstore.model import OldSecret, WebhookRecord
from mockstore.provider import petstore
from mockstore.settings import Settings

SECRET = "whsec_do-not-show-me"
NOW = datetime(2025, 1, 6, tzinfo=UTC)
OLD = OldSecret(SECRET, NOW)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(OLD, id="an old secret"),
        pytest.param(
            WebhookRecord("1", "http://shop.test/", ("*",), SECRET, NOW, NOW, old_secrets=(OLD,)), id="a webhook"
        ),
        pytest.param(
            Draft("http://shop.test/", "1", "pet.adopted", "", b"", (SECRET,), (), NOW, retired=(SECRET,)), id="a draft"
        ),
        pytest.param(Expected(petstore(), lambda: SECRET), id="what a capture is judged against"),
        pytest.param(Settings(control_token=SECRET, database=f"postgresql://me:{SECRET}@db/shop"), id="settings"),
    ],
)
def test_a_repr_shows_no_secret(value: object) -> None:
    assert SECRET not in repr(value)


@pytest.mark.parametrize("name", ["control_token", "database"])
def test_a_setting_is_shown_without_its_secret(name: str) -> None:
    settings = Settings(control_token=SECRET, database=f"postgresql://me:{SECRET}@db/shop")

    assert SECRET not in str(settings.shown(name))
