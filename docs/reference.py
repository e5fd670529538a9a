"""Writes the reference pages from the code and the schemas: python docs/reference.py."""

import ast
import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import cached_property, partial
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from types import MappingProxyType
from typing import Any, Final, Unpack

import click
import pytest_mockstore
from flask import Flask
from pytest_mockstore import fixtures

from mockstore import settings, shopfront
from mockstore.answers import Answer
from mockstore.api import PetstoreApi
from mockstore.api.calls import Call, Calls
from mockstore.cli import serve as serving
from mockstore.cli.app import SECTIONS, mockstore
from mockstore.clock_control import ClockControl
from mockstore.collection import Collection
from mockstore.events import petstore_catalogue
from mockstore.faults.standing import StandingFaults
from mockstore.handles import Deliveries, Delivery, Event, Webhook
from mockstore.inbox import Inbox, Received
from mockstore.model import Attempt, Json
from mockstore.playing import Conformance, OrderExplorer, Player, Replay
from mockstore.provider import petstore
from mockstore.publishing import Emission
from mockstore.registry import Webhooks
from mockstore.scenario.forms import CONDITIONS, HEAD, SETTINGS, VERBS, Member
from mockstore.service import Mockstore
from mockstore.web.app import routed_app

FOLDER: Final = Path(__file__).parent / "reference"
HEADER: Final = "<!-- Made from the code by docs/reference.py. -->\n\n"
WIDTH: Final = 100


def fixtures_page() -> str:
    """Return the page of the fixtures and their docstrings."""
    made = fixtures.fixtures_of(None, None)  # type: ignore[arg-type]  # no fixture is called
    found = {**vars(fixtures), **vars(made)}
    of_ours = {name: one for name, one in found.items() if type(one).__name__ == "FixtureFunctionDefinition"}
    parts = [
        f"## `{name}`\n\n{inspect.cleandoc(one.__doc__ or '')}\n"
        for name, one in of_ours.items()
        if not name.startswith("_")
    ]
    return (
        "# Fixtures\n\nThey are there as soon as mockstore is installed. `pytest --fixtures` prints the same.\n\n"
        + "\n".join(parts)
    )


class _OptionCollector:
    """Stands in for pytest's option parser, and collects what the plugin declares."""

    def __init__(self) -> None:
        self.options: list[tuple[str, str]] = []
        self.inis: list[tuple[str, str, Json]] = []

    def getgroup(self, _name: str) -> "_OptionCollector":
        return self

    def addoption(self, name: str, *, help: str, **rest: Any) -> None:  # noqa: A002, ANN401 - as pytest names it
        metavar = rest.get("metavar")
        self.options.append((f"{name}={metavar}" if metavar else name, help))

    def addini(self, name: str, help: str, **rest: Any) -> None:  # noqa: A002, ANN401 - as pytest names it
        self.inis.append((name, help, rest.get("default")))


OBJECTS: Final[Mapping[str, tuple[type, str]]] = MappingProxyType(
    {
        "`mockstore`": (
            Mockstore,
            """subscribe open_inbox emit aemit events deliveries event delivery hold release redeliver recover
            rotate_secret advance aadvance settle reset timeline aserve wsgi_app httpx_transport connect""",
        ),
        "`mockstore.clock`": (ClockControl, "now advance frozen freeze run"),
        "`mockstore.webhooks`": (Webhooks, "add update remove rotate_secret"),
        "`mockstore.faults`": (StandingFaults, "add remove clear"),
        "`mockstore.pets`": (shopfront.Pets, "add find"),
        "A pet": (shopfront.Pet, "status document update adopt remove"),
        "`mockstore.orders`": (shopfront.Orders, "place"),
        "An order": (shopfront.Order, "status document pet pay ship deliver cancel process"),
        "`mockstore.users`": (shopfront.Users, "add"),
        "A webhook": (Webhook, "id url secret events status deliveries assert_active assert_disabled"),
        "An event": (Event, "id type timestamp body payload data deliveries delivery assert_acknowledged"),
        "A delivery": (
            Delivery,
            """id event webhook type data state attempts assert_acknowledged assert_rejected assert_valid look report
            export""",
        ),
        "An attempt": (Attempt, "number at offset outcome status duration error request reply exception"),
        "Any collection: events, deliveries, what an inbox captured": (
            Collection,
            "of where one none last wait_for assert_types assert_types_in_any_order",
        ),
        "Deliveries": (Deliveries, "failed export"),
        "An inbox": (Inbox, "webhook will_answer clear"),
        "What an inbox captured": (
            Received,
            """url headers body event type data attempt answer arrival header signature assert_valid
            assert_nothing_extra""",
        ),
        "`Answer`": (Answer, "status body headers after timeout reset"),
        "`mockstore_api`": (PetstoreApi, "calls will_answer base_url"),
        "`mockstore_api.calls`": (Calls, "of where one none last assert_operations"),
        "A call": (Call, "operation method path parameters document body header status answer mistakes assert_valid"),
    }
)
"""By headline, a class of objects that tests use, and the names of its members to be listed."""
CALLABLE_MEMBERS: Final[Mapping[str, type]] = MappingProxyType(
    {"assert_conforms": Conformance, "explore_orders": OrderExplorer, "play": Player, "replay": Replay}
)
"""Attributes of a Mockstore that are callable objects, and their classes."""
PYTHON: Final = """# Python

What the fixtures hand out. `Mockstore.in_process(…)` makes one without pytest, to be used in a `with` block. Its
keywords are those of the marker, `@pytest.mark.mockstore(…)`, which takes `scenario` as well:

"""


