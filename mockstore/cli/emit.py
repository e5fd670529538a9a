"""`mockstore emit`: events by a running mock, or straight to a URL."""

import sys
from base64 import b64encode
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import click

from mockstore.cli.client import Client, path_to
from mockstore.cli.direct import sender
from mockstore.cli.emit_options import Target, Wanted, target_options, wanted_options
from mockstore.cli.options import json_option, server_options
from mockstore.cli.show import delivery_lines, event_line, plural, quiet, say_json, state, status_text
from mockstore.model import Json

MOST: Final = 100_000
"""How many events one call makes at most; the mock has the same limit."""
BATCH: Final = 100
"""How many events are asked of the mock at once; it lists as many."""
PATIENCE: Final = 10
"""Seconds that the command waits for first attempts."""

EPILOG = """\b
Examples:
  mockstore emit pet.adopted
  mockstore emit pet.adopted --set data.pet.name=Rex --set data.adopter.email=ada@example.com
  mockstore emit order.created --data '{"order": {"currency": "EUR"}}'
  mockstore emit order.created --count 1000
  mockstore emit pet.adopted --body @broken.json --invalid
  mockstore emit order.created --fault wrong_secret
  mockstore emit pet.adopted --to http://localhost:5000/webhooks --secret whsec_…

\b
@- instead of a file is the standard input. With --to no mock is needed: one
attempt for each event, and exit code 1 unless all of them are answered well:
acknowledged, or refused when a --fault asks for that.
"""


@click.command(epilog=EPILOG)
@wanted_options
@click.option("--count", type=click.IntRange(1, MOST), default=1, show_default=True, help="How many events.")
@click.option(
    "--fault",
    "faults",
    metavar="NAME",
    multiple=True,
    help="What goes wrong on purpose (see mockstore faults); repeatable.",
)
@click.option("--webhook", metavar="ID", help="Deliver to this webhook alone.")
@click.option("--no-wait", is_flag=True, help="Do not wait for the first attempts.")
@target_options
@click.option("--seed", type=int, help="With --to: the same seed makes the same events; without one they are random.")
@server_options
@json_option
def emit(  # noqa: PLR0913 - the options of the command
    *,
    wanted: Wanted,
    count: int,
    faults: tuple[str, ...],
    webhook: str | None,
    no_wait: bool,
    target: Target | None,
    seed: int | None,
    server: str,
    tenant: str | None,
    token: str | None,
    as_json: bool,
) -> None:
    """Make events of a TYPE, sign them and deliver them.

    Whatever is not said about an event is made up, and fits the schema of its type.
    """
    if target is not None:
        if webhook is not None or tenant is not None or no_wait:
            raise click.UsageError("--to asks no mock; leave --webhook, --tenant and --no-wait out")
        _straight(target, wanted, count, seed, faults, as_json=as_json)
        return
    if seed is not None:
        raise click.UsageError("--seed goes with --to; a mock gets its own by `mockstore serve --seed`")
    with Client(server, tenant, token) as client:
        _by_mock(client, _request(wanted, webhook, faults), count, wait=not no_wait, as_json=as_json)


# ---- straight to a URL ------------------------------------------------------------------


def _straight(  # noqa: PLR0913 - what the command was told
    target: Target, wanted: Wanted, count: int, seed: int | None, faults: tuple[str, ...], *, as_json: bool
) -> None:
    latest: deque[dict[str, Json]] = deque(maxlen=BATCH)
    endings: Counter[str] = Counter()
    failed = 0
    with sender(target, seed) as its, _progress(count) as advance:
        made_up = its.secret if target.secret is None else None
        for _ in range(count):
            event, acknowledged = its.send(wanted, faults)
            latest.append(event)
            endings[_ending(event)] += 1
            failed += not acknowledged
            advance(1)
    if as_json:
        say_json({"data": list(latest), "count": count, **({"secret": made_up} if made_up else {})})
    elif count == 1:
        _say_event(latest[0])
    else:
        _say_sum(f"{plural(count, 'event')} of {wanted.type} to {target.url}", endings)
    if made_up and not as_json:
        click.echo(quiet(f"signed with a new secret, which a receiver needs to verify it: {made_up}"))
    if failed:
        click.get_current_context().exit(1)


def _ending(event: Json) -> str:
    attempt = event["deliveries"][0]["attempts"][-1]
    return status_text(attempt["status"], attempt["error"] or attempt["outcome"])


# ---- by a running mock ------------------------------------------------------------------


def _by_mock(client: Client, asked: dict[str, Json], count: int, *, wait: bool, as_json: bool) -> None:
    latest: deque[dict[str, Json]] = deque(maxlen=BATCH)
    deliveries = 0
    with _progress(count) as advance:
        for size in _batches(count):
            made = client.post("/_mockstore/emit", {**asked, "count": size}, expect="data")["data"]
            latest.extend(made)
            deliveries += sum(len(event["deliveries"]) for event in made)
            advance(size)
    if wait and deliveries:
        client.post("/_mockstore/settle", {"timeoutSeconds": PATIENCE})
        latest = deque(
            client.get(path_to("_mockstore", "events", event["id"]), expect="deliveries") for event in latest
        )
    if as_json:
        say_json({"data": list(latest), "count": count})
    elif count == 1:
        _say_event(latest[0])
    else:
        states = Counter(delivery["state"] for event in latest for delivery in event["deliveries"])
        shown = f"; the last {len(latest)}:" if count > len(latest) else ""
        _say_sum(f"{plural(count, 'event')} of {asked['type']}, {plural(deliveries, 'delivery')}{shown}", states)
    if not deliveries and not as_json:
        click.echo(quiet("no webhook wants it; register one: mockstore webhooks add URL"))
    if any(one["faults"] and one["asExpected"] is False for event in latest for one in event["deliveries"]):
        click.get_current_context().exit(1)


def _request(wanted: Wanted, webhook: str | None, faults: tuple[str, ...]) -> dict[str, Json]:
    asked: dict[str, Json] = {"type": wanted.type, "invalid": wanted.invalid}
    if wanted.overrides:
        asked["overrides"] = wanted.overrides
    if wanted.body is not None:
        asked |= {"bodyBase64": b64encode(wanted.body).decode("ascii"), "contentType": wanted.content_type}
    if webhook is not None:
        asked["to"] = webhook
    if faults:
        asked["fault"] = list(faults)
    return asked


def _batches(count: int) -> Iterator[int]:
    yield from [BATCH] * (count // BATCH)
    if count % BATCH:
        yield count % BATCH


# ---- what is shown ----------------------------------------------------------------------


@contextmanager
def _progress(count: int) -> Iterator[Callable[[int], None]]:
    """Yield what is called for each step; a bar moves on a terminal, when there is more than one step."""
    if count == 1 or not sys.stderr.isatty():
        yield lambda _steps: None
        return
    with click.progressbar(length=count, label="emitting", file=sys.stderr) as bar:
        yield bar.update


def _say_event(event: Json) -> None:
    click.echo(event_line(event))
    for delivery in event["deliveries"]:
        for line in delivery_lines(delivery):
            click.echo(f"  {line}")


def _say_sum(title: str, endings: Counter[str]) -> None:
    click.echo(title)
    for ending, times in endings.most_common():
        click.echo(f"  {times:>7,}  {state(ending)}")
