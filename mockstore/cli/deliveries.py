"""`mockstore deliveries`: lists and shows the deliveries of a running mock."""

import click

from mockstore.cli.client import Client, path_to
from mockstore.cli.groups import DefaultGroup
from mockstore.cli.options import asks_server, complete_event_type, page_options
from mockstore.cli.show import (
    delivery_lines,
    fault_names,
    quiet,
    say_json,
    say_more,
    say_table,
    status_text,
    strong,
    url_of,
)
from mockstore.cli.terminal_text import safe
from mockstore.model import DeliveryState, Json

EPILOG = """\b
Examples:
  mockstore deliveries
  mockstore deliveries --state failed --type order.created
  mockstore deliveries show 0194…
  mockstore deliveries --json | jq '.data[].attempts | length'
"""


@click.group(cls=DefaultGroup, epilog=EPILOG)
def deliveries() -> None:
    """Show what was sent, attempt by attempt; without a command: list it."""


@deliveries.command("list")
@click.option("--type", "event_type", shell_complete=complete_event_type, help="Of this event type only.")
@click.option("--state", type=click.Choice([str(state) for state in DeliveryState]), help="In this state only.")
@click.option("--webhook", metavar="ID", help="To this webhook only.")
@page_options
@asks_server
def list_deliveries(  # noqa: PLR0913 - the options of the command
    *,
    client: Client,
    event_type: str | None,
    state: str | None,
    webhook: str | None,
    page: int,
    limit: int,
    as_json: bool,
) -> None:
    """List deliveries, a page of them at a time."""
    found = client.get(
        "/_mockstore/deliveries",
        expect="data",
        type=event_type,
        state=state,
        webhook=webhook,
        page=page,
        limit=limit,
    )
    if as_json:
        say_json(found)
    elif not found["data"]:
        click.echo("no deliveries")
    else:
        header = ("ID", "CREATED", "EVENT", "STATE", "ATTEMPTS", "LAST", "URL")
        say_table(header, [_row(one) for one in found["data"]], coloured=3)
        say_more(found)


@deliveries.command()
@click.argument("delivery_id", metavar="ID")
@asks_server
def show(*, client: Client, delivery_id: str, as_json: bool) -> None:
    """Show one delivery: its attempts, its request, what came back."""
    found = client.get(path_to("_mockstore", "deliveries", delivery_id), expect="attempts")
    if as_json:
        say_json(found)
        return
    click.echo(f"{strong(found['eventType'])}  event {found['eventId']}  webhook {found['webhookId']}")
    for line in delivery_lines(found):
        click.echo(line)
    for attempt in found["attempts"][-1:]:
        click.echo(f"\nThe request of attempt {attempt['number']}")
        for name, value in attempt["request"]["headers"]:
            click.echo(quiet(f"  {safe(name)}: {safe(value)}"))
        if attempt["reply"] is not None:
            click.echo("What came back")
            _say_reply(attempt["reply"])


def _row(delivery: Json) -> tuple[str, ...]:
    last = delivery["attempts"][-1] if delivery["attempts"] else None
    return (
        delivery["id"],
        delivery["createdAt"],
        delivery["eventType"] + (f" with {fault_names(delivery)}" if delivery["faults"] else ""),
        delivery["state"],
        str(len(delivery["attempts"])),
        status_text(last["status"], last["outcome"]) if last is not None else "",
        url_of(delivery),
    )


def _say_reply(reply: Json) -> None:
    click.echo(f"  {status_text(reply['status'], '')}")
    for name, value in reply["headers"]:
        click.echo(quiet(f"  {safe(name)}: {safe(value)}"))
    for line in reply["body"].splitlines()[:10]:
        click.echo(f"  {safe(line[:200])}")