def python_page() -> str:
    """Return the page of the classes in `OBJECTS`, each with a table of its members."""
    words = inspect.cleandoc(Mockstore.in_process.__doc__ or "").partition("\n\n")[2]
    parts = [PYTHON + words + "\n"]
    for title, (cls, names) in OBJECTS.items():
        rows = [_member(cls, name) for name in names.split()]
        if cls is Mockstore:
            rows += [_call(name, one.__call__) for name, one in CALLABLE_MEMBERS.items()]  # type: ignore[operator]
        parts += [
            f"## {title}\n\n{_first_paragraph(inspect.getdoc(cls))}\n",
            "| say | what it does |\n| --- | --- |",
            *rows,
            "",
        ]
    return "\n".join(parts)


def _member(cls: type, name: str) -> str:
    found = inspect.getattr_static(cls, name, None)
    if isinstance(found, property | cached_property):
        return f"| `{name}` | {_first_paragraph(found.__doc__)} |"
    if found is not None and callable(getattr(cls, name)):
        return _call(name, getattr(cls, name))
    source = dedent(inspect.getsource(cls))  # an attribute, documented in the class or in `__init__`
    return f"| `{name}` | {_cell(_field_docstrings(source, cls.__name__).get(name) or _attribute(source, name))} |"


def _call(name: str, called: Callable[..., object]) -> str:
    return f"| `{name}({', '.join(_parameters(called))})` | {_first_paragraph(called.__doc__)} |"


def _attribute(source: str, name: str) -> str:
    """Return the docstring below `self.name = …`; an empty text when there is none."""
    for block in (node.body for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)):
        for one, after in pairwise(block):
            if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == f"self.{name}":
                return ast.literal_eval(after.value) if isinstance(after, ast.Expr) else ""
    return ""


def _parameters(called: Callable[..., object]) -> Iterator[str]:
    starred = False
    for name, one in inspect.signature(called).parameters.items():
        if one.kind is one.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        if one.annotation == Unpack[Emission]:
            yield from ("*", *(f"{member}=…" for member in Emission.__annotations__))
        elif one.kind in (one.VAR_KEYWORD, one.VAR_POSITIONAL):
            starred = True
            yield str(one).partition(":")[0]
        elif name != "self":
            yield name if one.default is one.empty else f"{name}={_shown_default(one.default)}"


def _shown_default(default: object) -> str:
    return repr(default) if isinstance(default, str | int | float | None) else "…"


def _first_paragraph(text: str | None) -> str:
    return _cell(inspect.cleandoc(text or "").partition("\n\n")[0])


