"""Finds, configures and starts WireMock and Mockoon, two mock servers that npm installs."""

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
"""The folder where `make peers` installs them; otherwise they are looked up in the `PATH`."""
JSON_TYPE = "application/json"
WELL = '{"status": "ok"}'


@dataclass(frozen=True, slots=True)
class Callback:
    """The callback that a mock sends for each request: the body, and the URL it is sent to."""

    url: str
    body: str


@dataclass(frozen=True, slots=True)
class Mock:
    """A mock server that is configured by a JSON document."""

    executable: str
    document: str
    """The path of the document in a temporary folder."""
    written: Callable[[Callback], object]
    """Returns the document for a callback."""
    options: tuple[str, ...]
    """Command-line options, with the fields `folder`, `document` and `port`."""

    def command(self) -> tuple[str, ...] | None:
        """Return the command, or None when the mock, Node.js or Java is not installed."""
        beside = FOLDER / "node_modules" / ".bin"
        found = shutil.which(self.executable, path=str(beside)) or shutil.which(self.executable)
        if found is None or shutil.which("node") is None:
            return None
        jar = next(iter((Path(found).resolve().parent / "build").glob("*.jar")), None)
        if jar is None:
            return (found,)
        java = shutil.which("java")
        return (java, "-jar", str(jar)) if java else None  # without npm's script, which would be an additional process


def wiremock_mappings(callback: Callback) -> object:
    """Return the configuration of WireMock: two stubs, one of them with a webhook."""
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
    """Return the configuration of Mockoon: two routes, one of them with a callback. Mockoon adds the defaults."""
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
        "lastMigration": 33,  # Mockoon would migrate an older document, and empty its callbacks
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
            # without a log file in the home folder; `--repair` adds the defaults to the document without asking
            ("start", "--data", "{document}", "--port", "{port}", "--repair", "--disable-log-to-file"),
        ),
    }
)


def installed() -> dict[str, tuple[str, ...]]:
    """Return the command of each installed mock."""
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
    """Write the document of an installed mock; yield the command that starts it on `port`."""
    mock = MOCKS[name]
    with TemporaryDirectory() as folder:
        document = Path(folder, mock.document)
        document.parent.mkdir(exist_ok=True)
        document.write_text(json.dumps(mock.written(callback)))
        options = (option.format(folder=folder, document=document, port=port) for option in mock.options)
        yield (*installed()[name], *options)


@contextmanager
def started(name: str, callback: Callback) -> Iterator[int]:
    """Run an installed mock inside the `with` block; yield its port."""
    port = ports.free()
    with prepared(name, callback, port) as command, ports.running(command) as process:
        ports.wait_for_answer(port, process)
        yield port
