"""What a webhook can be registered with, and how a registration is changed."""

import hmac
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockstore import Mockstore
from mockstore.errors import InvalidInputError, NotFoundError, UnknownEventTypeError
from mockstore.model import Json
from mockstore.registration import checked_url

URL = "https://shop.example.com/hooks"


@pytest.fixture
def mockstore() -> Iterator[Mockstore]:
    with Mockstore.in_process(strict=False) as made:
        yield made


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "http://localhost:8000/hooks?tenant=1",
        "http://127.0.0.1/",
        "http://[::1]:9000/hooks",
        "https://user:pass@shop.example.com/",
        "http://shop.example.com",
    ],
)
def test_an_absolute_http_url_is_taken_as_it_is(url: str) -> None:
    assert checked_url(url) == url


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        pytest.param("", "it is no text", id="empty"),
        pytest.param(None, "it is no text", id="none"),
        pytest.param(7, "it is no text", id="a number"),
        pytest.param("/hooks", "it has no scheme", id="relative"),
        pytest.param("shop.example.com/hooks", "it has no scheme", id="no scheme"),
        pytest.param("shop.web:app", "import that and pass the app object", id="the name of an app"),
        pytest.param("ftp://shop.example.com/", "its scheme is 'ftp'", id="another scheme"),
        pytest.param("http://", "it names no host", id="no host"),
        pytest.param("http:///hooks", "it names no host", id="no host but a path"),
        pytest.param("http://shop.example.com/a b", "white space", id="white space"),
        pytest.param("http://shop.example.com/\r\nX: y", "white space", id="line breaks"),
        pytest.param("http://bücher.example/", "xn--", id="a host that is not ASCII"),
        pytest.param("http://shop.example.com/100%", "percent-encode", id="a bare percent sign"),
        pytest.param("http://shop.example.com:http/", "Port could not be cast", id="no port"),
        pytest.param("http://shop.example.com:99999/", "Port out of range", id="port out of range"),
        pytest.param("http://[::1/", "Invalid IPv6 URL", id="broken IPv6"),
        pytest.param("http://shop.example.com/" + "a" * 2048, "longer than 2048", id="too long"),
    ],
)
def test_any_other_url_is_refused_with_the_reason(url: object, problem: str) -> None:
    with pytest.raises(InvalidInputError, match=f"is no URL to deliver to: .*{problem}") as caught:
        checked_url(url)
    assert (caught.value.field, caught.value.code) == ("url", "invalid_url")


@given(st.one_of(st.text(), st.from_regex(r"https?://[^\s]{0,40}")))
def test_any_text_is_taken_or_refused_and_nothing_else(url: str) -> None:
    with suppress(InvalidInputError):
        assert checked_url(url) == url


def test_https_can_be_required() -> None:
    with (
        Mockstore.in_process(require_https=True) as mockstore,
        pytest.raises(InvalidInputError, match=r"its scheme is 'http', allowed: https\."),
    ):
        mockstore.subscribe("http://shop.example.com/hooks")


@pytest.mark.parametrize(
    "events",
    [["pet.adopted"], ["pet.*", "order.created"], "*", ["order.*", "payment.*", "*"]],
    ids=["a type", "a group and a type", "everything, as a text", "overlapping"],
)
def test_event_types_and_patterns_can_be_subscribed_to(mockstore: Mockstore, events: list[str] | str) -> None:
    expected = (events,) if isinstance(events, str) else tuple(events)

    assert mockstore.subscribe(URL, events=events).events == expected


@pytest.mark.parametrize(
    ("events", "error"),
    [
        pytest.param([], InvalidInputError, id="none"),
        pytest.param([1], InvalidInputError, id="no texts"),
        pytest.param({"pet.adopted": True}, InvalidInputError, id="a mapping"),
        pytest.param(["pet.adopted", "pet.sold"], UnknownEventTypeError, id="one unknown"),
        pytest.param(["pets.*"], UnknownEventTypeError, id="unknown group"),
    ],
)
def test_anything_else_is_refused_and_nothing_is_registered(
    mockstore: Mockstore, events: Json, error: type[Exception]
) -> None:
    with pytest.raises(error):
        mockstore.subscribe(lambda _: None, events=events)
    assert len(mockstore.webhooks) == 0


