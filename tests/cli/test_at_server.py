"""The commands that send requests to a running mock."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from click.testing import Result

from mockstore.answers import answers
from mockstore.cli.receiver import Scripted
from mockstore.model import Json
from mockstore.signing import mask

if TYPE_CHECKING:
    from tests.cli.conftest import Listening

Run = Callable[..., Result]
Listen = Callable[..., "Listening"]


def json_of(result: Result) -> Json:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def registered(at_server: Run, shop: "Listening", *options: str) -> Json:
    made = json_of(at_server("webhooks", "add", shop.url, *options, "--json"))
    shop.receiver.secret = made["secret"]
    return made


def test_a_webhook_is_registered_and_its_secret_shown_this_once(at_server: Run) -> None:
    made = at_server(
        "webhooks", "add", "http://127.0.0.1:9/hooks", "--events", "pet.*,order.created", "--secret", "s" * 40
    )

    assert made.exit_code == 0
    head, _, *details = made.stdout.splitlines()
    assert head == "http://127.0.0.1:9/hooks  active"
    assert details == [
        "  events      pet.*, order.created",
        f"  secret      {'s' * 40}",
        "  createdAt   2025-01-06T12:00:00Z",
    ]
    assert "s" * 40 not in at_server("webhooks").output
    assert mask("s" * 40) in at_server("webhooks").output


def test_webhooks_are_listed_in_columns(at_server: Run) -> None:
    first = json_of(at_server("webhooks", "add", "http://127.0.0.1:9/a", "--events", "pet.*", "--json"))
    at_server("webhooks", "add", "http://127.0.0.1:9/b", "--description", "books")

    head, row, other = at_server("webhooks").stdout.splitlines()

    assert head.split() == ["ID", "STATUS", "EVENTS", "SECRET", "URL"]
    assert row.split() == [first["id"], "active", "pet.*", mask(first["secret"]), "http://127.0.0.1:9/a"]
    assert other.endswith("http://127.0.0.1:9/b")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        pytest.param(["webhooks"], "no webhooks; register one: mockstore webhooks add URL\n", id="webhooks"),
        pytest.param(["deliveries"], "no deliveries\n", id="deliveries"),
        pytest.param(["events"], "no events\n", id="events"),
    ],
)
def test_a_new_mock_has_nothing(command: list[str], words: str, at_server: Run) -> None:
    assert at_server(*command).stdout == words
    assert json_of(at_server(*command, "--json"))["data"] == []


def test_what_is_named_is_changed_and_nothing_else(at_server: Run, listening: Listen) -> None:
    made = registered(at_server, listening())

    changed = json_of(
        at_server("webhooks", "update", made["id"], "--events", "pet.*", "--description", "pets", "--json")
    )

    assert (changed["events"], changed["description"], changed["url"]) == (["pet.*"], "pets", made["url"])
    assert json_of(at_server("webhooks", "show", made["id"], "--json")) == changed


def test_rotation_shows_the_new_secret(at_server: Run, listening: Listen) -> None:
    made = registered(at_server, listening())

    rotated = json_of(at_server("webhooks", "rotate", made["id"], "--overlap", "1h", "--json"))

    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != made["secret"]


def test_an_event_is_emitted_and_its_delivery_shown(at_server: Run, listening: Listen) -> None:
    shop = listening()
    registered(at_server, shop)

    result = at_server("emit", "pet.adopted", "--set", "data.pet.name=Rex", "--set", "pet.species=DOG")

    assert result.exit_code == 0
    (received,) = shop.received
    assert received.ok
    head, delivery, attempt = result.stdout.splitlines()
    assert head.startswith(f"pet.adopted  {received.event['id']}  Rex (DOG) goes to ")
    assert delivery == f"  {shop.url}  delivered"
    assert attempt == "    12:00:00  +0 s          attempt 1   200 OK"


def test_a_forgery_that_was_accepted_ends_in_failure_and_is_exported_as_one(at_server: Run, listening: Listen) -> None:
    registered(at_server, listening(Scripted(answers("200"))))

    emitted = at_server("emit", "pet.adopted", "--fault", "wrong_secret")

    assert emitted.exit_code == 1
    lines = emitted.stdout.splitlines()
    assert lines[2] == "    on purpose: wrong_secret"
    assert lines[-1] == "    a good consumer answers otherwise: see mockstore faults"
    assert "pet.adopted with wrong_secret" in at_server("deliveries").stdout
    exported = at_server("export", "latest").stdout
    assert "fault=[faults.named('wrong_secret')]" in exported
    assert "event.delivery.assert_rejected()" in exported


def test_a_forgery_that_was_refused_ends_well(at_server: Run, listening: Listen) -> None:
    registered(at_server, listening(Scripted(answers("401"))))

    emitted = at_server("emit", "pet.adopted", "--fault", "wrong_secret")

    assert emitted.exit_code == 0
    assert "a good consumer answers otherwise" not in emitted.stdout


def test_an_event_that_nobody_wants_is_emitted_all_the_same(at_server: Run) -> None:
    result = at_server("emit", "pet.adopted")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == ["no webhook wants it; register one: mockstore webhooks add URL"]
    assert len(json_of(at_server("events", "--json"))["data"]) == 1


def test_many_events_are_emitted_in_batches(at_server: Run, listening: Listen) -> None:
    shop = listening()
    registered(at_server, shop)

    result = at_server("emit", "order.created", "--count", "205")

    assert result.stdout.splitlines() == [
        "205 events of order.created, 205 deliveries; the last 100:",
        "      100  delivered",
    ]
    assert json_of(at_server("deliveries", "--json"))["pagination"]["totalItems"] == 205


def test_a_retry_comes_when_the_clock_is_advanced(at_server: Run, listening: Listen) -> None:
    shop = listening(Scripted(answers("503,200")))
    registered(at_server, shop)

    emitted = at_server("emit", "order.created")
    advanced = at_server("clock", "advance", "1m")

    assert emitted.stdout.splitlines()[1:] == [
        f"  {shop.url}  pending",
        "    12:00:00  +0 s          attempt 1   503 Service Unavailable",
        "    12:01:00  +1 min        attempt 2   is due",
    ]
    assert advanced.stdout == "2025-01-06T12:01:00Z  frozen\n"
    assert [received.header("X-Webhook-Attempt") for received in shop.received] == ["1", "2"]


def test_a_broken_body_is_sent_when_that_is_wanted(at_server: Run, listening: Listen) -> None:
    shop = listening()
    registered(at_server, shop)

    refused = at_server("emit", "pet.adopted", "--body", "{")
    sent = at_server("emit", "pet.adopted", "--body", "@-", "--invalid", "--content-type", "text/plain", stdin=b"\xff{")

    assert (refused.exit_code, sent.exit_code) == (2, 0)
    assert refused.stderr == (
        "mockstore: the pet.adopted payload breaks its schema: body: is not JSON. "
        "To send it all the same, add --invalid\n"
    )
    (received,) = shop.received
    assert (received.outgoing.body, received.header("Content-Type")) == (b"\xff{", "text/plain")
    assert all(received.verdicts or [False])


def test_an_event_can_be_meant_for_one_webhook(at_server: Run, listening: Listen) -> None:
    one, other = listening(), listening()
    made = registered(at_server, one)
    registered(at_server, other)

    at_server("emit", "pet.adopted", "--webhook", made["id"])

    assert (len(one.received), len(other.received)) == (1, 0)


def test_deliveries_are_listed_and_filtered(at_server: Run, listening: Listen) -> None:
    shop, down = listening(), listening(Scripted(answers("500")))
    registered(at_server, shop)
    failing = registered(at_server, down, "--events", "pet.*")
    at_server("emit", "pet.adopted")
    at_server("emit", "order.created")

    head, *rows = at_server("deliveries").stdout.splitlines()
    pending = at_server("deliveries", "--state", "pending").stdout.splitlines()[1:]
    orders = json_of(at_server("deliveries", "list", "--type", "order.created", "--json"))
    failed = json_of(at_server("deliveries", "--webhook", failing["id"], "--json"))

    assert head.split() == ["ID", "CREATED", "EVENT", "STATE", "ATTEMPTS", "LAST", "URL"]
    assert len(rows) == 3
    assert [row.split()[2:6] for row in pending] == [["pet.adopted", "pending", "1", "500"]]
    assert [one["url"] for one in orders["data"]] == [shop.url]
    assert [one["url"] for one in failed["data"]] == [down.url]


def test_a_long_list_says_where_the_latest_are(at_server: Run, listening: Listen) -> None:
    registered(at_server, listening())
    at_server("emit", "pet.adopted", "--count", "5")

    first = at_server("deliveries", "--limit", "2").stdout.splitlines()
    last = at_server("deliveries", "--limit", "2", "--page", "3").stdout.splitlines()

    assert first[-1] == "page 1 of 3, oldest first; the latest: --page 3"
    assert (len(first), len(last)) == (4, 3)


def test_one_delivery_is_shown_with_request_and_reply(at_server: Run, listening: Listen) -> None:
    shop = listening(Scripted(answers("500")))
    registered(at_server, shop)
    (delivery,) = json_of(at_server("emit", "pet.adopted", "--json"))["data"][0]["deliveries"]

    shown = at_server("deliveries", "show", delivery["id"]).stdout.splitlines()

    assert shown[0].startswith(f"pet.adopted  event {delivery['eventId']}  webhook ")
    assert "  12:00:00  +0 s          attempt 1   500 Internal Server Error" in shown
    assert "The request of attempt 1" in shown
    assert "  X-Webhook-Attempt: 1" in shown
    assert shown[shown.index("What came back") + 1] == "  500 Internal Server Error"
    assert json_of(at_server("deliveries", "show", delivery["id"], "--json")) == delivery


def test_a_delivery_is_sent_again(at_server: Run, listening: Listen) -> None:
    shop = listening(Scripted(answers("500,200")))
    registered(at_server, shop)
    (delivery,) = json_of(at_server("emit", "pet.adopted", "--json"))["data"][0]["deliveries"]

    again = at_server("redeliver", delivery["id"])

    assert again.stdout.splitlines() == [
        f"pet.adopted  {delivery['id']}",
        f"{shop.url}  delivered",
        "  12:00:00  +0 s          attempt 1   500 Internal Server Error",
        "  12:00:00  +0 s          attempt 2   200 OK",
    ]
    assert shop.received[0].outgoing.body == shop.received[1].outgoing.body


def test_the_latest_delivery_is_sent_again_by_that_word(at_server: Run, listening: Listen) -> None:
    registered(at_server, listening(Scripted(answers("200"))))
    at_server("emit", "order.created")
    (delivery,) = json_of(at_server("emit", "pet.adopted", "--json"))["data"][0]["deliveries"]

    assert json_of(at_server("redeliver", "latest", "--json"))["id"] == delivery["id"]


def test_after_the_ladder_the_webhook_is_disabled_enabled_and_recovered(at_server: Run, listening: Listen) -> None:
    shop = listening(Scripted(answers("500,500,500,500,500,200")))
    made = registered(at_server, shop)
    at_server("emit", "pet.adopted")

    at_server("clock", "advance", "1h36m")
    disabled = at_server("webhooks").stdout
    enabled = at_server("webhooks", "enable", made["id"]).stdout
    recovered = at_server("webhooks", "recover", made["id"], "--since", "2025-01-06T12:00:00Z")

    assert f"{made['id']}  disabled" in disabled
    assert enabled.startswith(f"{shop.url}  active\n")
    assert recovered.stdout.splitlines()[0] == "1 delivery started anew"
    assert (
        at_server("webhooks", "recover", made["id"], "--since", "2030-01-01T00:00:00Z").stdout == "nothing to recover\n"
    )


def test_a_disabled_webhook_gets_nothing(at_server: Run, listening: Listen) -> None:
    shop = listening()
    made = registered(at_server, shop)

    disabled = json_of(at_server("webhooks", "disable", made["id"], "--json"))
    at_server("emit", "pet.adopted")

    assert disabled["status"] == "disabled"
    assert shop.received == []


def test_a_test_event_goes_to_the_webhook_alone(at_server: Run, listening: Listen) -> None:
    shop, other = listening(), listening()
    made = registered(at_server, shop, "--events", "order.*")
    registered(at_server, other)

    at_server("webhooks", "test", made["id"])
    at_server("webhooks", "test", made["id"], "--type", "payment.failed")

    assert [received.event["eventType"] for received in shop.received] == ["order.created", "payment.failed"]
    assert other.received == []


def test_a_deleted_webhook_is_gone(at_server: Run, listening: Listen) -> None:
    made = registered(at_server, listening())

    deleted = at_server("webhooks", "delete", made["id"])
    again = at_server("webhooks", "delete", made["id"])

    assert deleted.stdout == f"{made['id']} is deleted\n"
    assert (again.exit_code, again.stderr) == (2, f"mockstore: no webhook {made['id']!r}\n")


def test_events_are_listed_and_shown(at_server: Run, listening: Listen) -> None:
    shop = listening()
    registered(at_server, shop)
    (event,) = json_of(at_server("emit", "payment.failed", "--json"))["data"]

    head, row = at_server("events", "--type", "payment.failed").stdout.splitlines()
    shown = at_server("events", "show", event["id"]).stdout.splitlines()

    assert head.split() == ["ID", "TIMESTAMP", "EVENT", "DELIVERED", "ABOUT"]
    assert row.startswith(f"{event['id']}  2025-01-06T12:00:00Z  payment.failed  1 of 1     ")
    assert f'    "id": "{event["id"]}",' in shown
    assert f"{shop.url}  delivered" in shown


def test_the_clock_runs_and_stands_still(at_server: Run) -> None:
    assert at_server("clock").stdout == "2025-01-06T12:00:00Z  frozen\n"
    assert json_of(at_server("clock", "run", "--json"))["frozen"] is False
    assert json_of(at_server("clock", "freeze", "--json"))["frozen"] is True


def test_a_reset_forgets_everything(at_server: Run, listening: Listen, server: str) -> None:
    registered(at_server, listening())
    at_server("emit", "pet.adopted")

    assert at_server("reset").stdout == f"{server} is as new\n"
    assert json_of(at_server("reset", "--json")) == {"reset": True}
    assert json_of(at_server("deliveries", "--json"))["data"] == []


def test_tenants_do_not_see_each_other(at_server: Run) -> None:
    tenant = "019b4132-70aa-764f-b315-e2803d882a24"
    at_server("webhooks", "add", "http://127.0.0.1:9/", "--tenant", tenant)

    assert len(json_of(at_server("webhooks", "--tenant", tenant, "--json"))["data"]) == 1
    assert json_of(at_server("webhooks", "--json"))["data"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["emit", "pet.adoptd"], "did you mean 'pet.adopted'", id="unknown event type"),
        pytest.param(["emit", "pet.adopted", "--set", "pet.nmae=x"], "nearest: pet.name", id="unknown path"),
        pytest.param(["webhooks", "add", "localhost"], "is no URL to deliver to", id="no URL"),
        pytest.param(["webhooks", "add", "http://x/", "--events", "pet.adoptd"], "did you mean", id="unknown pattern"),
        pytest.param(["webhooks", "show", "none"], "no webhook 'none'", id="unknown webhook"),
        pytest.param(["webhooks", "update", "none"], "nothing to change", id="no change"),
        pytest.param(["deliveries", "show", "none"], "no delivery 'none'", id="unknown delivery"),
        pytest.param(["events", "show", "none"], "no event 'none'", id="unknown event"),
        pytest.param(["redeliver", "none"], "no delivery 'none'", id="unknown delivery to send again"),
        pytest.param(["webhooks", "--tenant", "me"], "'me' is no tenant", id="tenant that is no UUID"),
    ],
)
def test_a_refusal_is_one_line_and_code_2_and_nothing_is_registered(
    arguments: list[str], words: str, at_server: Run
) -> None:
    result = at_server(*arguments)

    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert result.stderr.startswith("mockstore: ")
    assert words in result.stderr
    assert json_of(at_server("webhooks", "--json"))["data"] == []
