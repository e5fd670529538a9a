"""Finds the paths of a project's endpoints for webhooks, prefixes included, by reading its source. Pure."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct

_HOOK: Final = re.compile("hook|petstore", re.IGNORECASE)
_ROUTES: Final = frozenset({"post", "route", "path", "api_route"})
_PREFIXES: Final[Mapping[str, str]] = {"APIRouter": "prefix", "Blueprint": "url_prefix"}
"""The keyword that gives a group of routes its prefix, by the class of the group."""
_MOUNTS: Final[Mapping[str, str]] = {"include_router": "prefix", "register_blueprint": "url_prefix"}
"""The keyword that gives it a further one, by the method that mounts it."""


class Source(Struct, frozen=True):
    """One file of the project: the dotted name of its module, and what it says."""

    module: str
    tree: ast.Module
    is_package: bool = False


class _Group(Struct, frozen=True):
    """A router or a blueprint."""

    kind: str
    prefix: str | None
    """None where it is not written as a text."""


class _Mount(Struct, frozen=True):
    """Where a group, or Django's module of URLs, is put."""

    owner: str
    """What it is put into: a group, an app, or a module of URLs."""
    prefix: str | None
    is_given: bool = True


class Routes:
    """The routes of a project."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = list(sources)
        self._imports = {source.module: dict(_imports(source)) for source in self._sources}
        self._groups: dict[str, _Group] = {}
        self._mounts: dict[str, _Mount] = {}
        for source in self._sources:
            for node in ast.walk(source.tree):
                self._note_group(source, node)
        for source in self._sources:
            for node in ast.walk(source.tree):
                if isinstance(node, ast.Call):
                    self._note_mount(source, node)

    def hooks(self) -> Iterator[str | None]:
        """Yield the paths that look like an endpoint for webhooks; None for one whose prefix could not be read."""
        for source in self._sources:
            for node in ast.walk(source.tree):
                if isinstance(node, ast.Call) and called(node) in _ROUTES and node.args:
                    text = text_of(node.args[0])
                    if text is not None:
                        yield from self._hook(self._prefix(self._owner(source, node), ()), text)

    def _hook(self, prefix: str | None, text: str) -> Iterator[str | None]:
        path = f"/{_joined(prefix or '', text).lstrip('/')}"
        if _HOOK.search(path) and "<" not in path and "{" not in path:
            yield None if prefix is None else path

    def _owner(self, source: Source, call: ast.Call) -> str:
        """Return what a route belongs to; Django's belong to their module."""
        return self._named(source, call.func.value) if isinstance(call.func, ast.Attribute) else source.module

    def _prefix(self, name: str, seen: tuple[str, ...]) -> str | None:
        group, mount = self._groups.get(name), self._mounts.get(name)
        if name in seen or (group is not None and mount is None):
            return None
        if mount is None:
            return ""
        outer = self._prefix(mount.owner, (*seen, name))
        own = "" if group is None or (group.kind == "Blueprint" and mount.is_given) else group.prefix
        if outer is None or mount.prefix is None or own is None:
            return None
        return _joined(_joined(outer, mount.prefix), own)

    def _note_group(self, source: Source, node: ast.AST) -> None:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name):
            kind = called(node.value)
            if kind in _PREFIXES:
                prefix, _ = _keyword(node.value, _PREFIXES[kind])
                self._groups[f"{source.module}.{node.targets[0].id}"] = _Group(kind, prefix)

    def _note_mount(self, source: Source, call: ast.Call) -> None:
        name = called(call)
        if name in _MOUNTS and call.args and isinstance(call.func, ast.Attribute):
            prefix, is_given = _keyword(call, _MOUNTS[name])
            mount = _Mount(self._named(source, call.func.value), prefix, is_given)
            self._mounts.setdefault(self._named(source, call.args[0]), mount)
        elif name == "path" and len(call.args) > 1 and isinstance(call.args[1], ast.Call):
            inner = call.args[1]
            if called(inner) == "include" and inner.args:
                mount = _Mount(source.module, text_of(call.args[0]))
                self._mounts.setdefault(self._included(source, inner.args[0]), mount)

    def _included(self, source: Source, node: ast.expr) -> str:
        first = node.elts[0] if isinstance(node, ast.Tuple) and node.elts else node
        text = text_of(first)
        return self._known(text, self._imports) if text is not None else self._named(source, first)

    def _named(self, source: Source, node: ast.expr) -> str:
        """Return the dotted name of what an expression stands for, as far as that is written."""
        if isinstance(node, ast.Name):
            dotted = self._imports[source.module].get(node.id, f"{source.module}.{node.id}")
        elif isinstance(node, ast.Attribute):
            dotted = f"{self._named(source, node.value)}.{node.attr}"
        else:
            return ""
        for _ in self._sources:  # from one module that only hands it on to the next
            module, _dot, name = dotted.rpartition(".")
            handed_on = self._imports.get(self._known(module, self._imports), {}).get(name)
            if dotted in self._groups or handed_on is None:
                break
            dotted = handed_on
        return self._known(dotted, self._groups)

    def _known(self, dotted: str, names: Iterable[str]) -> str:
        """Return the one of `names` that is meant, also where the project is imported from a folder below this one."""
        names = list(names)
        below = [name for name in names if name.endswith(f".{dotted}")]
        return below[0] if dotted not in names and len(below) == 1 else dotted


def _joined(prefix: str, text: str) -> str:
    return f"{prefix.rstrip('/')}/{text.lstrip('/')}" if prefix and text.startswith("/") else prefix + text


def _keyword(call: ast.Call, name: str) -> tuple[str | None, bool]:
    """Return the text of a keyword, and whether it is given: no text when it is given otherwise than as one."""
    value = next((one.value for one in call.keywords if one.arg == name), None)
    return ("", False) if value is None else (text_of(value), True)


def _imports(source: Source) -> Iterator[tuple[str, str]]:
    """Yield what the names that a module imports stand for."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom):
            package = source.module.split(".") if node.level else []
            package = package[: len(package) - node.level + source.is_package] if node.level else package
            base = ".".join([*package, *([node.module] if node.module else [])])
            for alias in node.names:
                yield alias.asname or alias.name, f"{base}.{alias.name}" if base else alias.name


def called(call: ast.Call) -> str:
    """Return the last name of what is called."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def text_of(node: ast.AST) -> str | None:
    """Return the text that is written there; None when it is none."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
