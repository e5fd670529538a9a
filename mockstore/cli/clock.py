"""`mockstore clock`: reads and moves the clock of a running mock."""

from datetime import timedelta

import click

from mockstore.cli.client import Client
from mockstore.cli.groups import DefaultGroup
from mockstore.cli.options import asks_server, duration
from mockstore.cli.show import quiet, say_json
from mockstore.model import Json

EPILOG = """\b
Examples:
  mockstore clock
  mockstore clock show --json
  mockstore clock advance 5m     the retry that is due in five minutes is made now
  mockstore clock advance 1h36m  the whole retry ladder
  mockstore clock freeze
  mockstore clock run
"""


@click.group(cls=DefaultGroup, epilog=EPILOG)
def clock() -> None:
    """Read the mock's clock, advance it, freeze it; without a command: read it."""


@clock.command()
@asks_server
def show(*, client: Client, as_json: bool) -> None:
    """Say what time it is for the mock."""
    _say(client.get("/_mockstore/clock", expect="now"), as_json=as_json)


@clock.command()
@click.argument("by", type=duration)
@asks_server
def advance(*, client: Client, by: timedelta, as_json: bool) -> None:
    """Move the time on, BY 5m for instance (a number alone is seconds); what falls due on the way is sent, in order."""
    _say(client.post("/_mockstore/clock/advance", {"seconds": by.total_seconds()}, expect="now"), as_json=as_json)


@clock.command()
@asks_server
def freeze(*, client: Client, as_json: bool) -> None:
    """Stop the time: retries wait for `mockstore clock advance`."""
    _say(client.post("/_mockstore/clock/freeze", expect="now"), as_json=as_json)


@clock.command()
@asks_server
def run(*, client: Client, as_json: bool) -> None:
    """Let the time run again."""
    _say(client.post("/_mockstore/clock/run", expect="now"), as_json=as_json)


def _say(time: Json, *, as_json: bool) -> None:
    if as_json:
        say_json(time)
    else:
        click.echo(f"{time['now']}  {quiet('frozen' if time['frozen'] else 'running')}")
