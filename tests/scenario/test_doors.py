"""A scenario has the same result from the shell, over HTTP, through a server from the shell, and in pytest."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from click.testing import Result as Ran
from flask.testing import FlaskClient

from mockstore import Mockstore
from mockstore.cli.app import mockstore as root
from mockstore.model import Json
from mockstore.scenario import ScenarioFailedError, load, names, playing, text_of
from mockstore.scenario.documents import result_document
from mockstore.settings import Settings
from mockstore.tenants import Tenants
from mockstore.web.app import create_app
from mockstore.web.serve import serving

Run = Callable[..., Ran]

PASSING = """\
name: shop
webhooks: {shop: {answers: [503, 200]}}
steps:
  - emit: pet.adopted
    as: event
  - expect: {event: "${event.id}", answers: [503, 200], within: 1m}
"""
FAILING = PASSING.replace("[503, 200], within", "[503, 503], within")
BROKEN = PASSING + "  - order.ship: nowhere\n"
MISTAKEN = PASSING.replace("emit:", "emmit:").replace("within:", "whithin:")
SETTING = PASSING.replace("steps:", "settings: {schedule: [7s]}\nsteps:")


@pytest.fixture
def run() -> Run:
    runner = CliRunner(env={"MOCKSTORE_SERVER": None, "NO_COLOR": None})
    return lambda *arguments: runner.invoke(root, arguments, prog_name="mockstore")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "shop.yaml"
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def client() -> Iterator[FlaskClient]:
    settings = Settings(port=0, clock="virtual")
    with Tenants(settings) as tenants:
        yield create_app(tenants, settings).test_client()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving(Settings(port=0, clock="virtual")) as (running, _):
        yield running.url


def _document(name: str) -> Json:
    with playing(load(name)) as play:
        return result_document(play.run())


# ---- the same everywhere --------------------------------------------------------------------


@pytest.mark.parametrize("name", names())
def test_the_shell_and_http_give_the_same_result(name: str, run: Run, client: FlaskClient) -> None:
    from_shell = json.loads(run("play", name, "--json").stdout)
    over_http = client.post("/_mockstore/scenarios", json={"scenario": name}).get_json()

    assert from_shell == over_http == json.loads(json.dumps(_document(name)))


@pytest.mark.parametrize("name", [name for name in names() if name != "burst-of-a-thousand"])
def test_pytest_gives_the_same_verdicts(name: str) -> None:
    with Mockstore.in_process(strict=False) as mockstore:
        result = mockstore.play(name)

    told = result_document(result)
    assert told["expectations"] == _document(name)["expectations"]


def test_a_server_plays_what_the_shell_hands_it(run: Run, write: Callable[[str], str], server: str) -> None:
    here, there = run("play", write(PASSING)), run("play", write(PASSING), "--server", server)

    assert there.exit_code == 0
    assert there.stdout == here.stdout


# ---- the shell ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "end"),
    [
        pytest.param(PASSING, 0, "shop: passed, 1 expectation held\n", id="passed"),
        pytest.param(FAILING, 1, "shop: failed, 1 of 1 expectation did not hold\n", id="failed"),
        pytest.param(BROKEN, 2, "steps[2].order.ship: no order 'nowhere'\n", id="broken"),
    ],
)
def test_the_exit_code_says_how_it_went(run: Run, write: Callable[[str], str], text: str, code: int, end: str) -> None:
    ran = run("play", write(text))

    assert (ran.exit_code, ran.stdout[-len(end) :]) == (code, end)


def test_mistakes_are_printed_a_line_each(run: Run, write: Callable[[str], str]) -> None:
    path = write(MISTAKEN)

    ran = run("play", path)

    assert ran.exit_code == 2
    assert [line.partition(": ")[0] for line in ran.stderr.splitlines()] == [f"{path}:4", f"{path}:6"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["ack-lots"], "unknown scenario 'ack-lots': did you mean 'ack-lost'? allowed: ack-lost,", id="name"
        ),
        pytest.param(
            ["outage"], "unknown scenario 'outage': did you mean 'outage-and-recovery'? allowed: ", id="part of a name"
        ),
        pytest.param(["nowhere/shop.yaml"], "the scenario nowhere/shop.yaml cannot be read: No such file", id="file"),
        pytest.param(["ack-lost", "--secret", "x"], "--secret is for shop, and no --to is", id="a secret alone"),
        pytest.param(
            ["ack-lost", "--set", "x=1"],
            "ack-lost.yaml:1: variables: unknown variable 'x': allowed: none",
            id="a variable",
        ),
        pytest.param(
            ["outage-and-recovery", "--set", "first"], "'first' sets nothing: write path=value", id="no value"
        ),
        pytest.param(
            ["ack-lost", "--server", "http://127.0.0.1:1"], "no mockstore answers at http://127.0.0.1:1", id="no server"
        ),
        pytest.param(["ack-lost", "--junit", "/nowhere/x.xml"], "--junit: cannot write /nowhere/x.xml", id="no folder"),
        pytest.param(
            ["disabled-and-recovered", "--to", "http://127.0.0.1:1/"],
            "steps[9].answer: shop is a live consumer here, which cannot be told what to answer",
            id="a consumer that is told what to answer",
        ),
    ],
)
def test_what_cannot_be_played_is_told_in_one_line(run: Run, arguments: list[str], message: str) -> None:
    ran = run("play", *arguments)

    assert ran.exit_code == 2
    assert message in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_junit_is_written_beside(run: Run, write: Callable[[str], str], tmp_path: Path) -> None:
    run("play", write(FAILING), "--junit", str(tmp_path / "report.xml"))

    suites = ET.parse(tmp_path / "report.xml").getroot()  # noqa: S314 - our own XML
    assert [suite.get("failures") for suite in suites] == ["1"]


def test_a_variable_is_set(run: Run) -> None:
    told = json.loads(run("play", "outage-and-recovery", "--set", "first=500", "--json").stdout)

    assert told["variables"] == {"first": 500}
    assert next(entry["status"] for entry in told["timeline"] if entry["kind"] == "attempt") == 500


@pytest.mark.parametrize("way", ["here", "there"])
def test_a_live_consumer_gets_what_a_receiver_would(run: Run, server: str, way: str) -> None:
    by = ["--server", server] if way == "there" else []

    ran = run("play", "ack-lost", "--to", f"{server}/_mockstore/inbox", "--secret", "whsec_c2hvcA==", *by)

    assert ran.exit_code == 0, ran.output
    assert f"shop is the live consumer at {server}/_mockstore/inbox" in ran.stdout


def test_the_ready_scenarios_are_listed_and_shown(run: Run) -> None:
    listed = run("scenarios").stdout

    assert [line.split()[0] for line in listed.splitlines()[1:]] == list(names())
    assert run("scenarios", "show", "ack-lost").stdout == text_of("ack-lost")
    assert [one["name"] for one in json.loads(run("scenarios", "--json").stdout)["data"]] == list(names())
    assert json.loads(run("scenarios", "schema").stdout)["title"] == "Mockstore scenario"


# ---- HTTP -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param(PASSING, "application/yaml", id="YAML"),
        pytest.param(json.dumps({"name": "shop", "steps": [{"emit": "pet.adopted"}]}), "application/json", id="JSON"),
        pytest.param(json.dumps({"scenario": PASSING}), "application/json", id="YAML in an envelope"),
    ],
)
def test_a_scenario_is_posted(client: FlaskClient, body: str, kind: str) -> None:
    answer = client.post("/_mockstore/scenarios", data=body, content_type=kind)

    told = answer.get_json()
    assert (answer.status_code, told["name"], told["passed"]) == (200, "shop", True)


def test_what_the_tenant_has_is_left_alone(client: FlaskClient) -> None:
    client.post("/_mockstore/scenarios", json={"scenario": "ack-lost"})

    health = client.get("/_mockstore/health?verbose").get_json()
    assert (health["events"], health["webhooks"], health["clock"]["now"]) == (0, 0, "2025-01-06T12:00:00Z")


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        pytest.param("", 400, "the body is empty", id="nothing"),
        pytest.param("name: [", 422, "body:1: no YAML at column 8", id="no YAML"),
        pytest.param(
            MISTAKEN, 422, "body:4: steps[0].emmit: unknown verb 'emmit': did you mean 'emit'?", id="mistakes"
        ),
        pytest.param({"scenario": "ack-lots"}, 422, "did you mean 'ack-lost'?", id="a name"),
        pytest.param(
            {"scenario": "/etc/hosts.yaml"}, 422, "unknown scenario '/etc/hosts.yaml'", id="a path is no name"
        ),
        pytest.param(
            {"scenario": "ack-lost", "to": {"shop": "http://x/"}}, 422, 'write {"url": "http://…"', id="a consumer"
        ),
        pytest.param(
            {"scenario": "ack-lost", "to": {"shpo": {"url": "http://x/"}}},
            422,
            "unknown webhook 'shpo': did you mean 'shop'? allowed: shop",
            id="a webhook",
        ),
        pytest.param({"scenario": "ack-lost", "variables": {"x": 1}}, 422, "unknown variable 'x'", id="a variable"),
        pytest.param({"scenario": "ack-lost", "seed": 1}, 422, "seed", id="an unknown member"),
    ],
)
def test_what_cannot_be_played_is_a_problem(client: FlaskClient, body: Json, status: int, detail: str) -> None:
    text, kind = (body, "application/yaml") if isinstance(body, str) else (json.dumps(body), "application/json")

    answer = client.post("/_mockstore/scenarios", data=text, content_type=kind)

    problem = json.loads(answer.data)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert detail in problem["detail"]


def test_the_ready_scenarios_are_served(client: FlaskClient) -> None:
    listed, one = client.get("/_mockstore/scenarios"), client.get("/_mockstore/scenarios/ack-lost")

    assert [each["name"] for each in listed.get_json()["data"]] == list(names())
    assert (one.text, one.mimetype) == (text_of("ack-lost"), "application/yaml")
    assert client.get("/_mockstore/scenarios/none").status_code == 404


# ---- pytest ---------------------------------------------------------------------------------

SHOP = """\
from pathlib import Path

