"""Tests of a broken consumer that must not pass: each looks at too little, too early, or at nothing at all."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Run

ACKNOWLEDGED_THEN = """
import pytest


@pytest.fixture(autouse=True)
def receiver(mockstore):
    answers = iter([{first}])
    return mockstore.subscribe(lambda outgoing: next(answers, {then}))


def test_it(mockstore):
    event = mockstore.emit("pet.adopted")
"""


def test_a_look_covers_no_later_delivery_of_the_same_event(run: "Run") -> None:
    source = ACKNOWLEDGED_THEN.format(first=200, then=500)

    result = run(f"{source}    event.assert_acknowledged()\n    mockstore.redeliver(event.delivery)\n")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "1. a delivery was not acknowledged:",
            "   (the test looked at it before attempt 2; look again at the end)",
            "*attempt 2: 500",
        ]
    )


def test_a_look_covers_no_later_attempt(run: "Run") -> None:
    source = ACKNOWLEDGED_THEN.format(first=503, then=500)

    result = run(
        f"{source}    assert event.delivery.attempts[0].status == 503\n    mockstore.clock.advance(minutes=96)\n"
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["   (the test looked at it before attempt 2; look again at the end)"])


def test_a_look_at_the_end_covers_everything_before(run: "Run") -> None:
    source = ACKNOWLEDGED_THEN.format(first=503, then=500)

    result = run(
        f"{source}    attempts = event.delivery.attempts\n    mockstore.clock.advance(minutes=96)\n"
        "    assert event.delivery.state == 'failed' and attempts[0].status == 503\n"
    )

    result.assert_outcomes(passed=1)
