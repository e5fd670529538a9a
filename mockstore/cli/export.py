"""`mockstore export`: writes deliveries of a running mock as a pytest file or as a cassette."""

from base64 import b64decode
from pathlib import Path

import click

from mockstore.cli.client import Client, path_to
from mockstore.cli.latest import delivery_id_of
from mockstore.cli.options import asks_server
from mockstore.cli.show import say_json
from mockstore.errors import InvalidInputError
from mockstore.exporting import Form, Recorded, exported, redacted
from mockstore.model import Json

EPILOG = """\b
Examples:
  mockstore export latest --as pytest --app shop.web:app > test_delivery.py
  mockstore export latest --app 'shop.web:create_app()' --output test_delivery.py
  mockstore export 0194… 0195… --as cassette --output orders.json

\b
No secret, signature or person's data is in it. A cassette is replayed in a test by
mockstore.replay("orders.json"), signed afresh.
"""


@click.command(epilog=EPILOG)
@click.argument("delivery_ids", metavar="DELIVERY_ID...", nargs=-1, required=True)
@click.option(
    "--as",
    "form",
    type=click.Choice(["pytest", "cassette"]),
    default="pytest",
    show_default=True,
    help="A test file, or JSON to replay.",
)
@click.option("--app", metavar="MODULE:NAME", help="With pytest: the app under test, or with () what makes it.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@asks_server
def export(  # noqa: PLR0913 - the options of the command
    *,
    client: Client,
    delivery_ids: tuple[str, ...],
    form: Form,
    app: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Make a regression test of deliveries that a running mock has sent."""
    text = exported([_recorded(client, id_) for id_ in delivery_ids], form, app=app)
    if output is not None:
        _write(output, text)
    elif as_json:
        say_json({"as": form, "text": text})
    else:
        click.echo(text, nl=False)


def _recorded(client: Client, named: str) -> Recorded:
    delivery_id = delivery_id_of(client, named)
    delivery = client.get(path_to("_mockstore", "deliveries", delivery_id), expect="eventId")
    event = client.get(path_to("_mockstore", "events", delivery["eventId"]), expect="body")
    return Recorded(
        event_type=event["type"],
        body=redacted(_body(event)),
        content_type=_content_type(delivery),
        faults=tuple((one["name"], tuple(one["attempts"])) for one in delivery["faults"]),
        answers=tuple(str(one["status"] or one["outcome"]) for one in delivery["attempts"]),
    )


def _body(event: Json) -> bytes:
    """Return the exact bytes; the mock adds them as Base64 when they are not UTF-8."""
    return b64decode(event["bodyBase64"]) if "bodyBase64" in event else str(event["body"]).encode()


def _content_type(delivery: Json) -> str:
    fields = delivery["attempts"][-1]["request"]["headers"] if delivery["attempts"] else []
    return next((value for name, value in fields if name.lower() == "content-type"), "application/json")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(f"--output: cannot write {path}: {error.strerror}", field="output") from None
