"""`mockstore config`: the settings with which a server would start, and the source of each."""

import os
from datetime import timedelta

import click

from mockstore.cli.options import json_option
from mockstore.cli.show import quiet, say_json, strong
from mockstore.cli.sources import FILE, SettingsWithOrigins, load_settings
from mockstore.cli.terminal_text import safe
from mockstore.delivery.schedule import RetryPolicy, describe
from mockstore.model import Json
from mockstore.settings import NAMES

EPILOG = """\b
Examples:
  mockstore config
  mockstore config --config staging.toml
  mockstore config --json

\b
An option of `mockstore serve` goes before a variable, a variable before the file, the file before the default.
The file is mockstore.toml in this folder, or what MOCKSTORE_CONFIG or --config names; it is written like this:
  port = 9090
  schedule = ["10s", "1m"]
  allowed_hosts = ["mock"]
"""


@click.command(epilog=EPILOG)
@click.option("--config", metavar="FILE", help=f"The TOML file with settings.  [default: {FILE}, where there is one]")
@json_option
def config(*, config: str | None, as_json: bool) -> None:
    """Show the settings in force, and where each comes from; secrets are masked."""
    found = load_settings(os.environ, config=config)
    if as_json:
        say_json({name: {"value": _plain(found, name), "from": found.origins.get(name)} for name in NAMES})
        return
    texts = {name: safe(_text(found, name)) for name in NAMES}
    name_width, value_width = max(map(len, NAMES)), max(map(len, texts.values()))
    click.echo(quiet(f"{'setting'.ljust(name_width)}  {'value'.ljust(value_width)}  from"))
    for name, text in texts.items():
        origin = found.origins.get(name)
        value = text.ljust(value_width)
        line = (strong(value), safe(origin)) if origin is not None else (value, quiet("default"))
        click.echo(f"{name.ljust(name_width)}  {'  '.join(line)}")


def _plain(found: SettingsWithOrigins, name: str) -> Json:
    """Return a setting as JSON, with durations as the settings file has them."""
    value = found.settings.shown(name)
    if isinstance(value, RetryPolicy):
        return [_seconds(wait) for wait in value.waits]
    if isinstance(value, timedelta):
        return _seconds(value)
    return list(value) if isinstance(value, tuple) else value


def _text(found: SettingsWithOrigins, name: str) -> str:
    value = found.settings.shown(name)
    if isinstance(value, RetryPolicy):
        return ", ".join(map(describe, value.waits)) or "none"
    if isinstance(value, timedelta):
        return describe(value)
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return _TEXT_OF_NONE.get(name, "none")
    return str(value)


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():g}s"


_TEXT_OF_NONE = {
    "seed": "random",
    "schedule": "the provider's",
    "timeout": "the provider's",
    "signatures": "the provider's",
    "database": "memory",
    "control_token": "none on loopback, else made",
}
"""The text shown for a setting whose value is None."""
