"""A server in its own process, and a receiver that records requests, to test the server from outside."""

import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Thread
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

ROOT: Final = Path(__file__).parent.parent
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
PATIENCE: Final = 60.0
"""Seconds that a server may take to end, or an attempt to arrive."""


class Sink:
    """A receiver that records when requests arrive. It refuses the first attempt of about every third event."""

    def __init__(self) -> None:
        self._changed = Condition()
        self.seen: dict[tuple[str, int], list[datetime]] = defaultdict(list)
        """By event id and attempt: the times at which the attempt arrived."""

    def take(self, event_id: str, attempt: int) -> int:
        """Record a request and return the status of the response."""
        with self._changed:
            self.seen[event_id, attempt].append(datetime.now(UTC))
            self._changed.notify_all()
        return 503 if attempt == 1 and int(event_id[-4:], 16) % 3 == 0 else 204

    def wait_for(self, event_id: str, attempt: int = 1) -> bool:
        """Wait for an attempt, at most `PATIENCE`; return whether it arrived."""
        with self._changed:
            return self._changed.wait_for(lambda: (event_id, attempt) in self.seen, PATIENCE)

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Serve inside the `with` block; yield the URL."""

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(handler) -> None:  # noqa: N805 - `self` is the sink
                handler.rfile.read(int(handler.headers["Content-Length"]))
                status = self.take(handler.headers["X-Webhook-Id"], int(handler.headers["X-Webhook-Attempt"]))
                handler.send_response(status)
                handler.send_header("Content-Length", "0")
                with suppress(OSError):  # the sender was killed
                    handler.end_headers()

            def log_message(handler, *_: object) -> None:  # noqa: N805 - as above
                """Log nothing."""

        server = _Quiet(("127.0.0.1", 0), Handler)
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Log nothing: it is expected that a sender is killed during a request."""


class ServerProcess:
    """A process of `mockstore serve` with a database."""

    def __init__(self, database: str, settings: Mapping[str, str] = NOTHING, *, limit: int | None = None) -> None:
        """Start the server and wait for its URL.

        `settings` are environment variables without `MOCKSTORE_`; `limit` is the maximum size of its files in bytes.
        """
        values = {"DATABASE": database, "HISTORY": "10000000", "SCHEDULE": "1s,1s", **settings}
        variables = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSTORE_")}
        variables |= {f"MOCKSTORE_{name}": value for name, value in values.items()}
        command: tuple[str, ...] = (sys.executable, "-m", "mockstore", "serve", "--port", "0", "--json")
        if limit is not None:
            command = ("prlimit", f"--fsize={limit}", *command)
        self.process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline() if self.process.stdout is not None else ""
        if not line:
            raise RuntimeError(f"the server did not start; it ended with {self.process.wait()}")
        self.url: str = json.loads(line)["url"]

    def call(self, method: str, path: str, body: object = None, timeout: float = 60) -> tuple[int, Any]:
        """Return the status and the JSON of the response; raise `OSError` or `HTTPException` when there is none."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=timeout)
        try:
            content = None if body is None else json.dumps(body)
            headers = {"Content-Type": "application/json", "Authorization": "Bearer anybody"}
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        finally:
            connection.close()

    def kill(self) -> None:
        """Kill the process (SIGKILL)."""
        self._end(signal.SIGKILL)

    def kill_if_it_runs(self) -> None:
        """Kill the process unless it has ended."""
        if self.process.poll() is None:
            self.kill()

    def stop(self) -> int:
        """Terminate the process (SIGTERM) and return its exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status
