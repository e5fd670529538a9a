"""Options that several commands share, and the parsing of option values: durations, JSON, files, headers."""

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeAlias

import click

from mockstore.delivery.schedule import parse_duration, time_limit
from mockstore.errors import InvalidInputError
from mockstore.model import Json

DEFAULT_SERVER: Final = "http://127.0.0.1:8080"
"""Where `mockstore serve` listens by default."""

Run: TypeAlias = Callable[..., None]

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
token_option = click.option(
    "--token",
    metavar="TOKEN",
    envvar="MOCKSTORE_CONTROL_TOKEN",
    show_envvar=True,
    help="The mock's control token, if it has one.",
)


def server_options(run: Run) -> Run:
    """Add `--server`, `--tenant` and `--token`."""
    tenant = click.option("--tenant", metavar="UUID", help="Whose mock; without it the one that all share.")
    server = click.option(
        "--server",
        metavar="URL",
        envvar="MOCKSTORE_SERVER",
        default=DEFAULT_SERVER,
        show_default=True,
        show_envvar=True,
        help="The running mock.",
    )
    return server(tenant(token_option(run)))


def asks_server(run: Run) -> Run:
    """Add `--server`, `--tenant`, `--token` and `--json`; the command gets `client` and `as_json`."""

    @wraps(run)
    def connected(*, server: str, tenant: str | None, token: str | None, **rest: Any) -> None:  # noqa: ANN401 - the options of `run`
        from mockstore.cli.client import Client  # noqa: PLC0415 - loads sockets and TLS, which verify and schema do not need

        with Client(server, tenant, token) as client:
            run(client=client, **rest)

    return server_options(json_option(connected))


def page_options(run: Run) -> Run:
    """Add `--page` and `--limit`."""
    limit = click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="How many.")
    page = click.option("--page", type=click.IntRange(1), default=1, show_default=True, help="Which page.")
    return limit(page(run))


def duration(text: str) -> timedelta:
    """Parse the value of an option, such as `90s`, `5m` or `1h30m`; raise `BadParameter` when it is no duration."""
    try:
        return parse_duration(text)
    except InvalidInputError as error:
        raise click.BadParameter(str(error)) from None


def answer_timeout(text: str) -> timedelta:
    """Parse a timeout as `duration` does; raise `BadParameter` also for 0 and for more than a socket can wait."""
    try:
        return time_limit(duration(text))
    except InvalidInputError as error:
        raise click.BadParameter(str(error)) from None


def complete_event_type(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the event types that begin with `incomplete`, for the shell; the mock may know others."""
    from mockstore.events import petstore_catalogue  # noqa: PLC0415 - loads the schemas, which only the shell needs here

    return [name for name in petstore_catalogue().types if name.startswith(incomplete)]


def content_of(value: str, option: str) -> bytes:
    """Return the content of the file for `@file` (`@-` is the standard input), else the value itself."""
    if not value.startswith("@"):
        return value.encode("utf-8", "surrogateescape")
    if value == "@-":
        return sys.stdin.buffer.read()
    try:
        return Path(value[1:]).read_bytes()
    except OSError as error:
        raise click.UsageError(f"{option}: cannot read {value[1:]!r}: {error.strerror}") from None


def json_of(value: str, option: str) -> Json:
    """Return the JSON in the value or in its `@file`; raise `UsageError` with the position of a mistake."""
    content = content_of(value, option)
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        raise click.UsageError(
            f"{option} is no JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{option} is no JSON: byte {error.start + 1} is not UTF-8") from None
    except RecursionError:
        raise click.UsageError(f"{option} is no JSON that can be read: it is nested too deeply") from None


def object_of(value: str, option: str) -> dict[str, Json]:
    """Return the JSON object in the value or in its `@file`; raise `UsageError` when it is none."""
    document = json_of(value, option)
    if not isinstance(document, dict):
        raise click.UsageError(f'{option} must be a JSON object, for instance {{"pet": {{"name": "Rex"}}}}')
    return document


def headers_of(lines: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return `Name: value` lines as pairs of name and value; raise `UsageError` for any other line."""
    fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise click.UsageError(
                f"{line!r} is no header; write for instance --header 'X-Webhook-Signature: sha256=…'"
            )
        fields.append((name.strip(), value.strip()))
    return fields
