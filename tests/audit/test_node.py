"""A consumer in another language, which does not use mockstore, is audited over HTTP."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mockstore.audit import auditing, probe_of_url
from mockstore.world.transports import Router
from tests.audit.conftest import SECRET

SERVER = Path(__file__).parents[2] / "examples" / "node_consumer" / "server.mjs"
NODE = shutil.which("node")


@contextmanager
def consumer(**told: str) -> Iterator[str]:
    if NODE is None:
        pytest.skip("there is no node on this machine")
    environment = {**os.environ, "SECRET": SECRET, "PORT": "0", **told}
    with subprocess.Popen([NODE, str(SERVER)], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@pytest.fixture
def node_url() -> Iterator[str]:
    with consumer() as url:
        yield url


def test_it_listens_on_loopback_unless_it_is_told_another_address(node_url: str) -> None:
    assert node_url.startswith("http://127.0.0.1:")
    with consumer(HOST="localhost") as url:
        assert url.startswith("http://localhost:")


def test_the_consumer_in_node_passes_every_rule(node_url: str) -> None:
    router = Router.standalone()
    try:
        probe = probe_of_url(f"{node_url}/effects", router)
        with auditing(f"{node_url}/webhooks", secret=SECRET, probe=probe, router=router) as auditor:
            audit = auditor.run()
    finally:
        router.close()

    assert [(one.rule.id, one.reason) for one in audit.findings if not one.passed] == []
