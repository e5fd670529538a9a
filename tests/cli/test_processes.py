"""The command in its own process: start-up, signals, exit codes, a closed pipe, a full disk."""

import json
import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest
from click.testing import Result

from mockstore.model import Outgoing, Reply

if TYPE_CHECKING:
    from tests.cli.conftest import Listening, Process

Run = Callable[..., Result]
Start = Callable[..., "Process"]


def start_server(start: Start, *options: str) -> tuple["Process", str]:
    process = start("serve", "--port", "0", "--clock", "virtual", *options)
    return process, process.line().removeprefix("mockstore serves ")


def start_receiver(start: Start, *options: str, **env: str) -> tuple["Process", str]:
    process = start("listen", *options, **env)
    return process, process.line().removeprefix("listening on ")


def test_the_whole_way_serve_listen_emit_retry(start: Start, run: Run) -> None:
    server, url = start_server(start)
    receiver, address = start_receiver(start, "--register", "--answer", "503,200", MOCKSTORE_SERVER=url)
    assert receiver.line() == f"registered at {url} for *"
    assert receiver.line().startswith("signatures are verified with whsec_…")
    env = {"MOCKSTORE_SERVER": url}

    emitted = run("emit", "pet.adopted", env=env)
    first = receiver.lines_until("✓ schema")
    run("clock", "advance", "1m", env=env)
    second = receiver.lines_until("attempt 2")
    deliveries = json.loads(run("deliveries", "--json", env=env).stdout)["data"]

    assert emitted.stdout.splitlines()[1:] == [
        f"  {address}  pending",
        "    12:00:00  +0 s          attempt 1   503 Service Unavailable",
        "    12:01:00  +1 min        attempt 2   is due",
    ]
    assert first[1].endswith("pet.adopted  attempt 1  answered 503")
    assert "   ✓ signature petstore" in first
    assert second[-1].endswith("pet.adopted  attempt 2  answered 200")
    assert [(one["state"], len(one["attempts"])) for one in deliveries] == [("delivered", 2)]
    receiver.interrupt()
    assert receiver.ending() == (0, "2 deliveries received\n")
    assert json.loads(run("webhooks", "--json", env=env).stdout)["data"] == [], "it leaves no registration behind"
    server.terminate()
    assert server.ending() == (0, "")


def test_serve_says_where_its_page_is(start: Start, run: Run) -> None:
    server, url = start_server(start)
    as_json = json.loads(start("serve", "--port", "0", "--json").line())

    assert server.line() == f"watch and cause deliveries in a browser: {url}/_mockstore/"
    assert as_json["console"] == f"{as_json['url']}/_mockstore/"
    assert run("clock", "--server", as_json["url"]).exit_code == 0


@pytest.mark.parametrize("stop", ["interrupt", "terminate"])
def test_serve_stops_on_signals(stop: str, start: Start, run: Run) -> None:
    server, url = start_server(start)
    assert run("clock", "--server", url).exit_code == 0

    getattr(server, stop)()

    assert server.ending() == (0, "")


@pytest.mark.parametrize("stop", ["interrupt", "terminate"])
def test_listen_stops_on_signals(stop: str, start: Start) -> None:
    receiver, _ = start_receiver(start)
    receiver.lines_until("not verified")

    getattr(receiver, stop)()

    assert receiver.ending() == (0, "0 deliveries received\n")


@pytest.mark.parametrize("command", ["serve", "listen"])
def test_a_taken_port_is_one_line_and_code_2(command: str, start: Start) -> None:
    _, url = start_receiver(start)
    port = url.rstrip("/").rpartition(":")[2]

    code, said = start(command, "--port", port).ending()

    assert code == 2, said
    assert said.startswith(f"mockstore: port {port} on 127.0.0.1 is taken; choose another with --port")
    assert len(said.splitlines()) == 1


def test_serve_says_it_is_ready_as_json(start: Start, run: Run) -> None:
    server = start("serve", "--port", "0", "--seed", "random", "--json")
    ready = json.loads(server.line())

    assert (ready["clock"], ready["seed"]) == ("system", None)
    assert json.loads(run("clock", "--server", ready["url"], "--json").stdout)["frozen"] is False
    server.terminate()
    assert server.ending() == (0, "")


def test_serve_takes_its_settings_from_options_and_variables(start: Start, run: Run) -> None:
    server = start("serve", "--port", "0", "--schedule", "1s", MOCKSTORE_CLOCK="virtual", MOCKSTORE_PORT="1")
    url = server.line().removeprefix("mockstore serves ")
    run("webhooks", "add", "http://127.0.0.1:9/", "--server", url)
    run("emit", "pet.adopted", "--server", url)

    run("clock", "advance", "1s", "--server", url)

    (delivery,) = json.loads(run("deliveries", "--server", url, "--json").stdout)["data"]
    assert (delivery["state"], len(delivery["attempts"])) == ("failed", 2)
    server.terminate()
    assert server.ending()[0] == 0


