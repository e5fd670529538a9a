"""Finds the app that receives webhooks in a project by parsing its source. Pure: nothing is run or imported."""

import ast
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from mockstore.cli.routes import Routes, Source, call_name, literal_text

Framework: TypeAlias = Literal["flask", "django", "fastapi"]

DEFAULT_PATH: Final = "/webhooks/petstore"
APP_CLASSES: Final[Mapping[str, Framework]] = MappingProxyType({"Flask": "flask", "FastAPI": "fastapi"})
FRAMEWORKS: Final[tuple[Framework, ...]] = ("django", "fastapi", "flask")
_SECRET: Final = re.compile(r"^(?=.*SECRET)(?=.*(HOOK|PETSTORE))[A-Z][A-Z0-9_]*$")
_SETTINGS: Final = re.compile(r"""DJANGO_SETTINGS_MODULE["']\s*[,\]]\s*=?\s*["']([\w.]+)["']""")
_STANDARD_WEBHOOKS_LIBRARIES: Final = frozenset({"standardwebhooks", "svix"})


class Consumer(Struct, frozen=True):
    """The app that receives webhooks, as far as it was found in the source."""

    framework: Framework
    module: str | None = None
    """The module to import the app from; None for Django, and when no app was found."""
    name: str = "app"
    is_factory: bool = False
    """Whether `name` is a function that returns the app."""
    path: str | None = None
    """The path of the endpoint; None when none was found, or when its prefix is no literal."""
    secret: str | None = None
    """The name of the environment variable, or of Django's setting, that holds the secret; None when not found."""
    is_standard: bool = False
    """Whether it verifies the Standard Webhooks headers."""
    settings: str | None = None
    """The module of Django's settings that manage.py names; None when it names none, and without Django."""


def consumer_in(sources: Mapping[str, str], wanted: Framework | None = None) -> Consumer | None:
    """Return the consumer in `sources` (path with slashes to text); None when no framework is found.

    `wanted` names the framework to look for; None for the first that is found. Files that cannot be parsed are skipped.
    """
    modules = [_Module(path, tree) for path, tree in sorted(_trees(sources))]
    framework = wanted or _framework_of(modules, sources)
    if framework is None:
        return None
    app = next((found for module in modules for found in module.apps() if found.framework == framework), None)
    paths = list(Routes(module.source for module in modules).webhook_paths())
    secrets = [name for module in modules for name in module.secrets()]
    return Consumer(
        framework=framework,
        module=None if app is None or framework == "django" else app.module,
        name="app" if app is None else app.name,
        is_factory=app is not None and app.is_factory,
        path=paths[0] if paths else None,
        secret=secrets[0] if secrets else None,
        is_standard=any(_STANDARD_WEBHOOKS_LIBRARIES & module.imported() for module in modules),
        settings=_settings_in(sources) if framework == "django" else None,
    )


def _trees(sources: Mapping[str, str]) -> Iterator[tuple[str, ast.Module]]:
    for path, text in sources.items():
        if path.endswith(".py"):
            try:
                yield path, ast.parse(text)
            except (SyntaxError, ValueError, RecursionError):
                continue


def _framework_of(modules: "list[_Module]", sources: Mapping[str, str]) -> Framework | None:
    """Return the framework of the first app, else one that is imported, else one that the requirements name."""
    if any(path.rpartition("/")[2] == "manage.py" for path in sources):
        return "django"
    for module in modules:
        for app in module.apps():
            return app.framework
    imported = {name for module in modules for name in module.imported()}
    required = " ".join(text for path, text in sources.items() if not path.endswith(".py")).lower()
    known = [name for name in FRAMEWORKS if name in imported]
    return next(iter([*known, *(name for name in FRAMEWORKS if re.search(rf"\b{name}\b", required))]), None)


def _settings_in(sources: Mapping[str, str]) -> str | None:
    managing = (text for path, text in sources.items() if path.rpartition("/")[2] == "manage.py")
    named = (_SETTINGS.search(text) for text in managing)
    return next((found[1] for found in named if found is not None), None)


class _Module:
    """A Python file of the project."""

    def __init__(self, path: str, tree: ast.Module) -> None:
        parts = path.removesuffix(".py").removeprefix("src/").split("/")
        is_package = parts[-1] == "__init__"
        self._name = ".".join(parts[:-1] if is_package else parts)
        self._tree = tree
        self.source = Source(self._name, tree, is_package)

    def apps(self) -> Iterator[Consumer]:
        """Yield the apps at the top level of the module, then the functions that create one."""
        for node in self._tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                framework = _framework_created_by(node.value)
                if framework is not None:
                    yield Consumer(framework, self._name, node.targets[0].id)
        for node in self._tree.body:
            if isinstance(node, ast.FunctionDef):
                for call in ast.walk(node):
                    framework = _framework_created_by(call)
                    if framework is not None:
                        yield Consumer(framework, self._name, node.name, is_factory=True)
                        break

    def imported(self) -> set[str]:
        """Return the top-level names of the imported modules."""
        found = set[str]()
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
        return found

    def secrets(self) -> Iterator[str]:
        """Yield the names of variables and settings that may hold the secret of a webhook."""
        for node in ast.walk(self._tree):
            name = node.attr if isinstance(node, ast.Attribute) else literal_text(node)
            if name is not None and _SECRET.match(name):
                yield name


def _framework_created_by(node: ast.AST) -> Framework | None:
    return APP_CLASSES.get(call_name(node)) if isinstance(node, ast.Call) else None
