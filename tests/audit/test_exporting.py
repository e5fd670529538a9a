"""A delivery is exported as a test that runs, without private data."""

import ast
import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mockstore import Mockstore
from mockstore.cli.app import mockstore as root
from mockstore.cli.client import Client
from mockstore.errors import InvalidInputError
from mockstore.exporting import Form, Recorded, exported, read_cassette, redacted
from mockstore.settings import Settings
from mockstore.web.serve import serving
from tests.audit.conftest import SECRET

ROOT = Path(__file__).parents[2]
QUIET = ["-p", "no:randomly", "-p", "no:django", "-p", "no:cacheprovider"]


@pytest.fixture
def mock() -> Iterator[Mockstore]:
    with Mockstore.in_process(strict=False) as made:
        yield made


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], pytest.RunResult]:
    """Return a function that runs an exported test file with one of the two consumers."""
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.syspathinsert(ROOT)
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)

    def suite(text: str, module: str) -> pytest.RunResult:
        pytester.makepyfile(
            under_test=f"from examples.audited.{module} import Shop, make_app\napp = make_app({SECRET!r}, Shop())"
        )
        pytester.makepyfile(test_exported=text)
        return pytester.runpytest_inprocess(*QUIET, "test_exported.py")

    return suite


@pytest.mark.parametrize(
    ("event_type", "fault", "careless"),
    [
        pytest.param("order.created", [], {"passed": 1}, id="genuine"),
        pytest.param("payment.succeeded", "ack_lost", {"passed": 1}, id="ack lost"),
        pytest.param("order.created", "reserialised_body", {"failed": 1}, id="forgery"),
        pytest.param("order.created", "gzip", {"failed": 1}, id="survived"),
        pytest.param("order.created", ["escaped_unicode", "ack_lost"], {"failed": 1}, id="two faults"),
    ],
)
def test_the_pytest_file_runs_as_it_stands(
    mock: Mockstore,
    suite: Callable[[str, str], pytest.RunResult],
    event_type: str,
    fault: str | list[str],
    careless: dict[str, int],
) -> None:
    mock.open_inbox()
    text = mock.emit(event_type, fault=fault).delivery.export(app="under_test:app")

    suite(text, "careful").assert_outcomes(passed=1)
    suite(text, "careless").assert_outcomes(**careless)


def test_many_deliveries_are_one_file(mock: Mockstore, suite: Callable[[str, str], pytest.RunResult]) -> None:
    mock.open_inbox()
    mock.orders.place(mock.pets.add()).pay()

    text = mock.deliveries.export(app="under_test:app")

    suite(text, "careful").assert_outcomes(passed=len(mock.deliveries))


@pytest.mark.parametrize(
    ("app", "subscribed"),
    [
        pytest.param("shop.web:app", "mockstore.subscribe(app, ", id="an app"),
        pytest.param("shop.web:create_app", "mockstore.subscribe(create_app(), ", id="a factory by its name"),
        pytest.param("shop.web:the_shop()", "mockstore.subscribe(the_shop(), ", id="a factory, as init takes it"),
    ],
)
def test_what_makes_an_app_is_called(mock: Mockstore, app: str, subscribed: str) -> None:
    mock.open_inbox()
    text = mock.emit("order.created").delivery.export(app=app)

    assert subscribed in text
    assert f"from shop.web import {app.partition(':')[2].removesuffix('()')}\n" in text


def test_without_an_app_the_file_asks_for_a_fixture(mock: Mockstore) -> None:
    mock.open_inbox()
    text = mock.emit("order.created").delivery.export()

    ast.parse(text)
    assert "The fixture `consumer` is yours" in text
    assert "import" not in text


def test_a_cassette_is_signed_afresh_when_it_is_replayed(mock: Mockstore, tmp_path: Path) -> None:
    mock.open_inbox()
    mock.emit("pet.adopted", fault="ack_lost")
    mock.emit("order.created", body=b"\xff\xfe", invalid=True)
    path = tmp_path / "two.json"
    path.write_text(mock.deliveries.export("cassette"))

    with Mockstore.in_process(strict=False) as other:
        inbox = other.open_inbox()
        events = other.replay(path)
        other.advance(hours=3)

        assert [event.type for event in events] == ["pet.adopted", "order.created"]
        assert [one.type for one in inbox].count("pet.adopted") == 2
        assert all(one.signature.ok for one in inbox)
        assert events[1].body == b"\xff\xfe"


