import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import click
import pytest
from click.testing import Result

from mockstore.cli.app import SECTIONS, mockstore

Run = Callable[..., Result]

ENTRIES = {name: entry for section in SECTIONS.values() for name, entry in section.items()}


def command_named(name: str) -> click.Command:
    command = mockstore.get_command(click.Context(mockstore), name)
    assert command is not None
    return command


def commands() -> Iterator[tuple[str, click.Command]]:
    for name in ENTRIES:
        command = command_named(name)
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", found) for inner, found in command.commands.items())


LEAVES = [(path, command) for path, command in commands() if not isinstance(command, click.Group)]


def test_help_lists_every_command_with_what_it_does(run: Run) -> None:
    shown = run("--help").stdout

    for name, entry in ENTRIES.items():
        assert f"  {name.ljust(11)}  {entry.help}\n" in shown


def test_without_a_command_it_shows_the_help(run: Run) -> None:
    result = run()

    assert result.exit_code == 2
    assert "Usage: mockstore" in result.output


@pytest.mark.parametrize("name", ENTRIES)
def test_a_command_is_called_what_the_table_calls_it(name: str) -> None:
    assert command_named(name).name == name


@pytest.mark.parametrize("path", [path for path, _ in commands()])
def test_the_help_of_every_command_ends_with_examples_of_it(path: str, run: Run) -> None:
    result = run(*path.split(), "--help")

    assert result.exit_code == 0
    examples = result.stdout.partition("Examples:\n")[2].splitlines()
    assert any(f"{line.strip()} ".startswith(f"mockstore {path.removesuffix(' list')} ") for line in examples)


@pytest.mark.parametrize(("path", "command"), LEAVES, ids=[path for path, _ in LEAVES])
def test_every_command_can_speak_json(path: str, command: click.Command) -> None:
    options = [option for parameter in command.params for option in parameter.opts]

    assert "--json" in options, path


@pytest.mark.parametrize(("path", "command"), LEAVES, ids=[path for path, _ in LEAVES])
def test_every_option_has_help(path: str, command: click.Command) -> None:
    silent = [one.name for one in command.params if isinstance(one, click.Option) and not one.help]

    assert silent == [], path


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        pytest.param(["--help"], {"faker", "jsonschema", "flask", "mockstore.service", "http.server"}, id="the help"),
        pytest.param(["serve", "--port", "99999"], {"faker", "jsonschema"}, id="serve"),
        pytest.param(["verify", "--help"], {"faker", "jsonschema", "flask", "http.client"}, id="verify"),
        pytest.param(["webhooks", "--help"], {"faker", "jsonschema", "flask"}, id="webhooks"),
        pytest.param(["schema"], {"faker", "jsonschema", "flask", "http.client"}, id="schema"),
    ],
)
def test_a_command_loads_what_it_needs_and_no_more(arguments: list[str], absent: set[str]) -> None:
    program = (
        "import atexit, json, sys\n"
        "from mockstore.cli import main\n"
        "atexit.register(lambda: print(json.dumps(list(sys.modules)), file=sys.stderr))\n"
        f"sys.argv[1:] = {arguments}\n"
        "main()\n"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    loaded = set(json.loads(ended.stderr.splitlines()[-1]))
    assert loaded & absent == set()
    assert "click" in loaded


def test_the_version_is_that_of_the_package(run: Run) -> None:
    assert run("--version").stdout.startswith("mockstore 0.")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        pytest.param(
            ["emti"], "mockstore: no command 'emti'; did you mean 'emit'? (see `mockstore --help`)", id="near command"
        ),
        pytest.param(
            ["webhooks", "lst"],
            "mockstore: no command 'lst'; did you mean 'list'? (see `mockstore webhooks --help`)",
            id="near command of a group",
        ),
        pytest.param(
            ["clock", "qqq"],
            "mockstore: no command 'qqq'; commands: show, advance, freeze, run (see `mockstore clock --help`)",
            id="far command",
        ),
        pytest.param(
            ["clock", "advance", "soon"],
            "mockstore: Invalid value for 'BY': 'soon' is no duration; write for instance 90s, 5m or 1h30m "
            "(see `mockstore clock advance --help`)",
            id="duration",
        ),
        pytest.param(
            ["listen", "--port", "x"],
            "mockstore: Invalid value for '--port': 'x' is not a whole number (see `mockstore listen --help`)",
            id="number",
        ),
        pytest.param(
            ["redeliver"],
            "mockstore: Missing argument 'ID' (see `mockstore redeliver --help`)",
            id="missing argument",
        ),
        pytest.param(
            ["clock", "--server", "localhost"],
            "mockstore: --server: no usable URL: 'localhost'; it must start with http:// or https:// and name a host",
            id="server that is no URL",
        ),
        pytest.param(
            ["clock", "--server", "http://localhost:8080", "--tenant", "a\nb"],
            "mockstore: --tenant: 'a\\nb' is no UUID",
            id="tenant that is no header",
        ),
    ],
)
def test_a_wrong_use_gets_one_line_and_code_2(arguments: list[str], line: str, run: Run) -> None:
    result = run(*arguments)

    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{line}\n")


def test_an_unknown_option_gets_one_line_and_code_2(run: Run) -> None:
    result = run("--nope")

    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert "--nope" in result.stderr


def test_colour_shows_on_a_terminal_only_and_not_where_it_is_unwanted(run: Run) -> None:
    plain, coloured = run("emti"), run("emti", color=True)
    unwanted = run("demo", color=True, env={"NO_COLOR": "1"})

    assert "\x1b[" not in plain.stderr
    assert "\x1b[31mmockstore:\x1b[0m" in coloured.stderr
    assert "\x1b[" not in unwanted.stdout


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        pytest.param("mockstore de", ["demo", "deliveries"], id="command"),
        pytest.param("mockstore clock f", ["freeze"], id="command of a group"),
        pytest.param("mockstore emit pet.", ["pet.adopted", "pet.status_changed"], id="event type"),
        pytest.param("mockstore deliveries list --state f", ["failed"], id="state"),
        pytest.param("mockstore deliveries --state f", ["failed"], id="option of the command that is meant"),
    ],
)
def test_the_shell_completes(words: str, completed: list[str], run: Run) -> None:
    env = {"_MOCKSTORE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}

    result = run(env=env)

    assert result.stdout.split() == [f"plain,{word}" for word in completed]
