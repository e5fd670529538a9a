"""Which transport a URL is sent through."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from mockstore.errors import InvalidInputError, NotMountedError, UnreachableError
from mockstore.model import Outgoing, Reply
from mockstore.world.transports.router import Router

SECOND = timedelta(seconds=1)


class RecordingTransport:
    """A transport that replies with its own name and counts how often it was closed."""

    def __init__(self, name: str) -> None:
        self.reply = Reply(200, body=name.encode())
        self.closed = 0

    def send(self, _outgoing: Outgoing, _timeout: timedelta) -> Reply:
        return self.reply

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the seam's
        return self.send(outgoing, timeout)

    def close(self) -> None:
        self.closed += 1


class FailingToClose(RecordingTransport):
    def close(self) -> None:
        super().close()
        raise OSError("stuck")


def no_network() -> RecordingTransport:
    pytest.fail("the network was asked for")


def reached_transport(router: Router, url: str) -> str:
    return router.send(Outgoing(url, (), b""), SECOND).body.decode()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        pytest.param("http://a.test/x", "a", id="by name"),
        pytest.param("HTTP://A.Test/", "a", id="in any case"),
        pytest.param("http://a.test:80/", "a", id="the scheme's own port"),
        pytest.param("https://a.test/", "a", id="by https"),
        pytest.param("http://b.test:8080/", "b", id="by name and port"),
        pytest.param("http://localhost:5000/", "c", id="loopback too"),
        pytest.param("http://user:pass@a.test/", "a", id="with credentials"),
    ],
)
def test_a_mounted_host_is_reached_in_process(url: str, name: str) -> None:
    router = Router.in_process(no_network)
    router.mount("A.test", RecordingTransport("a"))
    router.mount("b.test:8080", RecordingTransport("b"))
    router.mount("localhost:5000", RecordingTransport("c"))

    assert reached_transport(router, url) == name
    assert asyncio.run(router.asend(Outgoing(url, (), b""), SECOND)).body == name.encode()


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:1/",
        "http://LOCALHOST/",
        "http://shop.localhost/",
        "http://127.0.0.1:8000/",
        "http://127.9.9.9/",
        "http://[::1]:8000/",
    ],
)
def test_loopback_takes_the_network(url: str) -> None:
    assert reached_transport(Router.in_process(lambda: RecordingTransport("network")), url) == "network"


@pytest.mark.parametrize(
    "url", ["http://typo.test/", "http://a.test:81/", "http://128.0.0.1/", "http://localhost.test/", "http://[::2]/"]
)
def test_nothing_else_is_reached_in_process(url: str) -> None:
    router = Router.in_process(no_network)
    router.mount("a.test", RecordingTransport("a"))

    with pytest.raises(NotMountedError, match=r"mounted: \['a\.test'\]"):
        reached_transport(router, url)


def test_standalone_every_host_is_reached() -> None:
    assert (
        reached_transport(Router.standalone(lambda: RecordingTransport("network")), "https://shop.example/")
        == "network"
    )


def test_an_unusable_url_is_unreachable() -> None:
    with pytest.raises(UnreachableError, match="no usable URL"):
        reached_transport(Router.in_process(no_network), "shop")


def test_the_network_is_made_once_and_closed_along_with_the_rest() -> None:
    made: list[RecordingTransport] = []

    def network() -> RecordingTransport:
        made.append(RecordingTransport("network"))
        return made[-1]

    mounted = RecordingTransport("a")
    router = Router.in_process(network)
    router.mount("a.test", mounted)
    router.mount("b.test", mounted)

    reached_transport(router, "http://localhost/")
    reached_transport(router, "http://127.0.0.1/")
    router.close()

    assert [transport.closed for transport in (*made, mounted)] == [1, 1]


def test_a_transport_that_fails_to_close_does_not_keep_others_open() -> None:
    transports = [FailingToClose("a"), RecordingTransport("b"), FailingToClose("c")]
    router = Router.in_process(no_network)
    for number, transport in enumerate(transports):
        router.mount(f"{number}.test", transport)

    with pytest.raises(OSError, match="stuck"):
        router.close()

    assert [transport.closed for transport in transports] == [1, 1, 1]


def test_a_host_is_mounted_once() -> None:
    router = Router.in_process(no_network)
    router.mount("a.test", RecordingTransport("a"))

    with pytest.raises(InvalidInputError, match=r"mounted at 'a\.test' already"):
        router.mount("A.TEST", RecordingTransport("b"))


def test_what_is_unmounted_is_closed_and_forgotten() -> None:
    router, transport = Router.in_process(no_network), RecordingTransport("a")
    router.mount("a.test", transport)

    router.unmount("A.test")

    assert transport.closed == 1
    with pytest.raises(NotMountedError):
        reached_transport(router, "http://a.test/")
    with pytest.raises(InvalidInputError, match="nothing is mounted"):
        router.unmount("a.test")


def receiver(status: int) -> Callable[[Outgoing], int]:
    def receive(_: Outgoing) -> int:
        return status

    return receive


def test_each_app_gets_a_host_and_keeps_it() -> None:
    router = Router.in_process(no_network)
    first, second = receiver(201), receiver(202)

    hosts = [router.mount_app(app) for app in (first, second, first, second)]

    assert hosts == ["testserver", "app-2.testserver"] * 2
    statuses = [router.send(Outgoing(f"http://{host}/", (), b""), SECOND).status for host in hosts]
    assert statuses == [201, 202, 201, 202]
    router.close()


def test_an_unmounted_apps_host_is_free_again() -> None:
    router = Router.in_process(no_network)
    router.mount_app(receiver(201))

    router.unmount("testserver")

    assert router.mount_app(receiver(202)) == "testserver"
    router.close()


def test_no_network_of_ours_reaches_a_metadata_address() -> None:
    router = Router.standalone()

    with pytest.raises(UnreachableError, match="is link-local or a cloud's metadata service"):
        router.send(Outgoing("http://169.254.169.254/latest", (), b"{}"), timedelta(seconds=1))
    router.close()