@pytest.mark.parametrize("form", ["pytest", "cassette"])
def test_nothing_private_is_exported(mock: Mockstore, form: Form) -> None:
    inbox = mock.open_inbox()
    event = mock.emit(
        "pet.adopted", {"adopter.name": "Ada Park", "adopter.email": "ada@example.com", "pet.name": "Rex"}
    )

    text = event.delivery.export(form)

    received = inbox.one("pet.adopted")
    private = ["Ada Park", "ada@example.com", inbox.webhook.secret, str(received.header("X-Webhook-Signature"))]
    assert [word for word in private if word in text] == []
    assert "Rex" in text


def test_a_body_without_private_data_keeps_its_bytes() -> None:
    assert redacted(b'{ "id" : 1.50 }') == b'{ "id" : 1.50 }'
    assert redacted(b"no JSON") == b"no JSON"
    assert json.loads(redacted(b'{"customer":{"name":"A"},"pet":{"name":"B"},"last4":"4242","phone":null}')) == {
        "customer": {"name": "Redacted"},
        "pet": {"name": "B"},
        "last4": "0000",
        "phone": None,
    }


@pytest.mark.parametrize(
    ("found", "keywords", "error"),
    [
        pytest.param([], {"as_": "pytest"}, "nothing to export", id="nothing"),
        pytest.param(
            [Recorded("a", b"")], {"as_": "yaml"}, "unknown form 'yaml'; allowed: pytest, cassette", id="form"
        ),
        pytest.param([Recorded("a", b"")], {"as_": "pytest", "app": "shop; x"}, "is no app; write", id="app"),
    ],
)
def test_what_cannot_be_exported_is_refused(found: list[Recorded], keywords: dict[str, Any], error: str) -> None:
    with pytest.raises(InvalidInputError, match=error):
        exported(found, **keywords)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cassette": 2}', '{"cassette": 1, "deliveries": [{}]}', "[" * 5000])
def test_what_is_no_cassette_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="cassette"):
        read_cassette(text)


def test_a_file_that_is_not_there_is_no_cassette(mock: Mockstore) -> None:
    with pytest.raises(InvalidInputError, match=r"cannot read 'nowhere\.json'"):
        mock.replay("nowhere.json")


def test_the_command_exports_the_exact_bytes() -> None:
    body = b'{"name": "Zo\xe9"}'
    with serving(Settings(port=0, clock="virtual")) as (server, _), Client(server.url) as client:
        client.post("/v1/webhooks", {"url": "http://127.0.0.1:9/hooks", "events": ["*"]})
        emission = {"type": "order.created", "bodyBase64": b64encode(body).decode(), "invalid": True}
        event = client.post("/_mockstore/emit", emission)["data"][0]
        told = ["export", "latest", "--server", server.url, "--as", "cassette"]
        result = CliRunner().invoke(root, told, prog_name="mockstore", catch_exceptions=False)

    [one] = read_cassette(result.stdout)
    assert one.body == body
    assert event["body"] == '{"name": "Zo\N{REPLACEMENT CHARACTER}"}'


def test_the_command_exports_what_a_running_mock_has_sent(tmp_path: Path) -> None:
    with serving(Settings(port=0, clock="virtual")) as (server, _), Client(server.url) as client:
        client.post("/v1/webhooks", {"url": "http://127.0.0.1:9/hooks", "events": ["*"]})
        client.post("/_mockstore/emit", {"type": "order.created"})
        delivery = client.get("/_mockstore/deliveries")["data"][0]
        path = tmp_path / "one.json"

        def run(*arguments: str) -> str:
            told = ["export", delivery["id"], "--server", server.url, *arguments]
            result = CliRunner().invoke(root, told, prog_name="mockstore", catch_exceptions=False)
            assert result.exit_code == 0, result.output
            return result.stdout

        run("--as", "cassette", "--output", str(path))
        shown, for_programs = run("--app", "shop.web:app"), json.loads(run("--json"))

    [one] = read_cassette(path.read_text())
    assert one.event_type == "order.created"
    assert "from shop.web import app" in shown
    ast.parse(for_programs["text"])
