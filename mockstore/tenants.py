"""Who has which Mockstore: one for each tenant, made when it is first asked for, and one that all others share."""

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from threading import Event, Lock
from types import TracebackType
from typing import Final, Self

from mockstore.errors import InvalidInputError
from mockstore.events import EventFactory
from mockstore.inbox import Expected, Inbox, Received
from mockstore.model import Outgoing, Reply
from mockstore.news import News
from mockstore.parts import standalone_rules
from mockstore.provider import Provider
from mockstore.service import Mockstore
from mockstore.settings import Settings
from mockstore.signing import SCHEMES
from mockstore.world.seams import Transport
from mockstore.world.transports.router import http_network

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class ServedInbox:
    """What comes in at a tenant's inbox by HTTP; safe for many threads."""

    def __init__(self, mockstore: Mockstore) -> None:
        self._mockstore = mockstore
        self._inbox = Inbox(News())
        self._lock = Lock()

    def take(self, request: Outgoing) -> Reply:
        """Capture a request and return the answer; raise the `DeliveryError` of an answer that never comes."""
        secret = self._secret_of(request)
        with self._lock:
            return self._inbox.take(request, Expected(self._mockstore.provider, lambda: secret))

    def will_answer(self, answers: Sequence[int | str]) -> None:
        """Answer in turn, the last for good; without any, 200."""
        with self._lock:
            self._inbox.will_answer(*answers)

    @property
    def captured(self) -> list[Received]:
        """Everything so far, in the order of its arrival."""
        with self._lock:
            return list(self._inbox)

    def clear(self) -> None:
        """Forget what was captured and what was scripted."""
        with self._lock:
            self._inbox.clear()

    def _secret_of(self, request: Outgoing) -> str:
        """Return the secret that signed the request, else the latest webhook's, else none."""
        from mockstore.signing import verify  # noqa: PLC0415 - most never need the doctor

        records = [webhook.record for webhook in self._mockstore.webhooks]
        current = [record.secret for record in reversed(records)]
        rotated = [old.secret for record in records for old in record.old_secrets]
        for secret in (*current, *rotated):
            if any(verify(request.body, request.headers, secret, scheme=scheme) for scheme in SCHEMES):
                return secret
        return current[0] if current else ""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant's world, and where it captures what is sent to the server itself."""

    mockstore: Mockstore
    inbox: ServedInbox

    def reset(self) -> None:
        """Forget everything."""
        self.mockstore.reset()
        self.inbox.clear()


class Tenants:
    """The Mockstores of a server. They share rules, factory and connections; nothing else passes between them.

    At most `settings.tenants` are kept beside the shared one; the one that was silent longest makes room.
    """

    def __init__(self, settings: Settings, provider: Provider | None = None) -> None:
        self._settings = settings
        self._provider = provider or standalone_rules(settings)
        self._factory = EventFactory(self._provider.catalogue)
        self._network = _SharedNetwork()
        self._lock = Lock()
        self._kept: OrderedDict[str, Tenant] = OrderedDict()
        self._shared = self._make(None)
        self.closing = Event()
        """Set when whoever waits for something should stop waiting."""

    def of(self, tenant_id: str | None) -> Mockstore:
        """Return the tenant's Mockstore, for None the shared one; raise `InvalidInputError` for what is no UUID."""
        return self.tenant(tenant_id).mockstore

    def tenant(self, tenant_id: str | None) -> Tenant:
        """Return the tenant's world, for None the shared one; raise `InvalidInputError` for what is no UUID."""
        if tenant_id is None:
            return self._shared
        id_, silent = checked_tenant(tenant_id), None
        with self._lock:
            if id_ not in self._kept:
                self._kept[id_] = self._make(id_)
                if len(self._kept) > self._settings.tenants:
                    _, silent = self._kept.popitem(last=False)
            self._kept.move_to_end(id_)
            found = self._kept[id_]
        if silent is not None:
            silent.mockstore.close()
        return found

    def renew(self) -> None:
        """Give everybody a fresh world; what the old ones have under way ends first."""
        with self._lock:
            old = [self._shared, *self._kept.values()]
            self._kept.clear()
            self._shared = self._make(None)
        for tenant in old:
            tenant.mockstore.close()

    def __len__(self) -> int:
        return len(self._kept) + 1

    def __iter__(self) -> Iterator[Tenant]:
        with self._lock:
            return iter([self._shared, *self._kept.values()])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop all deliveries, when those under way have ended, and give back the connections."""
        self.closing.set()
        with ExitStack() as stack:
            stack.callback(self._network.close)
            for tenant in self:
                stack.callback(tenant.mockstore.close)

    def _make(self, tenant_id: str | None) -> Tenant:
        mockstore = Mockstore.standalone(
            self._settings,
            provider=self._provider,
            factory=self._factory,
            network=lambda: _Lent(self._network()),
            tenant=tenant_id,
        )
        return Tenant(mockstore, ServedInbox(mockstore))


def checked_tenant(tenant_id: str) -> str:
    """Return the id in lower case; raise `InvalidInputError` unless it is a UUID (contract 2)."""
    lowered = tenant_id.strip().lower()
    if _UUID.fullmatch(lowered) is None:
        raise InvalidInputError(
            f"{tenant_id!r} is no tenant: send a UUID such as 019b4132-70aa-764f-b315-e2803d882a24, or no such header "
            f"for the pool that all share",
            field="X-Tenant-ID",
            code="invalid_tenant",
        )
    return lowered


class _SharedNetwork:
    """The connections of all tenants, made when the first delivery goes out."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._transport: Transport | None = None

    def __call__(self) -> Transport:
        with self._lock:
            if self._transport is None:
                self._transport = http_network()
            return self._transport

    def close(self) -> None:
        with self._lock:
            if self._transport is not None:
                self._transport.close()


@dataclass(frozen=True, slots=True)
class _Lent:
    """The shared connections in the hands of one tenant, which must not close them."""

    transport: Transport

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        return self.transport.send(outgoing, timeout)

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the seam's
        return await self.transport.asend(outgoing, timeout)

    def close(self) -> None:
        """Leave them to the others."""