def options_page() -> str:
    """Return the page of pytest's options and ini settings, and of the server's settings."""
    collector = _OptionCollector()
    pytest_mockstore.pytest_addoption(collector)  # type: ignore[arg-type]  # has the methods that the plugin calls
    docstrings = _field_docstrings(inspect.getsource(settings), "Settings")
    option_names = serving._NAMES  # noqa: SLF001 - lists the options whose name differs from that of their setting
    flags = {option_names.get(str(one.name), one.name): f"`{one.opts[0]}`" for one in serving.serve.params}
    return "\n".join(
        [
            "# Options and settings",
            "",
            "## Of pytest",
            "",
            "| option | what it does |",
            "| --- | --- |",
            *(f"| `{name}` | {_cell(text)} |" for name, text in collector.options),
            "",
            "| in `pytest.ini`, `pyproject.toml` or `setup.cfg` | default | what it says |",
            "| --- | --- | --- |",
            *(f"| `{name}` | `{json.dumps(default)}` | {_cell(text)} |" for name, text, default in collector.inis),
            "",
            "## Of the server",
            "",
            "An option of `mockstore serve` wins over a variable, a variable over the file, the file over the default.",
            "`mockstore config` prints what is in force, and where each value came from. The file is `mockstore.toml`",
            "in the current folder, or what `--config` or `MOCKSTORE_CONFIG` names. A list is written with commas in a",
            "variable, and `yes` and `no` are `true` and `false` in the file.",
            "",
            "| in the file | option | variable | default | what it says |",
            "| --- | --- | --- | --- | --- |",
            *(
                f"| `{name}` | {flags.get(name, '')} | `MOCKSTORE_{name.upper()}` | `{_default(name)}` | "
                f"{_cell(docstrings.get(name, ''))} |"
                for name in settings.NAMES
            ),
            "",
        ]
    )


def _default(name: str) -> str:
    value = getattr(settings.Settings(), name)
    if value is None and name in ("schedule", "timeout", "signatures"):
        return _default_of_petstore(name)
    return "none" if value in (None, ()) else "no" if value is False else str(value)


def _default_of_petstore(name: str) -> str:
    """Return the Petstore's default for a setting, written as in an environment variable."""
    rules = petstore()
    if name == "schedule":
        return ",".join(f"{wait // timedelta(minutes=1)}m" for wait in rules.schedule.waits)
    return f"{rules.timeout // timedelta(seconds=1)}s" if name == "timeout" else ",".join(rules.signatures)


def _field_docstrings(source: str, name: str) -> dict[str, str]:
    """Return the docstrings below the fields of a class, by field name."""
    (found,) = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef) and node.name == name)
    texts: dict[str, str] = {}
    last = ""
    for node in found.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            last = node.target.id
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and last:
            texts[last] = " ".join(str(node.value.value).split())
            last = ""
    return texts


def commands_page() -> str:
    """Return the page with the help of every command."""
    parts = ["# Commands\n", "Every command explains itself by `--help`, with examples.\n"]
    root = click.Context(mockstore, info_name="mockstore", max_content_width=WIDTH, terminal_width=WIDTH)
    for title, entries in SECTIONS.items():
        parts.append(f"## {title}\n")
        for name in entries:
            command = mockstore.get_command(root, name)
            assert command is not None, name  # noqa: S101 - the table names it
            parts += _help_of(command, root, name)
    return "\n".join(parts)


def _help_of(command: click.Command, parent: click.Context, name: str) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent, max_content_width=WIDTH, terminal_width=WIDTH)
    path = context.command_path
    yield f"### `{path}`\n\n```text\n{dedent(command.get_help(context)).rstrip()}\n```\n"
    if isinstance(command, click.Group):
        for one in command.list_commands(context):
            sub = command.get_command(context, one)
            if sub is not None:
                yield from _help_of(sub, context, one)


def http_page() -> str:
    """Return the page of every route of the server."""
    app = routed_app(1)
    return "\n".join(
        [
            "# HTTP",
            "",
            "Errors are problem documents (RFC 9457). `X-Tenant-ID: <uuid>` says which tenant is meant; without it,",
            "the one that all share. So does `/_tenants/<uuid>` in front of a path, for clients that know a URL only.",
            "",
            "## The Petstore API",
            "",
            "Described in full by the OpenAPI 3.2 document at `/v1/openapi.json`, and on the page `/v1/docs`.",
            "",
            *_routes(app, "/v1"),
            "",
            "## The control routes",
            "",
            "They ask for the control token, where the server has one, as `Authorization: Bearer`. What is below",
            "`/_mockstore/records` is for test processes of the same version (`Mockstore.connect`) and may change with",
            "the next one; what is below `/_mockstore/console` are pages for a browser.",
            "",
            *_routes(app, "/_mockstore"),
            "",
        ]
    )


