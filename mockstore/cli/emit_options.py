"""The options of `mockstore emit` as values, checked as far as that is possible without a mock."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import reduce, wraps
from typing import Any, TypeAlias

import click
from msgspec import Struct

from mockstore.cli.options import Run, answer_timeout, complete_event_type, content_of, object_of
from mockstore.events import parse_assignment
from mockstore.model import Json

Decorator: TypeAlias = Callable[[Run], Run]


class EventOptions(Struct, frozen=True):
    """The event that the options describe."""

    type: str
    overrides: Mapping[str, Json]
    body: bytes | None
    content_type: str
    invalid: bool


class Target(Struct, frozen=True):
    """A URL to deliver to without a mock, and how the requests are signed."""

    url: str
    secret: str | None
    """None: a new one is made."""
    signatures: tuple[str, ...]
    """Names of signature schemes; empty for that of the Petstore."""
    timeout: timedelta | None
    """How long the receiver may take; None for the timeout of the Petstore."""


_EVENT: tuple[Decorator, ...] = (
    click.argument("event_type", metavar="TYPE", shell_complete=complete_event_type),
    click.option("--set", "assignments", metavar="PATH=VALUE", multiple=True, help="Set a member; repeatable."),
    click.option("--data", metavar="JSON|@FILE", help="Members of the event's data; the rest is made up."),
    click.option("--body", metavar="TEXT|@FILE", help="Send exactly this, signed."),
    click.option("--content-type", default="application/json", show_default=True, help="Of the --body."),
    click.option("--invalid", is_flag=True, help="Allow what breaks the schema."),
)

_TARGET: tuple[Decorator, ...] = (
    click.option("--to", metavar="URL", help="Deliver straight to this URL; no mock is asked."),
    click.option("--secret", help="With --to: what signs; made up when absent."),
    click.option("--signatures", metavar="NAMES", help="With --to: petstore, standard-webhooks, or both with a comma."),
    click.option(
        "--timeout",
        metavar="DURATION",
        type=answer_timeout,
        help="With --to: how long an answer may take.  [default: 5s]",
    ),
)


def event_options(run: Run) -> Run:
    """Add the options that describe the event; the command gets them as `wanted`."""

    @wraps(run)
    def wrapper(  # noqa: PLR0913 - the options above
        *,
        event_type: str,
        assignments: tuple[str, ...],
        data: str | None,
        body: str | None,
        content_type: str,
        invalid: bool,
        **rest: Any,  # noqa: ANN401 - the other options of `run`
    ) -> None:
        if body is not None and (data is not None or assignments):
            raise click.UsageError("--body is sent as it stands; leave --set and --data out")
        overrides = object_of(data, "--data") if data is not None else {}
        overrides |= dict(map(parse_assignment, assignments))
        content = content_of(body, "--body") if body is not None else None
        run(wanted=EventOptions(event_type, overrides, content, content_type, invalid), **rest)

    return _with(_EVENT, wrapper)


def target_options(run: Run) -> Run:
    """Add the options that describe a receiver; the command gets `target`, None without `--to`."""

    @wraps(run)
    def wrapper(
        *,
        to: str | None,
        secret: str | None,
        signatures: str | None,
        timeout: timedelta | None,
        **rest: Any,  # noqa: ANN401 - the other options of `run`
    ) -> None:
        if to is None and (secret, signatures, timeout) != (None, None, None):
            raise click.UsageError("--secret, --signatures and --timeout go with --to; a mock has its own")
        names = tuple(name.strip() for name in (signatures or "").split(",") if name.strip())
        run(target=Target(to, secret, names, timeout) if to is not None else None, **rest)

    return _with(_TARGET, wrapper)


def _with(decorators: tuple[Decorator, ...], run: Run) -> Run:
    """Apply the decorators in reverse, so that the help shows the options in the order of the tuple."""
    return reduce(lambda inner, decorate: decorate(inner), reversed(decorators), run)
