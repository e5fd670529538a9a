"""The fixtures. The modules that they need are imported when a test first uses them."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from .judgement import also_checked, subtests_of, watched

if TYPE_CHECKING:
    from mockstore import EventFactory, Inbox, Mockstore
    from mockstore.api import PetstoreApi

    from .serving import Servers


@pytest.fixture(scope="session")
def mockstore_config() -> Mapping[str, Any]:
    """Return keywords of `Mockstore.in_process` for all tests; override this fixture to set some.

    The marker `mockstore` on a module, a class or a test takes precedence.
    """
    return {}


def server_url(config: pytest.Config) -> str | None:
    """Return the URL of the running server that `mockstore_server` is to use; None means to start one."""
    return option_or_variable(config, "mockstore_url", "MOCKSTORE_URL") or config.getini("mockstore_url") or None


def url_origin(config: pytest.Config) -> str:
    """Return the source of that URL: the option, the environment variable, or the ini setting."""
    if config.getoption("mockstore_url"):
        return "--mockstore-url"
    return (
        "MOCKSTORE_URL"
        if option_or_variable(config, "mockstore_url", "MOCKSTORE_URL")
        else "the ini setting mockstore_url"
    )


def option_or_variable(config: pytest.Config, option: str, variable: str) -> str | None:
    """Return the value of the option, else of the environment variable, else None."""
    given: str | None = config.getoption(option)
    return given or os.environ.get(variable, "").strip() or None


def _seed_of_ini(config: pytest.Config) -> int:
    try:
        return int(config.getini("mockstore_seed"))
    except (pytest.UsageError, ValueError) as error:
        raise pytest.fail.Exception(f"the ini setting mockstore_seed: {error}", pytrace=False) from None


class Setup:
    """Remembers the test that is being set up."""

    def __init__(self) -> None:
        self.item: pytest.Item | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Remember the test whose fixtures are created next."""
        self.item = item


def fixtures_of(config: pytest.Config, setup: Setup) -> ModuleType:
    """Return the fixtures `mockstore`, `mockstore_seed` and `mockstore_factory`, as a plugin to register.

    They are closures over the configuration and the current test, since requesting `pytestconfig` and `request` would
    double the overhead of a `mockstore` that a test does not use.
    """

    @pytest.fixture(scope="session")
    def mockstore_seed() -> int | None:
        """Return the random seed of each test: `--mockstore-seed`, the ini setting `mockstore_seed`, else 0.

        The same seed gives the same events, whatever ran before. Override it to return None for new ones in each run.
        """
        given: int | None = config.getoption("mockstore_seed")
        return _seed_of_ini(config) if given is None else given

    @pytest.fixture(scope="session")
    def mockstore_factory() -> "EventFactory":
        """Return the event factory that all tests share, with the schemas of the ini setting `mockstore_schemas`.

        `mockstore_factory.make("pet.adopted", now=…, dice=…)` returns an event as a plain dict, without delivering it.
        """
        from .keywords import default_factory  # noqa: PLC0415 - imported only when used

        return default_factory(config)

    @pytest.fixture
    def mockstore(
        mockstore_config: Mapping[str, Any], mockstore_seed: int | None, mockstore_factory: "EventFactory"
    ) -> "Iterator[Mockstore]":
        """Yield a new Petstore that delivers signed webhook events to your app in process, without socket or thread.

        `mockstore.subscribe(app)` takes a Flask, Django ("django") or FastAPI app, a URL or a callable;
        `mockstore.emit("pet.adopted")` delivers at once; `mockstore.clock.advance(minutes=96)` runs the retries. At
        its end, the test fails if a delivery went wrong and the test never looked at it.
        """
        from .keywords import open_mockstore  # noqa: PLC0415 - imported only when used

        item = setup.item
        assert item is not None  # noqa: S101 - pytest calls the set-up hook before it creates fixtures
        opened, scenario = open_mockstore(item, mockstore_config, seed=mockstore_seed, factory=mockstore_factory)
        opened.assert_conforms.tell = subtests_of(item)
        with closing(opened), watched(item, opened, strict=opened.options.strict, scenario=scenario):
            yield opened

    plugin = ModuleType("mockstore-fixtures")  # pytest looks for plain functions in modules only
    vars(plugin).update(mockstore_seed=mockstore_seed, mockstore_factory=mockstore_factory, mockstore=mockstore)
    return plugin


@pytest.fixture
def mockstore_inbox(mockstore: "Mockstore") -> "Inbox":
    """Return a receiver of all events of `mockstore`, which captures each delivery and answers as scripted.

    `mockstore_inbox.will_answer(503, 503, 200)` scripts the answers; `mockstore_inbox.one("pet.adopted")` returns the
    delivery.
    """
    return mockstore.open_inbox()


@pytest.fixture(scope="session")
def mockstore_api_url() -> str:
    """Return the base URL of `mockstore_api`, by default the real service's; override this fixture to change it."""
    from mockstore.api import BASE_URL  # noqa: PLC0415 - imported only when used

    return BASE_URL


@pytest.fixture
def mockstore_api(
    request: pytest.FixtureRequest, mockstore: "Mockstore", mockstore_api_url: str
) -> "Iterator[PetstoreApi]":
    """Answer the Petstore API calls of `requests`, `httpx` and `httpx2` in this process, sync or async, in memory.

    The base URL is `https://api.petstoreapi.com/v1` unless you override the fixture `mockstore_api_url`; requests to
    other hosts are not touched. `mockstore` answers, and delivers an event for each change. It has the pets that were
    added to it, but not those in the sample data of `emit`. `mockstore_api.calls.one("getPet").status` reads a call;
    `mockstore_api.will_answer("getPet", 429, 500, then_normal=True)` scripts errors. At its end, the test fails if a
    call has no operation or violates its schema, and the test never looked at it.
    """
    from mockstore.api import PetstoreApi  # noqa: PLC0415 - imported only when used

    with ExitStack() as stack:
        api = stack.enter_context(PetstoreApi(mockstore, mockstore_api_url))
        if mockstore.options.strict:
            stack.enter_context(also_checked(request.node, api))
        yield api


@pytest.fixture(scope="session")
def _mockstore_servers() -> "Iterator[Servers]":
    """Yield the running servers, which are stopped at the end of the session."""
    from .serving import Servers  # noqa: PLC0415 - imported only when used

    servers = Servers()
    yield servers
    servers.close()


@pytest.fixture
def mockstore_server(
    request: pytest.FixtureRequest,
    mockstore_config: Mapping[str, Any],
    mockstore_seed: int | None,
    _mockstore_servers: "Servers",
) -> "Iterator[Mockstore]":
    """Yield a Petstore that listens at `mockstore_server.url`, a free local port, for apps that run on this machine.

    With `--mockstore-url`, it is a new tenant, for this test alone, on that running server.

    It is a `Mockstore` like the fixture `mockstore`, but time runs and threads deliver over HTTP:
    `mockstore_server.deliveries.wait_for(1, timeout=5)`. The server runs until the session ends, and is empty at the
    start of each test. The marker `mockstore` works here, too; `clock="virtual"` stops the time.
    """
    url = server_url(request.config)
    if url is not None:
        from .elsewhere import lent_elsewhere  # noqa: PLC0415 - imported only when used

        with lent_elsewhere(url, request.node, mockstore_config, seed=mockstore_seed) as elsewhere:
            yield elsewhere
        return
    from .serving import lent  # noqa: PLC0415 - likewise

    with lent(_mockstore_servers, request.node, mockstore_config, seed=mockstore_seed) as served:
        yield served
