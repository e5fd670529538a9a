"""Deliveries from this process to a URL: one attempt for each event, without a server; nothing is stored."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec.structs import replace

from mockstore.cli.emit_options import EventOptions, Target
from mockstore.delivery.pump import InlinePump
from mockstore.errors import InvalidInputError, MockstoreError
from mockstore.faults import named
from mockstore.faults.verdict import answered_as_expected
from mockstore.model import Json
from mockstore.parts import Options, Parts, in_process_parts, provider_with
from mockstore.service import Mockstore
from mockstore.web.documents import event_document
from mockstore.world.transports import Router


class Sender:
    """Emits events to one URL."""

    def __init__(self, parts: Parts, target: Target) -> None:
        self._parts = parts
        self._mock = Mockstore(parts)
        self._target = target
        self.secret = self._register(target.secret)

    def send(self, wanted: EventOptions, faults: Sequence[str] = ()) -> tuple[dict[str, Json], bool]:
        """Emit one event; return its document, and whether the receiver answered as expected.

        Expected is that it acknowledges the event, or refuses it when a fault requires that. There is one attempt
        only: raise `InvalidInputError` for a fault that changes when or how often an event is delivered.
        """
        chosen = [named(fault) for fault in faults]
        slow = [fault.name for fault in chosen if fault.course is not None]
        if slow:
            raise InvalidInputError(f"{slow[0]} takes more than one attempt: leave --to out, and ask a running mock")
        event = self._mock.emit(
            wanted.type,
            wanted.overrides,
            body=wanted.body,
            content_type=wanted.content_type,
            invalid=wanted.invalid,
            fault=chosen,
        )
        document = event_document(event)
        record = event.delivery.record
        self._forget()
        return document, answered_as_expected(record) is True

    def close(self) -> None:
        """Close the connections."""
        self._mock.close()

    def _register(self, secret: str | None) -> str:
        return self._mock.subscribe(self._target.url, secret=secret).secret

    def _forget(self) -> None:
        """Empty the store, so that 100,000 events do not fill the memory."""
        self._parts.store.clear()
        self._register(self.secret)


@contextmanager
def sender(target: Target, seed: int | None) -> Iterator[Sender]:
    """Yield a `Sender` to the target; raise `InvalidInputError` for an invalid URL or an unknown signature scheme."""
    rules = provider_with(None, schedule=(), timeout=target.timeout, signatures=target.signatures or None)
    parts = in_process_parts(
        rules,
        seed=seed,
        clock="system",
        start=None,
        factory=None,
        signature_time="wall",
        options=Options(raise_errors=False),
    )
    router = Router.standalone()
    try:
        made = Sender(replace(parts, router=router, pump=InlinePump(parts.engine, router)), target)
    except MockstoreError:
        router.close()
        raise
    try:
        yield made
    finally:
        made.close()