@pytest.mark.parametrize(
    ("options", "env", "words"),
    [
        pytest.param(["--port", "70000"], {}, "port is 70000; it must be 0 to 65535", id="port"),
        pytest.param(["--seed", "x"], {}, "--seed is 'x'; write a whole number, or random", id="seed"),
        pytest.param(["--schedule", "1m,soon"], {}, "'soon' is no duration", id="schedule"),
        pytest.param(["--signatures", "md5"], {}, "it must be names out of petstore, standard-webhooks", id="scheme"),
        pytest.param(["--tls-cert", "none.pem"], {}, "none.pem", id="certificate"),
        pytest.param(["--host", "203.0.113.1"], {}, "203.0.113.1", id="another's address"),
        pytest.param([], {"MOCKSTORE_PROT": "1"}, "did you mean MOCKSTORE_PORT?", id="misspelt variable"),
    ],
)
def test_what_serve_cannot_do_is_one_line_and_code_2(
    options: list[str], env: dict[str, str], words: str, run: Run
) -> None:
    result = run("serve", *options, env=env)

    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert result.stderr.startswith("mockstore: ")
    assert words in result.stderr


def test_listen_prints_json_lines_and_speaks_of_itself_on_stderr(start: Start, run: Run) -> None:
    receiver = start("listen", "--secret", "s", "--json")
    url = receiver.error_line().removeprefix("listening on ")

    run("emit", "pet.adopted", "--to", url, "--secret", "s")
    run("emit", "pet.adopted", "--to", url, "--secret", "other")

    first, second = (json.loads(receiver.line()) for _ in range(2))
    assert [one["ok"] for one in first["signatures"]] == [True]
    assert [one["reason"] for one in second["signatures"]] == ["mismatch"]
    receiver.terminate()
    assert receiver.ending()[1].splitlines()[-1] == "2 deliveries received, 1 not genuine or not valid"


def test_listen_forwards_to_another(start: Start, run: Run) -> None:
    _, behind = start_receiver(start, "--answer", "418")
    front, url = start_receiver(start, "--forward-to", behind)

    result = run("emit", "pet.adopted", "--to", url, "--secret", "s")

    assert "attempt 1   418 I'm a Teapot" in result.stdout
    assert front.lines_until("pet.adopted")[-1].endswith("answered 418")


def test_listen_where_no_mock_answers_ends_with_one_line(start: Start) -> None:
    _, url = start_receiver(start)

    code, said = start("listen", "--register", "--server", url).ending()

    assert (code, len(said.splitlines())) == (2, 1)


def test_listen_ends_when_its_reader_goes_away(start: Start, run: Run) -> None:
    receiver, url = start_receiver(start)
    receiver.close_output()

    run("emit", "pet.adopted", "--to", url, "--secret", "s")

    assert receiver.ending() == (141, "")


@pytest.mark.parametrize(
    "arguments", [["schema", "pet.adopted"], ["demo"], ["demo", "--json"], ["--help"]], ids=" ".join
)
def test_a_closed_pipe_is_no_error(arguments: list[str], command: Path) -> None:
    line = shlex.join([str(command), *arguments])

    ended = subprocess.run(["/bin/sh", "-c", f"{line} | true"], capture_output=True, text=True, check=False)

    assert ended.stderr == ""


def test_ctrl_c_is_quiet_and_code_130(start: Start, listening: Callable[..., "Listening"]) -> None:
    arrived, over = Event(), Event()

    def never_answer(_outgoing: Outgoing) -> Reply:
        arrived.set()
        over.wait()
        return Reply(204)

    sender = start("emit", "pet.adopted", "--to", listening(never_answer).url, "--timeout", "1h")
    assert arrived.wait(20)

    sender.interrupt()

    assert sender.ending() == (130, "")
    over.set()


def test_a_bar_moves_on_a_terminal_only(listening: Callable[..., "Listening"], command: Path) -> None:
    url = listening().url
    terminal, inner = os.openpty()
    arguments = [str(command), "emit", "pet.adopted", "--to", url, "--secret", "s", "--count", "20"]

    shown = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=inner, text=True, check=True)
    os.close(inner)
    piped = subprocess.run(arguments, capture_output=True, text=True, check=True)

    bar = os.read(terminal, 65536).decode()
    os.close(terminal)
    assert "emitting" in bar
    assert "100%" in bar
    assert piped.stderr == ""
    assert shown.stdout == piped.stdout == f"20 events of pet.adopted to {url}\n       20  200 OK\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a device of Linux")
@pytest.mark.parametrize("arguments", ["faults", "schema pet.adopted", "serve --port 0"])
def test_a_full_disk_is_one_line(command: Path, arguments: str) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run([command, *arguments.split()], stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert ran.returncode == 2
    assert ran.stderr == "mockstore: cannot write what there is to say: No space left on device\n"
