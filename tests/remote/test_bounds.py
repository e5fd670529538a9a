"""Invalid durations are refused by a server with a problem document, which becomes the same error as in process."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event

import pytest

from mockstore import Outgoing
from mockstore.errors import InvalidInputError
from mockstore.remote import RemoteMockstore
from tests.remote.conftest import TIMEOUT_SECONDS

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


def test_settling_says_how_long_it_waited(mock: RemoteMockstore) -> None:
    gate = Event()

    def receive(_: Outgoing) -> None:
        gate.wait(TIMEOUT_SECONDS)

    mock.subscribe(receive)
    mock.emit("pet.adopted")
    try:
        with pytest.raises(TimeoutError) as caught:
            mock.settle(timedelta(seconds=0.05))
    finally:
        gate.set()

    mock.settle()
    assert str(caught.value) == "deliveries are still under way after 0.05 s"
    with pytest.raises(InvalidInputError, match="timeout is -1; it must be from 0 to 36500 days"):
        mock.settle(-1)  # type: ignore[arg-type]  # what a script may say
