"""WireMock and Mockoon: where they are, how they are started, and what they are told. They come from npm, by name."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from uuid import UUID

from benchmarks import ports
from benchmarks.ports import HEALTH
from benchmarks.suites import ROOT

EMIT = "/_mockstore/emit"
FOLDER = ROOT / ".venv" / "peers"
"""Where `make peers` installs them. They are taken from the `PATH` where they are not here."""
JSON_TYPE = "application/json"
WELL = '{"status": "ok"}'


@dataclass(frozen=True, slots=True)
class Callback:
    """What a mock sends, and where to, whenever it is asked to."""

    url: str
    body: str


@dataclass(frozen=True, slots=True)
class Mock:
    """A server that is told by a document what to answer, and what to call."""

    executable: str
    document: str
    """The document's place in a folder of its own."""
    written: Callable[[Callback], object]
    """Makes the document."""
    options: tuple[str, ...]
    """For the command line, with the fields `folder`, `document` and `port`."""

    def command(self) -> tuple[str, ...] | None:
        """Return how to call it, or None where it, or what runs it, is not installed."""
        beside = FOLDER / "node_modules" / ".bin"
        found = shutil.which(self.executable, path=str(beside)) or shutil.which(self.executable)
        if found is None or shutil.which("node") is None:
            return None
        jar = next(iter((Path(found).resolve().parent / "build").glob("*.jar")), None)
        if jar is None:
            return (found,)
        java = shutil.which("java")
        return (java, "-jar", str(jar)) if java else None  # without the process of npm's that would only call it


def wiremock_mappings(callback: Callback) -> object:
    """Return what WireMock loads: two stubs, one of them with a webhook."""
    webhook = {
        "method": "POST",
        "url": callback.url,
        "headers": {"Content-Type": JSON_TYPE},
        "body": callback.body,
    }
    health = {
        "request": {"method": "GET", "urlPath": HEALTH},
        "response": {"status": 200, "headers": {"Content-Type": JSON_TYPE}, "body": WELL},
    }
    emit = {
        "request": {"method": "POST", "urlPath": EMIT},
        "response": {"status": 202},
        "serveEventListeners": [{"name": "webhook", "parameters": webhook}],
    }
    return {"mappings": [health, emit]}


def mockoon_environment(callback: Callback) -> object:
    """Return what Mockoon loads: two routes, one of them with a callback. Mockoon adds all that is left at defaults."""
    called = {
        "uuid": str(UUID(int=1)),
        "id": "hook",
        "name": "hook",
        "method": "post",
        "uri": callback.url,
        "headers": [{"key": "Content-Type", "value": JSON_TYPE}],
        "bodyType": "INLINE",
        "body": callback.body,
    }
    health = _route(2, "get", HEALTH, {"statusCode": 200, "body": WELL})
    emit = _route(4, "post", EMIT, {"statusCode": 202, "body": "", "callbacks": [{"uuid": called["uuid"]}]})
    routes = [health, emit]
    return {
        "uuid": str(UUID(int=6)),
        "lastMigration": 33,  # an older document would have its callbacks emptied
        "name": "peer",
        "hostname": "127.0.0.1",
        "routes": routes,
        "rootChildren": [{"type": "route", "uuid": route["uuid"]} for route in routes],
        "callbacks": [called],
    }


def _route(number: int, method: str, path: str, response: Mapping[str, object]) -> dict[str, object]:
    answer = {"uuid": str(UUID(int=number + 1)), "default": True, **response}
    endpoint = path.removeprefix("/")
    return {
        "uuid": str(UUID(int=number)),
        "type": "http",
        "method": method,
        "endpoint": endpoint,
        "responses": [answer],
    }


MOCKS: Mapping[str, Mock] = MappingProxyType(
    {
        "WireMock": Mock(
            "wiremock",
            "mappings/callback.json",
            wiremock_mappings,
            ("--root-dir", "{folder}", "--bind-address", "127.0.0.1", "--port", "{port}", "--disable-banner"),
        ),
        "Mockoon": Mock(
            "mockoon-cli",
            "environment.json",
            mockoon_environment,
            # a log file would be left in the home of whoever measures; an incomplete document is completed unasked
            ("start", "--data", "{document}", "--port", "{port}", "--repair", "--disable-log-to-file"),
        ),
    }
)


def installed() -> dict[str, tuple[str, ...]]:
    """Return the mocks of this machine, and how to call each."""
    return {name: command for name, mock in MOCKS.items() if (command := mock.command())}


def left_out() -> str:
    """Return the end of a note that says which mocks are missing, and how to get them."""
    missing = [name for name in MOCKS if name not in installed()]
    if not missing:
        return ""
    return (
        f"; left out, since not installed: {' and '.join(missing)} (`make peers` installs them, or `npm install "
        f"--prefix {FOLDER.relative_to(ROOT)} wiremock @mockoon/cli`; WireMock needs Java, too)"
    )


@contextmanager
def prepared(name: str, callback: Callback, port: int) -> Iterator[tuple[str, ...]]:
    """Write the document of a mock that is installed; yield the command that starts it at a port."""
    mock = MOCKS[name]
    with TemporaryDirectory() as folder:
        document = Path(folder, mock.document)
        document.parent.mkdir(exist_ok=True)
        document.write_text(json.dumps(mock.written(callback)))
        options = (option.format(folder=folder, document=document, port=port) for option in mock.options)
        yield (*installed()[name], *options)


@contextmanager
def started(name: str, callback: Callback) -> Iterator[int]:
    """Run a mock that is installed, for as long as this lasts; yield its port."""
    port = ports.free()
    with prepared(name, callback, port) as command, ports.running(command) as process:
        ports.wait_for_answer(port, process)
        yield port
