"""The judgement of a strict test: it fails over everything that went wrong and that it did not look at."""

import traceback
from collections.abc import Container, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Protocol

from mockstore.delivery.schedule import describe
from mockstore.errors import MockstoreError
from mockstore.faults.catalogue import named
from mockstore.faults.standing import Rule
from mockstore.faults.verdict import broken_expectation, is_excused
from mockstore.handles import Delivery
from mockstore.model import Attempt, DeliveryRecord, DeliveryState, EventRecord, WebhookRecord, WebhookStatus
from mockstore.source import Source, unacknowledged

LOOKING = "Looking settles it: read the delivery's state or attempts, or assert something of it."
"""What to do about a complaint over deliveries; those over API calls say it themselves."""

_MOST = 10
"""How many complaints are shown in full: the examples of hypothesis may leave hundreds."""


class RaisedThereError(MockstoreError):
    """An exception that was raised in a server's process; the text is its traceback."""


class Evidence(Source, Protocol):
    """What is judged: all records, and what the test has looked at."""

    @property
    def raised(self) -> Sequence[BaseException]:
        """The exceptions that the test has not seen yet."""

    def event_records(self) -> Sequence[EventRecord]:
        """Return all events, oldest first."""

    def webhook_records(self) -> Sequence[WebhookRecord]:
        """Return all webhooks, oldest first."""


def complaints(source: Evidence, *, scripted: Container[str], rules: Iterable[Rule]) -> list[str]:
    """Return a text for each thing that went wrong and that the test has not looked at.

    `scripted` holds the ids of webhooks whose receiver fails only when the test says so; `rules` are the standing
    faults.
    """
    deliveries = source.delivery_records()
    unseen = [record for record in deliveries if not source.looks.cover(record)]
    judged = [record for record in unseen if record.webhook_id not in scripted]
    return [
        *source.looks.complaints,
        *(f"{call} was never awaited: write `await mockstore.{call}`" for call in source.looks.unawaited()),
        *_broken_schemas(source),
        *_unheard(source, deliveries),
        *_idle(rules, deliveries),
        *(text for record in judged if (text := _failure(source, record) or _unfinished(source, record))),
        *_held(source, [record for record in unseen if record.state is DeliveryState.HELD]),
        *(f"an exception while delivering:\n{traceback_text(error)}" for error in _stray(source, deliveries)),
    ]


def consumers_frames(error: BaseException) -> TracebackType | None:
    """Return the traceback from where it leaves our own code; all of it when it never does."""
    start = error.__traceback__
    while start is not None and str(start.tb_frame.f_globals.get("__name__")).startswith("mockstore."):
        start = start.tb_next
    return start or error.__traceback__


def _failure(source: Evidence, record: DeliveryRecord) -> str | None:
    """Return what went wrong with the delivery since the test looked, with its report; None when nothing did."""
    attempts = source.looks.unseen(record)
    verdict = _verdict(record, attempts)
    if verdict is None:
        return None
    lines = [verdict, *_looked_before(record, attempts), Delivery(source, record.id).report()]
    return "\n".join(lines + [traceback_text(error) for error in _exceptions(attempts)[-1:]])


def _verdict(record: DeliveryRecord, attempts: Sequence[Attempt]) -> str | None:
    """Return what is wrong with the delivery, in a few words; None when nothing is, or only what a fault did."""
    broken = broken_expectation(record, attempts)
    if broken is not None:
        return broken
    if unacknowledged(record) and not is_excused(record):
        return "a delivery was not acknowledged:"
    if _exceptions(attempts):
        return "a delivery was acknowledged only after the consumer had raised:"
    return None


def _looked_before(record: DeliveryRecord, attempts: Sequence[Attempt]) -> list[str]:
    """Return what has changed of a delivery since the test looked at it, in words."""
    if len(attempts) == len(record.attempts):
        return []
    since = f"attempt {attempts[0].number}" if attempts else f"it was {record.state}"
    return [f"(the test looked at it before {since}; look again at the end)"]


def _exceptions(attempts: Iterable[Attempt]) -> list[BaseException]:
    return [attempt.exception for attempt in attempts if attempt.exception is not None]


def _broken_schemas(source: Evidence) -> Iterator[str]:
    """Yield a complaint for each event that breaks its schema; events made here were checked when they were made."""
    for event in source.event_records():
        if event.fits is None and (mistakes := source.mistakes(event)):
            yield f"{event.type} {event.id} breaks its schema:\n" + "\n".join(f"  {mistake}" for mistake in mistakes)


