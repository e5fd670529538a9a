"""One HTTP transport that many Mockstores use; the `SharedNetwork` owns its connections and closes them."""

from datetime import timedelta
from threading import Lock

from msgspec import Struct

from mockstore.model import Outgoing, Reply
from mockstore.world.seams import Overlapping, Underway
from mockstore.world.transports.address_policy import AddressPolicy
from mockstore.world.transports.router import http_network


class SharedNetwork:
    """Makes the shared transport when it is first needed."""

    def __init__(self, reach: AddressPolicy) -> None:
        self._reach = reach
        self._lock = Lock()
        self._transport: Overlapping | None = None

    def lend(self) -> "Lent":
        """Return the shared transport, wrapped so that the borrower cannot close it."""
        with self._lock:
            if self._transport is None:
                self._transport = http_network(self._reach)
            return Lent(self._transport)

    def close(self) -> None:
        """Close the shared transport for all that use it."""
        with self._lock:
            if self._transport is not None:
                self._transport.close()


class Lent(Struct, frozen=True):
    """A transport that others use as well: `close` does nothing."""

    transport: Overlapping

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        """Send with the shared transport."""
        return self.transport.send(outgoing, timeout)

    def begin(self, outgoing: Outgoing, timeout: timedelta) -> Underway | None:
        """Send with the shared transport, without waiting for the response."""
        return self.transport.begin(outgoing, timeout)

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the protocol's
        """Send with the shared transport from the running event loop."""
        return await self.transport.asend(outgoing, timeout)

    def close(self) -> None:
        """Do nothing: the `SharedNetwork` closes the transport."""
