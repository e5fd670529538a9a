"""Finds the paths of a project's webhook endpoints, with their prefixes, by parsing its source. Pure."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct

_WEBHOOK: Final = re.compile("hook|petstore", re.IGNORECASE)
_ROUTES: Final = frozenset({"post", "route", "path", "api_route"})
_PREFIXES: Final[Mapping[str, str]] = {"APIRouter": "prefix", "Blueprint": "url_prefix"}
"""The keyword argument that gives a router or blueprint its prefix, by class."""
_MOUNTS: Final[Mapping[str, str]] = {"include_router": "prefix", "register_blueprint": "url_prefix"}
"""The keyword argument with which it is mounted below a further prefix, by the method that mounts it."""


class Source(Struct, frozen=True):
    """A Python file of the project: the dotted name of its module, and its syntax tree."""

    module: str
    tree: ast.Module
    is_package: bool = False


class _Group(Struct, frozen=True):
    """A router or a blueprint."""

    kind: str
    prefix: str | None
    """None when it is no literal."""


class _Mount(Struct, frozen=True):
    """Where a router, a blueprint or a URL module of Django is mounted."""

    owner: str
    """The dotted name of the router, app or URL module that it is mounted in."""
    prefix: str | None
    """None when it is no literal."""
    is_given: bool = True
    """Whether the call has a prefix."""


class Routes:
    """The routes of a project."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = list(sources)
        self._imports = {source.module: dict(_imports(source)) for source in self._sources}
        self._groups: dict[str, _Group] = {}
        self._mounts: dict[str, _Mount] = {}
        for source in self._sources:
            for node in ast.walk(source.tree):
                self._record_group(source, node)
        for source in self._sources:
            for node in ast.walk(source.tree):
                if isinstance(node, ast.Call):
                    self._record_mount(source, node)

    def webhook_paths(self) -> Iterator[str | None]:
        """Yield the paths that look like a webhook endpoint; None for one whose prefix is no literal."""
        for source in self._sources:
            for node in ast.walk(source.tree):
                if isinstance(node, ast.Call) and call_name(node) in _ROUTES and node.args:
                    text = literal_text(node.args[0])
                    if text is not None:
                        yield from self._webhook_path(self._prefix(self._owner(source, node), ()), text)

    def _webhook_path(self, prefix: str | None, text: str) -> Iterator[str | None]:
        path = f"/{_joined(prefix or '', text).lstrip('/')}"
        if _WEBHOOK.search(path) and "<" not in path and "{" not in path:
            yield None if prefix is None else path

    def _owner(self, source: Source, call: ast.Call) -> str:
        """Return the dotted name of the router or app of a route; for Django, that of the URL module."""
        return self._dotted_name(source, call.func.value) if isinstance(call.func, ast.Attribute) else source.module

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

    def _record_group(self, source: Source, node: ast.AST) -> None:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name):
            kind = call_name(node.value)
            if kind in _PREFIXES:
                prefix, _ = _keyword(node.value, _PREFIXES[kind])
                self._groups[f"{source.module}.{node.targets[0].id}"] = _Group(kind, prefix)

    def _record_mount(self, source: Source, call: ast.Call) -> None:
        name = call_name(call)
        if name in _MOUNTS and call.args and isinstance(call.func, ast.Attribute):
            prefix, is_given = _keyword(call, _MOUNTS[name])
            mount = _Mount(self._dotted_name(source, call.func.value), prefix, is_given)
            self._mounts.setdefault(self._dotted_name(source, call.args[0]), mount)
        elif name == "path" and len(call.args) > 1 and isinstance(call.args[1], ast.Call):
            inner = call.args[1]
            if call_name(inner) == "include" and inner.args:
                mount = _Mount(source.module, literal_text(call.args[0]))
                self._mounts.setdefault(self._included(source, inner.args[0]), mount)

    def _included(self, source: Source, node: ast.expr) -> str:
        first = node.elts[0] if isinstance(node, ast.Tuple) and node.elts else node
        text = literal_text(first)
        return self._resolved(text, self._imports) if text is not None else self._dotted_name(source, first)

    def _dotted_name(self, source: Source, node: ast.expr) -> str:
        """Return the dotted name that an expression refers to; an empty text when it is no name."""
        if isinstance(node, ast.Name):
            dotted = self._imports[source.module].get(node.id, f"{source.module}.{node.id}")
        elif isinstance(node, ast.Attribute):
            dotted = f"{self._dotted_name(source, node.value)}.{node.attr}"
        else:
            return ""
        for _ in self._sources:  # follow re-exports through at most all modules
            module, _dot, name = dotted.rpartition(".")
            reexported = self._imports.get(self._resolved(module, self._imports), {}).get(name)
            if dotted in self._groups or reexported is None:
                break
            dotted = reexported
        return self._resolved(dotted, self._groups)

    def _resolved(self, dotted: str, names: Iterable[str]) -> str:
        """Return the one of `names` that `dotted` refers to; the import root may be a subfolder of the project."""
        names = list(names)
        in_subfolder = [name for name in names if name.endswith(f".{dotted}")]
        return in_subfolder[0] if dotted not in names and len(in_subfolder) == 1 else dotted


def _joined(prefix: str, text: str) -> str:
    return f"{prefix.rstrip('/')}/{text.lstrip('/')}" if prefix and text.startswith("/") else prefix + text


def _keyword(call: ast.Call, name: str) -> tuple[str | None, bool]:
    """Return the literal text of a keyword argument (None when it is no literal), and whether it is given."""
    value = next((one.value for one in call.keywords if one.arg == name), None)
    return ("", False) if value is None else (literal_text(value), True)


def _imports(source: Source) -> Iterator[tuple[str, str]]:
    """Yield each name that a module imports, with the dotted name that it refers to."""
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


def call_name(call: ast.Call) -> str:
    """Return the name of the function or method, without its object; an empty text when it has none."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def literal_text(node: ast.AST) -> str | None:
    """Return the value of a string literal; None for any other node."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
