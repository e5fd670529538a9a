"""What the threads of the pump wait for: they miss no moment, and nobody sleeps past what there is to do."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from mockstore import Mockstore, Outgoing, Reply
from mockstore.delivery.schedule import policy
from mockstore.settings import Settings

PATIENCE = 20
"""Seconds until a test gives up; none comes near."""


class Network:
    """Receivers that answer 503 first and 204 from then on; whose gate is closed answer when that is opened."""

    def __init__(self) -> None:
        self.gates: dict[str, threading.Event] = {}
        self.seen: list[str] = []
        self._changed = threading.Condition()

    def close_gate(self, host: str) -> None:
        self.gates[host] = threading.Event()

    def open_gates(self) -> None:
        for gate in self.gates.values():
            gate.set()

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        assert timeout
        host = str(urlsplit(outgoing.url).hostname)
        with self._changed:
            self.seen.append(host)
            status = 204 if self.seen.count(host) > 1 else 503
            self._changed.notify_all()
        assert host not in self.gates or self.gates[host].wait(PATIENCE)
        return Reply(status)

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the seam's
        return self.send(outgoing, timeout)

    def close(self) -> None:
        """Nothing to give back."""

    def wait_for(self, host: str, count: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.seen.count(host) >= count, PATIENCE / 2)


@pytest.fixture
def network() -> Iterator[Network]:
    made = Network()
    yield made
    made.open_gates()


def rest_several(mock: Mockstore, network: Network) -> None:
    """Have three threads that have nothing to do."""
    mock.subscribe("http://several.test/", events="payment.failed")
    network.close_gate("several.test")
    for _ in range(3):
        mock.emit("payment.failed")
    assert network.wait_for("several.test", 3)
    network.open_gates()
    mock.settle(timedelta(seconds=PATIENCE))


@pytest.mark.parametrize("kicks", [0, 1, 2])
def test_a_retry_that_an_advance_brings_near_is_on_time_while_the_one_before_takes_long(
    network: Network, kicks: int
) -> None:
    with Mockstore.standalone(Settings(threads=8, schedule=policy([3600])), network=lambda: network) as mock:
        mock.subscribe("http://slow.test/", events="order.created")
        mock.subscribe("http://shop.test/", events="pet.adopted")
        for event in ("order.created", "pet.adopted"):
            mock.emit(event)
            mock.settle(timedelta(seconds=PATIENCE))
        rest_several(mock, network)
        for _ in range(kicks):  # the threads wait in a queue, and each kick sends the first one to its end
            mock.settle(timedelta(seconds=PATIENCE))
        due = mock.deliveries[0].record.due
        assert due is not None
        network.close_gate("slow.test")

        advancing = threading.Thread(target=mock.advance, args=(due - mock.clock.now(),))
        advancing.start()
        on_time = network.wait_for("slow.test", 2) and network.wait_for("shop.test", 2)
        network.open_gates()
        advancing.join(PATIENCE)

    assert on_time
