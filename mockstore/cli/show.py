"""How things look in the terminal: colours, tables, attempts. Text in, text out."""

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
"""The colour of a state; the outcomes that are not here went wrong."""

GISTS: Mapping[str, str] = MappingProxyType(
    {
        "pet.adopted": "{pet[name]} ({pet[species]}) goes to {adopter[name]}",
        "pet.status_changed": "{oldStatus} to {newStatus}: {reason}",
        "order.created": "{order[total]} {order[currency]} for {customer[email]}",
        "order.status_changed": "{oldStatus} to {newStatus}",
        "payment.succeeded": "{payment[amount]} {payment[currency]} by {paymentMethod[brand]} …{paymentMethod[last4]}",
        "payment.failed": "{payment[amount]} {payment[currency]}: {error[code]}",
    }
)
"""What an event says in one line, as templates over its `data`."""


def gist(event: Json) -> str:
    """Return what an event is about in one line; an empty text for a type or a shape that is not known."""
    try:
        return safe(GISTS[event["eventType"]].format_map(event["data"]))
    except (KeyError, TypeError, IndexError, AttributeError, ValueError):
        return ""


def mark(holds: bool) -> str:  # noqa: FBT001 - what is marked
    """Return a tick or a cross."""
    return good("✓") if holds else bad("✗")


def state(word: str, width: int = 0) -> str:
    """Return a state or an outcome in its colour, padded to `width`."""
    return STATES.get(word, str if word[:1] == "2" else bad)(safe(word).ljust(width))


def plural(count: int, noun: str) -> str:
    """Return `1 delivery`, `1,000 deliveries`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun.removesuffix('y')}ies" if noun.endswith("y") else f"{count:,} {noun}s"


def pretty(document: Json) -> str:
    """Return JSON for people and for pipes: indented, characters as they are."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def say_json(document: Json) -> None:
    """Print a document."""
    click.echo(pretty(document))


def say_json_line(document: Json) -> None:
    """Print a document on one line, for a stream of them."""
    click.echo(json.dumps(document, ensure_ascii=False))


def say_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, coloured: int | None = None) -> None:
    """Print rows below a header, each column as wide as it must be; the column `coloured` holds states."""
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
    """Say below a page that there are others."""
    pages = found["pagination"]
    if pages["totalPages"] > 1:
        last = pages["totalPages"]
        click.echo(quiet(f"page {pages['page']} of {last}, oldest first; the latest: --page {last}"))


def clock_time(moment: str) -> str:
    """Return the time of the day of an RFC 3339 moment."""
    return moment[11:19]


def status_text(status: int | None, outcome: str) -> str:
    """Return `503 Service Unavailable`, or how the attempt ended without an answer."""
    if status is None:
        return outcome
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def attempt_line(attempt: Json) -> str:
    """Return one attempt of a delivery document: when, which, what came back."""
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
    """Return the head line of an event document."""
    about = gist(event["payload"])
    return f"{strong(safe(event['type']))}  {event['id']}" + (f"  {quiet(about)}" if about else "")


def url_of(delivery: Json) -> str:
    """Return where a delivery goes; what is known when its webhook is gone."""
    return safe(delivery["url"] or "(deleted webhook)")


def fault_names(delivery: Json) -> str:
    """Return what goes wrong on purpose with a delivery; an empty text when nothing does."""
    return safe(" and ".join(one["name"] for one in delivery["faults"]))


def delivery_lines(delivery: Json) -> Iterator[str]:
    """Yield a delivery document: where it goes and how it stands, then each attempt, then what comes next."""
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
