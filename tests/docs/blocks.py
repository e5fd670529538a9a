"""Runs the code blocks of a page of the manual as its reader would: in order, in one folder, in processes of their own.

What a block is, its language and its first line say:

- `python`, `yaml`, `toml`, `ini`, `json` … whose first line is a comment `file: NAME` is written to that file.
- `python` with a test in it is run by pytest: every test has to pass. Other Python is run as a program.
- `console`: lines that begin with `$ ` are commands, the others what the latest one prints; `…` stands for anything.
  What serves is left running, and found at a free port instead of 8080 (and its consumer at another instead of 8000).
- `yaml`, `toml` and `json` without a name have to be well-formed. `text` is shown, not run.
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
PATIENCE: Final = 60
EXAMPLES: Final = Path(__file__).parents[2] / "examples"
STAYS: Final = re.compile(
    r"(?:\w+=\S+ )*(?:mockstore (?:serve|listen)|python (?:\S+/)?\w*(?:consumer|shop|server)\.py|node \S*server\.mjs)\b"
)
"""Commands that serve until they are stopped."""
LEFT_OUT: Final = MappingProxyType(
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
        """The name of the file that it is, if its first line says one."""
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


class Reader:
    """Somebody who does what a page says, in a folder."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._ports = {"8080": str(_free_port()), "8000": str(_free_port())}
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("PYTEST", "DJANGO", "COV"))}
        scripts = str(Path(sys.executable).parent)
        self._variables = kept | {
            "PATH": scripts + os.pathsep + kept.get("PATH", ""),
            "MOCKSTORE_PORT": self._ports["8080"],
            "MOCKSTORE_SERVER": f"http://127.0.0.1:{self._ports['8080']}",
            "PORT": self._ports["8000"],
            "COLUMNS": "120",
            "NO_COLOR": "1",
            "PYTHONUNBUFFERED": "1",
        }
        (folder / "pytest.ini").write_text(INI, "utf-8")
        (folder / "examples").symlink_to(EXAMPLES)

    def do(self, block: Block) -> None:
        """Do what the block says; raise `AssertionError` when it does not come out as the page says."""
        if block.file is not None:
            path = self._folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._here(block.text), "utf-8")
        else:
            ACTIONS.get(block.language, _shown)(self, block)

    def run_python(self, block: Block) -> None:
        """Run the tests of the block, or the program that it is."""
        count = block.text.count("def test_")
        file = self._folder / (f"test_line_{block.line}.py" if count else f"line_{block.line}.py")
        file.write_text(self._here(block.text), "utf-8")
        if not count:
            self._call(f"{shlex.quote(sys.executable)} {file.name}", block.line)
            return
        said = self._call(f"{shlex.quote(sys.executable)} -m pytest -q {file.name}", block.line)
        passed = re.search(r"(\d+) passed", said)
        assert passed is not None, said
        assert int(passed[1]) >= count, f"line {block.line}:\n{said}"

    def type_in(self, block: Block) -> None:
        """Give the commands of the block, and compare what they print."""
        for command, expected in _commands(block.text):
            if command.startswith(tuple(LEFT_OUT)):
                continue
            if STAYS.match(command):
                self._leave_running(self._here(command), block.line)
                continue
            said = self._call(self._here(command), block.line)
            pattern = ".*".join(re.escape(part) for part in self._here(expected).split("…"))
            assert re.fullmatch(pattern, said.strip(), re.DOTALL) or not expected, (
                f"line {block.line}: $ {command}\nprinted:\n{said}\nexpected:\n{expected}"
            )

    def _here(self, text: str) -> str:
        for port, found in self._ports.items():
            text = re.sub(rf"(?<=[:= ]){port}\b", found, text)
        return text

    def _call(self, command: str, line: int) -> str:
        done = subprocess.run(  # noqa: S602 - the page's own commands, as a shell reads them
            command,
            shell=True,
            cwd=self._folder,
            env=self._variables,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, (
            f"line {line}: $ {command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
        return done.stdout

    def _leave_running(self, command: str, line: int) -> None:
        self._stack.enter_context(_running(command, self._folder, self._variables, line))


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command with what it is said to print; a line that ends in a backslash goes on."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        command = lines.pop(0)
        while command.endswith("\\"):
            command = command[:-1] + lines.pop(0).strip()
        yield re.sub(r"\s+# .*$", "", command).strip(), "\n".join(lines).strip()


@contextmanager
def _running(command: str, folder: Path, variables: Mapping[str, str], line: int) -> Iterator[None]:
    """Leave a command running that says in its first line where it serves."""
    with subprocess.Popen(
        ["sh", "-c", f"exec env {command}"],  # noqa: S607 - every machine that tests has one
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
            process.communicate(timeout=PATIENCE)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _read_yaml(_reader: Reader, block: Block) -> None:
    assert yaml.safe_load(block.text) is not None, f"line {block.line} is empty"


def _read_toml(_reader: Reader, block: Block) -> None:
    assert tomllib.loads(block.text), f"line {block.line} is empty"


def _read_json(_reader: Reader, block: Block) -> None:
    json.loads(block.text)


def _shown(_reader: Reader, block: Block) -> None:
    assert block.language in SHOWN, f"line {block.line}: how is {block.language!r} to be tried?"


SHOWN: Final = frozenset({"text", "html", "toctree", "ini", "javascript"})
ACTIONS: Final[Mapping[str, Callable[[Reader, Block], None]]] = MappingProxyType(
    {
        "python": Reader.run_python,
        "console": Reader.type_in,
        "yaml": _read_yaml,
        "toml": _read_toml,
        "json": _read_json,
    }
)
