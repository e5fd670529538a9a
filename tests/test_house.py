"""House rules that no linter checks: which names may be used in which files. Only the source is read, nothing runs."""

import ast
import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
IMPORT_NAMES = {"mockstore": "mockstore", "pytest_plugin": "pytest_mockstore"}
"""The folders that are shipped, and the names that they are imported by."""

LONGEST_FILE = 350


@dataclass(frozen=True, slots=True)
class Rule:
    """Names that may be used only in some files; the first rule that matches a name decides."""

    claim: str
    names: tuple[str, ...]
    """Full dotted names; `*` matches any text, and `name()` matches only a call."""
    allowed_in: Mapping[str, str] = field(default_factory=dict)
    """The files, or folders that end in a slash, where the names may be used, and the reason."""

    def allows(self, path: str) -> bool:
        return any(path == home or (home.endswith("/") and path.startswith(home)) for home in self.allowed_in)

    def matches(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self.names)


CLOCK_AND_CHANCE = {"mockstore/world/clock.py": "the file of clock and chance"}
DOORS = {
    "mockstore/cli/": "a door: it reads what its user has set",
    "mockstore/web/": "a door: it reads what its user has set",
    "pytest_plugin/": "a door: it reads what its user has set",
}

RULES = (
    Rule("nothing sleeps", ("sleep", "*.sleep")),
    Rule(
        "elapsed time is measured where sockets are",
        ("time.perf_counter*", "time.monotonic*"),
        CLOCK_AND_CHANCE | {"mockstore/world/transports/": "the real elapsed time of real sockets is measured there"},
    ),
    Rule(
        "the clock is read in one file",
        (
            "time.*",
            "datetime.datetime.now",
            "datetime.datetime.today",
            "datetime.datetime.utcnow",
            "datetime.date.today",
        ),
        CLOCK_AND_CHANCE,
    ),
    Rule(
        "dice are rolled in one file",
        ("random.[a-z]*", "random.*()", "secrets.*", "uuid.*", "os.urandom", "os.getrandom"),
        CLOCK_AND_CHANCE,
    ),
    Rule("the environment is read in the doors", ("os.environ*", "os.getenv*", "os.putenv", "os.unsetenv"), DOORS),
    Rule(
        "only the command prints and exits",
        ("print", "sys.stdout*", "sys.stderr*", "sys.exit", "os._exit", "exit", "quit", "click.echo", "click.secho"),
        {
            "mockstore/cli/": "printing is its work",
            "mockstore/world/transports/wsgi.py": "the error stream that PEP 3333 asks for",
        },
    ),
)


@dataclass(frozen=True, slots=True)
class Use:
    """A name that a file uses; it ends in `()` when it is called."""

    path: str
    line: int
    name: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.name}"


