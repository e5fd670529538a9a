"""One network for many Mockstores: its connections are made once, and closed by whoever owns them."""

from datetime import timedelta
from threading import Lock

from msgspec import Struct

from mockstore.model import Outgoing, Reply
from mockstore.world.seams import Overlapping, Underway
from mockstore.world.transports.address_policy import AddressPolicy
from mockstore.world.transports.router import http_network


class SharedNetwork:
    """Makes the shared transport when the first delivery goes out, and lends it."""

    def __init__(self, reach: AddressPolicy) -> None:
        self._reach = reach
        self._lock = Lock()
        self._transport: Overlapping | None = None

    def lend(self) -> "Lent":
        """Return the transport for somebody who must not close it."""
        with self._lock:
            if self._transport is None:
                self._transport = http_network(self._reach)
            return Lent(self._transport)

    def close(self) -> None:
        """Close it for everybody."""
        with self._lock:
            if self._transport is not None:
                self._transport.close()


class Lent(Struct, frozen=True):
    """A transport that others use, too: to close it does nothing."""

    transport: Overlapping

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        """Send by it."""
        return self.transport.send(outgoing, timeout)

    def begin(self, outgoing: Outgoing, timeout: timedelta) -> Underway | None:
        """Begin to send by it."""
        return self.transport.begin(outgoing, timeout)

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the seam's
        """Send by it on the running event loop."""
        return await self.transport.asend(outgoing, timeout)

    def close(self) -> None:
        """Leave it to the others."""
