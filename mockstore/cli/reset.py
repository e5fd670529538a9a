"""`mockstore reset`: deletes all webhooks, events and deliveries of a running mock, and resets its clock."""

import click

from mockstore.cli.client import Client
from mockstore.cli.options import asks_server
from mockstore.cli.show import say_json

EPILOG = """\b
Examples:
  mockstore reset
  mockstore reset --tenant 019b4132-70aa-764f-b315-e2803d882a24
"""


@click.command(epilog=EPILOG)
@asks_server
def reset(*, client: Client, as_json: bool) -> None:
    """Forget all webhooks, events and deliveries; time and chance start anew."""
    client.request("POST", "/_mockstore/reset", {})
    if as_json:
        say_json({"reset": True})
    else:
        click.echo(f"{client.server} is as new")
