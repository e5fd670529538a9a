"""Loads scenarios: ready ones by name, others by path. The only module of this package that reads files."""

from collections.abc import Mapping
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Final

from mockstore.errors import InvalidInputError
from mockstore.events import Catalogue, petstore_catalogue
from mockstore.model import Json
from mockstore.scenario.document import Scenario
from mockstore.scenario.mistakes import unknown
from mockstore.scenario.reading import read

_SUFFIX: Final = ".yaml"
_SUFFIXES: Final = (_SUFFIX, ".yml", ".json")


def names() -> tuple[str, ...]:
    """Return the names of the ready scenarios, sorted."""
    folder = files("mockstore.scenario").joinpath("library")
    return tuple(sorted(entry.name.removesuffix(_SUFFIX) for entry in folder.iterdir() if entry.name.endswith(_SUFFIX)))


def text_of(name: str) -> str:
    """Return the text of a ready scenario's file; raise `InvalidInputError` that lists the names for an unknown one."""
    if name not in names():
        raise InvalidInputError(unknown("scenario", name, names()), field="scenario", code="unknown_scenario")
    return files("mockstore.scenario").joinpath("library", f"{name}{_SUFFIX}").read_text(encoding="utf-8")


def load(
    source: str | PathLike[str],
    *,
    catalogue: Catalogue | None = None,
    variables: Mapping[str, Json] | None = None,
) -> Scenario:
    """Return the scenario in a file, or the ready one of this name.

    `variables` override those of the file. Raises `InvalidScenarioError` with every mistake, and `InvalidInputError`
    when there is no such file or name.
    """
    name = str(source) if _is_path(source) else f"{source}{_SUFFIX}"
    return read(source_of(source), name, catalogue or petstore_catalogue(), variables=variables)


def source_of(source: str | PathLike[str]) -> str:
    """Return the text of a file, or of the ready scenario of this name; raise `InvalidInputError` if there is none."""
    if not _is_path(source):
        return text_of(str(source))
    try:
        return Path(source).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidInputError(f"the scenario {source} cannot be read: {why}", field="scenario") from None


def _is_path(source: str | PathLike[str]) -> bool:
    """Tell whether it is a path, not a name: it has a slash or a known suffix, or is not a `str`."""
    return not isinstance(source, str) or source.endswith(_SUFFIXES) or "/" in source or "\\" in source
