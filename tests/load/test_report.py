"""Counts and reports of a load, without sending anything."""

from datetime import UTC, datetime, timedelta

import pytest

from mockstore.errors import InvalidInputError
from mockstore.events import EventFactory, petstore_catalogue
from mockstore.faults.catalogue import named
from mockstore.faults.fault import Expect
from mockstore.load.report import Report, document, lines, progress
from mockstore.load.stream import DEFAULT_WEIGHTS, FORGERIES, Mix, Plan, Sender, Stream, next_plan, streams, weights
from mockstore.load.tally import Tally, merged
from mockstore.provider import petstore
from mockstore.signing import verify

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def counted(milliseconds: list[float], **counts: int) -> Tally:
    tally = Tally()
    tally.counts.update(counts)
    for one in milliseconds:
        tally.add_time(timedelta(milliseconds=one))
    return tally


@pytest.mark.parametrize(
    ("share", "milliseconds"),
    [
        pytest.param(0.5, 50, id="half"),
        pytest.param(0.95, 95, id="nearly all"),
        pytest.param(1.0, 100, id="the slowest"),
    ],
)
def test_a_percentile_is_the_time_within_which_so_many_answers_came(share: float, milliseconds: int) -> None:
    tally = counted(list(range(1, 101)))

    assert tally.percentile(share) == timedelta(milliseconds=milliseconds)


def test_a_time_is_kept_to_three_digits_and_never_too_fast() -> None:
    assert counted([1.2341]).percentile(1.0) == timedelta(milliseconds=1.24)


def test_tallies_of_several_processes_add_up_after_their_journey() -> None:
    here, there = counted([1, 2], events=2), counted([3], events=1, lost=1)

    whole = merged({"pet.adopted": Tally.read(one.document())} for one in (here, there))["pet.adopted"]

    assert whole.counts == {"events": 3, "lost": 1}
    assert whole.percentile(1.0) == timedelta(milliseconds=3)


def test_the_report_says_when_the_rate_was_not_reached() -> None:
    tallies = {"pet.adopted": counted([1.5, 40], events=3, attempts=4, retries=1, delivered=2, lost=1, refused=2)}
    report = Report("http://127.0.0.1:9/", 100.0, 60.0, tallies)

    assert not report.passed
    assert list(lines(report)) == [
        "3 events to http://127.0.0.1:9/",
        "          2  acknowledged",
        "          1  lost: not acknowledged in any attempt",
        "          4  attempts in all, for genuine events",
        "          1  of them retries",
        "          0  of them duplicates",
        "          2  attempts refused (answered, but not 2xx)",
        "          0  attempts not answered in time",
        "rate 60.0/s of 100.0/s asked: NOT reached; use more --processes or machines, or the consumer is too slow",
        "latency, ms                  sent     lost      p50      p95      p99      max",
        "pet.adopted                     3        1      1.5     40.0     40.0     40.0",
        "all                             3        1      1.5     40.0     40.0     40.0",
    ]
    assert document(report)["rate"] == {"asked": 100.0, "reached": 60.0, "isReached": False}
    assert progress(tallies, 60, 100) == "3 sent  2 acknowledged  2 failed attempts  1 lost  60/s of 100/s"


def test_a_seed_gives_each_user_of_each_worker_a_course_of_its_own() -> None:
    mix = Mix(DEFAULT_WEIGHTS, duplicates=0.5, forged=0.5)

    def course(worker: int, user: int) -> tuple[Plan, ...]:
        dice = streams(1, worker, user)[0].dice
        return tuple(next_plan(mix, dice) for _ in range(20))

    courses = {course(worker, user) for worker in range(3) for user in range(3)}
    again = {course(worker, user) for worker in range(3) for user in range(3)}

    assert courses == again
    assert len(courses) == 9


@pytest.mark.parametrize("seed", range(8))
def test_what_is_forged_has_no_genuine_signature(seed: int) -> None:
    course, content = streams(seed, 0, 0)
    stream = Stream(Mix(DEFAULT_WEIGHTS, forged=1.0), EventFactory(petstore_catalogue()), course.dice, content.dice)
    event = stream.next(NOON)

    request = Sender(petstore(), "http://127.0.0.1:9/", "whsec_c2VjcmV0").request(event, 1, NOON)

    assert event.plan.forgery
    assert not verify(request.body, request.headers, "whsec_c2VjcmV0", now=NOON).ok


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_a_fault_that_a_consumer_has_to_refuse(name: str) -> None:
    assert named(name).expects is Expect.REJECT


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("", {}, id="nothing"),
        pytest.param("pet.adopted", {"pet.adopted": 1.0}, id="one"),
        pytest.param("pet.adopted=2.5, order.created=0", {"pet.adopted": 2.5, "order.created": 0.0}, id="weights"),
        pytest.param("*=2", dict.fromkeys(petstore_catalogue().types, 2.0), id="every one"),
    ],
)
def test_weights_are_read(text: str, found: dict[str, float]) -> None:
    assert weights(text, petstore_catalogue()) == found


def test_a_weight_below_nothing_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="give at least one type a weight above 0"):
        Mix({"pet.adopted": -1})
