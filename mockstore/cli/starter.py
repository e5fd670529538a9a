"""Renders the starter test for the consumer that was found. Pure."""

from typing import Final

from mockstore.cli.project_scan import DEFAULT_PATH, Consumer

SECRET: Final = "whsec_c3RhcnRlci1zZWNyZXQtb2YtdGhlLXRlc3Rz"  # noqa: S105 - a sample
"""The sample secret with which the tests sign."""

_HEAD: Final = '''"""The Petstore's webhooks as they really come: signed, forged, twice, late."""

import pytest

from mockstore import Mockstore, faults
{app}
PATH = "{path}"
SECRET = "{secret}"


@pytest.fixture(autouse=True)
def webhook(mockstore, tried{needs}):
{body}


@pytest.fixture(scope="module")
def tried():
    """The status that PATH answered, once known; if nothing is there, one test fails and the others are skipped."""
    return []


def must_be_there(app, tried):
    if not tried:
        with Mockstore.in_process(raise_errors=False) as asking:
            asking.subscribe(app, path=PATH, secret=SECRET)
            tried.append(asking.emit("pet.adopted", fault="wrong_secret").delivery.attempts[0].status)
        if tried[0] in (404, 405):
            pytest.fail(f"POST {{PATH}} gets {{tried[0]}}: write into PATH where your endpoint is", pytrace=False)
    elif tried[0] in (404, 405):
        pytest.skip(f"nothing is at {{PATH}}")


'''

_TESTS: Final = """@pytest.mark.parametrize("event_type", ["pet.adopted", "order.created", "payment.succeeded"])
def test_a_genuine_event_is_accepted(mockstore, event_type):
    mockstore.emit(event_type).assert_acknowledged()


@pytest.mark.parametrize("fault", faults.MUST_REJECT)
def test_a_forgery_is_refused(mockstore, fault):
    mockstore.emit("pet.adopted", fault=fault).delivery.assert_rejected()


@pytest.mark.parametrize("fault", faults.MUST_NOT_CRASH)
@pytest.mark.mockstore(raise_errors=False)
def test_a_hostile_body_does_not_crash_it(mockstore, fault):
    event = mockstore.emit("pet.adopted", fault=fault)

    status = event.delivery.attempts[0].status
    assert status is not None and status < 500, f"{fault.name}: it has to be refused by a 4xx, or acknowledged"


def test_an_event_whose_acknowledgement_was_lost_comes_again(mockstore):
    event = mockstore.emit("pet.adopted", fault="ack_lost")

    mockstore.clock.advance(minutes=1)

    assert [attempt.outcome for attempt in event.delivery.attempts] == ["timeout", "acknowledged"]
    # Say here what must have happened once and not twice, for instance: assert Adoption.objects.count() == 1
"""


def starter_for(consumer: Consumer) -> str:
    """Return the source of a test module for the consumer; lines to complete are marked with «adapt»."""
    needs = {"django": ", db, settings" if consumer.secret else ", db"}.get(consumer.framework, "")
    if consumer.framework != "django" and consumer.secret is not None:
        needs = ", monkeypatch"
    body = "\n".join(f"    {line}".rstrip() for line in _subscription(consumer))
    app = "" if consumer.framework == "django" or consumer.module is not None else _NO_APP
    head = _HEAD.format(path=consumer.path or DEFAULT_PATH, secret=SECRET, needs=needs, body=body, app=app)
    if consumer.path is None:
        head = head.replace("\nSECRET", "  # adapt: where your endpoint is\nSECRET", 1)
    return head + _TESTS


def _subscription(consumer: Consumer) -> list[str]:
    signatures = ', signatures="standard-webhooks"' if consumer.is_standard else ""
    name = {"django": '"django"'}.get(consumer.framework, "app" if consumer.is_factory else consumer.name)
    subscribed = [
        f"must_be_there({name}, tried)",
        f"return mockstore.subscribe({name}, path=PATH, secret=SECRET{signatures})",
    ]
    if consumer.framework == "django":
        return [f"settings.{consumer.secret} = SECRET" if consumer.secret else _ADAPT, *subscribed]
    secret = f'monkeypatch.setenv("{consumer.secret}", SECRET)' if consumer.secret else _ADAPT
    if consumer.module is None:
        return [secret, *subscribed]
    made = [f"app = {consumer.name}()"] if consumer.is_factory else []
    return [secret, f"from {consumer.module} import {consumer.name}", "", *made, *subscribed]


_NO_APP: Final = """
from your_app import app  # adapt: where your app is
"""
"""It stands at the top of the module, so that it fails once and not in each test."""

_ADAPT: Final = "# adapt: let your app know SECRET, by a variable or a setting, before it is made"
