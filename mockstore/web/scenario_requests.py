"""Reads a request to play a scenario. Loads the player, so it is imported with the first such request."""

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


def asked() -> tuple[Scenario, dict[str, Consumer]]:
    """Return the scenario that the request asks for, and the live consumers by webhook."""
    catalogue = mockstore().provider.catalogue
    document = parsed_json(whole_body()) if request.is_json else None
    if not isinstance(document, dict) or "scenario" not in document:
        return read(_text(), "body", catalogue), {}
    told = exact_object(_ENVELOPE)
    wanted, variables = told["scenario"], told.get("variables")
    to = {name: _consumer(name, one) for name, one in told.get("to", {}).items()}
    if _is_text(wanted):
        return read(wanted, told.get("source", "scenario"), catalogue, variables=variables), to
    return read(text_of(wanted), f"{wanted}.yaml", catalogue, variables=variables), to  # a name; never a path here


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


def _consumer(name: str, told: Json) -> Consumer:
    members = set(told) if isinstance(told, dict) else set()
    if not members <= {"url", "secret"} or not isinstance(told.get("url") if members else None, str):
        raise InvalidInputError(
            'write {"url": "http://…", "secret": "whsec_…"}; the secret is optional', field=f"to.{name}"
        )
    if told.get("secret") is not None and not isinstance(told["secret"], str):
        raise InvalidInputError("the secret must be a text", field=f"to.{name}.secret")
    return Consumer(told["url"], told.get("secret"))
