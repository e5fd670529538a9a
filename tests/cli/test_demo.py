import json
from collections.abc import Callable

import pytest
from click.testing import Result
from msgspec.structs import replace

from mockstore.cli.story import Consumer, Story, play
from mockstore.events import petstore_catalogue
from mockstore.service import Mockstore

Run = Callable[..., Result]

OFFSETS = [0, 60, 360, 2160, 5760]
"""Seconds after which the five attempts are made (contract 1.3)."""


@pytest.fixture(scope="module")
def story() -> Story:
    return play(0)


def test_it_emits_every_event_type_and_each_is_verified(story: Story) -> None:
    assert [one.event["type"] for one in story.emitted] == list(petstore_catalogue().types)
    assert all(one.verified and not one.mistakes for one in story.emitted)


def test_one_delivery_fails_twice_and_succeeds_on_the_third_attempt(story: Story) -> None:
    attempts = story.retried["attempts"]

    assert [attempt["status"] for attempt in attempts] == [503, 503, 204]
    assert [attempt["offsetSeconds"] for attempt in attempts] == OFFSETS[:3]
    assert story.retried["state"] == "delivered"


def test_one_is_refused_five_times_and_its_webhook_is_disabled(story: Story) -> None:
    attempts = story.refused["attempts"]

    assert [attempt["status"] for attempt in attempts] == [500] * 5
    assert [attempt["offsetSeconds"] for attempt in attempts] == OFFSETS
    assert (story.refused["state"], story.disabled_webhook["status"]) == ("failed", "disabled")


def test_what_was_missed_is_recovered(story: Story) -> None:
    assert story.recovered["id"] == story.refused["id"]
    assert [attempt["status"] for attempt in story.recovered["attempts"]] == [500] * 5 + [204]


def test_its_consumer_believes_only_its_own_secret() -> None:
    with Mockstore.in_process() as mock:
        consumer = Consumer()
        webhook = mock.subscribe(consumer)
        consumer.secret = f"{webhook.secret}x"

        event = mock.emit("pet.adopted")

        event.delivery.assert_rejected(401)
        assert consumer.verified == set()


def test_the_screen_tells_the_chapters_and_what_to_do_next(run: Run) -> None:
    result = run("demo")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line for line in lines if line[:1].isdigit() and line[1:3] == "  "] == [
        "1  A webhook is registered",
        "2  Things happen in the shop; each is signed, delivered, and verified by the receiver",
        "3  The receiver is down for a while, so a delivery is retried",
        "4  Another receiver does not come back, so its webhook is disabled",
        "5  It is repaired and enabled, and gets what it missed",
        "6  What now",
    ]
    assert "  12:06:00  +6 min        attempt 3   204 No Content" in lines
    assert "  13:42:00  +1 h 36 min   attempt 5   500 Internal Server Error" in lines
    assert "  the same bytes under the same id each time, and so the same signature" in lines
    assert all(f"mockstore {command}" in result.stdout for command in ("serve", "listen", "emit"))
    assert len(max(lines, key=len)) <= 120


def test_the_screen_ticks_each_event_type(run: Run) -> None:
    lines = run("demo").stdout.splitlines()

    for name in petstore_catalogue().types:
        assert sum(f"  {name} " in line and "204 ✓  signature ✓  schema ✓" in line for line in lines) == 1


def test_the_screen_shows_no_whole_secret(run: Run) -> None:
    assert all("whsec_…" in word for word in run("demo").stdout.split() if "whsec_" in word)


def test_json_tells_the_same(run: Run, story: Story) -> None:
    document = json.loads(run("demo", "--json").stdout)

    assert document["ok"] is True
    assert document["retried"] == story.retried
    assert document["refused"] == story.refused
    assert document["recovered"] == story.recovered
    assert document["clock"] == {"from": "2025-01-06T12:00:00Z", "to": "2025-01-06T13:42:00Z"}


def test_another_seed_tells_it_of_other_pets(run: Run) -> None:
    first, again, other = (json.loads(run("demo", "--json", "--seed", seed).stdout) for seed in ("1", "1", "2"))

    assert first["events"] == again["events"]
    assert first["events"] != other["events"]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda story: replace(story, retried=story.refused), id="never delivered"),
        pytest.param(lambda story: replace(story, disabled_webhook=story.webhook), id="webhook not disabled"),
        pytest.param(lambda story: replace(story, recovered=story.refused), id="not recovered"),
        pytest.param(
            lambda story: replace(story, emitted=(replace(story.emitted[0], verified=False),)),
            id="signature not verified",
        ),
        pytest.param(
            lambda story: replace(story, emitted=(replace(story.emitted[0], mistakes=("id: is missing",)),)),
            id="schema",
        ),
    ],
)
def test_a_story_that_went_otherwise_is_not_well(broken: Callable[[Story], Story], story: Story) -> None:
    assert story.ok
    assert not broken(story).ok