import pytest

SHOP = Path(__file__).with_name("shop.yaml")


@pytest.fixture
def seen(mockstore):
    found = []
    mockstore.subscribe(lambda request: found.append(request.body), description="shop")
    return found
"""
INI = (
    "[pytest]\naddopts = -p no:cacheprovider -p no:randomly -p no:django\nasyncio_default_fixture_loop_scope = function"
)


@pytest.fixture
def run_tests(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    def run_tests(source: str, scenario: str = PASSING) -> pytest.RunResult:
        pytester.makefile(".ini", pytest=INI)
        pytester.makefile(".yaml", shop=scenario)
        pytester.makepyfile(test_shop=SHOP + dedent(source))
        return pytester.runpytest_inprocess()

    return run_tests


@pytest.mark.parametrize(
    ("source", "scenario"),
    [
        pytest.param(
            """
            @pytest.mark.mockstore(scenario="shop.yaml")
            def test_it(mockstore):
                assert mockstore.play.result.passed
                assert len(mockstore.deliveries) == 1
        """,
            PASSING,
            id="a file beside the test, before its body",
        ),
        pytest.param(
            """
            @pytest.mark.mockstore(scenario="ack-lost")
            def test_it(mockstore, seen):
                assert len(seen) == 3
        """,
            PASSING,
            id="a ready one, with an app that is subscribed by a fixture",
        ),
        pytest.param(
            """
            @pytest.mark.mockstore(scenario="shop.yaml")
            def test_it(mockstore):
                assert mockstore.provider.schedule.waits[0].seconds == 7
        """,
            SETTING,
            id="the head sets the mockstore up",
        ),
        pytest.param(
            """
            @pytest.mark.mockstore(scenario="shop.yaml", schedule=[3])
            def test_it(mockstore):
                assert mockstore.provider.schedule.waits[0].seconds == 3
        """,
            SETTING,
            id="a keyword of the mark goes over the head",
        ),
        pytest.param(
            """
            def test_it(mockstore):
                seen = []
                mockstore.play("duplicate-storm", to={"shop": lambda request: seen.append(request.body)})
                assert (len(seen), len(set(seen))) == (7, 3)
        """,
            PASSING,
            id="on a callable",
        ),
        pytest.param(
            """
            def test_it(mockstore, mockstore_inbox):
                mockstore.play("ack-lost", to=mockstore_inbox.webhook)
                mockstore_inbox.assert_types(["payment.succeeded"] * 3)
        """,
            PASSING,
            id="on a registration",
        ),
        pytest.param(
            """
            def test_it(mockstore):
                assert mockstore.play(SHOP).passed
                assert mockstore.play(SHOP).passed
        """,
            PASSING,
            id="twice",
        ),
        pytest.param(
            """
            def test_it(mockstore_server):
                assert mockstore_server.play("ack-lost").passed
        """,
            PASSING,
            id="on a server",
        ),
    ],
)
def test_a_test_plays_a_scenario(run_tests: Callable[..., pytest.RunResult], source: str, scenario: str) -> None:
    run_tests(source, scenario).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("source", "scenario", "lines"),
    [
        pytest.param(
            """
            @pytest.mark.mockstore(scenario="shop.yaml")
            def test_it(mockstore):
                raise RuntimeError("the body must not run")
        """,
            FAILING,
            [
                "*shop: failed, 1 of 1 expectation did not hold*",
                "*shop.yaml:6: event event: answers 503, 503 within 1m*",
                "*timeline:*",
            ],
            id="by the mark",
        ),
        pytest.param(
            """
            def test_it(mockstore):
                mockstore.play(SHOP)
        """,
            BROKEN,
            ["*shop: broken off after 1 expectation*", "*no order 'nowhere'*"],
            id="in the body",
        ),
        pytest.param(
            """
            def test_it(mockstore):
                mockstore.play(SHOP)
        """,
            SETTING,
            ["*shop.yaml:1: settings.schedule: this mockstore has another one; let the scenario set it up: *"],
            id="other rules",
        ),
        pytest.param(
            """
            def test_it(mockstore):
                mockstore.play("ack-lost", to=lambda request: 1 / 0)
        """,
            PASSING,
            ["*ZeroDivisionError*", "*raised while ack-lost.yaml:18 was played: emit*"],
            id="a consumer that raises",
        ),
    ],
)
def test_a_scenario_that_does_not_pass_fails_the_test(
    run_tests: Callable[..., pytest.RunResult], source: str, scenario: str, lines: list[str]
) -> None:
    result = run_tests(source, scenario)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(lines)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        pytest.param(
            '@pytest.mark.mockstore(scenario="ack-lots")\ndef test_it(mockstore): ...',
            "*test_shop.py:13: "
            "@pytest.mark.mockstore(scenario='ack-lots'): unknown scenario 'ack-lots': did you mean 'ack-lost'?*",
            id="a name",
        ),
        pytest.param(
            '@pytest.mark.mockstore(scenario="shop.yaml")\ndef test_it(mockstore): ...',
            "*shop.yaml:4: steps[[]0].emmit: unknown verb 'emmit': did you mean 'emit'?*",
            id="a file with mistakes",
        ),
        pytest.param(
            "@pytest.mark.mockstore(scenario=7)\ndef test_it(mockstore): ...",
            "*test_shop.py:13: *7 is no scenario: give a path or the name of one*",
            id="no scenario",
        ),
        pytest.param(
            '@pytest.mark.mockstore(scenario="ack-lost")\ndef test_it(mockstore_server): ...',
            "*mockstore_server takes no scenario: play it in the test: mockstore_server.play(…)*",
            id="a server",
        ),
    ],
)
def test_a_mark_that_names_no_scenario_is_an_error_at_its_line(
    run_tests: Callable[..., pytest.RunResult], source: str, line: str
) -> None:
    result = run_tests(source, MISTAKEN)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([line])


def test_a_failed_scenario_can_be_looked_at() -> None:
    with Mockstore.in_process(strict=False) as mockstore, pytest.raises(ScenarioFailedError) as failure:
        mockstore.play("ack-lost", to=lambda _request: 500)

    assert failure.value.result is mockstore.play.result
    assert [verdict.holds for verdict in failure.value.result.verdicts] == [False, False, False]


def test_a_consumer_that_knows_another_secret_is_told_how_to_say_it() -> None:
    with (
        Mockstore.in_process(strict=False) as mockstore,
        pytest.raises(ScenarioFailedError, match=r"answered 401: .* to=mockstore.subscribe\(app, secret=…\)"),
    ):
        mockstore.play("ack-lost", to=lambda _: 401)
