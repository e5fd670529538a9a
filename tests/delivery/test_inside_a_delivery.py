"""A receiver on a thread of the pump may use the mock: it does not wait for its own delivery."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from mockstore import Mockstore, Received
from mockstore.model import DeliveryState
from mockstore.settings import Settings

PATIENCE = timedelta(seconds=20)
"""When a test gives up; none comes near."""
HOUR = timedelta(hours=1)


def settle(mock: Mockstore) -> None:
    mock.settle()


def advance(mock: Mockstore) -> None:
    mock.clock.advance(HOUR)


@pytest.mark.parametrize("use", [settle, advance])
@pytest.mark.parametrize("threads", [1, 4])
def test_a_receiver_that_waits_for_deliveries_is_acknowledged(threads: int, use: Callable[[Mockstore], None]) -> None:
    with Mockstore.standalone(Settings(clock="virtual", threads=threads)) as mock:

        def receiver(request: Received) -> int:
            assert request.body
            if len(mock.events) == 1:
                mock.emit("payment.failed")
            use(mock)
            return 204

        mock.subscribe(receiver)
        began = mock.clock.now()

        mock.emit("pet.adopted")
        mock.settle(PATIENCE)

        assert [delivery.state for delivery in mock.deliveries] == 2 * [DeliveryState.DELIVERED]
        assert mock.clock.now() - began == (2 * HOUR if use is advance else timedelta())
