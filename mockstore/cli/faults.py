"""`mockstore faults`: lists the faults."""

import click

from mockstore import faults as catalogue
from mockstore.cli.show import say_json, strong
from mockstore.web.fault_documents import fault_document

EPILOG = """\b
Examples:
  mockstore faults
  mockstore faults --group forgery
  mockstore emit order.created --fault wrong_secret

\b
In a test: mockstore.emit("order.created", fault="wrong_secret")
"""


@click.command(epilog=EPILOG)
@click.option("--group", type=click.Choice([str(group) for group in catalogue.Group]), help="Only those of this group.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def faults(group: str | None, as_json: bool) -> None:  # noqa: FBT001 - click calls it by keyword
    """List the faults, each with what happens and what a good consumer does; it needs no running mock."""
    found = [fault for fault in catalogue.ALL if group in (None, str(fault.group))]
    if as_json:
        say_json({"data": [fault_document(fault) for fault in found]})
        return
    for name in dict.fromkeys(fault.group for fault in found):
        click.echo(strong(name))
        for fault in found:
            if fault.group is name:
                click.echo(f"  {fault.name:<27}{fault.sentence}\n  {'':<27}→ {fault.good_consumer}")
