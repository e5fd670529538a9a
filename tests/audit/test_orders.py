"""The explorer tries every order of short chains, and reports the smallest one that breaks a consumer."""

import json
from collections.abc import Callable
from itertools import pairwise
from random import Random
from types import ModuleType
from typing import Any

import pytest

from examples.audited import careful, careless
from mockstore import Mockstore, Outgoing
from mockstore.audit.explore import BrokenOrderError, Chain, Exploration
from mockstore.audit.orders import SAMPLE, Order, orders, shrunk
from mockstore.errors import InvalidInputError
from tests.audit.conftest import SECRET

SEED = 5


def dice() -> Random:
    return Random(SEED)  # noqa: S311 - a sample


def life(mock: Mockstore) -> None:
    placed = mock.orders.place(mock.pets.add())
    placed.pay()
    placed.ship().deliver()


def explore(factory: Callable[[], object], chain: Chain, probe: Callable[[Any], object]) -> Exploration:
    with Mockstore.in_process() as mock:
        return mock.explore_orders(factory, chain, probe, secret=SECRET)


@pytest.mark.parametrize(("count", "tried"), [(1, 1), (2, 4), (3, 15), (4, 64), (5, 325)])
def test_a_short_chain_is_tried_in_full_smallest_first(count: int, tried: int) -> None:
    found = list(orders(count, dice()))

    assert len(set(found)) == len(found) == tried
    assert all(len(one) <= len(next_) for one, next_ in pairwise(found))


def test_a_long_chain_is_sampled_and_the_same_seed_takes_the_same_sample() -> None:
    found = list(orders(12, dice()))

    assert found == list(orders(12, dice()))
    assert found[0] == tuple(reversed(range(12)))
    assert SAMPLE / 2 < len(set(found)) == len(found) <= SAMPLE + 1
    assert all(len(set(order)) == len(order) for order in found)


@pytest.mark.parametrize(
    ("order", "breaks", "smallest"),
    [
        pytest.param((4, 2, 0, 1, 3), lambda one: 1 in one and 4 in one, (1, 4), id="two that are needed"),
        pytest.param(
            (4, 3, 2, 1, 0), lambda one: 3 in one and 1 in one[one.index(3) :], (3, 1), id="two the wrong way round"
        ),
        pytest.param((2, 1, 0), lambda one: len(one) == 3, (0, 1, 2), id="neighbours put right"),
        pytest.param((2, 0), lambda one: one == (2, 0), (2, 0), id="nothing smaller"),
    ],
)
def test_what_breaks_is_shrunk(order: Order, breaks: Callable[[Order], bool], smallest: Order) -> None:
    assert shrunk(order, breaks) == smallest


def test_a_careful_consumer_bears_every_order() -> None:
    found = explored(careful, ["order.created", ("payment.succeeded", {"payment.amount": 5.0})])

    assert found.events == ("order.created", "payment.succeeded")
    assert found.tried == 4


def explored(module: ModuleType, chain: Chain) -> Exploration:
    shops: dict[int, Any] = {}

    def factory() -> object:
        shop = module.Shop()
        app = module.make_app(SECRET, shop)
        shops[id(app)] = (app, shop)
        return app

    return explore(factory, chain, lambda app: shops[id(app)][1].effects())


def test_a_careful_consumer_bears_a_sample_of_a_whole_life() -> None:
    found = explored(careful, life)

    assert len(found.events) > 5
    assert found.tried > SAMPLE / 2


def test_the_careless_consumer_breaks_by_two_events_the_wrong_way_round() -> None:
    with pytest.raises(BrokenOrderError, match="in the causal order the same events end in") as raised:
        explored(careless, life)

    assert len(raised.value.order) == 2
    assert raised.value.order[0] > raised.value.order[1]
    assert raised.value.events[0] == "order.status_changed"


def test_a_crash_over_a_gap_is_found() -> None:
    known: list[str] = []

    def takes_creation_for_granted(outgoing: Outgoing) -> int:
        event = json.loads(outgoing.body)
        if event["eventType"] == "order.created":
            known.append(event["id"])
        return 204 if known else 500

    def factory() -> object:
        known.clear()
        return takes_creation_for_granted

    with pytest.raises(
        BrokenOrderError, match=r"1 of 2 events .* not needed[^$]*payment.succeeded was answered 500"
    ) as raised:
        explore(factory, ["order.created", "payment.succeeded"], lambda _: len(known))

    assert raised.value.order == (1,)


def test_a_refusal_counts_unless_the_causal_order_of_the_same_events_gets_it() -> None:
    known: list[str] = []

    def wants_creation_at_some_time(outgoing: Outgoing) -> int:
        event_type = json.loads(outgoing.body)["eventType"]
        known.append(event_type)
        return 409 if event_type == "payment.failed" and "order.created" not in known else 204

    def factory() -> object:
        known.clear()
        return wants_creation_at_some_time

    with pytest.raises(BrokenOrderError, match=r"then payment.failed was answered 409") as raised:
        explore(factory, ["order.created", "payment.failed"], lambda _: len(known))

    assert raised.value.order == (1, 0)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        pytest.param(401, "every event was answered 401: is the secret or the path right", id="the secret"),
        pytest.param(404, "every event was answered 404: is the secret or the path right", id="the path"),
        pytest.param(301, "every event was answered 301", id="a redirect"),
        pytest.param(500, "order.created was answered 500", id="a crash"),
    ],
)
def test_a_consumer_that_does_not_take_the_causal_order_proves_nothing(status: int, told: str) -> None:
    with pytest.raises(BrokenOrderError, match=told) as raised:
        explore(lambda: lambda _: status, ["order.created", "payment.succeeded"], lambda _: 0)

    assert raised.value.order == (0, 1)


def test_a_probe_that_no_event_moves_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="the probe says 0 of a fresh consumer and after the whole chain"):
        explore(lambda: lambda _: 204, ["order.created", "payment.succeeded"], lambda _: 0)


def test_a_probe_may_need_what_the_first_event_makes() -> None:
    known: list[str] = []

    def factory() -> object:
        known.clear()
        return lambda outgoing: known.append(json.loads(outgoing.body)["eventType"])

    assert explore(factory, ["order.created"], lambda _: known[0]).tried == 1


def test_a_probe_may_refuse_a_state_itself() -> None:
    def probe(_: object) -> None:
        raise AssertionError("paid before it was placed")

    with pytest.raises(BrokenOrderError, match="the probe refused the state: paid before it was placed"):
        explore(lambda: lambda _: 204, ["order.created"], probe)


def test_a_chain_without_an_event_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="the chain causes no event"):
        explore(lambda: lambda _: 204, [], lambda _: 0)
