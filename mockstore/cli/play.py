"""`mockstore play`: plays a scenario, on a new mock in this process or on a running one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from mockstore.cli.client import Client
from mockstore.cli.options import json_option, token_option
from mockstore.cli.show import bad, good, quiet, say_json
from mockstore.cli.terminal_text import safe
from mockstore.errors import InvalidInputError
from mockstore.events import parse_assignment
from mockstore.model import Json
from mockstore.scenario import (
    Consumer,
    Entry,
    InvalidScenarioError,
    Result,
    Scenario,
    check_targets,
    load,
    playing,
    source_of,
)
from mockstore.scenario.documents import result_document, result_of
from mockstore.scenario.inside import targets_of
from mockstore.scenario.loading import names
from mockstore.scenario.report import junit, summary, timeline_lines

EPILOG = """\b
Examples:
  mockstore play outage-and-recovery
  mockstore play checkout.yaml --set species=CAT --junit report.xml
  mockstore play ack-lost --to http://localhost:8000/webhooks --secret whsec_…
  mockstore play ack-lost --server http://ci:8080 --json

\b
Ready scenarios: mockstore scenarios. Exit codes: 0 when every expectation held,
1 when one did not, 2 when the scenario could not be played to its end.
"""


def complete_scenario(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the ready scenarios that begin with `incomplete`, for the shell."""
    return [name for name in names() if name.startswith(incomplete)]


@click.command(epilog=EPILOG)
@click.argument("source", metavar="FILE|NAME", shell_complete=complete_scenario)
@click.option("--set", "assignments", metavar="NAME=VALUE", multiple=True, help="Set a variable; repeatable.")
@click.option("--to", "targets", metavar="[WEBHOOK=]URL", multiple=True, help="A live consumer instead of a receiver.")
@click.option("--secret", "secrets", metavar="[WEBHOOK=]SECRET", multiple=True, help="With --to: what signs.")
@click.option("--server", metavar="URL", help="Let this running mock play it, in a world of its own there.")
@token_option
@click.option("--junit", "junit_file", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML, too.")
@json_option
def play(  # noqa: PLR0913 - the options of the command
    *,
    source: str,
    assignments: tuple[str, ...],
    targets: tuple[str, ...],
    secrets: tuple[str, ...],
    server: str | None,
    token: str | None,
    junit_file: Path | None,
    as_json: bool,
) -> None:
    """Play a scenario: a FILE in YAML or JSON, or a ready one by its NAME.

    The timeline is printed as it happens, with a result for each expectation.
    """
    with _printing_mistakes():
        variables = dict(map(parse_assignment, assignments))
        scenario = load(source, variables=variables)
        to = _consumers(scenario, targets, secrets)
        check_targets(scenario, to)
        if server is None:
            result = _play_in_process(scenario, to, quietly=as_json)
        else:
            result = _play_at_server(Client(server, token=token), source, variables, to, quietly=as_json)
    if junit_file is not None:
        _write(junit_file, junit([result]))
    if as_json:
        say_json(result_document(result))
    else:
        click.echo((good if result.passed else bad)(safe_lines(summary(result))))
    if not result.passed:
        click.get_current_context().exit(2 if result.broken is not None else 1)


def safe_lines(text: str) -> str:
    """Return a text of several lines, each escaped for a terminal."""
    return "\n".join(map(safe, text.splitlines()))


def _play_in_process(scenario: Scenario, to: Mapping[str, Consumer], *, quietly: bool) -> Result:
    with playing(scenario, to=to) as performance:
        if quietly:
            return performance.run()
        _say_head(scenario, to)
        _say(iter(performance))
        return performance.result


def _play_at_server(
    client: Client, source: str, variables: Mapping[str, Json], to: Mapping[str, Consumer], *, quietly: bool
) -> Result:
    request: dict[str, Json] = {"scenario": source_of(source), "source": source, "variables": dict(variables)}
    request["to"] = {name: {"url": one.target, "secret": one.secret} for name, one in to.items()}
    with client:
        result = result_of(client.post("/_mockstore/scenarios", request, expect="timeline"))
    if not quietly:
        _say_head(result.scenario, to)
        _say(iter(result.entries))
    return result


def _say_head(scenario: Scenario, to: Mapping[str, Consumer]) -> None:
    click.echo(f"{safe(scenario.name)}: {safe_lines(scenario.description)}")
    for name, consumer in to.items():
        click.echo(quiet(f"{name} is the live consumer at {safe(str(consumer.target))}"))


def _say(entries: Iterator[Entry]) -> None:
    for line in timeline_lines(entries):
        paint = good if "  ✓ " in line else bad if "  ✗ " in line else str
        click.echo(paint(safe(line)))


def _consumers(scenario: Scenario, targets: tuple[str, ...], secrets: tuple[str, ...]) -> dict[str, Consumer]:
    """Return the consumers by the name of their webhook; an option without a name is for the only webhook."""
    urls = _by_webhook(scenario, targets)
    signing = _by_webhook(scenario, secrets)
    unused = [name for name in signing if name not in urls]
    if unused:
        raise click.UsageError(f"--secret is for {unused[0]}, and no --to is; the file can say a receiver's secret")
    return {name: Consumer(url, signing.get(name)) for name, url in urls.items()}


def _by_webhook(scenario: Scenario, values: tuple[str, ...]) -> dict[str, str]:
    known = {spec.name for spec in scenario.webhooks}
    found: dict[str, str] = {}
    for one in values:
        name, sign, value = one.partition("=")
        named = {name: value} if sign and name in known else {n: str(v) for n, v in targets_of(scenario, one).items()}
        found |= named
    return found


@contextmanager
def _printing_mistakes() -> Iterator[None]:
    """Print the mistakes of a scenario file, one on each line, and exit with code 2."""
    try:
        yield
    except InvalidScenarioError as error:
        click.echo(safe_lines(str(error)), err=True)
        raise click.exceptions.Exit(2) from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(f"--junit: cannot write {path}: {error.strerror}", field="junit") from None
