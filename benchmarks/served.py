"""Runs our server and other servers in processes of their own; a request to each triggers a callback."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from benchmarks import mocks
from benchmarks.consumer import PATH, SECRET, TYPE, Maker
from benchmarks.harness import OURS
from benchmarks.mocks import MOCKS, Callback
from benchmarks.suites import ROOT, environment

ORDER = {"type": TYPE}
"""The body of a request that causes one callback."""
_VIEW = """
import hashlib, hmac, sys
from flask import Flask
app = Flask("rival")
body = sys.argv[2].encode()
def headers():
    made = hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Webhook-Signature": "sha256=" + made}
@app.post("/_mockstore/emit")
def emit():
    post()
    return "", 202
def say(port):
    print(f"serves http://127.0.0.1:{port}", flush=True)
"""
_URLLIB3 = """
import urllib3
from cheroot.wsgi import Server
pool = urllib3.PoolManager(maxsize=16)
def post():
    pool.request("POST", sys.argv[1], body=body, headers=headers())
server = Server(("127.0.0.1", 0), app)
server.prepare()
say(server.bind_addr[1])
server.serve()
"""
_REQUESTS = """
import logging, requests
from werkzeug.serving import make_server
logging.getLogger("werkzeug").setLevel(logging.ERROR)
session = requests.Session()
def post():
    session.post(sys.argv[1], data=body, headers=headers())
server = make_server("127.0.0.1", 0, app, threaded=True)
say(server.port)
server.serve_forever()
"""

PROGRAMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        OURS: ("-m", "mockstore", "serve", "--port", "0"),
        "Flask + urllib3 on cheroot": ("-c", _VIEW + _URLLIB3),
        "Flask + requests on werkzeug": ("-c", _VIEW + _REQUESTS),
    }
)


@dataclass(frozen=True, slots=True)
class Served:
    """A running server."""

    port: int

    def client(self) -> http.client.HTTPConnection:
        """Return a new kept-alive connection to the server."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)

    def ask(self, method: str, path: str, document: object = None) -> Any:  # noqa: ANN401 - JSON
        """Make one call on a new connection; return the JSON of the response."""
        client = self.client()
        try:
            return call(client, method, path, document)
        finally:
            client.close()


def call(client: http.client.HTTPConnection, method: str, path: str, document: object = None) -> Any:  # noqa: ANN401 - JSON
    """Make a call and return the JSON of the response; raise `AssertionError` unless the status is 2xx."""
    body = None if document is None else json.dumps(document)
    client.request(method, path, body, {"Content-Type": "application/json"})
    answer = client.getresponse()
    content = answer.read()
    if not 200 <= answer.status < 300:  # noqa: PLR2004 - the range of success
        raise AssertionError(f"{method} {path} answered {answer.status}: {content[:500]!r}")
    return json.loads(content) if content else None


def rivals() -> tuple[str, ...]:
    """Return the names of all servers: ours, the Flask views, and the installed mocks."""
    return (*PROGRAMS, *mocks.installed())


@contextmanager
def started(name: str, sink: int, *options: str) -> Iterator[Served]:
    """Run a server inside the `with` block; it sends callbacks to the port `sink`. `options` are for ours only."""
    callback = Callback(f"http://127.0.0.1:{sink}{PATH}", Maker().signed()[0].decode())
    if name in MOCKS:
        with mocks.started(name, callback) as port:
            yield Served(port)
        return
    with _python(*PROGRAMS[name], *(options if name == OURS else (callback.url, callback.body))) as served:
        if name == OURS:
            served.ask("POST", "/v1/webhooks", {"url": callback.url, "events": ["*"], "secret": SECRET})
        yield served


@contextmanager
def _python(*arguments: str) -> Iterator[Served]:
    command, pipe = (sys.executable, *arguments), subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=pipe, text=True) as process:
        if process.stdout is None:
            raise RuntimeError("the server has no output to read its address from")
        try:
            line = next(line for line in process.stdout if "http://" in line)
            yield Served(int(line.strip().rsplit(":", 1)[1]))
        finally:
            process.terminate()
