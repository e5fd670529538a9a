"""`mockstore serve`: runs the server."""

import gc
import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import click

from mockstore.cli.options import DEFAULT_SERVER, duration
from mockstore.cli.show import quiet, say_json_line, strong
from mockstore.cli.sources import FILE, SettingsWithOrigins, load_settings
from mockstore.delivery.schedule import parse_schedule
from mockstore.errors import InvalidInputError, StartupError
from mockstore.settings import Settings

EPILOG = """\b
Examples:
  mockstore serve
  mockstore serve --port 0                          any free port; its URL is printed
  mockstore serve --clock virtual --seed 7          time moves by `mockstore clock advance`
  mockstore serve --schedule 1s,5s --timeout 2s     a shorter ladder
  mockstore serve --host 0.0.0.0 --allow-host mock  for other machines, which call it mock
  mockstore serve --tls-cert cert.pem --tls-key key.pem

\b
The variables MOCKSTORE_PORT, MOCKSTORE_SEED and so on do the same, and so does the file mockstore.toml.
An option goes before a variable, a variable before the file: see mockstore config.
Ctrl-C or SIGTERM stops it.
"""

CONSOLE: Final = "/_mockstore/"
"""The path of the server's console, a web page."""

SECTIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Where it listens": ("host", "port", "tls_cert", "tls_key"),
        "Who gets in": ("control_token", "allow_host", "cors", "auth"),
        "What it is": ("seed", "clock", "database", "history", "max_webhooks", "rate_limit"),
        "How it delivers": (
            "schedule",
            "retry_after",
            "timeout",
            "signatures",
            "require_https",
            "deny_private",
            "threads",
        ),
        "How it is run": ("config", "log_format", "log_level", "as_json"),
    }
)
"""The sections of the help, with their options."""


class Sectioned(click.Command):
    """A command whose help shows its options in sections."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options by section; those of no section (`--help`, which click adds) come in the last one."""
        records = {parameter.name: parameter.get_help_record(ctx) for parameter in self.get_params(ctx)}
        sections = [(title, [records.pop(name) for name in names]) for title, names in SECTIONS.items()]
        sections[-1][1].extend(records.values())
        for title, found in sections:
            with formatter.section(title):
                formatter.write_dl([record for record in found if record is not None])


