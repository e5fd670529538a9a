"""`mockstore listen`: a receiver that verifies, validates and prints each delivery."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from datetime import timedelta
from typing import Final

import click
from msgspec import Struct

from mockstore.answers import answers as read_answers
from mockstore.cli.client import Client, path_to
from mockstore.cli.options import json_option, server_options
from mockstore.cli.receiver import Forwarder, ReceivedRequest, Receiver, Responder, Scripted
from mockstore.cli.receiving import ReceivingServer
from mockstore.cli.show import bad, clock_time, event_summary, good, mark, plural, pretty, quiet, say_json_line, strong
from mockstore.cli.signals import ending_on_signals
from mockstore.cli.terminal_text import safe
from mockstore.errors import MockstoreError
from mockstore.events import petstore_catalogue, rfc3339
from mockstore.registration import checked_url
from mockstore.signing import mask
from mockstore.world.clock import wall_time

FORWARD_TIMEOUT: Final = timedelta(seconds=30)
"""How long the program behind --forward-to may take; the sender usually gives up earlier."""

EPILOG = """\b
Examples:
  mockstore listen --port 9000 --secret whsec_…
  mockstore listen --register                       at the mock on this machine
  mockstore listen --register --answer 503,503,200  fail twice, then recover
  mockstore listen --forward-to http://localhost:5000/webhooks/petstore
  mockstore listen --json | jq .event.data

\b
Answers: a status, timeout, reset, or for instance "200 after 6s"; the last one repeats.
"""


@click.command(epilog=EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port.  [default: any free one]")
@click.option("--secret", help="What the signatures are verified with.")
@click.option("--answer", metavar="LIST", help="What to answer in turn.  [default: 200]")
@click.option("--forward-to", metavar="URL", help="Send each request on, and answer as that URL does.")
@click.option(
    "--register", is_flag=True, help="Be registered at the running mock while listening, and verify with its secret."
)
@click.option("--events", default="*", show_default=True, help="With --register: types or patterns, with commas.")
@server_options
@json_option
def listen(  # noqa: PLR0913 - the options of the command
    *,
    host: str,
    port: int,
    secret: str | None,
    answer: str | None,
    forward_to: str | None,
    register: bool,
    events: str,
    server: str,
    tenant: str | None,
    token: str | None,
    as_json: bool,
) -> None:
    """Receive deliveries: verify the signature, validate the event, print both, and answer."""
    if answer is not None and forward_to is not None:
        raise click.UsageError("--forward-to answers as the other URL does; leave --answer out")
    receiver = Receiver(
        petstore_catalogue(),
        _responder(answer, forward_to),
        on_request=say_json_request if as_json else say_request,
        now=wall_time,
    )
    registration = _Registration(server, tenant, token, tuple(events.split(",")), secret) if register else None
    with (
        ending_on_signals(),
        closing(ReceivingServer(host, port, receiver)) as sockets,
        suppress(KeyboardInterrupt),
        registration.at(sockets.url) if registration is not None else nullcontext(secret) as verified_with,
    ):
        receiver.secret = verified_with
        _say_ready(sockets.url, verified_with, registration, err=as_json)
        sockets.run()
    wrong = f", {receiver.wrong:,} not genuine or not valid" if receiver.wrong else ""
    click.echo(quiet(f"{plural(receiver.count, 'delivery')} received{wrong}"), err=True)


class _Registration(Struct, frozen=True):
    """What to register at a running mock for as long as the command listens."""

    server: str
    tenant: str | None
    token: str | None
    events: tuple[str, ...]
    secret: str | None

    @contextmanager
    def at(self, url: str) -> Iterator[str]:
        """Register the URL and yield the secret; at the end remove the registration, if the mock still answers."""
        request: dict[str, object] = {"url": url, "events": list(self.events), "description": "mockstore listen"}
        if self.secret is not None:
            request["secret"] = self.secret
        with Client(self.server, self.tenant, self.token) as client:
            made = client.post("/v1/webhooks", request, expect="secret")
        try:
            yield made["secret"]
        finally:
            with suppress(MockstoreError), Client(self.server, self.tenant, self.token) as client:
                client.request("DELETE", path_to("v1", "webhooks", made["id"]))


def _responder(answer: str | None, forward_to: str | None) -> Responder:
    if forward_to is None:
        return Scripted(read_answers(answer or ""))
    from mockstore.world.transports.http import HttpTransport  # noqa: PLC0415 - sockets and TLS, for this option only

    return Forwarder(checked_url(forward_to), HttpTransport(), FORWARD_TIMEOUT)


def _say_ready(url: str, secret: str | None, registration: _Registration | None, *, err: bool) -> None:
    click.echo(f"listening on {strong(url)}", err=err)
    if registration is not None:
        click.echo(quiet(f"registered at {registration.server} for {', '.join(registration.events)}"), err=err)
    if secret is None:
        click.echo(quiet("signatures are not verified; say --secret, or --register at a running mock"), err=err)
    else:
        click.echo(quiet(f"signatures are verified with {mask(secret)}"), err=err)


def say_json_request(received: ReceivedRequest) -> None:
    """Print a request as one line of JSON."""
    say_json_line(received.document())


def say_request(received: ReceivedRequest) -> None:
    """Print a request as a block of lines."""
    click.echo("\n".join(request_lines(received)))


def request_lines(received: ReceivedRequest) -> Iterator[str]:
    """Yield the lines of the block: the request, the results of the checks, the event."""
    is_object = isinstance(received.event, dict)
    name = safe(str(received.event.get("eventType", "(no event type)"))) if is_object else "(no JSON object)"
    attempt = received.header("X-Webhook-Attempt")
    yield ""
    yield (
        f"#{received.number}  {clock_time(rfc3339(received.at))}  {strong(name)}"
        + (f"  attempt {safe(attempt)}" if attempt is not None else "")
        + f"  {_answer(received.answer)}"
    )
    if about := event_summary(received.event):
        yield f"   {about}"
    yield from (f"   {line}" for line in _checks(received))
    shown = pretty(received.event) if received.event is not None else received.outgoing.body.decode("utf-8", "replace")
    yield from (quiet(f"   {safe(line)}") for line in shown.splitlines())


def _answer(answer: str) -> str:
    if not answer.isdecimal():
        return bad(safe(answer))
    return f"answered {good(answer) if answer.startswith('2') else bad(answer)}"


def _checks(received: ReceivedRequest) -> Iterator[str]:
    if received.verdicts is None:
        yield quiet("signature not verified")
    for verdict in received.verdicts or ():
        why = "" if verdict.ok else f"  {verdict.reason}: {verdict.message}"
        yield f"{mark(verdict.ok)} signature {verdict.scheme}{why}"
    if not received.mistakes:
        yield f"{mark(holds=True)} schema"
    yield from (f"{mark(holds=False)} schema {safe(mistake)}" for mistake in received.mistakes)