def _origins(tree: ast.AST) -> dict[str, str]:
    """Return the full name of each imported name: `from time import monotonic as m` gives `{"m": "time.monotonic"}`."""
    origins: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                origins[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            origins |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return origins


def _dotted(node: ast.expr, origins: Mapping[str, str]) -> str:
    """Return the full dotted name `a.b.c`; it begins with `?a` when `a` was not imported."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        owner = node.value.id
        return f"{origins.get(owner, f'?{owner}')}.{node.attr}"
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, origins)}.{node.attr}"
    return origins.get(node.id, node.id) if isinstance(node, ast.Name) else "?"


def _uses(source: str, path: str) -> Iterator[Use]:
    tree = ast.parse(source)
    origins = _origins(tree)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (Use(path, node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Name | ast.Attribute):
            yield Use(path, node.lineno, _dotted(node, origins) + ("()" if id(node) in called else ""))


def _verdict(use: Use) -> Rule | None:
    """Return the rule that a use breaks, or None."""
    for rule in RULES:
        if rule.matches(use.name) or rule.matches(use.name.removesuffix("()")):
            return None if rule.allows(use.path) else rule
    return None


@cache
def _shipped() -> tuple[Path, ...]:
    return tuple(sorted(file for folder in IMPORT_NAMES for file in (ROOT / folder).rglob("*.py")))


@cache
def _violations() -> tuple[tuple[Rule, Use], ...]:
    uses = (use for file in _shipped() for use in _uses(file.read_text(), file.relative_to(ROOT).as_posix()))
    return tuple((rule, use) for use in uses if (rule := _verdict(use)) is not None)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.claim)
def test_the_rule_holds_everywhere(rule: Rule) -> None:
    assert [str(use) for broken, use in _violations() if broken is rule] == []


@pytest.mark.parametrize(
    "home", sorted({home for rule in RULES for home in rule.allowed_in}), ids=lambda home: home.strip("/")
)
def test_every_exception_names_a_place_that_exists(home: str) -> None:
    assert (ROOT / home).exists()


@pytest.mark.parametrize(
    ("source", "path", "claim"),
    [
        pytest.param("import time\ntime.time()", "mockstore/inbox.py", "the clock is read in one file", id="call"),
        pytest.param("import time as t\nf = t.time", "mockstore/a.py", "the clock is read in one file", id="alias"),
        pytest.param("from time import time as t", "mockstore/a.py", "the clock is read in one file", id="import"),
        pytest.param(
            "def f():\n from datetime import datetime\n datetime.now(None)",
            "mockstore/delivery/engine.py",
            "the clock is read in one file",
            id="late import",
        ),
        pytest.param(
            "import datetime as dt\ndt.date.today()", "mockstore/a.py", "the clock is read in one file", id="today"
        ),
        pytest.param(
            "import time\ntime.monotonic()",
            "mockstore/delivery/pump.py",
            "elapsed time is measured where sockets are",
            id="elapsed time away from the sockets",
        ),
        pytest.param("import time\ntime.monotonic()", "mockstore/world/transports/http.py", None, id="elapsed time"),
        pytest.param("import time\ntime.time()", "mockstore/world/clock.py", None, id="in its home"),
        pytest.param("from datetime import time\ntime.min", "mockstore/a.py", None, id="another thing called time"),
        pytest.param("secrets = []\nsecrets.append(1)", "mockstore/a.py", None, id="a variable called secrets"),
        pytest.param("delivery.time()", "mockstore/a.py", None, id="a method called time"),
        pytest.param(
            "from random import Random\nRandom(1)", "mockstore/a.py", "dice are rolled in one file", id="dice"
        ),
        pytest.param(
            "import random\nrandom.choice('a')", "mockstore/a.py", "dice are rolled in one file", id="global dice"
        ),
        pytest.param(
            "import random\ndef f(dice: random.Random): ...", "mockstore/a.py", None, id="dice as an argument"
        ),
        pytest.param("import uuid\nuuid.uuid4()", "mockstore/a.py", "dice are rolled in one file", id="uuid"),
        pytest.param(
            "import time\ntime.sleep(1)", "mockstore/world/clock.py", "nothing sleeps", id="sleep, even by the clock"
        ),
        pytest.param("import asyncio\nasyncio.sleep(0)", "mockstore/a.py", "nothing sleeps", id="asyncio"),
        pytest.param("self.clock.sleep(1)", "mockstore/a.py", "nothing sleeps", id="anybody's sleep"),
        pytest.param(
            "import os\nos.environ['A']",
            "mockstore/settings.py",
            "the environment is read in the doors",
            id="environment",
        ),
        pytest.param("import os\nos.environ['A']", "pytest_plugin/plugin.py", None, id="environment in a door"),
        pytest.param("print(1)", "mockstore/a.py", "only the command prints and exits", id="print"),
        pytest.param("print(1)", "mockstore/cli/demo.py", None, id="print in the command"),
        pytest.param("timeline.print()", "mockstore/a.py", None, id="a method called print"),
    ],
)
def test_the_rules_see_every_way_to_say_it(source: str, path: str, claim: str | None) -> None:
    broken = {rule.claim for use in _uses(source, path) if (rule := _verdict(use))}

    assert broken == ({claim} if claim else set())


@pytest.mark.parametrize("file", _shipped(), ids=lambda file: str(file.relative_to(ROOT)))
def test_a_file_is_read_in_one_sitting(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= LONGEST_FILE


def _module_name(file: Path) -> str:
    folder, *rest = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in (IMPORT_NAMES[folder], *rest) if part != "__init__")


def _declares_all(file: Path) -> bool:
    names = (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Name))
    return any(name.id == "__all__" and isinstance(name.ctx, ast.Store) for name in names)


@pytest.mark.parametrize("name", [_module_name(file) for file in _shipped() if _declares_all(file)])
def test_every_name_that_is_promised_is_there(name: str) -> None:
    module = importlib.import_module(name)

    assert [promised for promised in module.__all__ if not hasattr(module, promised)] == []


def test_users_annotate_with_names_from_the_top() -> None:
    promised = importlib.import_module("mockstore").__all__

    assert {"Delivery", "Inbox", "Mockstore", "Received"} <= set(promised)
