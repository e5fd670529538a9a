"""What a strict test has against itself: what went wrong and nobody looked at."""

import traceback
from collections.abc import Container, Iterator
from itertools import chain

from mockstore.handles import Delivery, unacknowledged
from mockstore.model import DeliveryRecord, DeliveryState
from mockstore.parts import Parts
from mockstore.reader import Reader


def complaints(source: Reader, parts: Parts, *, scripted: Container[str]) -> list[str]:
    """Return one text for each thing that went wrong and that the test has not looked at.

    `scripted` holds the ids of webhooks whose receiver fails only when the test says so.
    """
    unseen = [record for record in parts.store.deliveries() if not source.was_looked_at(record.id)]
    return list(
        chain(
            _broken_schemas(source, parts),
            (_unacknowledged(source, record) for record in unseen if _is_news(record, scripted)),
            _held(source, unseen),
            (f"went wrong while delivering:\n{_traceback(error)}" for error in parts.pump.raised),
        )
    )


def _is_news(record: DeliveryRecord, scripted: Container[str]) -> bool:
    return unacknowledged(record) and record.webhook_id not in scripted


def _unacknowledged(source: Reader, record: DeliveryRecord) -> str:
    return f"never acknowledged, and the test never looked at it:\n{Delivery(source, record.id).report()}"


def _broken_schemas(source: Reader, parts: Parts) -> Iterator[str]:
    """Say which events break their schema; those that were made here have been checked when they were made."""
    for event in parts.store.events():
        if not event.declared_invalid and not event.checked and (mistakes := source.mistakes(event)):
            yield f"{event.type} {event.id} breaks its schema:\n" + "\n".join(f"  {mistake}" for mistake in mistakes)


def _held(source: Reader, unseen: list[DeliveryRecord]) -> list[str]:
    held = [record for record in unseen if record.state is DeliveryState.HELD]
    if not held:
        return []
    listed = "\n".join(f"  {Delivery(source, record.id).summary()}" for record in held)
    return [f"still held at the end of the test; call mockstore.release():\n{listed}"]


def _traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)).rstrip()
