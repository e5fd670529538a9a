"""The routes under `/_mockstore/faults`: the catalogue of faults, and the rules for later deliveries."""

from typing import Final

from flask import Blueprint
from flask.typing import ResponseReturnValue

from mockstore import faults
from mockstore.errors import InvalidInputError
from mockstore.faults.standing import Rule
from mockstore.model import Json
from mockstore.web.fault_documents import fault_document, rule_document
from mockstore.web.reading import TEXT, WHOLE, WHOLE_NUMBERS, Kind, Member, exact_object
from mockstore.web.site import mockstore, nothing

routes = Blueprint("faults", __name__)


def _is_text_or_texts(value: Json) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))


TEXTS: Final = Kind("a text or a list of texts", _is_text_or_texts)
_RULE: Final = {
    "fault": Member(TEXTS, required=True),
    "to": Member(TEXT),
    "events": Member(TEXTS),
    "attempts": Member(WHOLE_NUMBERS),
    "times": Member(WHOLE),
}


@routes.get("")
def list_faults() -> ResponseReturnValue:
    """Return the rules in force, oldest first, and every fault there is."""
    return {
        "data": [rule_document(rule) for rule in mockstore().faults],
        "known": [fault_document(fault) for fault in faults.ALL],
    }


@routes.post("")
def add_rule() -> ResponseReturnValue:
    """Add a rule: these faults apply to every later delivery that matches."""
    wanted = exact_object(_RULE)
    rule = mockstore().faults.add(
        wanted["fault"],
        to=wanted.get("to"),
        events=wanted.get("events", "*"),
        attempts=wanted.get("attempts", ()),
        times=wanted.get("times"),
    )
    return rule_document(rule), 201


@routes.post("/remove")
def remove_rule() -> ResponseReturnValue:
    """Remove one rule: the oldest that equals the one given."""
    wanted = exact_object(_RULE)
    standing = mockstore().faults
    rule = next((one for one in standing if _told(one) == wanted), None)
    if rule is None:
        raise InvalidInputError("no such rule is in force; GET /_mockstore/faults lists those that are", field="fault")
    standing.remove(rule)
    return nothing()


@routes.delete("")
def clear_rules() -> ResponseReturnValue:
    """Remove all rules."""
    mockstore().faults.clear()
    return nothing()


def _told(rule: Rule) -> dict[str, Json]:
    return {name: value for name, value in rule_document(rule).items() if value is not None}
