"""`mockstore schema`: prints the JSON Schema of an event type."""

import click

from mockstore.cli.options import complete_event_type
from mockstore.cli.show import say_json
from mockstore.events import petstore_catalogue

EPILOG = """\b
Examples:
  mockstore schema --list
  mockstore schema pet.adopted > pet.adopted.schema.json
  mockstore schema pet.adopted --example
"""


@click.command(epilog=EPILOG)
@click.argument("event_type", metavar="[TYPE]", shell_complete=complete_event_type, required=False)
@click.option("--list", "listed", is_flag=True, help="List the event types; also what happens without TYPE.")
@click.option("--example", is_flag=True, help="Print the schema's example, a whole event, instead.")
@click.option("--json", "as_json", is_flag=True, help="List the types as JSON; a schema is JSON anyway.")
def schema(event_type: str | None, listed: bool, example: bool, as_json: bool) -> None:  # noqa: FBT001 - click calls it by keyword
    """Print the JSON Schema (2020-12) of an event TYPE; it needs no running mock."""
    catalogue = petstore_catalogue()
    if event_type is not None and not listed:
        say_json(catalogue.example(event_type) if example else catalogue.schema(event_type))
    elif as_json:
        say_json({"types": list(catalogue.types)})
    else:
        click.echo("\n".join(catalogue.types))
