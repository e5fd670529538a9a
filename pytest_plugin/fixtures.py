"""The fixtures. What they hand out is imported when the first test asks for it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from .judgement import judged_too, subtests_of, watched

if TYPE_CHECKING:
    from mockstore import EventFactory, Inbox, Mockstore
    from mockstore.api import PetstoreApi

    from .serving import Servers


@pytest.fixture(scope="session")
def mockstore_config() -> Mapping[str, Any]:
    """Return keywords of `Mockstore.in_process` for the tests in reach; none unless you define this fixture yourself.

    The marker `mockstore` of a module, a class or a test lies over it.
    """
    return {}


def server_url(config: pytest.Config) -> str | None:
    """Return where a server runs that `mockstore_server` is to drive; None has it start its own."""
    return told_of(config, "mockstore_url", "MOCKSTORE_URL") or config.getini("mockstore_url") or None


def url_origin(config: pytest.Config) -> str:
    """Return who says where the server runs: the option, the variable, or the ini setting."""
    if config.getoption("mockstore_url"):
        return "--mockstore-url"
    return "MOCKSTORE_URL" if told_of(config, "mockstore_url", "MOCKSTORE_URL") else "the ini setting mockstore_url"


def told_of(config: pytest.Config, option: str, variable: str) -> str | None:
    """Return what the option says, else the variable; None when neither says anything."""
    told: str | None = config.getoption(option)
    return told or os.environ.get(variable, "").strip() or None


def _seed_of_ini(config: pytest.Config) -> int:
    try:
        return int(config.getini("mockstore_seed"))
    except (pytest.UsageError, ValueError) as error:
        raise pytest.fail.Exception(f"the ini setting mockstore_seed: {error}", pytrace=False) from None


class Setup:
    """Knows which test is being set up."""

    def __init__(self) -> None:
        self.item: pytest.Item | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Note whose fixtures are made now."""
        self.item = item


def fixtures_of(config: pytest.Config, setup: Setup) -> ModuleType:
    """Return the fixtures that every user of `mockstore` needs, as a plugin to register.

    They know the run's configuration and the test by closure: asking pytest for `pytestconfig` and `request` instead
    would double what an unused `mockstore` costs each test.
    """

    @pytest.fixture(scope="session")
    def mockstore_seed() -> int | None:
        """Return the seed that each test starts from: `--mockstore-seed`, the ini setting `mockstore_seed`, else 0.

        The same seed makes the same events, whatever ran before. None makes others every time.
        """
        told: int | None = config.getoption("mockstore_seed")
        return _seed_of_ini(config) if told is None else told

    @pytest.fixture(scope="session")
    def mockstore_factory() -> "EventFactory":
        """Return what makes the events, shared by all tests; knows the schemas in `mockstore_schemas` too.

        `mockstore_factory.make("pet.adopted", now=…, dice=…)` returns an event as a plain dict, and delivers nothing.
        """
        from .keywords import default_factory  # noqa: PLC0415 - a run that does not use it does not pay

        return default_factory(config)

    @pytest.fixture
    def mockstore(
        mockstore_config: Mapping[str, Any], mockstore_seed: int | None, mockstore_factory: "EventFactory"
    ) -> "Iterator[Mockstore]":
        """Give a fresh Petstore that emits signed webhook events into your app: no socket, no thread, no wait.

        `mockstore.subscribe(app)` takes a Flask, Django ("django") or FastAPI app, a URL or a callable;
        `mockstore.emit("pet.adopted")` delivers at once; `mockstore.clock.advance(minutes=96)` runs the retries. At
        its end the test fails over a delivery that went wrong and that it never looked at.
        """
        from .keywords import open_mockstore  # noqa: PLC0415 - a run that does not use it does not pay

        item = setup.item
        assert item is not None  # noqa: S101 - pytest sets up a test before it makes its fixtures
        opened, scenario = open_mockstore(item, mockstore_config, seed=mockstore_seed, factory=mockstore_factory)
        opened.assert_conforms.tell = subtests_of(item)
        with closing(opened), watched(item, opened, strict=opened.options.strict, scenario=scenario):
            yield opened

    plugin = ModuleType("mockstore-fixtures")  # pytest looks for plain functions in modules only
    vars(plugin).update(mockstore_seed=mockstore_seed, mockstore_factory=mockstore_factory, mockstore=mockstore)
    return plugin


@pytest.fixture
def mockstore_inbox(mockstore: "Mockstore") -> "Inbox":
    """Return a subscriber of everything that `mockstore` emits: captures each delivery, and answers as told.

    `mockstore_inbox.will_answer(503, 503, 200)` scripts it; `mockstore_inbox.one("pet.adopted")` is what came.
    """
    return mockstore.open_inbox()


@pytest.fixture(scope="session")
def mockstore_api_url() -> str:
    """Return where `mockstore_api` is: the real service's base URL, unless you define this fixture yourself."""
    from mockstore.api import BASE_URL  # noqa: PLC0415 - a run that does not use it does not pay

    return BASE_URL


@pytest.fixture
def mockstore_api(
    request: pytest.FixtureRequest, mockstore: "Mockstore", mockstore_api_url: str
) -> "Iterator[PetstoreApi]":
    """Answer what this process asks of the Petstore API by `requests`, `httpx` or `httpx2`, sync or async: no socket.

    Its base URL is that of the real service, `https://api.petstoreapi.com/v1`, unless you define the fixture
    `mockstore_api_url`; other hosts are asked as ever. The answers are those of `mockstore`, whose subscribers hear of
    every change; it knows the pets that were added to it, and not those that a plain `emit` makes up.
    `mockstore_api.calls.one("getPet").status` reads a call; `mockstore_api.will_answer("getPet", 429, 500,
    then_normal=True)` scripts trouble. At its end the test fails over a call that has no operation or breaks its
    schema, and that it never looked at.
    """
    from mockstore.api import PetstoreApi  # noqa: PLC0415 - a run that does not use it does not pay

    with ExitStack() as stack:
        api = stack.enter_context(PetstoreApi(mockstore, mockstore_api_url))
        if mockstore.options.strict:
            stack.enter_context(judged_too(request.node, api))
        yield api


@pytest.fixture(scope="session")
def _mockstore_servers() -> "Iterator[Servers]":
    """Keep the servers that run, until the session ends."""
    from .serving import Servers  # noqa: PLC0415 - a run that does not use it does not pay

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
    """Give a Petstore that listens at `mockstore_server.url`, on a free port of this machine, for apps that run there.

    With `--mockstore-url` it is a tenant of its own, for this test alone, on a server that runs already.

    It is a `Mockstore` like the fixture `mockstore`, but time runs and threads deliver over HTTP:
    `mockstore_server.deliveries.wait_for(1, timeout=5)`. The server runs as long as the session and is empty at the
    start of each test. The marker `mockstore` holds here, too; `clock="virtual"` stops the time.
    """
    url = server_url(request.config)
    if url is not None:
        from .elsewhere import lent_elsewhere  # noqa: PLC0415 - a run that does not use it does not pay

        with lent_elsewhere(url, request.node, mockstore_config, seed=mockstore_seed) as elsewhere:
            yield elsewhere
        return
    from .serving import lent  # noqa: PLC0415 - likewise

    with lent(_mockstore_servers, request.node, mockstore_config, seed=mockstore_seed) as served:
        yield served
