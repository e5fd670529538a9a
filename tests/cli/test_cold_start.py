"""A server without options does not import what it does not need, which would cost start-up time and memory."""

import os
import subprocess
import sys
from http.client import HTTPConnection
from typing import Final

NOT_NEEDED: Final = frozenset(
    {
        "asyncio",
        "faker",
        "jsonschema",
        "locust",
        "prometheus_client",
        "pytest",
        "requests",
        "sqlalchemy",
        "tomllib",
        "yaml",
        "mockstore.web.console.rendering",
        "mockstore.world.store_sql",
    }
)
"""Each is imported at its first use: for a database, metrics, a page of the console, an override …"""

PROGRAM: Final = f"""
import atexit, sys
from mockstore.cli import main
atexit.register(lambda: print("loaded:", *sorted(set({sorted(NOT_NEEDED)!r}) & sys.modules.keys()), flush=True))
sys.argv = ["mockstore", "serve", "--port", "0"]
main()
"""


def test_a_server_that_has_answered_has_loaded_nothing_it_does_not_need() -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("MOCKSTORE_", "COV_"))}
    command = (sys.executable, "-c", PROGRAM)
    with subprocess.Popen(command, env=bare, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        connection = HTTPConnection(line.split("//")[1].strip(), timeout=20)
        connection.request("GET", "/_mockstore/health")

        status = connection.getresponse().status

        connection.close()
        process.terminate()
        rest = process.stdout.read().splitlines()
    assert status == 200
    assert rest[-1:] == ["loaded:"]
