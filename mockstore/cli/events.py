"""`mockstore events`: lists and shows the events of a running mock."""

import click

from mockstore.cli.client import Client, path_to
from mockstore.cli.groups import DefaultGroup
from mockstore.cli.options import asks_server, complete_event_type, page_options
from mockstore.cli.show import delivery_lines, event_line, event_summary, pretty, say_json, say_more, say_table
from mockstore.cli.terminal_text import safe
from mockstore.model import Json

EPILOG = """\b
Examples:
  mockstore events
  mockstore events --type pet.adopted
  mockstore events show 0194…
"""


@click.group(cls=DefaultGroup, epilog=EPILOG)
def events() -> None:
    """Show what was emitted; without a command: list it."""


@events.command("list")
@click.option("--type", "event_type", shell_complete=complete_event_type, help="Of this event type only.")
@page_options
@asks_server
def list_events(*, client: Client, event_type: str | None, page: int, limit: int, as_json: bool) -> None:
    """List events, a page of them at a time."""
    found = client.get("/_mockstore/events", expect="data", type=event_type, page=page, limit=limit)
    if as_json:
        say_json(found)
    elif not found["data"]:
        click.echo("no events")
    else:
        say_table(("ID", "TIMESTAMP", "EVENT", "DELIVERED", "ABOUT"), [_row(one) for one in found["data"]])
        say_more(found)


@events.command()
@click.argument("event_id", metavar="ID")
@asks_server
def show(*, client: Client, event_id: str, as_json: bool) -> None:
    """Show one event: what it says, and its deliveries."""
    found = client.get(path_to("_mockstore", "events", event_id), expect="deliveries")
    if as_json:
        say_json(found)
        return
    click.echo(event_line(found))
    shown = pretty(found["payload"]) if found["payload"] is not None else found["body"]
    for line in shown.splitlines():
        click.echo(f"  {safe(line)}")
    for delivery in found["deliveries"]:
        for line in delivery_lines(delivery):
            click.echo(line)


def _row(event: Json) -> tuple[str, ...]:
    states = [delivery["state"] for delivery in event["deliveries"]]
    delivered = f"{states.count('delivered')} of {len(states)}"
    return event["id"], event["timestamp"], event["type"], delivered, event_summary(event["payload"])