def test_a_secret_is_made_when_none_is_given(mockstore: Mockstore) -> None:
    first, second = mockstore.subscribe(URL), mockstore.subscribe(URL)

    assert first.secret.startswith("whsec_")
    assert first.secret != second.secret


def test_a_given_secret_is_kept_whatever_it_is(mockstore: Mockstore) -> None:
    assert mockstore.subscribe(URL, secret="ß is no base64").secret == "ß is no base64"


def test_an_empty_secret_is_refused(mockstore: Mockstore) -> None:
    with pytest.raises(InvalidInputError, match="not empty"):
        mockstore.subscribe(URL, secret="")


def test_the_same_registration_can_be_made_twice(mockstore: Mockstore) -> None:
    first, second = mockstore.subscribe(URL, events=["pet.adopted"]), mockstore.subscribe(URL, events=["pet.adopted"])

    assert first.id != second.id
    assert [webhook.id for webhook in mockstore.webhooks] == [first.id, second.id]


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "https://new.example.com/"},
        {"events": ["pet.adopted"]},
        {"description": "the new shop"},
        {"secret": "whsec_new"},
        {"signatures": ["petstore", "standard-webhooks"]},
        {"status": "disabled"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_each_part_can_be_changed_alone(mockstore: Mockstore, changes: dict[str, Any]) -> None:
    webhook = mockstore.subscribe(URL)
    before = webhook.record

    mockstore.webhooks.update(webhook.id, changes)

    after = webhook.record
    name, value = next(iter(changes.items()))
    assert getattr(after, name) == (tuple(value) if isinstance(value, list) else value)
    unchanged = {"url", "events", "description", "secret", "signatures", "status"} - {name}
    assert [getattr(before, one) for one in unchanged] == [getattr(after, one) for one in unchanged]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"url": "nowhere"}, "is no URL", id="url"),
        pytest.param({"events": ["pet.sold"]}, "unknown event type", id="events"),
        pytest.param({"status": "asleep"}, "unknown status 'asleep'; allowed: active, disabled", id="status"),
        pytest.param({"description": 7}, "must be a text", id="description"),
        pytest.param({"colour": "red"}, "cannot change colour; can be changed: url, events", id="unknown member"),
    ],
)
def test_a_wrong_change_is_refused_whole(mockstore: Mockstore, changes: dict[str, Any], message: str) -> None:
    webhook = mockstore.subscribe(URL)
    before = webhook.record

    with pytest.raises(InvalidInputError, match=message):
        mockstore.webhooks.update(webhook.id, {"description": "changed", **changes})
    assert webhook.record == before


def test_an_unknown_webhook_cannot_be_changed_rotated_removed_or_recovered(mockstore: Mockstore) -> None:
    calls: list[Callable[[], object]] = [
        lambda: mockstore.webhooks.update("nope", {"status": "active"}),
        lambda: mockstore.webhooks.rotate_secret("nope", overlap=timedelta()),
        lambda: mockstore.webhooks.remove("nope"),
        lambda: mockstore.webhooks.recover("nope"),
        lambda: mockstore.webhooks["nope"],
    ]
    for call in calls:
        with pytest.raises(NotFoundError, match="no webhook 'nope'"):
            call()


def test_an_overlap_cannot_be_negative(mockstore: Mockstore) -> None:
    webhook = mockstore.subscribe(URL)

    with pytest.raises(InvalidInputError, match="overlap is -1 s; it must be from 0 to 36500 days"):
        mockstore.rotate_secret(webhook, overlap=timedelta(seconds=-1))


def test_an_app_needs_a_path_that_starts_with_a_slash(mockstore: Mockstore) -> None:
    with pytest.raises(InvalidInputError, match="must start with a slash"):
        mockstore.subscribe(lambda _: None, path="hooks")


def test_after_a_rotation_without_overlap_the_new_secret_signs_alone(mockstore: Mockstore) -> None:
    inbox = mockstore.open_inbox()
    mockstore.rotate_secret(inbox.webhook, overlap=timedelta(hours=1))

    newest = mockstore.rotate_secret(inbox.webhook)
    mockstore.emit("pet.adopted")

    received = inbox.one()
    alone = hmac.new(newest.encode(), received.body, "sha256").hexdigest()
    assert received.header("X-Webhook-Signature") == f"sha256={alone}"
