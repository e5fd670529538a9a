"""Rules that apply faults to all later deliveries that match."""

from typing import Any

import pytest

from mockstore import Mockstore, faults
from mockstore.errors import InvalidInputError, NotFoundError


def fault_names(store: Mockstore) -> list[tuple[str, ...]]:
    """Return the names of the faults of each delivery, oldest first."""
    return [tuple(fault.name for fault in delivery.record.faults) for delivery in store.deliveries]


def test_a_rule_befalls_what_comes_later_and_not_what_was_before(store: Mockstore) -> None:
    store.subscribe(lambda _: 401)

    store.emit("pet.adopted")
    store.faults.add("wrong_secret")
    store.emit("pet.adopted")

    assert fault_names(store) == [(), ("wrong_secret",)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, [True, True, True], id="everything"),
        pytest.param({"events": "order.*"}, [True, True, False], id="a pattern"),
        pytest.param({"events": ["order.created", "pet.adopted"]}, [True, False, True], id="several types"),
        pytest.param({"times": 2}, [True, True, False], id="a number of times"),
        pytest.param({"times": 1, "events": "pet.*"}, [False, False, True], id="both"),
    ],
)
def test_a_rule_can_be_limited(store: Mockstore, options: dict[str, Any], expected: list[bool]) -> None:
    store.subscribe(lambda _: 204)

    store.faults.add("unknown_member", **options)
    for event_type in ("order.created", "order.status_changed", "pet.adopted"):
        store.emit(event_type)

    assert [bool(names) for names in fault_names(store)] == expected


def test_a_rule_can_mean_one_webhook(store: Mockstore) -> None:
    chosen = store.subscribe(lambda _: 204)
    store.subscribe(lambda _: 204)

    store.faults.add("unknown_member", to=chosen)
    store.emit("pet.adopted")

    assert fault_names(store) == [("unknown_member",), ()]


def test_a_rule_can_mean_some_attempts(store: Mockstore) -> None:
    webhook = store.subscribe(lambda _: 204)

    store.faults.add("ack_lost", attempts=[1, 2])
    store.emit("pet.adopted")
    store.advance(hours=1)

    assert [attempt.outcome for attempt in webhook.deliveries.last.attempts] == ["timeout", "timeout", "acknowledged"]


def test_rules_add_up_with_what_an_event_is_told(store: Mockstore) -> None:
    store.subscribe(lambda _: 204)

    store.faults.add(["unknown_member", "other_key_order"])
    store.faults.add("ack_lost")
    store.emit("pet.adopted", fault="escaped_unicode")

    assert fault_names(store) == [("unknown_member", "other_key_order", "ack_lost", "escaped_unicode")]


def test_a_change_of_the_shop_is_befallen_too(store: Mockstore) -> None:
    store.subscribe(lambda _: 204)
    store.faults.add("duplicate", events="order.created")

    store.orders.place(store.pets.add())

    assert ("duplicate",) in fault_names(store)


def test_rules_can_be_read_removed_and_cleared(store: Mockstore) -> None:
    store.subscribe(lambda _: 204)
    first = store.faults.add("unknown_member", events="order.*", times=3)
    second = store.faults.add(faults.named("ack_lost"))
    listed = list(store.faults)

    store.faults.remove(first)
    store.emit("order.created")
    store.faults.clear()
    store.emit("order.created")

    assert listed == [first, second]
    assert str(first) == "unknown_member for order.* to any webhook"
    assert fault_names(store) == [("ack_lost",), ()]
    with pytest.raises(InvalidInputError, match="is not in force"):
        store.faults.remove(first)


def test_a_reset_clears_the_rules(store: Mockstore) -> None:
    store.faults.add("unknown_member")

    store.reset()

    assert len(store.faults) == 0


def test_a_rule_that_is_used_up_is_gone(store: Mockstore) -> None:
    store.subscribe(lambda _: 204)
    store.faults.add("unknown_member", times=1)

    store.emit("pet.adopted")

    assert list(store.faults) == []


@pytest.mark.parametrize(
    ("fault", "options", "text"),
    [
        pytest.param("wrong_secre", {}, "did you mean 'wrong_secret'", id="fault"),
        pytest.param([], {}, "name at least one fault", id="no fault"),
        pytest.param("duplicate", {"events": "order.creatd"}, "did you mean 'order.created'", id="event"),
        pytest.param("duplicate", {"attempts": [0]}, "are no attempts", id="attempt"),
        pytest.param("duplicate", {"times": 0}, "times is 0; it must be 1 or more", id="times"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    store: Mockstore, fault: str | list[str], options: dict[str, Any], text: str
) -> None:
    with pytest.raises(InvalidInputError, match=text):
        store.faults.add(fault, **options)
    assert len(store.faults) == 0


def test_a_rule_for_an_unknown_webhook_is_refused(store: Mockstore) -> None:
    with pytest.raises(NotFoundError, match="no webhook 'nobody'"):
        store.faults.add("duplicate", to="nobody")


def test_a_rule_that_needs_a_socket_is_refused_when_an_app_in_process_falls_under_it(store: Mockstore) -> None:
    store.subscribe(lambda _: 204)
    store.faults.add("dripped_body", times=1)

    with pytest.raises(InvalidInputError, match="dripped_body needs a socket"):
        store.emit("pet.adopted")
    assert (len(store.events), len(store.faults)) == (0, 1)


def test_rules_that_are_alike_are_used_up_each_by_itself(store: Mockstore) -> None:
    store.subscribe(lambda _: 204)
    first, second = (store.faults.add("unknown_member", times=times) for times in (1, 1))
    third = store.faults.add("unknown_member", times=2)

    store.faults.remove(second)
    store.emit("pet.adopted")

    assert first != second
    assert list(store.faults) == [third]


def test_a_rule_keeps_the_attempts_of_each_fault(store: Mockstore) -> None:
    rule = store.faults.add([faults.named("ack_lost").on(2, 3), "duplicate"])

    assert list(store.faults) == [rule]
    assert [fault.attempts for one in store.faults for fault in one.faults] == [(2, 3), ()]


def test_an_event_that_is_refused_uses_no_rule_up(store: Mockstore) -> None:
    store.subscribe(lambda _: 204)
    rule = store.faults.add("unknown_member", times=1)

    with pytest.raises(InvalidInputError, match="needs a socket"):
        store.emit("pet.adopted", fault=faults.named("slow_to_connect"))

    assert list(store.faults) == [rule]
    assert len(store.events) == 0
