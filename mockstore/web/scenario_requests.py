"""Parses a request to play a scenario. Imported with the first such request, since it imports the player."""

from typing import Final

from flask import request
from werkzeug.exceptions import BadRequest

from mockstore.errors import InvalidInputError
from mockstore.model import Json
from mockstore.scenario import Consumer, Scenario, read, text_of
from mockstore.web.reading import OBJECT, TEXT, Member, exact_object, parsed_json, whole_body
from mockstore.web.site import mockstore

_ENVELOPE: Final = {
    "scenario": Member(TEXT, required=True),
    "source": Member(TEXT),
    "variables": Member(OBJECT),
    "to": Member(OBJECT),
}


def requested_scenario() -> tuple[Scenario, dict[str, Consumer]]:
    """Return the scenario that the request asks for, and the live consumers by webhook."""
    catalogue = mockstore().provider.catalogue
    document = parsed_json(whole_body()) if request.is_json else None
    if not isinstance(document, dict) or "scenario" not in document:
        return read(_text(), "body", catalogue), {}
    envelope = exact_object(_ENVELOPE)
    wanted, variables = envelope["scenario"], envelope.get("variables")
    to = {name: _consumer(name, one) for name, one in envelope.get("to", {}).items()}
    if _is_text(wanted):
        return read(wanted, envelope.get("source", "scenario"), catalogue, variables=variables), to
    return read(text_of(wanted), f"{wanted}.yaml", catalogue, variables=variables), to  # never a path


def _text() -> str:
    try:
        text = whole_body().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest(f"the body is no scenario: byte {error.start + 1} is not UTF-8") from None
    if not text.strip():
        raise BadRequest("the body is empty; send a scenario in YAML or JSON")
    return text


def _is_text(wanted: str) -> bool:
    """Return whether this is the text of a scenario, not its name."""
    return "\n" in wanted or wanted.lstrip().startswith("{")


def _consumer(name: str, document: Json) -> Consumer:
    members = set(document) if isinstance(document, dict) else set()
    if not members <= {"url", "secret"} or not isinstance(document.get("url") if members else None, str):
        raise InvalidInputError(
            'write {"url": "http://…", "secret": "whsec_…"}; the secret is optional', field=f"to.{name}"
        )
    if document.get("secret") is not None and not isinstance(document["secret"], str):
        raise InvalidInputError("the secret must be a text", field=f"to.{name}.secret")
    return Consumer(document["url"], document.get("secret"))
