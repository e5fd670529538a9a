"""Times that a server refuses: over HTTP a problem document, and from it the same error as in process."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from mockstore.errors import InvalidInputError
from mockstore.remote import RemoteMockstore

LIMIT = "write a number of seconds, more than 0 and at most 1728000; found a number"
SCHEDULE = "write a list of seconds from 0 to 3153600000, [60, 300] for instance; found a list"


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        pytest.param(lambda mock: mock.change(timeoutSeconds=1e12), LIMIT, id="a timeout"),
        pytest.param(lambda mock: mock.change(timeoutSeconds=0), LIMIT, id="no timeout"),
        pytest.param(lambda mock: mock.change(scheduleSeconds=[1e300]), SCHEDULE, id="a schedule"),
        pytest.param(
            lambda mock: mock.rotate_secret(mock.subscribe("http://127.0.0.1:9/"), overlap=timedelta.max),
            "overlap is 24000000000 h; it must be from 0 to 36500 days",
            id="an overlap",
        ),
        pytest.param(
            lambda mock: mock.clock.advance(days=360_000), "that is too far: no clock goes beyond 3000", id="an advance"
        ),
        pytest.param(
            lambda mock: mock.advance(days=1e12), "that is too far: no clock goes beyond 3000", id="beyond numbers"
        ),
    ],
)
def test_what_no_clock_and_no_socket_can_is_refused(
    mock: RemoteMockstore, ask: Callable[[RemoteMockstore], object], message: str
) -> None:
    before = mock.clock.now()

    with pytest.raises(InvalidInputError) as refused:
        ask(mock)

    assert str(refused.value) == message
    assert mock.clock.now() == before
