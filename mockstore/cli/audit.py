"""`mockstore audit`: runs the audit against a running consumer, and reports the findings."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import click

from mockstore.audit import Audit, Auditor, Finding, Probe, Verdict, auditing, probe_of_command, probe_of_url
from mockstore.audit.page import html
from mockstore.audit.report import document, finding_lines, junit, summary
from mockstore.cli.options import answer_timeout, complete_event_type, json_option
from mockstore.cli.show import bad, good, quiet, say_json, strong, waiting
from mockstore.cli.terminal_text import safe
from mockstore.errors import InvalidInputError
from mockstore.parts import provider_with
from mockstore.world.transports import Router

EPILOG = """\b
Examples:
  mockstore audit http://localhost:8000/webhooks --secret whsec_…
  mockstore audit http://localhost:8000/webhooks --secret whsec_… --probe-url http://localhost:8000/effects
  mockstore audit http://localhost:8000/webhooks --secret whsec_… --probe-command ./count-bookings --html report.html
  mockstore audit http://localhost:8000/webhooks --secret whsec_… --rule signature.genuine --json

\b
The consumer gets real requests: point it at a test database. Exit codes: 0 when no
rule failed (one that was not judged has not failed), 1 when one did, 2 when nothing
was judged at all, or the consumer or the probe could not be reached.
"""
_FILE = click.Path(dir_okay=False, path_type=Path)
_PAINTS = {Verdict.PASSED: good, Verdict.FAILED: bad, Verdict.NOT_JUDGED: waiting}


@click.command(epilog=EPILOG)
@click.argument("url", metavar="URL")
@click.option("--secret", required=True, help="What the consumer verifies with.")
@click.option("--probe-url", metavar="URL", help="Says by GET what was done so far: a number, or JSON.")
@click.option("--probe-command", metavar="COMMAND", help="Prints what was done so far: a number, or JSON.")
@click.option("--event", "event_type", shell_complete=complete_event_type, help="The event that has an effect.")
@click.option("--rule", "wanted", metavar="ID", multiple=True, help="Try this rule only; repeatable.")
@click.option("--signatures", metavar="NAMES", help="petstore, standard-webhooks, or both with a comma.")
@click.option("--timeout", metavar="DURATION", type=answer_timeout, help="How long an answer may take.  [default: 5s]")
@click.option("--junit", "junit_file", type=_FILE, help="Write JUnit XML, too.")
@click.option("--html", "html_file", type=_FILE, help="Write one self-contained page, too.")
@json_option
def audit(  # noqa: PLR0913 - the options of the command
    *,
    url: str,
    secret: str,
    probe_url: str | None,
    probe_command: str | None,
    event_type: str | None,
    wanted: tuple[str, ...],
    signatures: str | None,
    timeout: timedelta | None,
    junit_file: Path | None,
    html_file: Path | None,
    as_json: bool,
) -> None:
    """Audit the consumer at URL: forgeries, duplicates, orders, hostile bodies, drift and more, rule by rule."""
    if probe_url is not None and probe_command is not None:
        raise click.UsageError("--probe-url and --probe-command are two probes; say one")
    if url == "django":  # means an app in the library, not a URL
        raise click.UsageError("URL must be a URL; in a test: mockstore.assert_conforms('django', secret=…)")
    names = tuple(name.strip() for name in (signatures or "").split(",") if name.strip())
    with _router() as router:
        probe = _probe(probe_url, probe_command, router)
        rules = provider_with(None, timeout=timeout)
        with auditing(
            url,
            secret=secret,
            probe=probe,
            event_type=event_type,
            rules=wanted,
            signatures=names or None,
            provider=rules,
            router=router,
        ) as auditor:
            result = auditor.run() if as_json else _run(auditor)
    if junit_file is not None:
        _write(junit_file, "--junit", junit(result))
    if html_file is not None:
        _write(html_file, "--html", html(result))
    if as_json:
        say_json(document(result))
    else:
        paint = waiting if result.judged_nothing else good if result.passed else bad
        click.echo(paint(safe(summary(result))))
    if result.judged_nothing or not result.passed:
        click.get_current_context().exit(2 if result.judged_nothing else 1)


@contextmanager
def _router() -> Iterator[Router]:
    router = Router.standalone()
    try:
        yield router
    finally:
        router.close()


def _probe(url: str | None, command: str | None, router: Router) -> Probe | None:
    if url is not None:
        return probe_of_url(url, router)
    return probe_of_command(command) if command is not None else None


def _run(auditor: Auditor) -> Audit:
    """Run the audit, and print each rule as it ends."""
    area = None
    for finding in auditor:
        if finding.rule.area is not area:
            area = finding.rule.area
            click.echo(strong(area))
        _print_finding(finding)
    return auditor.audit


def _print_finding(finding: Finding) -> None:
    head, *rest = finding_lines(finding)
    click.echo(_PAINTS[finding.verdict](safe(head)))
    for line in rest:
        click.echo(quiet(safe(line)) if finding.verdict is Verdict.NOT_JUDGED else safe(line))


def _write(path: Path, option: str, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(f"{option}: cannot write {path}: {error.strerror}", field="file") from None
