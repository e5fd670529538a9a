"""The fixtures. What they hand out is imported when the first test asks for it."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from .judgement import watched

if TYPE_CHECKING:
    from mockstore import EventFactory, Inbox, Mockstore

    from .serving import Servers


@pytest.fixture(scope="session")
def mockstore_config() -> Mapping[str, Any]:
    """Return keywords of `Mockstore.in_process` for the tests in reach; none unless you define this fixture yourself.

    The marker `mockstore` of a module, a class or a test lies over it.
    """
    return {}


@pytest.fixture(scope="session")
def mockstore_seed(pytestconfig: pytest.Config) -> int | None:
    """Return the seed that each test starts from: `--mockstore-seed`, the ini setting `mockstore_seed`, else 0.

    The same seed makes the same events, whatever ran before. None makes others every time.
    """
    told: int | None = pytestconfig.getoption("mockstore_seed")
    return int(pytestconfig.getini("mockstore_seed")) if told is None else told


@pytest.fixture(scope="session")
def mockstore_factory(pytestconfig: pytest.Config) -> "EventFactory":
    """Return what makes the events, shared by all tests; knows the schemas in `mockstore_schemas` too.

    `mockstore_factory.make("pet.adopted", now=…, dice=…)` returns an event as a plain dict, and delivers nothing.
    """
    from .keywords import default_factory  # noqa: PLC0415 - a run that does not use it does not pay

    return default_factory(pytestconfig)


@pytest.fixture
def mockstore(
    request: pytest.FixtureRequest,
    mockstore_config: Mapping[str, Any],
    mockstore_seed: int | None,
    mockstore_factory: "EventFactory",
) -> "Iterator[Mockstore]":
    """Give a fresh Petstore that emits signed webhook events into your app: no socket, no thread, no wait.

    `mockstore.subscribe(app)` takes a Flask, Django ("django") or FastAPI app, a URL or a callable;
    `mockstore.emit("pet.adopted")` delivers at once; `mockstore.clock.advance(minutes=96)` runs the retries. At its
    end the test fails over a delivery that went wrong and that it never looked at.
    """
    from .keywords import open_mockstore  # noqa: PLC0415 - a run that does not use it does not pay

    opened = open_mockstore(request.node, mockstore_config, seed=mockstore_seed, factory=mockstore_factory)
    with opened, watched(request.node, opened, strict=opened.options.strict):
        yield opened


@pytest.fixture
def mockstore_inbox(mockstore: "Mockstore") -> "Inbox":
    """Return a subscriber of everything that `mockstore` emits: captures each delivery, and answers as told.

    `mockstore_inbox.will_answer(503, 503, 200)` scripts it; `mockstore_inbox.one("pet.adopted")` is what came.
    """
    return mockstore.open_inbox()


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

    It is a `Mockstore` like the fixture `mockstore`, but time runs and threads deliver over HTTP:
    `mockstore_server.deliveries.wait_for(1, timeout=5)`. The server runs as long as the session and is empty at the
    start of each test. The marker `mockstore` holds here, too; `clock="virtual"` stops the time.
    """
    from .serving import lent  # noqa: PLC0415 - a run that does not use it does not pay

    with lent(_mockstore_servers, request.node, mockstore_config, seed=mockstore_seed) as served:
        yield served
