"""The values that pages show: retry schedule, chart of attempts, form fields, texts to copy."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from mockstore.delivery.schedule import RetryPolicy
from mockstore.events import petstore_catalogue
from mockstore.model import Attempt, DeliveryRecord, DeliveryState, EventRecord, Outcome, Outgoing, PlannedFault
from mockstore.web.console.copies import curl, step
from mockstore.web.console.evidence import body
from mockstore.web.console.fields import fields, overrides
from mockstore.web.console.ladder import rungs
from mockstore.web.console.notices import notice_of
from mockstore.web.console.rows import tone
from mockstore.web.console.traffic import traffic

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
LADDER = RetryPolicy(tuple(timedelta(minutes=wait) for wait in (1, 5, 30, 60)))
MINUTES = (0, 1, 6, 36, 96)


def attempt(number: int, minute: float, outcome: Outcome = Outcome.REFUSED) -> Attempt:
    since = timedelta(minutes=minute)
    status = 200 if outcome is Outcome.ACKNOWLEDGED else 503
    request = Outgoing("http://a.test/", (), b"{}")
    return Attempt(number, NOON + since, NOON, outcome, status, timedelta(), None, request, None)


def delivery(made: Sequence[int] = (), due: int | None = None, **more: object) -> DeliveryRecord:
    attempts = tuple(attempt(number, minute) for number, minute in enumerate(made, start=1))
    moment = None if due is None else NOON + timedelta(minutes=due)
    return DeliveryRecord("d", "e", "w", NOON, moment, attempts=attempts, **more)  # type: ignore[arg-type]  # any of its members


@pytest.mark.parametrize(
    ("made", "due", "more", "expected"),
    [
        pytest.param((), 0, {}, "due planned planned planned planned", id="new"),
        pytest.param((0, 1), 6, {}, "bad bad due planned planned", id="refused twice"),
        pytest.param(MINUTES[:4], 96, {}, "bad bad bad bad due", id="the last one"),
        pytest.param(MINUTES, None, {"state": DeliveryState.FAILED}, "bad bad bad bad bad", id="given up"),
        pytest.param((), None, {"state": DeliveryState.HELD}, "", id="held"),
        pytest.param((0,), 9, {"round_start": 1}, "bad due planned planned planned planned", id="sent again"),
        pytest.param((), 0, {"faults": (PlannedFault("tampered_body"),)}, "due", id="a forgery is tried once"),
    ],
)
def test_the_ladder_shows_what_was_and_what_would_come(
    made: Sequence[int], due: int | None, more: dict[str, object], expected: str
) -> None:
    assert " ".join(rung.tone for rung in rungs(delivery(made, due, **more), LADDER)) == expected


def test_the_rungs_stand_where_the_schedule_says() -> None:
    assert [rung.since for rung in rungs(delivery((), 0), LADDER)] == [timedelta(minutes=one) for one in MINUTES]


def test_a_pending_delivery_that_failed_before_is_retrying() -> None:
    assert [tone(delivery((), 0)), tone(delivery((0,), 1)), tone(delivery((0,), 1, round_start=1))] == [
        "pending",
        "retrying",
        "pending",
    ]


@pytest.mark.parametrize(
    ("minutes", "step_seconds"),
    [
        pytest.param((0,), 1, id="one moment"),
        pytest.param((0, 1), 2, id="a minute"),
        pytest.param((0, 96), 300, id="a whole ladder"),
        pytest.param((0, 60 * 24 * 3650), 365 * 86_400, id="ten years"),
    ],
)
def test_the_picture_has_room_for_everything(minutes: Sequence[int], step_seconds: int) -> None:
    attempts = [attempt(1, minute, Outcome.ACKNOWLEDGED) for minute in minutes] + [attempt(1, minutes[-1])]

    found = traffic(attempts, NOON + timedelta(minutes=minutes[-1]))

    assert found is not None
    assert found.step == timedelta(seconds=step_seconds)
    assert 12 <= len(found.bars) <= 36
    assert (found.acknowledged, found.failed) == (len(minutes), 1)
    assert all(block.y >= 0 and block.height > 0 for block in found.blocks)


def test_without_an_attempt_there_is_no_picture() -> None:
    assert traffic([], NOON) is None


def test_each_member_of_the_data_has_a_field() -> None:
    catalogue = petstore_catalogue()
    data = (catalogue.shape("order.created").members or {})["data"]

    found = {field.path: field.kind for field in fields(data, catalogue.example("order.created")["data"])}

    assert found["order.items.0.quantity"] == "number"
    assert found["order.status"] == "choice"
    assert found["customer.email"] == "text"


def test_fields_that_are_empty_say_nothing_and_others_go_over_the_json() -> None:
    data = (petstore_catalogue().shape("order.created").members or {})["data"]
    form = {"overrides": '{"order.total": 1}', "data.order.total": "2.5", "data.customer.email": "", "stranger": "x"}

    assert overrides(fields(data, None), form) == {"order.total": 2.5}


@pytest.mark.parametrize(
    ("query", "notice"),
    [
        pytest.param({}, "", id="nothing"),
        pytest.param({"notice": "emitted", "n": "3"}, "Emitted 3.", id="counted"),
        pytest.param({"notice": "emitted", "n": "<b>"}, "Emitted some.", id="no number"),
        pytest.param({"notice": "<b>"}, "", id="no notice"),
    ],
)
def test_an_address_can_only_name_a_notice(query: dict[str, str], notice: str) -> None:
    assert notice_of(query) == notice


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"it's", "--data-binary 'it'\"'\"'s'", id="quoted"),
        pytest.param(b"\xff", "printf %s /w== | base64 -d | curl", id="no text"),
    ],
)
def test_a_curl_command_sends_the_same_bytes(content: bytes, expected: str) -> None:
    assert expected in curl(Outgoing("http://a.test/?q=$x", (("X-A", "b"),), content))


def test_a_scenario_step_says_the_event_without_people() -> None:
    event = EventRecord("e", "user.x", NOON, b'{"data": {"customer": {"email": "ada@shop.test"}}}')

    assert step(delivery((), 0, faults=(PlannedFault("ack_lost", (1,)),)), event) == (
        "- emit:\n"
        '    type: "user.x"\n'
        '    set: {"customer": {"email": "redacted@example.com"}}\n'
        '    fault: {"name": "ack_lost", "attempts": [1]}\n'
    )


@pytest.mark.parametrize(
    ("content", "text", "cut"),
    [
        pytest.param(b'{"a":1}', '{\n  "a": 1\n}', False, id="JSON is laid out"),
        pytest.param(b"\xff", "\N{REPLACEMENT CHARACTER}", False, id="no UTF-8"),
        pytest.param(b"x" * 30_000, "x" * 20_000, True, id="too long"),
        pytest.param(b"[" * 100_000, "[" * 20_000, True, id="too deep"),
        pytest.param(b'["\\ud800"]', '[\n  "?"\n]', False, id="half a letter"),
    ],
)
def test_any_body_can_be_shown(content: bytes, text: str, *, cut: bool) -> None:
    assert (body(content).text, body(content).cut) == (text, cut)
