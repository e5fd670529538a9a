"""`mockstore webhooks`: registers, lists and changes webhooks of a running mock."""

from datetime import timedelta

import click

from mockstore.cli.client import Client, path_to
from mockstore.cli.groups import DefaultGroup
from mockstore.cli.options import asks_server, complete_event_type, duration, page_options
from mockstore.cli.show import delivery_lines, plural, quiet, say_json, say_more, say_table, state
from mockstore.cli.terminal_text import safe
from mockstore.model import Json

SETTLE_SECONDS = 10
"""How long the command waits for the attempts that it has caused."""

EPILOG = """\b
Examples:
  mockstore webhooks
  mockstore webhooks --json
  mockstore webhooks add http://localhost:5000/webhooks/petstore --events pet.*,order.created
  mockstore webhooks show 0194…
  mockstore webhooks update 0194… --events '*' --description 'all of them'
  mockstore webhooks delete 0194…
  mockstore webhooks enable 0194…
  mockstore webhooks disable 0194…
  mockstore webhooks rotate 0194… --overlap 1h
  mockstore webhooks test 0194… --type pet.adopted
  mockstore webhooks recover 0194… --since 2025-01-06T12:00:00Z
"""


@click.group(cls=DefaultGroup, epilog=EPILOG)
def webhooks() -> None:
    """Register webhooks, change them, rotate their secrets; without a command: list them."""


@webhooks.command("list")
@page_options
@asks_server
def list_webhooks(*, client: Client, page: int, limit: int, as_json: bool) -> None:
    """List the registrations."""
    found = client.get("/v1/webhooks", expect="data", page=page, limit=limit)
    if as_json:
        say_json(found)
    elif not found["data"]:
        click.echo("no webhooks; register one: mockstore webhooks add URL")
    else:
        say_table(("ID", "STATUS", "EVENTS", "SECRET", "URL"), [_row(one) for one in found["data"]], coloured=1)
        say_more(found)


@webhooks.command()
@click.argument("url")
@click.option("--events", default="*", show_default=True, help="Event types or patterns, with commas.")
@click.option("--secret", help="What signs; made when absent.")
@click.option("--description", help="A note for people.")
@asks_server
def add(  # noqa: PLR0913 - the options of the command
    *, client: Client, url: str, events: str, secret: str | None, description: str | None, as_json: bool
) -> None:
    """Register URL; the answer shows the secret whole, this once."""
    request = {"url": url, "events": _listed(events), "secret": secret, "description": description}
    made = client.post("/v1/webhooks", {name: value for name, value in request.items() if value is not None}, "secret")
    _say(made, as_json=as_json)


@webhooks.command()
@click.argument("webhook_id", metavar="ID")
@asks_server
def show(*, client: Client, webhook_id: str, as_json: bool) -> None:
    """Show one registration."""
    _say(client.get(_path(webhook_id), expect="url"), as_json=as_json)


@webhooks.command()
@click.argument("webhook_id", metavar="ID")
@click.option("--url", help="Where to deliver from now on.")
@click.option("--events", help="Event types or patterns, with commas.")
@click.option("--secret", help="What signs from now on.")
@click.option("--description", help="A note for people.")
@asks_server
def update(  # noqa: PLR0913 - the options of the command
    *,
    client: Client,
    webhook_id: str,
    url: str | None,
    events: str | None,
    secret: str | None,
    description: str | None,
    as_json: bool,
) -> None:
    """Change what is named, and nothing else."""
    changes = {
        "url": url,
        "events": _listed(events) if events is not None else None,
        "secret": secret,
        "description": description,
    }
    named = {name: value for name, value in changes.items() if value is not None}
    if not named:
        raise click.UsageError("nothing to change; say --url, --events, --secret or --description")
    _say(client.request("PATCH", _path(webhook_id), named), as_json=as_json)