@click.command(cls=Sectioned, epilog=EPILOG)
@click.option("--host", help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="The port; 0 takes any free one.  [default: 8080]")
@click.option("--tls-cert", metavar="FILE", help="A PEM certificate chain: serve HTTPS.")
@click.option("--tls-key", metavar="FILE", help="Its private key, unless the certificate's file holds it.")
@click.option(
    "--control-token",
    metavar="TOKEN",
    help="What /_mockstore asks for; made and printed where others reach the server.",
)
@click.option("--allow-host", metavar="NAME", multiple=True, help="A name by which clients may call it; repeatable.")
@click.option("--cors", metavar="ORIGIN", multiple=True, help="An origin whose pages may call it; repeatable.")
@click.option(
    "--auth", type=click.Choice(["observed", "strict"]), help="Which calls need a token.  [default: observed]"
)
@click.option("--seed", metavar="NUMBER|random", help="The same seed makes the same events.  [default: 0]")
@click.option("--clock", type=click.Choice(["system", "virtual"]), help="Whether time runs.  [default: system]")
@click.option("--database", metavar="URL", help="Keep everything there over restarts.  [default: memory]")
@click.option("--history", type=int, metavar="NUMBER", help="Finished deliveries kept per tenant.  [default: 10000]")
@click.option("--max-webhooks", type=int, metavar="NUMBER", help="Webhooks per tenant.  [default: 1000]")
@click.option("--rate-limit", type=int, metavar="CALLS", help="Calls a minute for each tenant.  [default: no limit]")
@click.option("--schedule", metavar="WAITS", help="The waits between attempts.  [default: 1m,5m,30m,1h]")
@click.option("--retry-after", is_flag=True, default=None, help="Heed Retry-After in a receiver's 429 or 503.")
@click.option("--timeout", type=duration, help="How long a receiver may take to answer.  [default: 5s]")
@click.option("--signatures", metavar="NAMES", help="petstore, standard-webhooks, or both with a comma.")
@click.option("--require-https", is_flag=True, default=None, help="Refuse webhooks with a plain http URL.")
@click.option("--deny-private", is_flag=True, default=None, help="Deliver to public addresses only.")
@click.option("--threads", type=int, help="Deliveries under way at once, for each tenant.  [default: 16]")
@click.option("--config", metavar="FILE", help=f"A TOML file with settings.  [default: {FILE}, where there is one]")
@click.option("--log-format", type=click.Choice(["text", "json"]), help="How the log is written.  [default: text]")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="From where on something is logged.  [default: warning]",
)
@click.option("--json", "as_json", is_flag=True, help="Say that it is ready as one line of JSON.")
def serve(*, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - the options above, None when not given
    """Run the mock on this machine until it is interrupted."""
    loaded = settings_from_options(given, os.environ)
    settings = loaded.settings
    gc.disable()  # nothing imported now becomes garbage: collecting takes a tenth of the start-up time
    try:
        from mockstore.web.guard import secured  # noqa: PLC0415 - imports flask, which is slow: wrong options are reported earlier
        from mockstore.web.serve import run  # noqa: PLC0415 - the same

        served = secured(settings)
        new_token = None if settings.control_token is not None else served.control_token
        run(served, lambda server: _say_ready(server.url, served, new_token, as_json=as_json))
    except StartupError as error:
        raise loaded.with_origin(error) from None
    finally:
        gc.enable()


def settings_from_options(given: Mapping[str, Any], variables: Mapping[str, str]) -> SettingsWithOrigins:
    """Return the settings from options, environment variables and file; raise `InvalidInputError` for a wrong one."""
    options = {_NAMES.get(name, name): _read(name, value) for name, value in given.items() if value not in (None, ())}
    config = options.pop("config", None)
    return load_settings(
        variables, options=options, spelling=_SPELLING, config=config if isinstance(config, str) else None
    )


_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "tls_cert": "tls_certificate",
        "allow_host": "allowed_hosts",
        "cors": "cors_origins",
        "max_webhooks": "webhooks",
    }
)
"""The setting of each option whose name differs from that of its setting."""
_SPELLING = MappingProxyType({setting: f"--{name.replace('_', '-')}" for name, setting in _NAMES.items()})
_READERS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "seed": lambda text: None if text == "random" else int(text),
        "schedule": parse_schedule,
        "signatures": lambda text: tuple(name.strip() for name in text.split(",") if name.strip()),
    }
)


def _read(name: str, value: Any) -> object:  # noqa: ANN401 - as click has read it
    try:
        return _READERS[name](value) if name in _READERS else value
    except InvalidInputError as error:
        raise InvalidInputError(f"--{name}: {error}", field=name) from None
    except ValueError:
        raise click.UsageError(f"--{name} is {value!r}; write a whole number, or random") from None


def _say_ready(url: str, settings: Settings, new_token: str | None, *, as_json: bool) -> None:
    gc.enable()
    if as_json:
        document = {"url": url, "console": url + CONSOLE, "clock": settings.clock, "seed": settings.seed}
        say_json_line({**document, "controlToken": new_token})
        return
    click.echo(f"mockstore serves {strong(url)}")
    click.echo(f"watch and cause deliveries in a browser: {strong(url + CONSOLE)}")
    seed = "random" if settings.seed is None else settings.seed
    click.echo(quiet(f"seed {seed}, {settings.clock} clock; stop it with Ctrl-C"))
    if url != DEFAULT_SERVER:
        click.echo(quiet(f"for the other commands: export MOCKSTORE_SERVER={url}"))
    if new_token is not None:
        click.echo(f"control token {strong(new_token)}")
        click.echo(quiet(f"for the other commands: export MOCKSTORE_CONTROL_TOKEN={new_token}"))
