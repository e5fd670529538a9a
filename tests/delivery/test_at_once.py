"""Two callers at the same time: one publishes or releases, and the other releases in the middle of that."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Unpack

import pytest

from mockstore import Mockstore
from mockstore.errors import InvalidInputError
from mockstore.model import DeliveryRecord, DeliveryState, ResourceRecord
from mockstore.parts import Keeping, standalone_parts
from mockstore.settings import Settings
from mockstore.world.seams import Sought
from mockstore.world.store_memory import MemoryStore
from tests.delivery.test_threads import Network

PATIENCE = timedelta(seconds=20)
"""How long a test waits at most; it normally takes much less."""
MOMENT = 0.2
"""How many seconds the first call is paused for the second one, unless that ends before."""


class Interrupted(MemoryStore):
    """A store that runs `interrupt` on another thread once, right after a read."""

    def __init__(self) -> None:
        super().__init__()
        self.interrupt: Callable[[], object] | None = None
        self.other: threading.Thread | None = None

    def resources(self, kind: str) -> Sequence[ResourceRecord]:
        found = super().resources(kind)
        self._run_interrupt()
        return found

    def deliveries(self, *, latest: int | None = None, **sought: Unpack[Sought]) -> Sequence[DeliveryRecord]:
        found = super().deliveries(latest=latest, **sought)
        self._run_interrupt()
        return found

    def _run_interrupt(self) -> None:
        interrupt, self.interrupt = self.interrupt, None
        if interrupt is not None:
            self.other = threading.Thread(target=interrupt)
            self.other.start()
            self.other.join(MOMENT)

    def wait(self) -> None:
        assert self.other is not None
        self.other.join(PATIENCE.total_seconds())


@pytest.fixture
def store() -> Interrupted:
    return Interrupted()


@pytest.fixture
def mock(store: Interrupted) -> Iterator[Mockstore]:
    parts = standalone_parts(Settings(clock="virtual"), network=Network, keeping=Keeping(store))
    with Mockstore(parts) as made:
        made.subscribe("http://shop.test/")
        made.hold()
        yield made


def states(mock: Mockstore) -> list[DeliveryState]:
    return [delivery.record.state for delivery in mock.deliveries]


def test_what_is_emitted_while_a_hold_ends_is_not_held_for_ever(mock: Mockstore, store: Interrupted) -> None:
    store.interrupt = mock.release
    mock.emit("pet.adopted")
    store.wait()
    mock.settle(PATIENCE)

    assert states(mock) == [DeliveryState.DELIVERED]


def test_what_two_release_at_once_is_released_once(mock: Mockstore, store: Interrupted) -> None:
    for _ in range(3):
        mock.emit("pet.adopted")
    released: list[object] = []

    store.interrupt = lambda: released.extend(mock.release())
    released += mock.release()
    store.wait()
    mock.settle(PATIENCE)

    assert len(released) == 3
    assert [len(delivery.attempts) for delivery in mock.deliveries] == [1, 1, 1]


def test_a_release_in_an_impossible_order_changes_nothing(mock: Mockstore) -> None:
    mock.emit("pet.adopted")

    with pytest.raises(InvalidInputError):
        mock.release([1])
    mock.emit("pet.adopted")

    assert states(mock) == [DeliveryState.HELD] * 2
