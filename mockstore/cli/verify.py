"""`mockstore verify`: verifies a signature, and says why one does not match."""

from collections.abc import Iterable
from datetime import timedelta
from typing import IO

import click

from mockstore.cli.options import duration, headers_of, json_option
from mockstore.cli.show import mark, quiet, say_json
from mockstore.signing import SCHEMES, Verdict
from mockstore.signing import verify as judge
from mockstore.world.clock import wall_time

EPILOG = """\b
Examples:
  mockstore verify --secret whsec_… --signature sha256=5257a8… --body request.json
  pbpaste | mockstore verify --secret whsec_… --header 'X-Webhook-Signature: sha256=5257a8…'
  mockstore verify --secret whsec_… --body request.json --max-age 5m \\
    --header 'webhook-id: msg_1' --header 'webhook-timestamp: 1614265330' --header 'webhook-signature: v1,g0hM9S…'

\b
The body must be the raw bytes of the request: `cat` it, do not paste it through an editor.
Exit code 0: genuine. 1: not genuine, and the reason is printed. 2: the command cannot tell.
"""


@click.command(epilog=EPILOG)
@click.option("--secret", required=True, help="The webhook's whole secret, with its whsec_.")
@click.option(
    "--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="A header of the request; repeatable."
)
@click.option("--signature", help="Short for --header 'X-Webhook-Signature: …'.")
@click.option("--body", type=click.File("rb"), default="-", show_default="standard input", help="The raw body.")
@click.option(
    "--scheme", type=click.Choice(list(SCHEMES)), help="The signature scheme; by default what the headers say."
)
@click.option("--max-age", type=duration, help="How old a signed timestamp may be; by default it is not judged.")
@click.option("--old-secret", "old_secrets", multiple=True, help="A former secret, to recognise it; repeatable.")
@click.option("--sent-body", type=click.File("rb"), help="What the sender signed, to find the first difference.")
@json_option
@click.pass_context
def verify(  # noqa: PLR0913 - the options of the command
    context: click.Context,
    *,
    secret: str,
    headers: tuple[str, ...],
    signature: str | None,
    body: IO[bytes],
    scheme: str | None,
    max_age: timedelta | None,
    old_secrets: tuple[str, ...],
    sent_body: IO[bytes] | None,
    as_json: bool,
) -> None:
    """Say whether a signature is genuine, and if it is not, why, as far as the evidence goes."""
    fields = headers_of(headers)
    if signature is not None:
        fields.append((SCHEMES["petstore"].headers[0], signature))
    if not fields:
        raise click.UsageError("no header to verify; say --signature sha256=… or --header 'NAME: VALUE'")
    if body.isatty():
        click.echo("reading the body from the terminal; end it with Ctrl-D", err=True)
    content, sent = body.read(), sent_body.read() if sent_body is not None else None
    verdicts = [
        judge(
            content,
            fields,
            secret,
            scheme=name,
            now=wall_time() if max_age is not None else None,
            tolerance=max_age or timedelta(),
            old_secrets=old_secrets,
            sent_body=sent,
        )
        for name in ([scheme] if scheme is not None else schemes_in(fields))
    ]
    _say(verdicts, as_json=as_json)
    context.exit(0 if all(verdicts) else 1)


def schemes_in(fields: Iterable[tuple[str, str]]) -> list[str]:
    """Return the signature schemes whose header is there; that of the Petstore when none is."""
    names = {name.lower() for name, _ in fields}
    found = [name for name, scheme in SCHEMES.items() if scheme.headers[-1].lower() in names]
    return found or ["petstore"]


def _say(verdicts: list[Verdict], *, as_json: bool) -> None:
    if as_json:
        listed = [
            {"scheme": one.scheme, "ok": one.ok, "reason": str(one.reason), "message": one.message} for one in verdicts
        ]
        say_json({"ok": all(verdicts), "verdicts": listed})
        return
    for verdict in verdicts:
        click.echo(f"{mark(verdict.ok)} {verdict.reason}  {quiet(verdict.scheme)}")
        click.echo(f"  {verdict.message}")
