"""The command `mockstore load`, without sending anything."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from mockstore.cli.app import mockstore as root
from mockstore.errors import StartupError
from mockstore.load.fleet import check_system

Run = Callable[..., Result]
LOCAL = "http://127.0.0.1:9/"
SEE = " (see `mockstore load --help`)"


@pytest.fixture
def run() -> Run:
    """Return a function that runs the command in this process; its options must be refused before anything is sent."""
    return lambda *arguments: CliRunner().invoke(root, ["load", *arguments], prog_name="mockstore")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        pytest.param([], f"Missing option '--to': the URL of the consumer{SEE}", id="no consumer"),
        pytest.param(
            ["--to", "http://shop.example/webhooks"],
            f"shop.example is not this machine, and a load may stop it; if it is yours to load, add --yes{SEE}",
            id="another machine",
        ),
        pytest.param(
            ["--to", "http://127.0.0.1.shop.example/"],
            "127.0.0.1.shop.example is not this machine, and a load may stop it; if it is yours to load, "
            f"add --yes{SEE}",
            id="another machine that looks like this one",
        ),
        pytest.param(
            ["--to", "localhost:5000"],
            "--to: no usable URL: 'localhost:5000'; it must start with http:// or https:// and name a host",
            id="no URL",
        ),
        pytest.param(
            ["--to", LOCAL, "--rate", "fast"],
            f"Invalid value for '--rate': 'fast' is no rate; write for instance 200/s or 6000/m{SEE}",
            id="no rate",
        ),
        pytest.param(
            ["--to", LOCAL, "--rate", "0/s"],
            f"Invalid value for '--rate': '0/s' is no rate above 0 and up to 1000000/s{SEE}",
            id="rate of nothing",
        ),
        pytest.param(
            ["--to", LOCAL, "--for", "1s", "--count", "3"],
            f"--for and --count are two ends; say one{SEE}",
            id="two ends",
        ),
        pytest.param(
            ["--to", LOCAL, "--duplicates", "7"], "duplicates is 7.0; it must be a share from 0 to 1", id="no share"
        ),
        pytest.param(
            ["--to", LOCAL, "--events", "order.created=lots"],
            "'order.created=lots' is no event type with a weight; write for instance order.created=3",
            id="no weight",
        ),
        pytest.param(
            ["--to", LOCAL, "--events", "order.created=0"],
            "the weights {'order.created': 0.0} are none: give at least one type a weight above 0",
            id="weights of nothing",
        ),
        pytest.param(
            ["--to", LOCAL, "--retries", "soon"],
            "'soon' is no duration; write for instance 90s, 5m or 1h30m",
            id="no waits",
        ),
        pytest.param(
            ["--to", LOCAL, "--signatures", "rot13"],
            "unknown signature scheme 'rot13'; known schemes: petstore, standard-webhooks",
            id="no scheme",
        ),
    ],
)
def test_a_wrong_use_gets_one_line_and_code_2(arguments: list[str], line: str, run: Run) -> None:
    result = run(*arguments)

    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"mockstore: {line}\n")


def test_an_unknown_event_type_is_named_with_the_near_ones(run: Run) -> None:
    result = run("--to", LOCAL, "--events", "order.creatd")

    assert result.exit_code == 2
    assert "did you mean 'order.created'" in result.stderr


def test_without_the_extra_it_says_what_to_install() -> None:
    program = (
        "import sys\n"
        "sys.modules['locust'] = None\n"
        "from mockstore.cli import main\n"
        "sys.argv[1:] = ['load', '--to', 'http://127.0.0.1:9/']\n"
        "main()\n"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    line = "mockstore: load needs Locust, which is an extra: pip install 'mockstore[load]'\n"
    assert (ended.returncode, ended.stderr) == (2, line)


@pytest.mark.parametrize("missing", ["locust", "gevent"])
def test_a_locustfile_without_the_extra_says_what_to_install(missing: str) -> None:
    program = f"import sys\nsys.modules[{missing!r}] = None\nfrom mockstore.load import WebhookUser\n"

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert ended.stderr.splitlines()[-1] == "ImportError: mockstore.load needs Locust: pip install 'mockstore[load]'"


@pytest.mark.parametrize(
    "imported", ["mockstore.load", "mockstore.load.stream", "mockstore.load.fleet", "mockstore.cli.load"]
)
def test_gevent_stays_in_processes_of_its_own(imported: str) -> None:
    program = f"import json, sys, {imported}\nprint(json.dumps(list(sys.modules)))"

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert {"gevent", "locust"} & set(json.loads(ended.stdout)) == set()


def test_the_ready_locustfile_can_be_named_to_locust(run: Run) -> None:
    result = run("--locustfile")

    assert result.stdout.endswith("mockstore/load/locustfile.py\n")


def test_a_system_that_cannot_run_it_is_told_in_one_line() -> None:
    check_system("posix")

    with pytest.raises(StartupError) as caught:
        check_system("nt")

    assert str(caught.value) == (
        "load runs Locust in processes that inherit a pipe, which takes a POSIX system: use Linux, macOS or WSL"
    )
