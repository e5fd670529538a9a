"""`mockstore scenarios`: lists and prints the ready scenarios, and the JSON Schema of a scenario file."""

import json
from importlib.resources import files

import click

from mockstore.cli.groups import DefaultGroup
from mockstore.cli.options import json_option
from mockstore.cli.show import say_json, say_table
from mockstore.scenario import load, names, text_of
from mockstore.scenario.yaml_nodes import nodes_of

EPILOG = """\b
Examples:
  mockstore scenarios
  mockstore scenarios --json | jq -r '.data[].name'
  mockstore scenarios show ack-lost > my-scenario.yaml
  mockstore scenarios schema > scenario.schema.json
  mockstore play ack-lost
"""


@click.group(cls=DefaultGroup, epilog=EPILOG)
def scenarios() -> None:
    """Show the ready scenarios; without a command: list them."""


@scenarios.command("list")
@json_option
def list_scenarios(*, as_json: bool) -> None:
    """List the ready scenarios."""
    found = [load(name) for name in names()]
    if as_json:
        say_json({"data": [{"name": one.name, "description": one.description} for one in found]})
    else:
        say_table(("NAME", "WHAT IT SHOWS"), [(one.name, one.description) for one in found])


@scenarios.command()
@click.argument("name", metavar="NAME")
@json_option
def show(*, name: str, as_json: bool) -> None:
    """Print the file of a ready scenario, which documents itself."""
    text = text_of(name)
    if as_json:
        say_json(nodes_of(text, name).plain())
    else:
        click.echo(text.rstrip())


@scenarios.command()
@click.option("--json", "as_json", is_flag=True, help="Changes nothing: a schema is JSON anyway.")
def schema(*, as_json: bool) -> None:  # noqa: ARG001 - every command has the option
    """Print the JSON Schema of a scenario file, for editors."""
    say_json(json.loads(files("mockstore.schemas").joinpath("scenario.json").read_bytes()))
