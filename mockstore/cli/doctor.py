"""`mockstore doctor`: checks the installation, and whether a server answers."""

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, entry_points, version
from importlib.util import find_spec
from typing import Final, Literal, TypeAlias

import click
from click.core import ParameterSource
from msgspec import Struct
from msgspec.structs import asdict

from mockstore.cli.client import Client, RefusedError
from mockstore.cli.options import asks_server
from mockstore.cli.show import bad, good, quiet, say_json, waiting
from mockstore.errors import NoServerError
from mockstore.model import Json
from mockstore.web.records import installed_version

EPILOG = """\b
Examples:
  mockstore doctor
  mockstore doctor --server http://mock:8080       a server elsewhere
  mockstore doctor --json

\b
The exit code is 0 when nothing is wrong, 1 otherwise. A server that does not run is no mistake,
unless --server or MOCKSTORE_SERVER names one.
"""

Rating: TypeAlias = Literal["fine", "note", "wrong"]

EXTRAS: Final = (
    ("time_machine", "travel", "clock='travel' in tests"),
    ("hypothesis", "fuzz", "mockstore.strategies"),
    ("sqlalchemy", "sql", "serve --database sqlite:///…"),
    ("psycopg", "postgresql", "serve --database postgresql+psycopg://…"),
    ("locust", "load", "mockstore load"),
)
"""The module that an extra installs, the name of the extra, and what it is for."""

VECTOR: Final = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}')
VECTOR_SIGNATURE: Final = "sha256=80ec8a89ce3cd22133a1066caecb4d04fea7467657c8514d717ec42c38a5c94c"


class Finding(Struct, frozen=True):
    """The result of one check."""

    subject: str
    word: Rating
    text: str


@click.command(epilog=EPILOG)
@asks_server
@click.pass_context
def doctor(context: click.Context, *, client: Client, as_json: bool) -> None:
    """Check this installation, and a running server."""
    named = context.get_parameter_source("server") is not ParameterSource.DEFAULT
    findings = [*_installation(), _server(client, named=named)]
    if as_json:
        say_json({"ok": all(one.word != "wrong" for one in findings), "findings": [asdict(one) for one in findings]})
    else:
        for one in findings:
            click.echo(f"{_MARKS[one.word]} {one.subject.ljust(_WIDTH)} {one.text}")
    if any(one.word == "wrong" for one in findings):
        context.exit(1)


_WIDTH: Final = 12
_MARKS: Final = {"fine": good("✓"), "note": waiting("·"), "wrong": bad("✗")}


def _installation() -> Iterator[Finding]:
    yield Finding("python", "fine", f"{sys.version.split()[0]} at {sys.executable}")
    for subject, check in CHECKS:
        try:
            yield check()
        except Exception as error:  # noqa: BLE001 - any exception is the result of the check
            yield Finding(subject, "wrong", f"{type(error).__name__}: {error}; install it anew")
    for module, extra, purpose in EXTRAS:
        if find_spec(module) is None:
            yield Finding(extra, "note", f"not installed; for {purpose}: pip install 'mockstore[{extra}]'")
        else:
            yield Finding(extra, "fine", f"{_version(module.replace('_', '-'))}, for {purpose}")


def _package() -> Finding:
    import mockstore  # noqa: PLC0415 - the import is part of the check

    return Finding("mockstore", "fine", f"{version('mockstore')} at {mockstore.__path__[0]}")


def _plugin() -> Finding:
    found = [one for one in entry_points(group="pytest11") if one.name == "mockstore"]
    if not found:
        return Finding("plugin", "wrong", "pytest does not know it; install mockstore with pip, into this Python")
    if len(found) > 1:
        names = ", ".join(str(one.value) for one in found)
        return Finding("plugin", "wrong", f"{len(found)} plugins are called mockstore ({names}); uninstall the others")
    found[0].load()
    return Finding("plugin", "fine", f"fixtures are there, for pytest {_version('pytest')}")


def _schemas() -> Finding:
    from mockstore.events import petstore_catalogue  # noqa: PLC0415 - the import is part of the check

    catalogue = petstore_catalogue()
    wrong = [
        name for name in catalogue.types for sample in catalogue.schema(name)["examples"] if catalogue.mistakes(sample)
    ]
    if wrong:
        return Finding(
            "schemas", "wrong", f"the samples of {', '.join(wrong)} do not fit their schemas; install it anew"
        )
    return Finding("schemas", "fine", f"{len(catalogue.types)} event types, and their samples fit")


def _signatures() -> Finding:
    from mockstore.signing import verify  # noqa: PLC0415 - the import is part of the check

    secret, body = VECTOR
    verdict = verify(body, [("X-Webhook-Signature", VECTOR_SIGNATURE)], secret)
    if not verdict:
        return Finding("signatures", "wrong", f"a known signature does not verify: {verdict.message}")
    return Finding("signatures", "fine", "a known signature verifies")


CHECKS: Final[tuple[tuple[str, Callable[[], Finding]], ...]] = (
    ("mockstore", _package),
    ("plugin", _plugin),
    ("schemas", _schemas),
    ("signatures", _signatures),
)


def _server(client: Client, *, named: bool) -> Finding:
    try:
        health: Json = client.get("/_mockstore/health", expect="status")
    except NoServerError as error:
        if named:
            return Finding("server", "wrong", str(error))
        return Finding("server", "note", f"none at {client.server}; start one with `mockstore serve`")
    except RefusedError as error:
        return Finding("server", "wrong", f"{client.server} refuses: {error}")
    there, here = str(health.get("version", "?")), installed_version()
    if there != here:
        return Finding("server", "wrong", f"{client.server} is mockstore {there}, and this is {here}; use the same")
    if health["status"] != "ok":
        return Finding("server", "wrong", f"{client.server} says {health['status']}")
    return Finding("server", "fine", f"{client.server} answers, mockstore {there}{_clock(health)}")


def _clock(health: Json) -> str:
    clock = health.get("clock") or {}
    return quiet("; its clock stands still: `mockstore clock run`") if clock.get("frozen") else ""


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "?"
