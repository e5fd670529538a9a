"""Runs the code blocks of a page of the manual as its reader would: in order, in one folder, each in a new process.

The language and the first line of a block say how it is run:

- `python`, `yaml`, `toml`, `ini`, `json` … whose first line is a comment `file: NAME` is written to that file.
- `python` with a test in it is run by pytest: every test has to pass. Other Python is run as a program.
- `console`: lines that begin with `$ ` are commands, the others what the latest one prints; `…` stands for anything.
  A server is left running, on a free port instead of 8080 (a consumer: instead of 8000).
- `yaml`, `toml` and `json` without a file name have to be well-formed. `text` is not run.
"""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import yaml

INI: Final = """
[pytest]
addopts = -p no:randomly -p no:cacheprovider --strict-markers
filterwarnings = error
asyncio_default_fixture_loop_scope = function
"""
TIMEOUT: Final = 60
EXAMPLES: Final = Path(__file__).parents[2] / "examples"
SERVERS: Final = re.compile(
    r"(?:\w+=\S+ )*(?:mockstore (?:serve|listen)|python (?:\S+/)?\w*(?:consumer|shop|server)\.py|node \S*server\.mjs)\b"
)
"""Commands that serve until they are stopped."""
SKIPPED: Final = MappingProxyType(
    {
        "pip install": "it is installed already",
        "docker ": "it needs an engine that no test machine is sure to have",
        "podman ": "it needs an engine that no test machine is sure to have",
    }
)
"""Commands that are not run, and why."""

_FENCE: Final = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)")
_FILE: Final = re.compile(r"^(?:#|//|<!--)\s*file:\s*(?P<name>[\w./-]+)")


@dataclass(frozen=True, slots=True)
class Block:
    """A code block of a page."""

    language: str
    line: int
    text: str

    @property
    def file(self) -> str | None:
        """The file name in the block's first line; None if there is none."""
        found = _FILE.match(self.text)
        return None if found is None else found["name"]


def blocks_of(page: str) -> Iterator[Block]:
    """Yield the code blocks of a Markdown text."""
    language, start, indent, lines = "", 0, "", list[str]()
    for number, line in enumerate(page.splitlines(), start=1):
        fence = _FENCE.match(line)
        if start and fence is not None and not fence["language"] and fence["indent"] == indent:
            yield Block(language, start, "\n".join(lines) + "\n")
            start = 0
        elif start:
            lines.append(line.removeprefix(indent))
        elif fence is not None:
            language, start, indent, lines = fence["language"], number, fence["indent"], []


class PageRunner:
    """Runs the blocks of a page in a folder; the servers that they start are stopped by `stack`."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._ports = {"8080": str(_free_port()), "8000": str(_free_port())}
        inherited = {
            name: text for name, text in os.environ.items() if not name.startswith(("PYTEST", "DJANGO", "COV"))
        }
        scripts = str(Path(sys.executable).parent)
        self._variables = inherited | {
            "PATH": scripts + os.pathsep + inherited.get("PATH", ""),
            "MOCKSTORE_PORT": self._ports["8080"],
            "MOCKSTORE_SERVER": f"http://127.0.0.1:{self._ports['8080']}",
            "PORT": self._ports["8000"],
            "COLUMNS": "120",
            "NO_COLOR": "1",
            "PYTHONUNBUFFERED": "1",
        }
        (folder / "pytest.ini").write_text(INI, "utf-8")
        (folder / "examples").symlink_to(EXAMPLES)

    def run_block(self, block: Block) -> None:
        """Write or run the block; raise `AssertionError` when it fails or prints something else than the page says."""
        if block.file is not None:
            path = self._folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._with_free_ports(block.text), "utf-8")
        else:
            ACTIONS.get(block.language, _check_is_shown)(self, block)

    def run_python(self, block: Block) -> None:
        """Run the block by pytest if it has tests; otherwise run it as a program."""
        count = block.text.count("def test_")
        file = self._folder / (f"test_line_{block.line}.py" if count else f"line_{block.line}.py")
        file.write_text(self._with_free_ports(block.text), "utf-8")
        if not count:
            self._run_shell(f"{shlex.quote(sys.executable)} {file.name}", block.line)
            return
        output = self._run_shell(f"{shlex.quote(sys.executable)} -m pytest -q {file.name}", block.line)
        passed = re.search(r"(\d+) passed", output)
        assert passed is not None, output
        assert int(passed[1]) >= count, f"line {block.line}:\n{output}"

    def run_commands(self, block: Block) -> None:
        """Run the commands of the block and compare what they print; a command without output may print anything."""
        for command, expected in _commands(block.text):
            if command.startswith(tuple(SKIPPED)):
                continue
            if SERVERS.match(command):
                self._start_server(self._with_free_ports(command), block.line)
                continue
            output = self._run_shell(self._with_free_ports(command), block.line)
            pattern = ".*".join(re.escape(part) for part in self._with_free_ports(expected).split("…"))
            assert re.fullmatch(pattern, output.strip(), re.DOTALL) or not expected, (
                f"line {block.line}: $ {command}\nprinted:\n{output}\nexpected:\n{expected}"
            )

    def _with_free_ports(self, text: str) -> str:
        for port, found in self._ports.items():
            text = re.sub(rf"(?<=[:= ]){port}\b", found, text)
        return text

    def _run_shell(self, command: str, line: int) -> str:
        done = subprocess.run(  # noqa: S602 - the page's own commands, as a shell reads them
            command,
            shell=True,
            cwd=self._folder,
            env=self._variables,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIMEOUT,
            check=False,
        )
        assert done.returncode == 0, (
            f"line {line}: $ {command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
        return done.stdout

    def _start_server(self, command: str, line: int) -> None:
        self._stack.enter_context(_server(command, self._folder, self._variables, line))


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command with its expected output; join lines that end in a backslash."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        command = lines.pop(0)
        while command.endswith("\\"):
            command = command[:-1] + lines.pop(0).strip()
        yield re.sub(r"\s+# .*$", "", command).strip(), "\n".join(lines).strip()


@contextmanager
def _server(command: str, folder: Path, variables: Mapping[str, str], line: int) -> Iterator[None]:
    """Run a server inside the `with` block; the first line that it prints has to hold its URL."""
    with subprocess.Popen(
        ["sh", "-c", f"exec env {command}"],  # noqa: S607 - every machine that runs the tests has a shell
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            assert "://" in first, f"line {line}: $ {command} said {first!r}, and not where it serves"
            yield
        finally:
            process.terminate()
            process.communicate(timeout=TIMEOUT)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _read_yaml(_runner: PageRunner, block: Block) -> None:
    assert yaml.safe_load(block.text) is not None, f"line {block.line} is empty"


def _read_toml(_runner: PageRunner, block: Block) -> None:
    assert tomllib.loads(block.text), f"line {block.line} is empty"


def _read_json(_runner: PageRunner, block: Block) -> None:
    json.loads(block.text)


def _check_is_shown(_runner: PageRunner, block: Block) -> None:
    assert block.language in SHOWN, f"line {block.line}: how is {block.language!r} to be tried?"


SHOWN: Final = frozenset({"text", "html", "toctree", "ini", "javascript"})
ACTIONS: Final[Mapping[str, Callable[[PageRunner, Block], None]]] = MappingProxyType(
    {
        "python": PageRunner.run_python,
        "console": PageRunner.run_commands,
        "yaml": _read_yaml,
        "toml": _read_toml,
        "json": _read_json,
    }
)