def _routes(app: Flask, prefix: str) -> Iterator[str]:
    yield "| call | what it does |"
    yield "| --- | --- |"
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        methods = " ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        if rule.rule.startswith(prefix):
            does = _description_of(app.view_functions[rule.endpoint])
            yield f"| `{methods} {rule.rule}` | {_cell(does.partition(chr(10) * 2)[0])} |"


def _description_of(view: Callable[..., object]) -> str:
    """Return the docstring of a view; a view of the console is a `partial` that imports it by module and name."""
    if isinstance(view, partial):
        module, name = view.args
        view = getattr(import_module(f"mockstore.web.console.{module}"), name)
    return inspect.getdoc(view) or ""


def events_page() -> str:
    """Return the page of the event types, each with its members and an example."""
    catalogue = petstore_catalogue()
    parts = [
        "# Events\n",
        "Made from the schemas in `schemas/events`, which are the only list of event types there is.\n",
    ]
    for name in catalogue.types:
        schema = catalogue.schema(name)
        sample = json.dumps(schema["examples"][0], indent=2, ensure_ascii=False)
        rows = list(_members(schema["properties"]["data"], schema, "data"))
        parts += [
            f"## `{name}`\n\n{schema['description']}\n",
            "| member | type | what it says |\n| --- | --- | --- |",
            *rows,
            f"\n```json\n{sample}\n```\n",
        ]
    return "\n".join(parts)


def _members(schema: Json, root: Json, path: str) -> Iterator[str]:
    for name, member in schema.get("properties", {}).items():
        whole = _resolved(member, root)
        where = f"{path}.{name}"
        yield f"| `{where}` | {_type_of(whole)} | {_cell(whole.get('description', ''))} |"
        inner = _resolved(whole.get("items", {}), root)
        yield from _members(
            whole if "properties" in whole else inner, root, where if "properties" in whole else f"{where}[]"
        )


def _resolved(member: Json, root: Json) -> dict[str, Json]:
    """Return a schema merged over the schema that its `$ref` names, recursively."""
    reference = member.get("$ref")
    if reference is None:
        return dict(member)
    target: Json = root
    document, _, pointer = reference.partition("#")
    if document:
        name = document.rpartition("/")[2]
        target = next((one for key, one in root.get("$defs", {}).items() if key.endswith(name)), root)
    for step in pointer.strip("/").split("/"):
        target = target.get(step, {}) if step else target
    return _resolved(target, root) | {key: value for key, value in member.items() if key != "$ref"}


def _type_of(member: Mapping[str, Json]) -> str:
    if "const" in member:
        return f"`{member['const']}`"
    if "enum" in member:
        return " ".join(f"`{value}`" for value in member["enum"])
    form = member.get("format")
    return f"{member.get('type', 'any')}{f', {form}' if form else ''}"


def scenario_page() -> str:
    """Return the page of a scenario file's members and the verbs of its steps."""
    return "\n".join(
        [
            "# The scenario file",
            "",
            "[Scenarios](../scenarios.md) explains it; this is the list. `mockstore scenarios schema` prints its JSON",
            "Schema.",
            "",
            "## Its members",
            "",
            *_table(HEAD),
            "",
            "## `settings`",
            "",
            *_table(SETTINGS),
            "",
            "## The verbs of a step",
            "",
            *(line for name, form in VERBS.items() for line in _verb(name, form.does, form.members)),
            "## What `expect` can say",
            "",
            ", ".join(f"`{condition}`" for condition in CONDITIONS) + ".",
            "",
        ]
    )


def _verb(name: str, does: str, members: Mapping[str, Member]) -> Iterator[str]:
    yield f"### `{name}`"
    yield ""
    yield does
    yield ""
    if members:
        yield from _table(members)
        yield ""


def _table(members: Mapping[str, Member]) -> Iterator[str]:
    yield "| member | what it says |"
    yield "| --- | --- |"
    for name, member in members.items():
        must = " Required." if member.required else ""
        yield f"| `{name}` | {_cell(member.means)}{must} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PAGES: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {
        "fixtures": fixtures_page,
        "python": python_page,
        "options": options_page,
        "commands": commands_page,
        "http": http_page,
        "events": events_page,
        "scenario-file": scenario_page,
    }
)


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / f"{name}.md").write_text(HEADER + page(), "utf-8")


if __name__ == "__main__":
    main()
