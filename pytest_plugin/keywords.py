"""Reads how a test wants its mockstore: configuration, then marks from the outermost in. Loaded when first needed."""

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
"""The keyword of the marker that is none of the constructor's."""


class Said(Struct, frozen=True):
    """One `mockstore(...)` mark and where it stands."""

    mark: pytest.Mark
    node: pytest.Item | pytest.Collector

    def __str__(self) -> str:
        told = [*map(repr, self.mark.args), *(f"{name}={value!r}" for name, value in self.mark.kwargs.items())]
        return f"@pytest.mark.{MARK}({', '.join(told)})"


def open_mockstore(
    item: pytest.Item, config: Mapping[str, Any], *, seed: int | None, factory: EventFactory
) -> "tuple[Mockstore, Scenario | None]":
    """Return the Mockstore that `item` wants, and the scenario that it is to play first.

    What the head of the scenario says lies over the configuration, and below what the marks say. Fails at the line of
    the mark that asks for what there is not.
    """
    told = Told(item, config, seed=seed)
    wanted = told.keywords.pop(SCENARIO, None)
    with told.blamed():
        if wanted is None:
            return Mockstore.in_process(**{"factory": factory, **told.keywords}), None
        scenario, head = _scenario(wanted, item.path.parent, factory)
        keywords = {"factory": factory, **told.keywords, **head, **told.marked}
        return Mockstore.in_process(**keywords), scenario


def _scenario(wanted: object, folder: Path, factory: EventFactory) -> "tuple[Scenario, dict[str, Any]]":
    """Return the scenario, and the keywords that its head stands for; a path is relative to the folder of the test."""
    from mockstore.scenario import InvalidScenarioError, Rules, Scenario, keywords_of, load  # noqa: PLC0415 - for few

    if not isinstance(wanted, str | PathLike | Scenario):
        raise InvalidInputError(f"{wanted!r} is no scenario: give a path or the name of one", field=SCENARIO)
    if not isinstance(wanted, Scenario):
        here = folder / wanted
        try:
            wanted = load(here if here.is_file() else wanted, catalogue=factory.catalogue)
        except InvalidScenarioError as error:
            raise InvalidInputError(f"it cannot be read:\n{error}", field=SCENARIO) from None
        except InvalidInputError as error:
            raise InvalidInputError(str(error), field=SCENARIO) from None
    return replace(wanted, rules=Rules()), keywords_of(wanted)


class Told:
    """What a test wants, said by its configuration and its marks: `keywords` are those of the constructor."""

    def __init__(self, item: pytest.Item, config: Mapping[str, Any], *, seed: int | None) -> None:
        self._said = list(_marks(item))
        for one in self._said:
            _check(one)
        _check_config(config)
        self.keywords: dict[str, Any] = {"seed": seed, "strict": item.config.getini("mockstore_strict"), **config}
        self.marked: dict[str, Any] = {}
        """What the marks say of the constructor's keywords."""
        for one in self._said:
            self.marked |= {name: value for name, value in one.mark.kwargs.items() if name != SCENARIO}
            self.keywords |= one.mark.kwargs
        provider, schemas = self.keywords.get("provider"), item.config.getini("mockstore_schemas")
        if schemas and (provider is None or provider.catalogue is petstore_catalogue()):
            self.keywords.setdefault("schemas", schemas)

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Let a value that is not allowed fail the test at the mark that gave it, if a mark did."""
        try:
            yield
        except (InvalidInputError, TypeError, ValueError) as error:
            field = getattr(error, "field", None)
            giving = [one for one in self._said if field is None or field in one.mark.kwargs]
            if not giving:
                raise
            raise pytest.fail.Exception(_text(giving[-1], str(error), field), pytrace=False) from None


def default_factory(config: pytest.Config) -> EventFactory:
    """Return a factory of the Petstore's events and those of the ini setting `mockstore_schemas`."""
    try:
        return EventFactory(provider_with(None, schemas=config.getini("mockstore_schemas")).catalogue)
    except InvalidInputError as error:
        raise pytest.fail.Exception(f"the ini setting mockstore_schemas: {error}", pytrace=False) from None


@cache
def allowed() -> tuple[str, ...]:
    """Return the keywords of the marker: those of the constructor, and the scenario."""
    return (*inspect.signature(Mockstore.in_process).parameters, SCENARIO)


def _marks(item: pytest.Item) -> Iterator[Said]:
    """Yield the marks, outermost first; each lies over those before it."""
    for node in item.listchain():
        for mark in node.own_markers:
            if mark.name == MARK:
                assert isinstance(node, pytest.Item | pytest.Collector)  # noqa: S101 - there are no other nodes
                yield Said(mark, node)


def _check(said: Said) -> None:
    if said.mark.args:
        pytest.fail(_text(said, f"it takes keywords only: {', '.join(allowed())}"), pytrace=False)
    for name in said.mark.kwargs:
        if name not in allowed():
            pytest.fail(_text(said, _unknown(name), name), pytrace=False)


def _check_config(config: Mapping[str, Any]) -> None:
    for name in config:
        if name not in allowed():
            pytest.fail(f"the fixture mockstore_config: {_unknown(name)}", pytrace=False)


def _unknown(name: str) -> str:
    near = get_close_matches(name, allowed(), n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    return f"unknown keyword {name!r}: {hint}known keywords: {', '.join(allowed())}"


def _text(said: Said, problem: str, keyword: str | None = None) -> str:
    """Return the problem with the place of the mark in front, as `path:line`."""
    root = said.node.config.rootpath
    path = said.node.path.relative_to(root) if said.node.path.is_relative_to(root) else said.node.path
    return f"{path}:{_line(said, keyword)}: {said}: {problem}"


def _line(said: Said, keyword: str | None) -> int:
    """Return the line of the mark in its file; of what it marks when it is written elsewhere."""
    written = [call for call in _written(said.node) if keyword is None or keyword in {one.arg for one in call.keywords}]
    if written:
        return next((one.lineno for call in written for one in call.keywords if one.arg == keyword), written[0].lineno)
    return (said.node.location[1] or 0) + 1 if isinstance(said.node, pytest.Item) else 1


def _written(node: pytest.Item | pytest.Collector) -> list[ast.Call]:
    """Return the `mark.mockstore(...)` calls in the node's file; those that decorate it, if there are any."""
    tree = _parsed(node.path)
    name = getattr(node, "originalname", node.name)
    owners = [one for one in ast.walk(tree) if getattr(one, "name", None) == name and hasattr(one, "decorator_list")]
    decorators = [call for owner in owners for each in getattr(owner, "decorator_list", ()) for call in _calls(each)]
    return decorators or list(_calls(tree))


def _parsed(path: Path) -> ast.AST:
    try:
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):  # a doctest in a text file, say
        return ast.Module([], [])


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    calls = (one for one in ast.walk(tree) if isinstance(one, ast.Call))
    return (call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == MARK)
