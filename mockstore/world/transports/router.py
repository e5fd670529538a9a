"""Chooses a transport by the host of the URL: the app mounted there, or the network; refuses other hosts."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from ipaddress import ip_address
from threading import Lock
from typing import Self

from mockstore.errors import InvalidInputError, NotMountedError, UnreachableError
from mockstore.model import Outgoing, Reply
from mockstore.world.seams import Overlapping, Transport, Underway
from mockstore.world.transports.address_policy import AddressPolicy, beyond_metadata
from mockstore.world.transports.location import locate
from mockstore.world.transports.target import shared_transport_for, transport_for

FIRST_HOST = "testserver"
"""The host of the first app; the only one that Django's and pytest-django's test settings allow."""


def http_network(reach: AddressPolicy = beyond_metadata) -> Overlapping:
    """Return a new `HttpTransport` that delivers to the addresses that `reach` allows."""
    from mockstore.world.transports.http import HttpTransport  # noqa: PLC0415 - loads ssl, which in-process tests do not need

    return HttpTransport(reach=reach)


def is_loopback(host: str) -> bool:
    """Return whether `host` always means this machine (RFC 6761 6.3 for the names)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Router:
    """A transport made of others. It owns the transports mounted on it and closes them.

    `network` makes the transport for all hosts where nothing is mounted, when it is first needed; `reachable` says
    which of these hosts it may deliver to. `into` makes the transport for an app.
    """

    def __init__(
        self,
        network: Callable[[], Transport],
        reachable: Callable[[str], bool],
        into: Callable[[object], Transport] = shared_transport_for,
    ) -> None:
        self._make_network = network
        self._reachable = reachable
        self._into = into
        self._network: Transport | None = None
        self._overlapping: Overlapping | None = None
        """The network transport if it can send a request and read the response later, otherwise None."""
        self._making = Lock()
        """Held while the network transport or the transport of an app is made, so that each is made once."""
        self._mounted: dict[str, Transport] = {}
        self._apps: list[tuple[object, str]] = []

    @classmethod
    def in_process(cls, network: Callable[[], Transport] = http_network) -> Self:
        """Deliver to mounted apps, on the caller's thread, and to loopback addresses only."""
        return cls(network, is_loopback, transport_for)

    @classmethod
    def standalone(cls, network: Callable[[], Transport] = http_network) -> Self:
        """Deliver to every host that `network` allows: by default all but link-local and metadata addresses.

        Many threads may send at once, into apps as well.
        """
        return cls(network, lambda _host: True)

    @classmethod
    def of_apps(cls) -> Self:
        """Deliver to mounted apps only, from many threads."""
        return cls(http_network, lambda _host: False)

    def mount(self, origin_host: str, transport: Transport) -> None:
        """Let `transport` answer for a host, like `shop.test` or `shop.test:8080`; without a port: the scheme's own.

        Raises `InvalidInputError` when something is mounted there already.
        """
        host = origin_host.lower()
        if host in self._mounted:
            raise InvalidInputError(f"something is mounted at {host!r} already; unmount it first", field="host")
        self._mounted[host] = transport

    def unmount(self, origin_host: str) -> None:
        """Remove what is mounted at a host and close it; raise `InvalidInputError` when there is nothing."""
        host = origin_host.lower()
        transport = self._mounted.pop(host, None)
        if transport is None:
            raise InvalidInputError(f"nothing is mounted at {host!r}; mounted: {sorted(self._mounted)}", field="host")
        self._apps = [(app, its_host) for app, its_host in self._apps if its_host != host]
        if transport not in self._mounted.values():
            transport.close()

    def mount_app(self, app: object) -> str:
        """Mount an app (see `transport_for`) unless it is mounted already, and return its host."""
        with self._making:
            host = self.host_for(app)
            if host not in self._mounted:
                self.mount(host, self._into(app))
                self._apps.append((app, host))
            return host

    def host_for(self, app: object) -> str:
        """Return the host of `app`, or the next free one: `testserver`, `app-2.testserver`, and so on."""
        for known, host in self._apps:
            if known is app:
                return host
        number, host = 1, FIRST_HOST
        while host in self._mounted:
            number += 1
            host = f"app-{number}.{FIRST_HOST}"
        return host

    def is_remote(self, url: str) -> bool:
        """Return whether requests to `url` go over the network, since nothing is mounted there."""
        try:
            return locate(url).authority not in self._mounted
        except UnreachableError:
            return True

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        """Send with the transport for this host; raise `NotMountedError` when there is none."""
        return self._transport(outgoing).send(outgoing, timeout)

    def begin(self, outgoing: Outgoing, timeout: timedelta) -> Underway | None:
        """Send the request without waiting, if its transport can do that now; return None when nothing was sent."""
        transport = self._transport(outgoing)
        if transport is self._overlapping:
            return self._overlapping.begin(outgoing, timeout)
        return None

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the protocol's
        """Do the same on the running event loop."""
        return await self._transport(outgoing).asend(outgoing, timeout)

    def close(self) -> None:
        """Close the mounted transports and the network; after a failure the others are closed as well."""
        transports = {id(transport): transport for transport in self._mounted.values()}
        if self._network is not None:
            transports[id(self._network)] = self._network
        self._mounted, self._apps, self._network = {}, [], None
        with ExitStack() as stack:
            for transport in transports.values():
                stack.callback(transport.close)

    def _transport(self, outgoing: Outgoing) -> Transport:
        location = locate(outgoing.url)
        mounted = self._mounted.get(location.authority)
        if mounted is not None:
            if outgoing.wire is not None:
                raise InvalidInputError(
                    f"a request that misbehaves on the wire needs a socket, and {location.authority} is an app in "
                    f"process: subscribe a URL",
                    field="fault",
                    code="needs_socket",
                )
            return mounted
        if not self._reachable(location.host):
            raise NotMountedError(location.authority, tuple(self._mounted))
        if self._network is not None:
            return self._network
        with self._making:
            if self._network is None:
                network = self._make_network()
                self._overlapping = network if isinstance(network, Overlapping) else None
                self._network = network
            return self._network
