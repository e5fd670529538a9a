"""A mock that is served, a receiver that answers by script, and a browser that looks at the console."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from mockstore.model import Json
from mockstore.service import Mockstore
from mockstore.tenants import Tenants
from mockstore.web.app import create_app
from mockstore.web.serve import serving
from tests.console.served import STILL, Served

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 20_000


@pytest.fixture
def tenants() -> Iterator[Tenants]:
    with Tenants(STILL) as made:
        yield made


@pytest.fixture
def client(tenants: Tenants) -> FlaskClient:
    return create_app(tenants, STILL).test_client()


@pytest.fixture
def mockstore(tenants: Tenants) -> Mockstore:
    return tenants.of(None)


class Serve(Protocol):
    """Starts a server with these settings changed."""

    def __call__(self, **changes: Json) -> Served: ...


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(**changes: Json) -> Served:
            return Served(*stack.enter_context(serving(replace(STILL, **changes))))

        yield start


@pytest.fixture
def mock(serve: Serve) -> Served:
    return serve()


@pytest.fixture(scope="module")  # not for the session: while it runs, this thread has a running event loop
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail(f"there is no browser at {CHROMIUM}, and in CI there has to be one")
        pytest.skip(f"there is no browser at {CHROMIUM}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Open(Protocol):
    """Opens a page of the console, in a window of its own."""

    def __call__(self, url: str, **context: Json) -> Page: ...


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open pages; at the end of the test none of them may have complained."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        refused = message.text.startswith("Failed to load resource")  # a form that was not taken is no mishap
        if message.type in ("error", "warning") and not refused:
            complaints.append(message.text)

    def start(url: str, **context: Json) -> Page:
        contexts.append(browser.new_context(**context))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield start
    for context in contexts:
        context.close()
    assert complaints == []
