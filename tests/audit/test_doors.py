"""The entry points of the audit: the command, and `assert_conforms` in a test."""

import asyncio
import json
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from mockstore import Mockstore
from mockstore.audit import rules
from mockstore.cli.app import mockstore as root
from mockstore.errors import AsyncConsumerError
from tests.audit.conftest import SECRET, Consumer, served

ROOT = Path(__file__).parents[2]
ONE_OF_EACH = [
    "signature.genuine",
    "signature.missing_signature",
    "duplicates.duplicate",
    "replay_window.stale_timestamp",
]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(root, ["audit", *arguments], prog_name="mockstore")


def wanted(ids: list[str]) -> Iterator[str]:
    for id_ in ids:
        yield from ("--rule", id_)


def test_a_consumer_that_conforms_ends_with_0(careful_one: Consumer) -> None:
    with served(careful_one) as url:
        result = run(f"{url}/hooks", "--secret", SECRET, "--probe-url", f"{url}/effects")

    assert result.exit_code == 0
    assert result.stdout.count("✓") == len(rules())
    assert result.stdout.endswith(f"{url}/hooks: {len(rules())} passed\n")


def test_one_that_does_not_ends_with_1_and_what_to_change(careless_one: Consumer, tmp_path: Path) -> None:
    junit, page = tmp_path / "report.xml", tmp_path / "report.html"
    with served(careless_one) as url:
        told = ["--secret", SECRET, "--probe-url", f"{url}/effects", "--junit", str(junit), "--html", str(page)]
        result = run(f"{url}/hooks", *told, *wanted(ONE_OF_EACH))

    assert result.exit_code == 1
    assert "change:      A good consumer recognises the event's id" in result.stdout
    assert "1 passed, 2 failed, 1 not judged" in result.stdout
    assert len(list(ET.parse(junit).iter("failure"))) == 2  # noqa: S314 - it was written here
    assert page.read_text().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_an_audit_that_judged_nothing_is_no_pass(careful_one: Consumer, form: tuple[str, ...]) -> None:
    with served(careful_one) as url:
        result = run(f"{url}/hooks", "--secret", SECRET, "--rule", "duplicates.duplicate", *form)

    assert result.exit_code == 2
    assert (
        form or "1 not judged; without a probe of side effects nothing was counted; that says nothing" in result.stdout
    )


def test_json_is_for_programs(careless_one: Consumer) -> None:
    with served(careless_one) as url:
        result = run(f"{url}/hooks", "--secret", SECRET, "--json", *wanted(ONE_OF_EACH))

    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert [finding["rule"] for finding in told["findings"]] == ONE_OF_EACH
    assert told["counts"] == {"passed": 1, "failed": 1, "not judged": 2}


def test_a_command_can_be_the_probe(careful_one: Consumer) -> None:
    with served(careful_one) as url:
        code = f"import urllib.request as r; print(r.urlopen('{url}/effects').read().decode())"
        probe = f'{sys.executable} -c "{code}"'
        result = run(f"{url}/hooks", "--secret", SECRET, "--probe-command", probe, "--event", "payment.succeeded",
                     *wanted(["duplicates.duplicate"]))  # fmt: skip

    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param(["http://127.0.0.1:9/x", "--secret", SECRET], "connection refused", id="nobody there"),
        pytest.param(["nowhere", "--secret", SECRET], "is no URL to deliver to", id="no URL"),
        pytest.param(["django", "--secret", SECRET], "must be a URL", id="an app"),
        pytest.param(["http://127.0.0.1:9/x"], "--secret", id="no secret"),
        pytest.param(
            ["http://127.0.0.1:9/x", "--secret", SECRET, "--probe-url", "http://x.test", "--probe-command", "x"],
            "two probes",
            id="two probes",
        ),
        pytest.param(["http://127.0.0.1:9/x", "--secret", SECRET, "--rule", "x"], "unknown rule 'x'", id="no rule"),
    ],
)
def test_what_cannot_be_audited_ends_with_2_and_one_line(arguments: list[str], error: str) -> None:
    result = run(*arguments)

    assert result.exit_code == 2
    assert error in result.stderr
    assert result.stderr.count("\n") == 1


def nothing_there(_environ: object, start_response: Callable[..., Any]) -> list[bytes]:
    start_response("404 Not Found", [("Content-Length", "0")])
    return [b""]


def test_where_there_is_no_endpoint_one_line_says_so() -> None:
    with served(Consumer(nothing_there, dict)) as url:
        result = run(f"{url}/hooks", "--secret", SECRET)

    assert result.exit_code == 2
    assert f"{url}/hooks answers 404 to every genuine event" in result.stderr
    assert (result.stdout, result.stderr.count("\n")) == ("", 1)


def test_a_consumer_that_never_answers_in_time_ends_it_early() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/hooks"
        result = run(url, "--secret", SECRET, "--timeout", "0.1s")

    assert result.exit_code == 2
    assert f"no answer from {url} within 0.1 s" in result.stderr
    assert result.stdout == ""


def test_an_async_test_is_told_to_audit_from_a_plain_one() -> None:
    async def consumer(_: object) -> int:
        return 204

    async def audit() -> None:
        with Mockstore.in_process() as mock:
            mock.assert_conforms(consumer, secret=SECRET)

    with pytest.raises(AsyncConsumerError, match="call it from a plain `def` test"):
        asyncio.run(audit())


def test_in_a_test_each_rule_is_a_subtest(pytester: pytest.Pytester) -> None:
    report = pytester.runpytest_inprocess("-v", *_audit_test_arguments(pytester, "careless", ONE_OF_EACH))

    heads = [line.strip("_ ") for line in report.outlines if line.startswith("___")]
    assert heads == ["test_it [signature.missing_signature]", "test_it [duplicates.duplicate]", "test_it"]
    report.stdout.fnmatch_lines(["*came back:*the work was done more than once*"])
    report.stdout.fnmatch_lines(["*SUBSKIPPED (a fres*"])


def test_in_a_test_a_consumer_that_conforms_passes(pytester: pytest.Pytester) -> None:
    report = pytester.runpytest_inprocess(*_audit_test_arguments(pytester, "careful", []))

    assert report.ret == 0


def _audit_test_arguments(pytester: pytest.Pytester, module: str, ids: list[str]) -> list[str]:
    """Write a test that audits a consumer; return the command-line arguments of pytest."""
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.syspathinsert(ROOT)
    pytester.makepyfile(f"""
        from examples.audited.{module} import Shop, make_app

        def test_it(mockstore):
            shop = Shop()
            app = make_app({SECRET!r}, shop)
            mockstore.assert_conforms(app, secret={SECRET!r}, probe=shop.effects, rules={ids!r})
    """)
    return ["-p", "no:randomly", "-p", "no:django", "-p", "no:cacheprovider"]


def test_without_subtests_one_assertion_lists_all_that_failed(careless_one: Consumer) -> None:
    with Mockstore.in_process() as mock:
        with pytest.raises(AssertionError) as raised:
            mock.assert_conforms(careless_one.app, secret=SECRET, probe=careless_one.effects, rules=ONE_OF_EACH)

        assert len(mock.deliveries) == 0
    assert "✗ signature.missing_signature" in str(raised.value)
    assert "✗ duplicates.duplicate" in str(raised.value)
    assert "✓" not in str(raised.value)


def test_what_conforms_is_returned(careful_one: Consumer) -> None:
    with Mockstore.in_process() as mock:
        audit = mock.assert_conforms(careful_one.app, secret=SECRET, probe=careful_one.effects)

    assert len(audit.findings) == len(rules())
