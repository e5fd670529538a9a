"""`mockstore serve`: the mock on this machine."""

import gc
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import click

from mockstore.cli.options import DEFAULT_SERVER, duration
from mockstore.cli.show import quiet, say_json_line, strong
from mockstore.delivery.schedule import parse_schedule
from mockstore.settings import Settings

EPILOG = """\b
Examples:
  mockstore serve
  mockstore serve --port 0                          any free port; its URL is printed
  mockstore serve --clock virtual --seed 7          time moves by `mockstore clock advance`
  mockstore serve --schedule 1s,5s --timeout 2s     a shorter ladder
  mockstore serve --tls-cert cert.pem --tls-key key.pem

\b
The variables MOCKSTORE_PORT, MOCKSTORE_SEED and so on do the same; an option wins.
Ctrl-C or SIGTERM stops it.
"""


@click.command(epilog=EPILOG)
@click.option("--host", help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="The port; 0 takes any free one.  [default: 8080]")
@click.option("--seed", metavar="NUMBER|random", help="The same seed makes the same events.  [default: 0]")
@click.option("--clock", type=click.Choice(["system", "virtual"]), help="Whether time runs.  [default: system]")
@click.option("--timeout", type=duration, help="How long a receiver may take to answer.  [default: 5s]")
@click.option("--schedule", metavar="WAITS", help="The waits between attempts.  [default: 1m,5m,30m,1h]")
@click.option("--signatures", metavar="NAMES", help="petstore, standard-webhooks, or both with a comma.")
@click.option("--require-https", is_flag=True, default=None, help="Refuse webhooks with a plain http URL.")
@click.option(
    "--auth", type=click.Choice(["observed", "strict"]), help="Which calls need a token.  [default: observed]"
)
@click.option("--rate-limit", type=int, metavar="CALLS", help="Calls a minute for each tenant.  [default: no limit]")
@click.option("--threads", type=int, help="Deliveries under way at once, for each tenant.  [default: 16]")
@click.option("--tls-cert", metavar="FILE", help="A PEM certificate chain: serve HTTPS.")
@click.option("--tls-key", metavar="FILE", help="Its private key, unless the certificate's file holds it.")
@click.option("--json", "as_json", is_flag=True, help="Say that it is ready as one line of JSON.")
def serve(*, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - the options above, None where absent
    """Run the mock on this machine until it is interrupted."""
    settings = settings_of(given, os.environ)
    gc.disable()  # everything that is loaded now stays: looking through it for garbage is a tenth of the start
    try:
        from mockstore.web.serve import run  # noqa: PLC0415 - flask, which wrong options need not wait for

        run(settings, lambda server: _say_ready(server.url, settings, as_json=as_json))
    finally:
        gc.enable()


def settings_of(given: Mapping[str, Any], variables: Mapping[str, str]) -> Settings:
    """Return the variables' settings with what the options say laid over them; raise `InvalidInputError`."""
    told: dict[str, Any] = {
        _NAMES.get(name, name): _read(name, value) for name, value in given.items() if value is not None
    }
    return replace(Settings.from_environment(variables), **told)


_NAMES: Mapping[str, str] = MappingProxyType({"tls_cert": "tls_certificate"})
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
    except ValueError:
        raise click.UsageError(f"--{name} is {value!r}; write a whole number, or random") from None


def _say_ready(url: str, settings: Settings, *, as_json: bool) -> None:
    gc.enable()
    if as_json:
        say_json_line({"url": url, "clock": settings.clock, "seed": settings.seed})
        return
    click.echo(f"mockstore serves {strong(url)}")
    seed = "random" if settings.seed is None else settings.seed
    click.echo(quiet(f"seed {seed}, {settings.clock} clock; stop it with Ctrl-C"))
    if url != DEFAULT_SERVER:
        click.echo(quiet(f"for the other commands: export MOCKSTORE_SERVER={url}"))
