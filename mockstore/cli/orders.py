"""`mockstore orders`: ships and delivers an order, as the staff of the shop does."""

import click

from mockstore.cli.client import Client, path_to
from mockstore.cli.groups import Group
from mockstore.cli.options import asks_server
from mockstore.cli.show import say_json, strong

EPILOG = """\b
Examples:
  mockstore orders ship 0194…      an order that is paid
  mockstore orders deliver 0194…   an order that has been shipped
"""


@click.group(cls=Group, epilog=EPILOG)
def orders() -> None:
    """Ship and deliver orders, as the shop's staff does; each move is told to the webhooks."""


@orders.command()
@click.argument("order_id", metavar="ID")
@asks_server
def ship(*, client: Client, order_id: str, as_json: bool) -> None:
    """Send an APPROVED order off."""
    _change_status(client, order_id, "ship", as_json=as_json)


@orders.command()
@click.argument("order_id", metavar="ID")
@asks_server
def deliver(*, client: Client, order_id: str, as_json: bool) -> None:
    """Hand a SHIPPED order over."""
    _change_status(client, order_id, "deliver", as_json=as_json)


def _change_status(client: Client, order_id: str, verb: str, *, as_json: bool) -> None:
    order = client.post(path_to("_mockstore", "orders", order_id, verb), expect="status")
    if as_json:
        say_json(order)
    else:
        click.echo(f"order {order['id']} is {strong(order['status'])}")
