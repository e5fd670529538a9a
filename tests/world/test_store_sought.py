"""Every store finds deliveries and events by any filter, page by page, and counts them."""

from datetime import UTC, datetime, timedelta

import pytest

from mockstore.model import DeliveryRecord, DeliveryState, EventRecord
from mockstore.world.seams import Sought, Store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HELD, PENDING, DELIVERED, FAILED = (
    DeliveryState.HELD,
    DeliveryState.PENDING,
    DeliveryState.DELIVERED,
    DeliveryState.FAILED,
)
ODD = "no: \0, \\, \ud800, ü, 🐾"


@pytest.fixture
def filled(store: Store) -> Store:
    """Two events of one type and one of an odd type, with six deliveries to two webhooks."""
    for id_, type_ in (("e1", "pet.adopted"), ("e2", ODD), ("e3", "pet.adopted")):
        store.add_event(EventRecord(id_, type_, NOON, b"{}"))
    for place, (id_, event, webhook, state) in enumerate(
        [
            ("a", "e1", "w1", PENDING),
            ("b", "e1", "w2", DELIVERED),
            ("c", "e2", "w1", PENDING),
            ("d", "e2", ODD, FAILED),
            ("e", "e3", "w1", HELD),
            ("f", "e3", "w2", PENDING),
        ]
    ):
        store.save_delivery(DeliveryRecord(id_, event, webhook, NOON + timedelta(seconds=place), NOON, state))
    return store


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        pytest.param({}, "abcdef", id="everything"),
        pytest.param({"webhook_id": None, "event_id": None, "event_type": None, "states": None}, "abcdef", id="None"),
        pytest.param({"states": [PENDING]}, "acf", id="one state"),
        pytest.param({"states": {HELD, FAILED}}, "de", id="several states"),
        pytest.param({"states": [PENDING, PENDING]}, "acf", id="a state that is named twice"),
        pytest.param({"states": []}, "", id="no state"),
        pytest.param({"event_type": "pet.adopted"}, "abef", id="a type"),
        pytest.param({"event_type": ODD}, "cd", id="an odd type"),
        pytest.param({"event_type": "pet.*"}, "", id="no pattern"),
        pytest.param({"webhook_id": "w1", "states": [PENDING]}, "ac", id="a webhook's, by state"),
        pytest.param({"webhook_id": ODD, "states": [PENDING]}, "", id="a webhook that has none in it"),
        pytest.param({"webhook_id": "w1", "event_type": "pet.adopted"}, "ae", id="a webhook's, by type"),
        pytest.param({"event_id": "e1", "states": [DELIVERED]}, "b", id="an event's, by state"),
        pytest.param({"event_id": "e1", "event_type": ODD}, "", id="an event of another type"),
        pytest.param({"event_id": "e3", "webhook_id": "w2"}, "f", id="an event's, to a webhook"),
        pytest.param(
            {"webhook_id": "w1", "event_id": "e1", "event_type": "pet.adopted", "states": [PENDING]}, "a", id="all"
        ),
        pytest.param({"webhook_id": "unknown"}, "", id="an unknown webhook"),
        pytest.param({"event_id": ""}, "", id="an empty id"),
        pytest.param({"since": NOON}, "abcdef", id="since the first"),
        pytest.param({"since": NOON + timedelta(seconds=4)}, "ef", id="since the fifth"),
        pytest.param({"since": NOON + timedelta(seconds=1), "states": [PENDING]}, "cf", id="since then, by state"),
    ],
)
def test_deliveries_are_found_by_any_filter_and_counted(filled: Store, sought: Sought, found: str) -> None:
    parts = [filled.deliveries_from(first, 2, **sought) for first in range(0, 8, 2)]

    assert "".join(one.id for one in filled.deliveries(**sought)) == found
    assert "".join(one.id for one in filled.deliveries(latest=2, **sought)) == found[-2:]
    assert ["".join(one.id for one in part) for part in parts] == [found[first : first + 2] for first in range(0, 8, 2)]
    assert filled.count(**sought) == len(found)


@pytest.mark.parametrize(
    ("event_type", "found"),
    [
        pytest.param(None, ["e1", "e2", "e3"], id="any"),
        pytest.param("pet.adopted", ["e1", "e3"], id="a type"),
        pytest.param(ODD, ["e2"], id="an odd type"),
        pytest.param("order.created", [], id="a type that none is of"),
    ],
)
def test_events_are_found_by_type_and_counted(filled: Store, event_type: str | None, found: list[str]) -> None:
    parts = [filled.events_from(first, 2, event_type=event_type) for first in range(0, 6, 2)]

    assert [[one.id for one in part] for part in parts] == [found[:2], found[2:], []]
    assert filled.count_events(event_type=event_type) == len(found)


def test_a_delivery_that_changes_its_state_is_found_by_the_new_one_in_its_old_place(filled: Store) -> None:
    filled.save_delivery(DeliveryRecord("a", "e1", "w1", NOON, None, FAILED))

    assert [one.id for one in filled.deliveries(states=[FAILED])] == ["a", "d"]
    assert [one.id for one in filled.deliveries_from(0, 9, states=[PENDING])] == ["c", "f"]


def test_a_transaction_finds_what_it_has_done_and_nobody_does_when_it_fails(filled: Store) -> None:
    inside = []

    def failing() -> None:
        with filled.transaction():
            filled.add_event(EventRecord("e4", ODD, NOON, b"{}"))
            filled.save_delivery(DeliveryRecord("g", "e4", "w1", NOON, NOON, HELD))
            inside.append(
                ([one.id for one in filled.deliveries_from(0, 9, event_type=ODD)], filled.count(states=[HELD]))
            )
            raise LookupError

    with pytest.raises(LookupError):
        failing()

    assert inside == [(["c", "d", "g"], 2)]
    assert [one.id for one in filled.deliveries_from(0, 9, event_type=ODD)] == ["c", "d"]
    assert (filled.count(states=[HELD]), filled.count_events(event_type=ODD)) == (1, 1)
