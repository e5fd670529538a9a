"""Subscription patterns, copies of schemas and examples, and the user's own event schemas."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mockstore.errors import InvalidInputError, UnknownEventTypeError
from mockstore.events import Catalogue, Mistake, petstore_catalogue
from mockstore.model import Json

PETS = {"pet.adopted", "pet.status_changed"}
ORDERS = {"order.created", "order.status_changed"}
PAYMENTS = {"payment.succeeded", "payment.failed"}

PING = {"id": "019b4132-70aa-764f-b315-e2803d882a24", "eventType": "ping", "timestamp": "2025-01-06T12:00:00Z"}
Writer = Callable[[str, Json], Path]


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    def write_schema(name: str, schema: Json) -> Path:
        path = tmp_path / f"{name}.json"
        path.write_text(schema if isinstance(schema, str) else json.dumps(schema))
        return tmp_path

    return write_schema


@pytest.mark.parametrize(
    ("patterns", "types"),
    [
        pytest.param([], set(), id="none"),
        pytest.param(["pet.adopted"], {"pet.adopted"}, id="a name"),
        pytest.param(["pet.*"], PETS, id="pets"),
        pytest.param(["order.*"], ORDERS, id="orders"),
        pytest.param(["payment.*"], PAYMENTS, id="payments"),
        pytest.param(["pet.*", "pet.adopted", "order.created"], PETS | {"order.created"}, id="overlapping"),
        pytest.param(["*"], PETS | ORDERS | PAYMENTS, id="everything"),
    ],
)
def test_patterns_stand_for_types(patterns: list[str], types: set[str]) -> None:
    catalogue = petstore_catalogue()

    assert catalogue.expand(patterns) == types
    assert {name for name in catalogue.types if catalogue.matches(patterns, name)} == types


@pytest.mark.parametrize(
    ("pattern", "near"),
    [
        pytest.param("pet.adoptd", "'pet.adopted'", id="typo"),
        pytest.param("pets.*", "'pet.*'", id="typo in a group"),
        pytest.param("pet.adopted.*", "'pet.adopted'", id="no group"),
        pytest.param("", "known types", id="empty"),
    ],
)
def test_an_unknown_pattern_is_refused_with_the_near_ones(pattern: str, near: str) -> None:
    with pytest.raises(UnknownEventTypeError, match="unknown event type") as caught:
        petstore_catalogue().expand(["pet.adopted", pattern])

    assert near in str(caught.value)


def test_an_unknown_type_is_refused_with_the_near_ones() -> None:
    with pytest.raises(UnknownEventTypeError) as caught:
        petstore_catalogue().check_type("payment.fail")

    assert caught.value.near[0] == "payment.failed"


def test_what_is_handed_out_is_a_copy() -> None:
    catalogue = petstore_catalogue()

    catalogue.schema("pet.adopted")["properties"].clear()
    catalogue.example("pet.adopted")["data"].clear()

    assert catalogue.schema("pet.adopted")["properties"]
    assert catalogue.example("pet.adopted")["data"]


def test_a_folder_adds_types(write: Writer) -> None:
    folder = write("invoice.paid", {"properties": {"data": {"required": ["total"]}}})
    write("ping", {})

    catalogue = Catalogue.with_folders([folder])

    assert catalogue.types == (*petstore_catalogue().types, "invoice.paid", "ping")
    assert catalogue.expand(["invoice.*"]) == {"invoice.paid"}
    assert petstore_catalogue().types == catalogue.types[:6]
    assert catalogue.is_valid({**PING, "data": {}})
    assert catalogue.mistakes({**PING, "eventType": "invoice.paid", "data": {}}) == [
        Mistake("data.total", "is missing")
    ]


def test_the_envelope_is_applied_by_itself(write: Writer) -> None:
    catalogue = Catalogue.with_folders([write("ping", {})])

    assert catalogue.mistakes({"eventType": "ping", "timestamp": "now", "data": {}}) == [
        Mistake("id", "is missing"),
        Mistake("timestamp", "'now' is no RFC 3339 date-time with an offset, such as 2025-01-06T12:00:00Z"),
    ]


@pytest.mark.parametrize(
    ("data", "value", "path"),
    [
        pytest.param({"$ref": "../event.json#/$defs/email"}, "x", "data", id="to the envelope's definitions"),
        pytest.param(
            {"$ref": "https://mockstore.example/schemas/event.json#/$defs/email"}, "x", "data", id="by its address"
        ),
        pytest.param({"$ref": "#/$defs/tree"}, {"leaves": [{"leaves": 1}]}, "data.leaves.0.leaves", id="to itself"),
        pytest.param(
            {"properties": {"inner": {"$id": "urn:inner", "properties": {"default": {"type": "null"}}}}},
            {"inner": {"default": 1}},
            "data.inner.default",
            id="inner id",
        ),
        pytest.param(
            {"properties": {"default": {"$ref": "../event.json#/$defs/email"}}},
            {"default": 1},
            "data.default",
            id="a member called like a keyword",
        ),
    ],
)
def test_references_work(write: Writer, data: Json, value: Json, path: str) -> None:
    tree = {"type": "object", "properties": {"leaves": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}}
    folder = write("ping", {"properties": {"data": data}, "$defs": {"tree": tree}})

    mistakes = Catalogue.with_folders([folder]).mistakes({**PING, "data": value})

    assert path in {mistake.path for mistake in mistakes}


def test_what_a_schema_asks_of_the_envelope_counts_as_well(write: Writer) -> None:
    catalogue = Catalogue.with_folders([write("ping", {"properties": {"id": {"pattern": "^019"}}})])

    assert catalogue.is_valid({**PING, "data": {}})
    assert [mistake.path for mistake in catalogue.mistakes({**PING, "id": "x", "data": {}})] == ["id", "id"]
    assert [mistake.path for mistake in catalogue.mistakes({**PING, "id": "9" + PING["id"][1:], "data": {}})] == ["id"]


@pytest.mark.parametrize(
    ("name", "schema", "found"),
    [
        pytest.param("ping", "{", "cannot be read as JSON", id="no JSON"),
        pytest.param("ping", "[]", "a schema is a JSON object", id="no object"),
        pytest.param("ping", {"type": "strong"}, "no JSON Schema 2020-12", id="no schema"),
        pytest.param("ping", {"properties": {"data": {"type": 7}}}, "at properties.data.type", id="no schema inside"),
        pytest.param("ping", {"$schema": "http://json-schema.org/draft-07/schema#"}, "draft-07", id="another dialect"),
        pytest.param("ping", {"$ref": "#/$defs/x"}, "#/$defs/x", id="reference to nowhere"),
        pytest.param("ping", {"allOf": [{"$ref": "other.json"}]}, "other.json", id="reference to another file"),
        pytest.param("ping", {"$ref": "../event.json#/$defs/x"}, "leads nowhere", id="no such definition"),
        pytest.param("pet.adopted", {}, "exists already", id="a type of the Petstore's"),
        pytest.param("ping", {"examples": [{}]}, "examples[0] does not fit: id: is missing", id="bad example"),
        pytest.param("pet.*", {}, "is no event type", id="no type"),
    ],
)
def test_a_bad_schema_is_refused_with_its_file_and_a_remedy(write: Writer, name: str, schema: Json, found: str) -> None:
    folder = write(name, schema)

    with pytest.raises(InvalidInputError) as caught:
        Catalogue.with_folders([folder])

    assert f"{name}.json: " in str(caught.value)
    assert found in str(caught.value)
    assert "; " in str(caught.value)


def test_a_missing_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="there is no such folder"):
        Catalogue.with_folders([tmp_path / "nowhere"])
    with pytest.raises(InvalidInputError, match=r"no \.json file is in this folder"):
        Catalogue.with_folders([tmp_path])


def test_a_schema_without_example_says_so(write: Writer) -> None:
    catalogue = Catalogue.with_folders([write("ping", {})])

    with pytest.raises(InvalidInputError, match=r"add a whole event as examples\[0\] to ping.json"):
        catalogue.example("ping")


@pytest.mark.parametrize(
    ("schema", "extras"),
    [
        pytest.param({"properties": {"a": True}}, ["data.b"], id="listed members"),
        pytest.param({"allOf": [{"properties": {"a": True}}, {"properties": {"b": True}}]}, [], id="in parts"),
        pytest.param({"properties": {"a": True}, "additionalProperties": {"type": "integer"}}, [], id="a map"),
        pytest.param({"properties": {"a": True}, "patternProperties": {"^b": True}}, [], id="a pattern"),
        pytest.param({}, [], id="anything"),
    ],
)
def test_extra_is_what_no_part_of_the_schema_knows(write: Writer, schema: Json, extras: list[str]) -> None:
    catalogue = Catalogue.with_folders([write("ping", {"properties": {"data": schema}})])

    assert catalogue.extras({**PING, "data": {"a": 1, "b": 2}}) == extras
