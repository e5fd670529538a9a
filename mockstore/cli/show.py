"""Formats and prints output for the terminal: colours, tables, events, deliveries, attempts."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from types import MappingProxyType

import click

from mockstore.cli.terminal_text import safe
from mockstore.delivery.schedule import describe
from mockstore.model import Json

good: Callable[[str], str] = partial(click.style, fg="green")
bad: Callable[[str], str] = partial(click.style, fg="red")
waiting: Callable[[str], str] = partial(click.style, fg="yellow")
quiet: Callable[[str], str] = partial(click.style, dim=True)
strong: Callable[[str], str] = partial(click.style, bold=True)

STATES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "active": good,
        "delivered": good,
        "acknowledged": good,
        "pending": waiting,
        "held": waiting,
        "failed": bad,
        "disabled": bad,
        "discarded": quiet,
    }
)
"""The colour of a state or outcome; every other outcome is a failure, and red."""

SUMMARIES: Mapping[str, str] = MappingProxyType(
    {
        "pet.adopted": "{pet[name]} ({pet[species]}) goes to {adopter[name]}",
        "pet.status_changed": "{oldStatus} to {newStatus}: {reason}",
        "order.created": "{order[total]} {order[currency]} for {customer[email]}",
        "order.status_changed": "{oldStatus} to {newStatus}",
        "payment.succeeded": "{payment[amount]} {payment[currency]} by {paymentMethod[brand]} …{paymentMethod[last4]}",
        "payment.failed": "{payment[amount]} {payment[currency]}: {error[code]}",
    }
)
"""A one-line summary for each event type, as a template over the event's `data`."""


def event_summary(event: Json) -> str:
    """Return a one-line summary of an event; an empty text for an unknown type or malformed data."""
    try:
        return safe(SUMMARIES[event["eventType"]].format_map(event["data"]))
    except (KeyError, TypeError, IndexError, AttributeError, ValueError):
        return ""


def mark(holds: bool) -> str:  # noqa: FBT001 - the value to show
    """Return a tick or a cross."""
    return good("✓") if holds else bad("✗")


def state(word: str, width: int = 0) -> str:
    """Return a state, an outcome or a status in its colour, padded to `width`."""
    return STATES.get(word, str if word[:1] == "2" else bad)(safe(word).ljust(width))


def plural(count: int, noun: str) -> str:
    """Return `1 delivery`, `1,000 deliveries`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun.removesuffix('y')}ies" if noun.endswith("y") else f"{count:,} {noun}s"


def pretty(document: Json) -> str:
    """Return indented JSON, without escapes for characters beyond ASCII."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def say_json(document: Json) -> None:
    """Print a document as indented JSON."""
    click.echo(pretty(document))


def say_json_line(document: Json) -> None:
    """Print a document as JSON on one line, for streams."""
    click.echo(json.dumps(document, ensure_ascii=False))


def say_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, coloured: int | None = None) -> None:
    """Print a table; `coloured` is the index of the column that holds states, None without one."""
    cells = [[safe(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    click.echo(quiet("  ".join(name.ljust(width) for name, width in zip(header, widths, strict=True)).rstrip()))
    for row in cells:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        padded[-1] = row[-1]
        if coloured is not None:
            padded[coloured] = state(row[coloured], widths[coloured])
        click.echo("  ".join(padded))


def say_more(found: Json) -> None:
    """Print the number of pages and how to get the latest one, if there are several."""
    pages = found["pagination"]
    if pages["totalPages"] > 1:
        last = pages["totalPages"]
        click.echo(quiet(f"page {pages['page']} of {last}, oldest first; the latest: --page {last}"))


def clock_time(moment: str) -> str:
    """Return the time of day, `HH:MM:SS`, of an RFC 3339 timestamp."""
    return moment[11:19]


def status_text(status: int | None, outcome: str) -> str:
    """Return status and phrase, such as `503 Service Unavailable`; `outcome` when `status` is None."""
    if status is None:
        return outcome
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def attempt_line(attempt: Json) -> str:
    """Return one line for an attempt of a delivery document: time, number, and status or outcome."""
    words = status_text(attempt["status"], attempt["outcome"])
    paint = STATES.get(attempt["outcome"], bad)
    when = _when(attempt["at"], timedelta(seconds=round(attempt["offsetSeconds"])))
    line = f"{when} attempt {attempt['number']}   {paint(safe(words))}"
    if attempt["status"] is None and attempt["error"]:
        line += quiet(f"  {safe(attempt['error'])}")
    return line


def _when(moment: str, offset: timedelta) -> str:
    return f"{clock_time(moment)}  +{describe(offset):<12}"


def event_line(event: Json) -> str:
    """Return one line for an event document: type, id and summary."""
    about = event_summary(event["payload"])
    return f"{strong(safe(event['type']))}  {event['id']}" + (f"  {quiet(about)}" if about else "")


def url_of(delivery: Json) -> str:
    """Return the URL of a delivery; a remark when its webhook was deleted."""
    return safe(delivery["url"] or "(deleted webhook)")


def fault_names(delivery: Json) -> str:
    """Return the names of a delivery's faults; an empty text without faults."""
    return safe(" and ".join(one["name"] for one in delivery["faults"]))


def delivery_lines(delivery: Json) -> Iterator[str]:
    """Yield the lines for a delivery document: URL and state, each attempt, the next attempt."""
    yield f"{url_of(delivery)}  {state(delivery['state'])}"
    if delivery["faults"]:
        yield f"  on purpose: {fault_names(delivery)}"
    for attempt in delivery["attempts"]:
        yield f"  {attempt_line(attempt)}"
    if delivery["nextAttemptAt"] is not None and delivery["attempts"]:
        due, number = delivery["nextAttemptAt"], len(delivery["attempts"]) + 1
        wait = datetime.fromisoformat(due) - datetime.fromisoformat(delivery["createdAt"])
        yield quiet(f"  {_when(due, wait)} attempt {number}   is due")
    if delivery["faults"] and delivery["asExpected"] is False:
        yield bad("  a good consumer answers otherwise: see mockstore faults")
    if delivery["reason"] is not None:
        yield quiet(f"  {safe(delivery['reason'])}")
