from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from mockstore.model import Attempt, DeliveryRecord, DeliveryState, Json, Outcome, Outgoing, Reply
from mockstore.scenario.judging import Evidence, ObservedAttempt, claim, mismatches

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _attempt(number: int, status: int | None) -> Attempt:
    reply = Reply(status) if status is not None else None
    outcome = Outcome.TIMEOUT if status is None else Outcome.ACKNOWLEDGED if status == 200 else Outcome.REFUSED
    nothing = timedelta()
    return Attempt(number, NOON, NOON, outcome, status, nothing, None, Outgoing("http://shop.test/", (), b""), reply)


DELIVERED = DeliveryRecord("d-1", "e-1", "w", NOON, None, DeliveryState.DELIVERED, (_attempt(1, 503), _attempt(2, 200)))
PENDING = DeliveryRecord("d-2", "e-2", "w", NOON, NOON, DeliveryState.PENDING, (_attempt(1, None),))
EVIDENCE = Evidence(
    deliveries=(DELIVERED, PENDING),
    attempts=(
        ObservedAttempt(DELIVERED.attempts[0], "order.created", "d-1"),
        ObservedAttempt(PENDING.attempts[0], "pet.adopted", "d-2"),
        ObservedAttempt(DELIVERED.attempts[1], "order.created", "d-1"),
    ),
    status="active",
    document={"status": "PLACED", "items": [{"price": "7.00"}]},
)
NOTHING = Evidence()


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"events": 2}, id="events"),
        pytest.param({"deliveries": {"at_least": 2, "at_most": 2}}, id="bounds"),
        pytest.param({"requests": {"at_least": 1}}, id="a lower bound"),
        pytest.param({"attempts": [2, 1]}, id="attempts of each"),
        pytest.param({"attempts": {"at_most": 2}}, id="attempts within bounds"),
        pytest.param({"states": ["delivered", "pending"]}, id="states of each"),
        pytest.param({"states": {"pending": 1, "delivered": 1, "failed": 0}}, id="how many are in which state"),
        pytest.param({"answers": [503, "timeout", 200]}, id="answers"),
        pytest.param({"answers": ["refused", "timeout", "acknowledged"]}, id="outcomes"),
        pytest.param({"in_order": ["order.created", "pet.adopted", "order.created"]}, id="order"),
        pytest.param({"status": "active"}, id="the webhook's status"),
        pytest.param({"has": {"status": "PLACED", "items.0.price": "7.00"}}, id="what the API shows"),
    ],
)
def test_what_is_so_holds(arguments: dict[str, Json]) -> None:
    assert mismatches(arguments, EVIDENCE) == []


@pytest.mark.parametrize(
    ("arguments", "evidence", "lines"),
    [
        pytest.param({"events": 3}, EVIDENCE, ["events: expected 3, found 2"], id="events"),
        pytest.param(
            {"deliveries": {"at_least": 3}}, EVIDENCE, ["deliveries: expected at least 3, found 2"], id="too few"
        ),
        pytest.param(
            {"requests": {"at_least": 1, "at_most": 2}},
            EVIDENCE,
            ["requests: expected at least 1 and at most 2, found 3"],
            id="too many",
        ),
        pytest.param({"attempts": 2}, EVIDENCE, ["attempts: expected 2, delivery 2 of 2 has 1"], id="attempts"),
        pytest.param(
            {"attempts": 1},
            NOTHING,
            ["attempts: expected 1 for each delivery, but there is no delivery"],
            id="attempts of nothing",
        ),
        pytest.param(
            {"attempts": [2, 1, 1]},
            EVIDENCE,
            [("attempts: expected 2, 1, 1, found 2, 1; the first difference is number 3: expected 1, found none")],
            id="attempts of each",
        ),
        pytest.param(
            {"states": "delivered"},
            EVIDENCE,
            ["states: expected all delivered, found 1 delivered, 1 pending"],
            id="states",
        ),
        pytest.param(
            {"states": "delivered"},
            NOTHING,
            ["states: expected delivered, but there is no delivery"],
            id="states of nothing",
        ),
        pytest.param(
            {"states": {"delivered": 2}},
            EVIDENCE,
            ["states: expected 2 delivered, found 1 delivered, 1 pending"],
            id="how many are in which state",
        ),
        pytest.param(
            {"states": ["pending", "delivered"]},
            EVIDENCE,
            [
                (
                    "states: expected pending, delivered, found delivered, "
                    "pending; the first difference is number 1: expected pending, found delivered"
                )
            ],
            id="states of each",
        ),
        pytest.param(
            {"answers": [503, 200]},
            EVIDENCE,
            [
                (
                    "answers: expected 503, 200, found 503, timeout, 200; the first "
                    "difference is number 2: expected 200, found timeout"
                )
            ],
            id="answers",
        ),
        pytest.param(
            {"answers": ["acknowledged"]},
            EVIDENCE,
            [
                (
                    "answers: expected acknowledged, found refused, timeout, 200; "
                    "the first difference is number 1: expected acknowledged, found refused"
                )
            ],
            id="outcomes",
        ),
        pytest.param(
            {"in_order": []},
            EVIDENCE,
            [
                (
                    "in_order: expected none, found order.created, pet.adopted, order.created; "
                    "the first difference is number 1: expected none, found order.created"
                )
            ],
            id="order",
        ),
        pytest.param({"status": "disabled"}, EVIDENCE, ["status: expected disabled, found active"], id="status"),
        pytest.param(
            {"has": {"status": "SHIPPED", "color": "red"}},
            EVIDENCE,
            ["status: expected 'SHIPPED', found 'PLACED'", "color: expected 'red', but it is missing"],
            id="what the API shows",
        ),
        pytest.param(
            {"events": 1, "status": "disabled"},
            EVIDENCE,
            ["events: expected 1, found 2", "status: expected disabled, found active"],
            id="several at once",
        ),
    ],
)
def test_what_is_not_so_is_told_with_what_was_found(
    arguments: dict[str, Json], evidence: Evidence, lines: list[str]
) -> None:
    assert mismatches(arguments, evidence) == lines


def test_long_rows_are_cut() -> None:
    many = replace(EVIDENCE, attempts=[*EVIDENCE.attempts] * 100)

    (line,) = mismatches({"in_order": ["pet.adopted"] * 300}, many)

    assert line.startswith("in_order: expected pet.adopted, pet.adopted,")
    assert "and 288 more" in line
    assert len(line) < 600


@pytest.mark.parametrize(
    ("arguments", "written", "text"),
    [
        pytest.param({"deliveries": 1, "states": "delivered"}, {}, "deliveries 1; states delivered", id="of all"),
        pytest.param(
            {"webhook": "shop", "type": "pet.adopted", "requests": {"at_least": 2}, "within": "5m"},
            {},
            "shop, pet.adopted: requests at_least 2 within 5m",
            id="of some, within a time",
        ),
        pytest.param(
            {"event": "0194", "attempts": [1, 2]},
            {"event": "${order.id}"},
            "event order: attempts 1, 2",
            id="by the name in the file",
        ),
        pytest.param(
            {"pet": "0194", "has": {"status": "ADOPTED"}},
            {"pet": "${pet.id}"},
            "pet pet: has status ADOPTED",
            id="a thing of the shop",
        ),
    ],
)
def test_an_expectation_is_told_in_words(arguments: dict[str, Json], written: dict[str, Json], text: str) -> None:
    assert claim(arguments, written) == text
