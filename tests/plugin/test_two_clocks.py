"""The official Standard Webhooks package, unmodified, which accepts timestamps of five minutes at most."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Run

CONSUMER = """
import pytest
from flask import Flask, request
from standardwebhooks import Webhook, WebhookVerificationError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def app():
    app = Flask("shop")
    app.busy = 0

    @app.post("/webhooks/petstore")
    def petstore():
        try:
            Webhook(SECRET).verify(request.get_data(), dict(request.headers))
        except WebhookVerificationError as error:
            return str(error), 400
        if app.busy:
            app.busy -= 1
            return "", 503
        return "", 204

    return app
"""

TEST = """
import pytest


@pytest.mark.mockstore({keywords})
def test_a_retry_is_accepted(mockstore, app):
    mockstore.subscribe(app, secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", signatures="standard-webhooks")
    app.busy = 3
    event = mockstore.emit("order.created")
    mockstore.clock.advance(minutes=36)
    event.assert_acknowledged()
    assert [attempt.status for attempt in event.delivery.attempts] == [503, 503, 503, 204]
"""


@pytest.mark.parametrize(
    "keywords",
    [
        pytest.param('clock="travel"', id="the process travels along"),
        pytest.param('clock="virtual"', id="wall time is signed"),
        pytest.param('clock="travel", signature_time="virtual"', id="virtual time is the process's"),
    ],
)
def test_retries_pass_an_unmodified_verifier(run: "Run", keywords: str) -> None:
    run(TEST.format(keywords=keywords), conftest=CONSUMER).assert_outcomes(passed=1)


def test_the_failure_says_that_the_clocks_are_apart(run: "Run") -> None:
    result = run(TEST.format(keywords='signature_time="virtual"'), conftest=CONSUMER)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E  *AssertionError: expected order.created to be acknowledged",
            "E  *attempt 1: 400 'Message timestamp too old'",
            "E  *clocks: *, the attempt was made at 2025-01-06T12:36:00+00:00, and the process's time is * apart. *",
        ]
    )


def test_the_process_is_back_in_its_own_time_after_the_test(run: "Run") -> None:
    result = run("""
from datetime import UTC, datetime, timedelta

import pytest

before = datetime.now(UTC)


@pytest.mark.mockstore(clock="travel")
def test_travels(mockstore):
    mockstore.clock.advance(timedelta(days=1))
    assert datetime.now(UTC) == mockstore.clock.now() == datetime(2025, 1, 7, 12, tzinfo=UTC)


def test_is_back():
    assert timedelta() <= datetime.now(UTC) - before < timedelta(minutes=5)
""")

    result.assert_outcomes(passed=2)


def test_a_clock_that_is_not_installed_says_what_to_install(run: "Run") -> None:
    result = run(
        TEST.format(keywords='clock="travel"'),
        conftest=CONSUMER + "\nimport sys\nsys.modules['time_machine'] = None\n",
        apart=True,
    )

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["test_shop.py:5: *: clock='travel' needs time-machine: pip install 'mockstore[[]travel[]]'"]
    )