@webhooks.command()
@click.argument("webhook_id", metavar="ID")
@asks_server
def delete(*, client: Client, webhook_id: str, as_json: bool) -> None:
    """Remove the registration; what is pending is discarded."""
    client.request("DELETE", _path(webhook_id))
    if as_json:
        say_json({"deleted": webhook_id})
    else:
        click.echo(f"{webhook_id} is deleted")


@webhooks.command()
@click.argument("webhook_id", metavar="ID")
@asks_server
def enable(*, client: Client, webhook_id: str, as_json: bool) -> None:
    """Make it active again; `recover` then sends what failed or was discarded."""
    _say(client.request("PATCH", _path(webhook_id), {"status": "active"}), as_json=as_json)


@webhooks.command()
@click.argument("webhook_id", metavar="ID")
@asks_server
def disable(*, client: Client, webhook_id: str, as_json: bool) -> None:
    """Send it nothing more; what is pending is discarded."""
    _say(client.request("PATCH", _path(webhook_id), {"status": "disabled"}), as_json=as_json)


@webhooks.command()
@click.argument("webhook_id", metavar="ID")
@click.option(
    "--overlap", type=duration, default="0s", help="For how long the old secret signs as well.  [default: 0s]"
)
@asks_server
def rotate(*, client: Client, webhook_id: str, overlap: timedelta, as_json: bool) -> None:
    """Give it a new secret; the answer shows it whole, this once."""
    request = {"overlapSeconds": overlap.total_seconds()}
    _say(client.post(_path(webhook_id, "rotate-secret"), request, expect="secret"), as_json=as_json)


@webhooks.command()
@click.argument("webhook_id", metavar="ID")
@click.option(
    "--type",
    "event_type",
    shell_complete=complete_event_type,
    help="The event type; by default the first it subscribes to.",
)
@asks_server
def test(*, client: Client, webhook_id: str, event_type: str | None, as_json: bool) -> None:
    """Deliver a sample event to it alone."""
    request = {"eventType": event_type} if event_type is not None else {}
    made = client.post(_path(webhook_id, "test"), request, expect="id")
    client.post("/_mockstore/settle", {"timeoutSeconds": SETTLE_SECONDS})
    found = client.get(path_to("_mockstore", "deliveries", made["id"]), expect="attempts")
    if as_json:
        say_json(found)
        return
    for line in delivery_lines(found):
        click.echo(line)


@webhooks.command()
@click.argument("webhook_id", metavar="ID")
@click.option("--since", metavar="TIME", help="Only what was made since, for instance 2025-01-06T12:00:00Z.")
@asks_server
def recover(*, client: Client, webhook_id: str, since: str | None, as_json: bool) -> None:
    """Send again what failed or was discarded."""
    found = client.post(_path(webhook_id, "recover"), {"since": since} if since is not None else {})
    if as_json:
        say_json(found)
        return
    started = found.get("data", [])
    click.echo(f"{plural(len(started), 'delivery')} started anew" if started else "nothing to recover")
    for delivery in started:
        click.echo(f"  {delivery['id']}  {delivery['eventType']}")


def _path(webhook_id: str, *steps: str) -> str:
    return path_to("v1", "webhooks", webhook_id, *steps)


def _listed(events: str) -> list[str]:
    return [name.strip() for name in events.split(",") if name.strip()]


def _row(webhook: Json) -> tuple[str, ...]:
    return webhook["id"], webhook["status"], ",".join(webhook["events"]), webhook["secret"], webhook["url"]


def _say(webhook: Json, *, as_json: bool) -> None:
    if as_json:
        say_json(webhook)
        return
    click.echo(f"{safe(webhook['url'])}  {state(webhook['status'])}")
    for name in ("id", "events", "secret", "description", "createdAt"):
        value = webhook.get(name)
        if value:
            shown = ", ".join(value) if isinstance(value, list) else str(value)
            click.echo(f"  {quiet(name.ljust(11))} {safe(shown)}")
