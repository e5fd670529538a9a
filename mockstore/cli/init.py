"""`mockstore init`: writes a starter test for the project in the current folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
from msgspec.structs import replace

from mockstore.cli.options import json_option
from mockstore.cli.project_scan import FRAMEWORKS, Consumer, Framework, consumer_in
from mockstore.cli.show import good, quiet, say_json, strong
from mockstore.cli.starter import starter_for
from mockstore.errors import InvalidInputError
from mockstore.exporting import app_named

EPILOG = """\b
Examples:
  mockstore init                                   look around, write test_petstore_webhooks.py
  mockstore init --framework fastapi --path /hooks/petstore
  mockstore init --print                           show the test, write nothing

\b
It reads the Python files below this folder to find the app, the endpoint and the name of the
secret; it runs none of them. What it cannot find is marked with «adapt» in the test.
"""

NAME: Final = "test_petstore_webhooks.py"
_SKIPPED: Final = frozenset({"node_modules", "site-packages", "venv", "tests", "test", "migrations", "build", "dist"})
_CONFIGURATIONS: Final = ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg", "conftest.py")
_MAX_FILES: Final = 3000
_MAX_BYTES: Final = 300_000


@click.command(epilog=EPILOG)
@click.option("--framework", type=click.Choice(FRAMEWORKS), help="What the app is made with.  [default: found]")
@click.option("--app", metavar="MODULE:NAME", help="The app, or with () at its end what makes it.  [default: found]")
@click.option("--path", help="Where the endpoint is.  [default: found]")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"[default: {NAME}, in tests/ if there is such a folder]",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--print", "shown", is_flag=True, help="Print the test instead of writing it.")
@json_option
def init(  # noqa: PLR0913 - the options of the command
    *,
    framework: Framework | None,
    app: str | None,
    path: str | None,
    output: Path | None,
    force: bool,
    shown: bool,
    as_json: bool,
) -> None:
    """Write a starter test for the framework of the project in this folder."""
    consumer = _consumer(framework, app, path)
    text = starter_for(consumer)
    if shown:
        click.echo(text, nl=False)
        return
    target = output or Path("tests" if Path("tests").is_dir() else ".") / NAME
    _write(target, text, force=force)
    if as_json:
        say_json({"file": str(target), "framework": consumer.framework, "adapt": text.count("# adapt")})
        return
    _say(consumer, target, text.count("# adapt"))


def _consumer(framework: Framework | None, app: str | None, path: str | None) -> Consumer:
    consumer = consumer_in(dict(_sources(Path())), framework)
    if consumer is None and framework is None:
        raise InvalidInputError(
            f"no Flask, Django or FastAPI app below {Path.cwd()}; say --framework {'|'.join(FRAMEWORKS)}",
            field="framework",
        )
    known = consumer or Consumer(framework or "flask")
    module, name, is_factory = known.module, known.name, known.is_factory
    if app is not None:
        given = app_named(app)
        module, name, is_factory = given.module, given.name, given.is_factory
    return replace(known, module=module, name=name, is_factory=is_factory, path=_absolute(path) or known.path)


def _absolute(path: str | None) -> str | None:
    return None if path is None else f"/{path.lstrip('/')}"


def _sources(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield path and text of the project's own Python files, and of the files that list its requirements."""
    files = (file for pattern in ("*.py", "pyproject.toml", "requirements*.txt") for file in folder.rglob(pattern))
    count = 0
    for file in files:
        if count == _MAX_FILES:
            return
        if any(part in _SKIPPED or part.startswith(".") for part in file.parts):
            continue
        if file.name.startswith(("test_", "conftest")):
            continue
        count += 1
        try:
            if file.stat().st_size <= _MAX_BYTES:
                yield file.as_posix(), file.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue


def _write(target: Path, text: str, *, force: bool) -> None:
    try:
        with target.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InvalidInputError(f"{target} is there already; --force writes over it, --print shows the test") from None
    except OSError as error:
        raise InvalidInputError(f"cannot write {target}: {error.strerror}") from None


def _say(consumer: Consumer, target: Path, marked: int) -> None:
    app = f"{consumer.module}:{consumer.name}" if consumer.module else "the project of the settings"
    where = app if consumer.framework == "django" or consumer.module else "an app that was not found"
    click.echo(f"{good('wrote')} {strong(str(target))}")
    click.echo(f"for {consumer.framework}: {where}, at {consumer.path or 'a path that was not found'}")
    if marked:
        lines = "1 line is" if marked == 1 else f"{marked} lines are"
        click.echo(f"{lines} marked with «adapt»: complete what was not found")
    if consumer.framework == "django" and not _names_django_settings():
        settings = consumer.settings or "yours.settings"
        click.echo(f"pytest skips it until pytest.ini has [pytest] and DJANGO_SETTINGS_MODULE = {settings}")
    click.echo(quiet(f"run it: python -m pytest {target}"))


def _names_django_settings() -> bool:
    """Return whether a configuration file in this folder names the settings for pytest-django."""
    files = (Path(name) for name in _CONFIGURATIONS)
    return any("DJANGO_SETTINGS_MODULE" in file.read_text("utf-8", "replace") for file in files if file.is_file())
