"""Clients of the console: a test client in process, and a browser with a running server."""

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
from tests.console.served import SETTINGS, Served

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
TIMEOUT_MS = 20_000


@pytest.fixture
def tenants() -> Iterator[Tenants]:
    with Tenants(SETTINGS) as made:
        yield made


@pytest.fixture
def client(tenants: Tenants) -> FlaskClient:
    return create_app(tenants, SETTINGS).test_client()


@pytest.fixture
def mockstore(tenants: Tenants) -> Mockstore:
    return tenants.of(None)


class Serve(Protocol):
    """Starts a server; `changes` replace members of `SETTINGS`."""

    def __call__(self, **changes: Json) -> Served: ...


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(**changes: Json) -> Served:
            return Served(*stack.enter_context(serving(replace(SETTINGS, **changes))))

        yield start


@pytest.fixture
def served(serve: Serve) -> Served:
    return serve()


@pytest.fixture(scope="module")  # not "session": as long as it is open, this thread has a running event loop
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail(f"there is no browser at {CHROMIUM}, and in CI there has to be one")
        pytest.skip(f"there is no browser at {CHROMIUM}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class OpenPage(Protocol):
    """Opens a page of the console in a new browser context; `context` holds the options of that."""

    def __call__(self, url: str, **context: Json) -> Page: ...


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open pages; fail at the end of the test if one of them has logged an error or a warning."""
    contexts: list[BrowserContext] = []
    messages: list[str] = []

    def note(message: ConsoleMessage) -> None:
        refused = message.text.startswith("Failed to load resource")  # a refused form is no error
        if message.type in ("error", "warning") and not refused:
            messages.append(message.text)

    def start(url: str, **context: Json) -> Page:
        contexts.append(browser.new_context(**context))
        page = contexts[-1].new_page()
        page.set_default_timeout(TIMEOUT_MS)
        page.on("console", note)
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.goto(url)
        return page

    yield start
    for context in contexts:
        context.close()
    assert messages == []
