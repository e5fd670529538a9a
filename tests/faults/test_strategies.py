"""The events of the strategies are valid, or break their schema in exactly one place."""

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mockstore
from mockstore.errors import UnknownEventTypeError
from mockstore.events import Catalogue, encode, petstore_catalogue
from mockstore.model import Json
from mockstore.strategies import events, invalid_events

CATALOGUE = petstore_catalogue()
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("event_type", CATALOGUE.types)
def test_a_valid_event_fits_its_schema_and_has_nothing_extra(event_type: str) -> None:
    @FEW
    @given(events(event_type))
    def check(event: dict[str, Json]) -> None:
        assert event["eventType"] == event_type
        assert CATALOGUE.mistakes(event) == []
        assert CATALOGUE.extras(event) == []
        assert json.loads(encode(event)) == event

    check()


@pytest.mark.parametrize("event_type", CATALOGUE.types)
def test_an_invalid_event_has_exactly_one_mistake(event_type: str) -> None:
    @FEW
    @given(invalid_events(event_type))
    def check(event: dict[str, Json]) -> None:
        assert len(CATALOGUE.mistakes(event)) == 1

    check()


def test_it_is_broken_in_various_ways() -> None:
    seen: list[str] = []

    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(invalid_events("order.status_changed"))
    def look(event: dict[str, Json]) -> None:
        seen.append(str(CATALOGUE.mistakes(event)[0]))

    look()

    for claim in ("is missing", "must be a string, found", "is not one of", "is no RFC 3339"):
        assert [mistake for mistake in seen if claim in mistake]


FORMS: dict[str, Any] = {
    "text": {"type": "string", "minLength": 2, "maxLength": 4},
    "whole": {"type": "integer", "exclusiveMinimum": 3, "maximum": 9, "multipleOf": 2},
    "part": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    "flag": {"type": "boolean"},
    "none": {"type": ["null", "string"]},
    "list": {"type": "array", "items": {"enum": [1, "two"]}, "minItems": 1, "maxItems": 2, "uniqueItems": True},
    "either": {"oneOf": [{"type": "string", "format": "date"}, {"const": 0}]},
    "again": {"$ref": "#/$defs/tree"},
    "address": {"type": "string", "format": "uri"},
    "anything": {"properties": {"name": {"pattern": "^[a-c]+$"}}, "required": ["name"]},
}
CUSTOM: Json = {
    "type": "object",
    "required": ["id", "eventType", "timestamp", "data"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "eventType": {"const": "toy.sold"},
        "timestamp": {"type": "string", "format": "date-time"},
        "data": {"type": "object", "required": list(FORMS), "properties": FORMS},
    },
    "$defs": {
        "tree": {"type": "object", "properties": {"branches": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}}
    },
}
CUSTOM_CATALOGUE = Catalogue({"toy.sold": CUSTOM}, {})


@FEW
@given(events("toy.sold", catalogue=CUSTOM_CATALOGUE))
def test_schemas_of_the_users_own_are_read(event: dict[str, Json]) -> None:
    assert CUSTOM_CATALOGUE.mistakes(event) == []


@FEW
@given(invalid_events("toy.sold", catalogue=CUSTOM_CATALOGUE))
def test_schemas_of_the_users_own_are_broken_in_one_place(event: dict[str, Json]) -> None:
    assert len(CUSTOM_CATALOGUE.mistakes(event)) == 1


@pytest.mark.parametrize("make", [events, invalid_events])
def test_an_unknown_type_is_refused_with_the_near_ones(make: Any) -> None:  # noqa: ANN401 - either of the two
    with pytest.raises(UnknownEventTypeError, match=r"did you mean 'order\.created'"):
        make("order.creatd")


def test_they_are_there_without_an_import_of_their_own() -> None:
    assert isinstance(mockstore.strategies.events("pet.adopted"), st.SearchStrategy)


def test_hypothesis_is_loaded_only_for_them() -> None:
    program = "import sys, mockstore; from mockstore import Mockstore, faults; print('hypothesis' in sys.modules)"

    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert found.stdout == "False\n"


def test_without_hypothesis_it_is_said_what_to_install() -> None:
    program = "import sys; sys.modules['hypothesis'] = None; import mockstore.strategies"

    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert "ImportError: mockstore.strategies needs hypothesis: pip install 'mockstore[fuzz]'" in found.stderr
