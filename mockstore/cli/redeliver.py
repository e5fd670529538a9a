"""`mockstore redeliver`: lets a running mock send a delivery again."""

import click

from mockstore.cli.client import Client, path_to
from mockstore.cli.latest import delivery_id_of
from mockstore.cli.options import asks_server
from mockstore.cli.show import delivery_lines, say_json, strong

SETTLE_SECONDS = 10
"""How long the command waits for the attempt."""

EPILOG = """\b
Examples:
  mockstore redeliver 0194…
  mockstore redeliver latest
  mockstore deliveries --state failed --json | jq -r '.data[].id' | xargs -n1 mockstore redeliver
"""


@click.command(epilog=EPILOG)
@click.argument("delivery_id", metavar="ID")
@asks_server
def redeliver(*, client: Client, delivery_id: str, as_json: bool) -> None:
    """Send a delivery again, whatever became of it: the same bytes, the same event id, the ladder anew."""
    delivery_id = delivery_id_of(client, delivery_id)
    client.post(path_to("_mockstore", "deliveries", delivery_id, "redeliver"))
    client.post("/_mockstore/settle", {"timeoutSeconds": SETTLE_SECONDS})
    found = client.get(path_to("_mockstore", "deliveries", delivery_id), expect="attempts")
    if as_json:
        say_json(found)
        return
    click.echo(f"{strong(found['eventType'])}  {found['id']}")
    for line in delivery_lines(found):
        click.echo(line)