def _unheard(source: Evidence, deliveries: Sequence[DeliveryRecord]) -> Iterator[str]:
    """Yield a complaint for each event that the test emitted and that was delivered to nobody."""
    told = {record.event_id for record in deliveries}
    webhooks = [webhook for webhook in source.webhook_records() if not webhook.is_for_once]
    for event in source.event_records():
        if event.id not in told and source.looks.expects_delivery(event.id, has_webhooks=bool(webhooks)):
            yield (
                f"{event.type} {event.id} was delivered to nobody: {_subscribers(webhooks)}\n"
                f"If that is the point, say so in the test: assert not event.deliveries"
            )


def _subscribers(webhooks: Sequence[WebhookRecord]) -> str:
    """Return the webhooks with their subscriptions, in words."""
    if not webhooks:
        return "no webhook is registered. Call mockstore.subscribe(app) before, or request the fixture that does"
    wanted = (
        f"  {webhook.url} {'subscribes to' if webhook.status is WebhookStatus.ACTIVE else 'is disabled; it had'} "
        f"{', '.join(webhook.events)}"
        for webhook in webhooks
    )
    return "\n".join(["no active webhook subscribed to it then. The webhooks:", *wanted])


def _idle(rules: Iterable[Rule], deliveries: Sequence[DeliveryRecord]) -> Iterator[str]:
    """Yield a complaint for each standing fault that was applied to no delivery."""
    for rule in rules:
        names = {fault.name for fault in rule.faults}
        if not any(
            rule.to in (None, record.webhook_id) and names <= {one.name for one in record.faults}
            for record in deliveries
        ):
            yield (
                f"the standing fault {rule} has befallen no delivery. Emit what it waits for, or take it back: "
                f"mockstore.faults.clear()"
            )


def _unfinished(source: Evidence, record: DeliveryRecord) -> str | None:
    """Return the fault whose effect would come with a later attempt, in words; None when there is none."""
    names = [one.name for one in record.faults if named(one.name).course is not None]
    if not names or record.state is not DeliveryState.PENDING or record.due is None:
        return None
    return (
        f"the fault {' and '.join(names)} is not over: the next attempt is due at "
        f"+{describe(record.due - record.created_at)}, after the end of the test. "
        f"mockstore.clock.advance(hours=3) lets it come:\n{Delivery(source, record.id).report()}"
    )


def _held(source: Evidence, held: Sequence[DeliveryRecord]) -> Iterator[str]:
    if held:
        listed = "\n".join(Delivery(source, record.id).summary() for record in held)
        count = "1 delivery is" if len(held) == 1 else f"{len(held)} deliveries are"
        yield f"{count} still held; mockstore.release() would send:\n{listed}"


def _stray(source: Evidence, deliveries: Sequence[DeliveryRecord]) -> list[BaseException]:
    """Return the exceptions that belong to none of the attempts; those of attempts are judged with them."""
    known = {id(error) for record in deliveries for error in _exceptions(record.attempts)}
    return [error for error in source.raised if id(error) not in known]


def traceback_text(error: BaseException) -> str:
    """Return the traceback of the exception from where it leaves our own code; one of a server came as text."""
    if isinstance(error, RaisedThereError):
        return str(error)
    return "".join(traceback.format_exception(type(error), error, consumers_frames(error))).rstrip()


def require_none(found: Sequence[str], way_out: str) -> None:
    """Raise `AssertionError` with these complaints, if there are any; `way_out` says how to switch the check off."""
    __tracebackhide__ = True
    if found:
        raise AssertionError(failure_text(found, [LOOKING], way_out))


def failure_text(found: Sequence[str], hints: Sequence[str], way_out: str) -> str:
    """Return the text of a failure: how many complaints, each one indented, what to do, how to switch it off."""
    count = "1 thing" if len(found) == 1 else f"{len(found)} things"
    listed = "\n\n".join(f"{number}. {_hanging(text)}" for number, text in enumerate(found[:_MOST], start=1))
    listed += f"\n\n… {len(found) - _MOST:,} more …" if len(found) > _MOST else ""
    advice = " ".join([*hints, f"To do without this check: {way_out}"])
    return f"mockstore: {count} went wrong, and the test never looked\n\n{listed}\n\n{advice}"


def _hanging(text: str) -> str:
    return text.replace("\n", "\n   ")
