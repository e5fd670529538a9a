"""The published schema is generated from the parser's tables, and agrees with the parser."""

import json
from importlib.resources import files
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from mockstore.events import petstore_catalogue
from mockstore.faults import ALL
from mockstore.scenario import names, text_of
from mockstore.scenario.reading import names_in
from mockstore.scenario.schema import published

PUBLISHED: dict[str, Any] = json.loads(files("mockstore.schemas").joinpath("scenario.json").read_bytes())
VALIDATOR = Draft202012Validator(PUBLISHED)


def test_the_file_is_what_the_tables_say() -> None:
    assert published(names_in(petstore_catalogue())) == PUBLISHED


def test_it_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(PUBLISHED)


def test_it_offers_the_event_types_of_the_catalogue_and_the_faults() -> None:
    definitions = PUBLISHED["$defs"]

    assert definitions["eventType"]["anyOf"][0]["enum"] == list(petstore_catalogue().types)
    assert definitions["fault"]["anyOf"][0]["enum"] == [fault.name for fault in ALL]


def test_every_verb_and_member_is_described() -> None:
    mapping = PUBLISHED["$defs"]["step"]["anyOf"][0]
    shapes = [*mapping["properties"].values(), *PUBLISHED["properties"].values()]
    inner = [
        member
        for shape in shapes
        for option in shape.get("anyOf", [shape])
        for member in option.get("properties", {}).values()
    ]

    assert [shape for shape in [*shapes, *inner] if not shape.get("description")] == []


@pytest.mark.parametrize("name", names())
def test_the_ready_scenarios_are_valid(name: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(text_of(name)))] == []


@pytest.mark.parametrize(
    "step",
    [
        pytest.param({"emmit": "pet.adopted"}, id="an unknown verb"),
        pytest.param({"emit": "pet.adopted", "advance": "5m"}, id="two verbs"),
        pytest.param({"note": "nothing"}, id="no verb"),
        pytest.param({"emit": {"set": {}}}, id="a missing member"),
        pytest.param({"emit": {"type": "pet.adopted", "colour": 1}}, id="an unknown member"),
        pytest.param({"emit": {"type": "pet.adopted", "count": 0}}, id="a count"),
        pytest.param({"fault": "explosion"}, id="a fault"),
        pytest.param({"expect": {"states": "done"}}, id="a state"),
        pytest.param({"repeat": {"times": 2, "steps": [{"emmit": 1}]}}, id="inside a repeat"),
        pytest.param("emit", id="a verb that may not be bare"),
    ],
)
def test_what_the_reader_refuses_is_invalid(step: object) -> None:
    document = {"name": "x", "steps": [step]}

    assert not VALIDATOR.is_valid(document)
