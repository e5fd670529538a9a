"""`mockstore emit --to`: delivers directly to a receiver on loopback, without a running mock."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import Result

from mockstore.answers import answers
from mockstore.cli.receiver import Scripted
from mockstore.signing import verify

if TYPE_CHECKING:
    from tests.cli.conftest import Listening

Run = Callable[..., Result]
Listen = Callable[..., "Listening"]

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_an_event_arrives_signed_and_valid(run: Run, listening: Listen) -> None:
    shop = listening()
    shop.receiver.secret = SECRET

    result = run("emit", "pet.adopted", "--to", shop.url, "--secret", SECRET, "--set", "data.pet.name=Rex")

    assert result.exit_code == 0
    (received,) = shop.received
    assert received.ok
    assert received.event["data"]["pet"]["name"] == "Rex"
    head, delivery, attempt = result.stdout.splitlines()
    assert head.startswith(f"pet.adopted  {received.event['id']}  Rex (")
    assert delivery == f"  {shop.url}  delivered"
    assert attempt.endswith("  +0 s          attempt 1   200 OK")


def test_without_a_secret_one_is_made_and_shown(run: Run, listening: Listen) -> None:
    shop = listening()

    result = run("emit", "pet.adopted", "--to", shop.url)

    made = result.stdout.splitlines()[-1].removeprefix(
        "signed with a new secret, which a receiver needs to verify it: "
    )
    assert made.startswith("whsec_")
    assert verify(shop.received[0].outgoing.body, shop.received[0].outgoing.headers, made)


def test_json_is_the_event_with_its_delivery(run: Run, listening: Listen) -> None:
    shop = listening()

    document = json.loads(run("emit", "order.created", "--to", shop.url, "--json").stdout)

    (event,) = document["data"]
    assert document["count"] == 1
    assert event["payload"] == shop.received[0].event
    assert [delivery["state"] for delivery in event["deliveries"]] == ["delivered"]
    assert verify(
        event["body"].encode(), event["deliveries"][0]["attempts"][0]["request"]["headers"], document["secret"]
    )


@pytest.mark.parametrize(
    ("answer", "ending"),
    [
        pytest.param("503", "attempt 1   503 Service Unavailable", id="refused"),
        pytest.param("reset", "broke the connection before the answer was complete", id="reset"),
        pytest.param("timeout", "no answer from 127.0.0.1", id="timeout"),
    ],
)
def test_one_attempt_is_made_and_its_failure_is_code_1(answer: str, ending: str, run: Run, listening: Listen) -> None:
    shop = listening(Scripted(answers(answer)))

    result = run("emit", "pet.adopted", "--to", shop.url, "--secret", SECRET, "--timeout", "0.2s")

    assert result.exit_code == 1
    assert ending in result.stdout
    assert len(shop.received) == 1


def test_many_events_are_counted_by_how_they_ended(run: Run, listening: Listen) -> None:
    shop = listening(Scripted(answers("503,500,503,200")))

    result = run("emit", "pet.adopted", "--to", shop.url, "--secret", SECRET, "--count", "7")

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"7 events of pet.adopted to {shop.url}",
        "        4  200 OK",
        "        2  503 Service Unavailable",
        "        1  500 Internal Server Error",
    ]
    assert len({received.event["id"] for received in shop.received}) == 7


def test_the_same_seed_makes_the_same_data(run: Run, listening: Listen) -> None:
    shop = listening()

    for seed in ("7", "7", "8"):
        run("emit", "pet.adopted", "--to", shop.url, "--seed", seed)

    names = [received.event["data"]["adopter"]["name"] for received in shop.received]
    assert names[0] == names[1] != names[2]


def test_both_schemes_sign_when_both_are_asked_for(run: Run, listening: Listen) -> None:
    shop = listening()
    shop.receiver.secret = SECRET

    run("emit", "pet.adopted", "--to", shop.url, "--secret", SECRET, "--signatures", "petstore, standard-webhooks")

    assert [verdict.ok for verdict in shop.received[0].verdicts or ()] == [True, True]


def test_data_comes_from_text_from_a_file_and_from_the_standard_input(
    run: Run, listening: Listen, tmp_path: Path
) -> None:
    shop, file = listening(), tmp_path / "data.json"
    file.write_text('{"pet": {"name": "Ada"}}')

    run("emit", "pet.adopted", "--to", shop.url, "--data", '{"pet": {"name": "Rex", "species": "CAT"}}')
    run("emit", "pet.adopted", "--to", shop.url, "--data", f"@{file}", "--set", "pet.species=BIRD")
    run("emit", "pet.adopted", "--to", shop.url, "--data", "@-", stdin=b'{"pet": {"name": "Bo"}}')

    pets = [received.event["data"]["pet"] for received in shop.received]
    assert [pet["name"] for pet in pets] == ["Rex", "Ada", "Bo"]
    assert [pet["species"] for pet in pets[:2]] == ["CAT", "BIRD"]


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        pytest.param("{", b"{", id="broken JSON"),
        pytest.param("@-", b"\xff\x00\r\n", id="bytes"),
    ],
)
def test_any_body_is_sent_as_it_stands(body: str, sent: bytes, run: Run, listening: Listen) -> None:
    shop = listening()
    shop.receiver.secret = SECRET

    result = run("emit", "pet.adopted", "--to", shop.url, "--secret", SECRET, "--body", body, "--invalid", stdin=sent)

    assert result.exit_code == 0
    assert shop.received[0].outgoing.body == sent
    assert all(shop.received[0].verdicts or [False])


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        pytest.param(
            ["--set", "pet.nmae=Rex"],
            "no member at 'pet.nmae'; nearest: pet.name, adopter.name, pet.id. To send it all the same, add --invalid",
            id="unknown path",
        ),
        pytest.param(
            ["--set", "data.pet.name"],
            "'data.pet.name' sets nothing: write path=value, such as data.pet.name=Rex",
            id="no assignment",
        ),
        pytest.param(
            ["--body", '{"id": "019b4132-70aa-764f-b315-e2803d882a24"}'],
            "the pet.adopted payload breaks its schema: eventType: is missing; timestamp: is missing; "
            "data: is missing. To send it all the same, add --invalid",
            id="invalid body",
        ),
        pytest.param(
            ["--data", '{"pet":\n  {name: 1}}'],
            "--data is no JSON: Expecting property name enclosed in double quotes at line 2, column 4 "
            "(see `mockstore emit --help`)",
            id="bad JSON",
        ),
        pytest.param(
            ["--data", "[]"],
            '--data must be a JSON object, for instance {"pet": {"name": "Rex"}} (see `mockstore emit --help`)',
            id="no object",
        ),
        pytest.param(
            ["--data", "[" * 100_000],
            "--data is no JSON that can be read: it is nested too deeply (see `mockstore emit --help`)",
            id="nested too deeply",
        ),
        pytest.param(
            ["--data", "@nowhere.json"],
            "--data: cannot read 'nowhere.json': No such file or directory (see `mockstore emit --help`)",
            id="missing file",
        ),
        pytest.param(
            ["--body", "x", "--set", "a=1"],
            "--body is sent as it stands; leave --set and --data out (see `mockstore emit --help`)",
            id="body and more",
        ),
        pytest.param(
            ["--webhook", "1"],
            "--to asks no mock; leave --webhook, --tenant and --no-wait out (see `mockstore emit --help`)",
            id="what needs a mock",
        ),
        pytest.param(
            ["--signatures", "md5"],
            "unknown signature scheme 'md5'; known schemes: petstore, standard-webhooks",
            id="unknown scheme",
        ),
        pytest.param(["--secret", ""], "the secret must be a text that is not empty", id="empty secret"),
    ],
)
def test_a_mistake_gets_one_line_and_nothing_is_sent(
    arguments: list[str], line: str, run: Run, listening: Listen
) -> None:
    shop = listening()

    result = run("emit", "pet.adopted", "--to", shop.url, *arguments)

    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"mockstore: {line}\n")
    assert shop.received == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["pet.lost", "--to", "http://127.0.0.1:9"], "unknown event type 'pet.lost'", id="type"),
        pytest.param(["pet.adopted", "--to", "ftp://x"], "its scheme is 'ftp', allowed: http, https", id="scheme"),
        pytest.param(["pet.adopted", "--to", "http://x:y"], "'http://x:y' is no URL to deliver to", id="port"),
        pytest.param(["pet.adopted", "--secret", "s"], "go with --to; a mock has its own", id="secret without a URL"),
        pytest.param(["pet.adopted", "--seed", "1"], "--seed goes with --to", id="seed without a URL"),
        pytest.param(["pet.adopted", "--count", "0"], "0 is not in the range", id="count"),
    ],
)
def test_what_makes_no_sense_is_code_2_in_one_line(arguments: list[str], words: str, run: Run) -> None:
    result = run("emit", *arguments)

    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert words in result.stderr


def test_nobody_there_is_code_1(run: Run, listening: Listen) -> None:
    shop = listening()
    shop.close()

    result = run("emit", "pet.adopted", "--to", shop.url, "--secret", SECRET)

    assert result.exit_code == 1
    assert "unreachable  connection refused by 127.0.0.1:" in result.stdout
