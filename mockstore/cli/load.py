"""`mockstore load`: sends signed events at a constant rate, and reports how the consumer answered."""

import os
import sys
from datetime import timedelta
from importlib.util import find_spec
from ipaddress import ip_address

import click

from mockstore.cli.groups import RefusalError
from mockstore.cli.options import duration, json_option
from mockstore.cli.show import bad, good, quiet, say_json, waiting
from mockstore.cli.signals import ending_on_signals
from mockstore.delivery.schedule import parse_schedule
from mockstore.errors import InvalidInputError, UnreachableError
from mockstore.load.fleet import LOCUSTFILE, Course, Fleet, Reading
from mockstore.load.report import Report, document, lines, progress
from mockstore.load.stream import Mix, weights
from mockstore.provider import petstore
from mockstore.signing import scheme_named
from mockstore.signing.secrets import new_secret
from mockstore.world.clock import Chance
from mockstore.world.transports.location import locate

EPILOG = """\b
Examples:
  mockstore load --to http://localhost:5000/webhooks --rate 200/s --for 30s --secret whsec_…
  mockstore load --to http://localhost:5000/webhooks --rate 2000/s --processes 2 --secret whsec_…
  mockstore load --to http://localhost:5000/webhooks --count 1000 --forged 0.1 --secret whsec_… --json
  locust -f "$(mockstore load --locustfile)" --host http://localhost:5000/webhooks

\b
Exit codes: 0 when every event was acknowledged, 1 when one was lost or a forged one was
acknowledged, 2 for a wrong use. It needs Locust: pip install 'mockstore[load]'.
"""
_HIGHEST_RATE = 1_000_000
"""Events per second, far more than can be sent."""
_SECONDS_PER_UNIT = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}


def _rate(text: str) -> float:
    """Parse `200/s`, `200` or `12000/m`; return events per second."""
    number, _, unit = text.partition("/")
    try:
        rate = float(number) / _SECONDS_PER_UNIT[unit.strip()]
    except (ValueError, KeyError):
        raise click.BadParameter(f"{text!r} is no rate; write for instance 200/s or 6000/m") from None
    if not 0 < rate <= _HIGHEST_RATE:
        raise click.BadParameter(f"{text!r} is no rate above 0 and up to {_HIGHEST_RATE}/s")
    return rate


@click.command(epilog=EPILOG)
@click.option("--to", "url", metavar="URL", help="The consumer; nothing is sent to anything else.")
@click.option(
    "--rate",
    metavar="RATE",
    type=_rate,
    default="100/s",
    show_default=True,
    help="Events per second, or per minute: 6000/m.",
)
@click.option("--for", "lasting", type=duration, help="How long events are sent.  [default: 10s]")
@click.option("--count", type=click.IntRange(1), help="Send exactly so many events, instead of --for.")
@click.option("--secret", help="What signs; made up when absent.")
@click.option("--signatures", metavar="NAMES", default="petstore", show_default=True, help="Schemes, with commas.")
@click.option("--events", default="", metavar="TYPE=WEIGHT", help="Types and weights, with commas; * is every type.")
@click.option("--duplicates", type=float, default=0.01, show_default=True, help="Share of events that come twice.")
@click.option("--forged", type=float, default=0.0, show_default=True, help="Share of events not genuinely signed.")
@click.option("--retries", default="1s,5s,15s", show_default=True, help="Waits before a failed attempt is repeated.")
@click.option("--processes", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes that send.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same course.")
@click.option("--yes", is_flag=True, help="The consumer is on another machine, and mine to load.")
@click.option("--locustfile", is_flag=True, help="Print where the ready locustfile is, and do nothing else.")
@json_option
def load(  # noqa: PLR0913 - the options of the command
    *,
    url: str | None,
    rate: float,
    lasting: timedelta | None,
    count: int | None,
    secret: str | None,
    processes: int,
    yes: bool,
    locustfile: bool,
    as_json: bool,
    **options: str | float,
) -> None:
    """Send signed events to a consumer at a constant rate, with duplicates and retries."""
    if find_spec("locust") is None:
        raise RefusalError("load needs Locust, which is an extra: pip install 'mockstore[load]'")
    if locustfile:
        click.echo(str(LOCUSTFILE))
        return
    if url is None:
        raise click.UsageError("Missing option '--to': the URL of the consumer")
    if count is not None and lasting is not None:
        raise click.UsageError("--for and --count are two ends; say one")
    _refuse_other_machines(url, yes=yes)
    _check(options)
    course = Course(
        url=url,
        secret=secret or new_secret(Chance(None).bytes),
        rate=rate,
        processes=processes,
        lasting=None if count is not None else lasting or timedelta(seconds=10),
        count=count,
        options={f"--webhook-{name}": str(value) for name, value in options.items()},
    )
    report = _run(course)
    _say(report, None if secret else course.secret, as_json=as_json)
    if not report.passed:
        click.get_current_context().exit(1)


def _refuse_other_machines(url: str, *, yes: bool) -> None:
    """Raise a usage error for the URL of another machine, unless `yes` allows it."""
    try:
        host = locate(url).host
    except UnreachableError as error:
        raise InvalidInputError(f"--to: {error}", field="to") from None
    if not yes and not _is_loopback(host):
        raise click.UsageError(f"{host} is not this machine, and a load may stop it; if it is yours to load, add --yes")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _check(options: dict[str, str | float]) -> None:
    """Raise `InvalidInputError` for an invalid option, before it reaches the processes of Locust."""
    Mix(
        weights(str(options["events"]) or "*", petstore().catalogue),
        float(options["duplicates"]),
        float(options["forged"]),
    )
    parse_schedule(str(options["retries"]))
    for name in str(options["signatures"]).split(","):
        scheme_named(name.strip())


def _run(course: Course) -> Report:
    """Run the load to its end, or until Ctrl-C; return the report."""
    last, finished = Reading({}, 0.0, done=False), True
    with ending_on_signals(), Fleet(course, os.environ) as fleet:
        try:
            for last in fleet.readings():
                _show(last, course)
        except KeyboardInterrupt:
            finished = False
            fleet.interrupt()
            for last in fleet.readings():  # noqa: B007 - only the last one counts
                pass
    _clear()
    return Report(course.url, course.rate, last.rate, last.tallies, finished=finished)


def _show(reading: Reading, course: Course) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{quiet(progress(reading.tallies, reading.rate, course.rate))}", err=True, nl=False)


def _clear() -> None:
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", err=True, nl=False)


def _say(report: Report, generated_secret: str | None, *, as_json: bool) -> None:
    if as_json:
        say_json({**document(report), **({"secret": generated_secret} if generated_secret else {})})
        return
    paint = good if report.passed else bad
    head, *rest = lines(report)
    click.echo(paint(head))
    for line in rest:
        click.echo(waiting(line) if "NOT reached" in line else line)
    if generated_secret:
        click.echo(quiet(f"signed with a new secret, which the consumer needs to verify it: {generated_secret}"))
