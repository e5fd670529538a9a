"""Ids, times and bytes of events; brands of cards."""

import json
import random
from datetime import UTC, datetime, timedelta, timezone
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockstore.errors import InvalidInputError
from mockstore.events import card_brand, encode, rfc3339, uuid7
from mockstore.model import Json

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MOMENTS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds


def dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - nothing secret is drawn


@settings(deadline=None, max_examples=50)
@given(now=MOMENTS, seed=st.integers())
def test_an_id_is_a_real_uuid7_that_holds_its_moment(now: datetime, seed: int) -> None:
    made = uuid7(now, dice(seed))

    parsed = UUID(made)
    assert str(parsed) == made
    assert (parsed.version, parsed.variant) == (7, RFC_4122)
    assert parsed.int >> 80 == (now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@settings(deadline=None, max_examples=50)
@given(now=MOMENTS, microseconds=st.integers(1, 10_000), seeds=st.tuples(st.integers(), st.integers()))
def test_ids_sort_by_time_down_to_the_microsecond(now: datetime, microseconds: int, seeds: tuple[int, int]) -> None:
    earlier = uuid7(now, dice(seeds[0]))
    later = uuid7(now + timedelta(microseconds=microseconds), dice(seeds[1]))

    assert earlier < later


def test_ids_of_one_moment_differ() -> None:
    same_dice = dice(0)

    assert len({uuid7(NOON, same_dice) for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        pytest.param(NOON, "2026-01-01T12:00:00Z", id="UTC"),
        pytest.param(NOON.astimezone(timezone(timedelta(hours=5, minutes=30))), "2026-01-01T12:00:00Z", id="offset"),
        pytest.param(NOON + timedelta(microseconds=999_999), "2026-01-01T12:00:00Z", id="fraction cut off"),
    ],
)
def test_times_are_written_in_utc(moment: datetime, text: str) -> None:
    assert rfc3339(moment) == text


@pytest.mark.parametrize(
    ("event", "body"),
    [
        pytest.param({"a": [1, 59.98, None, True]}, b'{"a":[1,59.98,null,true]}', id="compact"),
        pytest.param({"name": "Zoë"}, b'{"name":"Zo\xc3\xab"}', id="UTF-8"),
        pytest.param({"name": "\ud800"}, b'{"name":"\\ud800"}', id="lone surrogate"),
    ],
)
def test_events_are_written_as_compact_utf8(event: dict[str, Json], body: bytes) -> None:
    assert encode(event) == body
    assert json.loads(body) == event


@pytest.mark.parametrize(
    "value", [pytest.param(float("nan"), id="NaN"), pytest.param(NOON, id="object"), pytest.param({1, 2}, id="set")]
)
def test_what_json_cannot_hold_is_refused(value: Json) -> None:
    with pytest.raises(InvalidInputError, match="cannot be written as JSON"):
        encode({"value": value})


@pytest.mark.parametrize(
    ("number", "brand"),
    [
        ("4242424242424242", "Visa"),
        ("5555555555554444", "Mastercard"),
        ("2223003122003222", "Mastercard"),
        ("378282246310005", "American Express"),
        ("6011111111111117", "Discover"),
        ("3056930009020004", "Diners Club"),
        ("3566002020360505", "JCB"),
        ("9999999999999999", "Unknown"),
        ("", "Unknown"),
        ("٤٢٤٢", "Unknown"),
    ],
)
def test_the_brand_is_told_by_the_first_digits(number: str, brand: str) -> None:
    assert card_brand(number) == brand
