"""`mockstore emit`: lets a running mock emit events, or sends them directly to a URL."""

import sys
from base64 import b64encode
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import click

from mockstore.cli.client import Client, path_to
from mockstore.cli.direct import sender
from mockstore.cli.emit_options import EventOptions, Target, event_options, target_options
from mockstore.cli.options import json_option, server_options
from mockstore.cli.show import delivery_lines, event_line, plural, quiet, say_json, state, status_text
from mockstore.model import Json

MAX_COUNT: Final = 100_000
"""How many events one command makes at most; the mock has the same limit."""
BATCH_SIZE: Final = 100
"""How many events one request to the mock makes; its response lists at most as many."""
SETTLE_SECONDS: Final = 10
"""How long the command waits for the first attempts."""

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
@event_options
@click.option("--count", type=click.IntRange(1, MAX_COUNT), default=1, show_default=True, help="How many events.")
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
    wanted: EventOptions,
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
        _emit_directly(target, wanted, count, seed, faults, as_json=as_json)
        return
    if seed is not None:
        raise click.UsageError("--seed goes with --to; a mock gets its own by `mockstore serve --seed`")
    with Client(server, tenant, token) as client:
        _emit_by_mock(client, _request(wanted, webhook, faults), count, wait=not no_wait, as_json=as_json)


# ---- directly to a URL ------------------------------------------------------------------


def _emit_directly(  # noqa: PLR0913 - the options of the command
    target: Target, wanted: EventOptions, count: int, seed: int | None, faults: tuple[str, ...], *, as_json: bool
) -> None:
    latest: deque[dict[str, Json]] = deque(maxlen=BATCH_SIZE)
    outcomes: Counter[str] = Counter()
    failed = 0
    with sender(target, seed) as direct, _progress(count) as advance:
        generated = direct.secret if target.secret is None else None
        for _ in range(count):
            event, acknowledged = direct.send(wanted, faults)
            latest.append(event)
            outcomes[_outcome(event)] += 1
            failed += not acknowledged
            advance(1)
    if as_json:
        say_json({"data": list(latest), "count": count, **({"secret": generated} if generated else {})})
    elif count == 1:
        _say_event(latest[0])
    else:
        _say_counts(f"{plural(count, 'event')} of {wanted.type} to {target.url}", outcomes)
    if generated and not as_json:
        click.echo(quiet(f"signed with a new secret, which a receiver needs to verify it: {generated}"))
    if failed:
        click.get_current_context().exit(1)


def _outcome(event: Json) -> str:
    attempt = event["deliveries"][0]["attempts"][-1]
    return status_text(attempt["status"], attempt["error"] or attempt["outcome"])


# ---- by a running mock ------------------------------------------------------------------


def _emit_by_mock(client: Client, request: dict[str, Json], count: int, *, wait: bool, as_json: bool) -> None:
    latest: deque[dict[str, Json]] = deque(maxlen=BATCH_SIZE)
    deliveries = 0
    with _progress(count) as advance:
        for size in _batches(count):
            made = client.post("/_mockstore/emit", {**request, "count": size}, expect="data")["data"]
            latest.extend(made)
            deliveries += sum(len(event["deliveries"]) for event in made)
            advance(size)
    if wait and deliveries:
        client.post("/_mockstore/settle", {"timeoutSeconds": SETTLE_SECONDS})
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
        _say_counts(f"{plural(count, 'event')} of {request['type']}, {plural(deliveries, 'delivery')}{shown}", states)
    if not deliveries and not as_json:
        click.echo(quiet("no webhook wants it; register one: mockstore webhooks add URL"))
    if any(one["faults"] and one["asExpected"] is False for event in latest for one in event["deliveries"]):
        click.get_current_context().exit(1)


def _request(wanted: EventOptions, webhook: str | None, faults: tuple[str, ...]) -> dict[str, Json]:
    request: dict[str, Json] = {"type": wanted.type, "invalid": wanted.invalid}
    if wanted.overrides:
        request["overrides"] = wanted.overrides
    if wanted.body is not None:
        request |= {"bodyBase64": b64encode(wanted.body).decode("ascii"), "contentType": wanted.content_type}
    if webhook is not None:
        request["to"] = webhook
    if faults:
        request["fault"] = list(faults)
    return request


def _batches(count: int) -> Iterator[int]:
    yield from [BATCH_SIZE] * (count // BATCH_SIZE)
    if count % BATCH_SIZE:
        yield count % BATCH_SIZE


# ---- output -----------------------------------------------------------------------------


@contextmanager
def _progress(count: int) -> Iterator[Callable[[int], None]]:
    """Yield a function to call with the number of events made; it moves a progress bar if stderr is a terminal."""
    if count == 1 or not sys.stderr.isatty():
        yield lambda _made: None
        return
    with click.progressbar(length=count, label="emitting", file=sys.stderr) as bar:
        yield bar.update


def _say_event(event: Json) -> None:
    click.echo(event_line(event))
    for delivery in event["deliveries"]:
        for line in delivery_lines(delivery):
            click.echo(f"  {line}")


def _say_counts(title: str, outcomes: Counter[str]) -> None:
    click.echo(title)
    for outcome, times in outcomes.most_common():
        click.echo(f"  {times:>7,}  {state(outcome)}")
