"""Collects the keywords of a test's mockstore: `mockstore_config`, then the marks. Imported when first used."""

import ast
import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from functools import cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from mockstore.errors import InvalidInputError
from mockstore.events import EventFactory, petstore_catalogue
from mockstore.parts import provider_with
from mockstore.service import Mockstore

if TYPE_CHECKING:
    from mockstore.scenario import Scenario

MARK = "mockstore"
SCENARIO = "scenario"
"""A keyword of the marker that `Mockstore.in_process` does not have."""


class PlacedMark(Struct, frozen=True):
    """One mark `mockstore(...)`, and the item or collector that has it."""

    mark: pytest.Mark
    node: pytest.Item | pytest.Collector

    def __str__(self) -> str:
        given = [*map(repr, self.mark.args), *(f"{name}={value!r}" for name, value in self.mark.kwargs.items())]
        return f"@pytest.mark.{MARK}({', '.join(given)})"


def open_mockstore(
    item: pytest.Item, config: Mapping[str, Any], *, seed: int | None, factory: EventFactory
) -> "tuple[Mockstore, Scenario | None]":
    """Return the Mockstore for `item`, and the scenario to play first, if any.

    Precedence: the marks, the head of the scenario, the configuration. An invalid value fails the test with the line of
    its mark.
    """
    given = Keywords(item, config, seed=seed)
    wanted = given.keywords.pop(SCENARIO, None)
    with given.located_errors():
        if wanted is None:
            return Mockstore.in_process(**{"factory": factory, **given.keywords}), None
        scenario, head = _scenario(wanted, item.path.parent, factory)
        keywords = {"factory": factory, **given.keywords, **head, **given.marked}
        return Mockstore.in_process(**keywords), scenario


def _scenario(wanted: object, folder: Path, factory: EventFactory) -> "tuple[Scenario, dict[str, Any]]":
    """Return the scenario, and its head as keywords; a path is relative to the folder of the test."""
    from mockstore.scenario import InvalidScenarioError, Rules, Scenario, keywords_of, load  # noqa: PLC0415 - seldom used

    if not isinstance(wanted, str | PathLike | Scenario):
        raise InvalidInputError(f"{wanted!r} is no scenario: give a path or the name of one", field=SCENARIO)
    if not isinstance(wanted, Scenario):
        path = folder / wanted
        try:
            wanted = load(path if path.is_file() else wanted, catalogue=factory.catalogue)
        except InvalidScenarioError as error:
            raise InvalidInputError(f"it cannot be read:\n{error}", field=SCENARIO) from None
        except InvalidInputError as error:
            raise InvalidInputError(str(error), field=SCENARIO) from None
    return replace(wanted, rules=Rules()), keywords_of(wanted)


class Keywords:
    """The keywords of a test from its configuration and its marks; `keywords` has both merged."""

    def __init__(self, item: pytest.Item, config: Mapping[str, Any], *, seed: int | None) -> None:
        self._marks = list(_marks(item))
        for one in self._marks:
            _check(one)
        _check_config(config)
        self.keywords: dict[str, Any] = {"seed": seed, "strict": item.config.getini("mockstore_strict"), **config}
        self.marked: dict[str, Any] = {}
        """The keywords from the marks alone, without the scenario."""
        for one in self._marks:
            self.marked |= {name: value for name, value in one.mark.kwargs.items() if name != SCENARIO}
            self.keywords |= one.mark.kwargs
        provider, schemas = self.keywords.get("provider"), item.config.getini("mockstore_schemas")
        if schemas and (provider is None or provider.catalogue is petstore_catalogue()):
            self.keywords.setdefault("schemas", schemas)

    @contextmanager
    def located_errors(self) -> Iterator[None]:
        """Convert an error about an invalid value to a failure with the line of the mark that has the value."""
        try:
            yield
        except (InvalidInputError, TypeError, ValueError) as error:
            field = getattr(error, "field", None)
            giving = [one for one in self._marks if field is None or field in one.mark.kwargs]
            if not giving:
                raise
            raise pytest.fail.Exception(_text(giving[-1], str(error), field), pytrace=False) from None


def default_factory(config: pytest.Config) -> EventFactory:
    """Return a factory for the events of the Petstore and of the ini setting `mockstore_schemas`."""
    try:
        return EventFactory(provider_with(None, schemas=config.getini("mockstore_schemas")).catalogue)
    except InvalidInputError as error:
        raise pytest.fail.Exception(f"the ini setting mockstore_schemas: {error}", pytrace=False) from None


@cache
def allowed() -> tuple[str, ...]:
    """Return the keywords of the marker: those of `Mockstore.in_process`, and `scenario`."""
    return (*inspect.signature(Mockstore.in_process).parameters, SCENARIO)


def _marks(item: pytest.Item) -> Iterator[PlacedMark]:
    """Yield the marks, outermost first; later ones take precedence."""
    for node in item.listchain():
        for mark in node.own_markers:
            if mark.name == MARK:
                assert isinstance(node, pytest.Item | pytest.Collector)  # noqa: S101 - there are no other nodes
                yield PlacedMark(mark, node)


def _check(placed: PlacedMark) -> None:
    if placed.mark.args:
        pytest.fail(_text(placed, f"it takes keywords only: {', '.join(allowed())}"), pytrace=False)
    for name in placed.mark.kwargs:
        if name not in allowed():
            pytest.fail(_text(placed, _unknown(name), name), pytrace=False)


def _check_config(config: Mapping[str, Any]) -> None:
    for name in config:
        if name not in allowed():
            pytest.fail(f"the fixture mockstore_config: {_unknown(name)}", pytrace=False)


def _unknown(name: str) -> str:
    near = get_close_matches(name, allowed(), n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    return f"unknown keyword {name!r}: {hint}known keywords: {', '.join(allowed())}"


def _text(placed: PlacedMark, problem: str, keyword: str | None = None) -> str:
    """Return the problem, preceded by the `path:line` of the mark."""
    root = placed.node.config.rootpath
    path = placed.node.path.relative_to(root) if placed.node.path.is_relative_to(root) else placed.node.path
    return f"{path}:{_line(placed, keyword)}: {placed}: {problem}"


def _line(placed: PlacedMark, keyword: str | None) -> int:
    """Return the line of the mark in its file, or that of the marked test if it is in another file."""
    written = [
        call for call in _mark_calls(placed.node) if keyword is None or keyword in {one.arg for one in call.keywords}
    ]
    if written:
        return next((one.lineno for call in written for one in call.keywords if one.arg == keyword), written[0].lineno)
    return (placed.node.location[1] or 0) + 1 if isinstance(placed.node, pytest.Item) else 1


def _mark_calls(node: pytest.Item | pytest.Collector) -> list[ast.Call]:
    """Return the `mark.mockstore(...)` calls that decorate the node, or else all in its file."""
    tree = _parsed(node.path)
    name = getattr(node, "originalname", node.name)
    owners = [one for one in ast.walk(tree) if getattr(one, "name", None) == name and hasattr(one, "decorator_list")]
    decorators = [call for owner in owners for each in getattr(owner, "decorator_list", ()) for call in _calls(each)]
    return decorators or list(_calls(tree))


def _parsed(path: Path) -> ast.AST:
    try:
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):  # such as a doctest in a text file
        return ast.Module([], [])


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    calls = (one for one in ast.walk(tree) if isinstance(one, ast.Call))
    return (call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == MARK)
