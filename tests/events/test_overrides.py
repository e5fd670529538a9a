"""Merging values into a payload, parsing `--set`, and listing how payloads differ."""

from types import MappingProxyType

import pytest

from mockstore.errors import InvalidInputError, UnknownPathError
from mockstore.events import differences, merge, parse_assignment, petstore_catalogue
from mockstore.events.shape import Shape
from mockstore.model import Json

DATA = {"pet": {"id": "pet_1", "name": "Buddy"}, "tags": ["a", "b"], "items": [{"n": 1}, {"n": 2}]}
SHAPE = Shape(
    schema={
        "properties": {
            "pet": {"properties": {"id": True, "name": True, "breed": {"type": "string"}}},
            "tags": {"items": {"type": "string"}},
            "items": {"items": {"properties": {"n": True}}},
            "home": {"properties": {"city": True}},
            "notes": {"type": "object"},
            "counts": {"properties": {"a": True}, "additionalProperties": {"type": "integer"}},
        }
    },
    root={},
)
PET = {"id": "pet_1", "name": "Buddy"}


@pytest.mark.parametrize(
    ("overrides", "changed"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"pet": {"name": "Rex"}}, {"pet": {**PET, "name": "Rex"}}, id="mapping"),
        pytest.param({"pet.name": "Rex"}, {"pet": {**PET, "name": "Rex"}}, id="dotted"),
        pytest.param({"data.pet.name": "Rex"}, {"pet": {**PET, "name": "Rex"}}, id="with data in front"),
        pytest.param({"data": {"pet.name": "Rex"}}, {"pet": {**PET, "name": "Rex"}}, id="data as a mapping"),
        pytest.param({"pet": MappingProxyType({"name": "Rex"})}, {"pet": {**PET, "name": "Rex"}}, id="any mapping"),
        pytest.param({"pet": {}}, {}, id="empty mapping"),
        pytest.param({"pet.name": None}, {"pet": {**PET, "name": None}}, id="null is a value"),
        pytest.param({"pet.breed": "Beagle"}, {"pet": {**PET, "breed": "Beagle"}}, id="optional member"),
        pytest.param({"home.city": "Ulm"}, {"home": {"city": "Ulm"}}, id="member of an optional object"),
        pytest.param({"home": {"city": "Ulm"}}, {"home": {"city": "Ulm"}}, id="optional object"),
        pytest.param({"notes": {"any": {"thing": 1}}}, {"notes": {"any": {"thing": 1}}}, id="open object"),
        pytest.param({"counts.zebras": 2}, {"counts": {"zebras": 2}}, id="map"),
        pytest.param({"tags": ["c"]}, {"tags": ["c"]}, id="lists are replaced"),
        pytest.param({"tags": ("c", "d")}, {"tags": ["c", "d"]}, id="tuples are lists"),
        pytest.param({"items.1.n": 5}, {"items": [{"n": 1}, {"n": 5}]}, id="index"),
        pytest.param({"items": {"0": {"n": 5}}}, {"items": [{"n": 5}, {"n": 2}]}, id="index in a mapping"),
        pytest.param({"pet": 5}, {"pet": 5}, id="wrong type is for the schema to refuse"),
    ],
)
def test_overrides_are_merged(overrides: dict[str, Json], changed: dict[str, Json]) -> None:
    assert merge(DATA, overrides, SHAPE) == {**DATA, **changed}


def test_merging_leaves_what_it_was_given_alone() -> None:
    tags = ["c"]

    merged = merge(DATA, {"tags": tags, "pet.name": "Rex"}, SHAPE)
    merged["tags"].append("d")
    merged["items"][0]["n"] = 9

    assert tags == ["c"]
    assert DATA["pet"] == PET
    assert DATA["items"] == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    ("overrides", "path", "near"),
    [
        pytest.param({"pet.nmae": "Rex"}, "pet.nmae", "pet.name", id="dotted"),
        pytest.param({"pet": {"nmae": "Rex"}}, "pet.nmae", "pet.name", id="mapping"),
        pytest.param({"data.pet.nmae": "Rex"}, "pet.nmae", "pet.name", id="with data in front"),
        pytest.param({"name": "Rex"}, "name", "pet.name", id="too high up"),
        pytest.param({"pet.name.first": "Rex"}, "pet.name.first", "pet.name", id="below a leaf"),
        pytest.param({"pett.name": "Rex"}, "pett.name", "pet.name", id="wrong on the way"),
        pytest.param({"pet.bred": "Beagle"}, "pet.bred", "pet.breed", id="near an optional member"),
        pytest.param({"items.2.n": 1}, "items.2.n", "items.1.n", id="index out of range"),
        pytest.param({"items.first.n": 1}, "items.first.n", "items.1.n", id="no index"),
        pytest.param({"items": [{"m": 1}]}, "items.0.m", "items.0.n", id="inside a list"),
        pytest.param({"home": {"town": 1}}, "home.town", "home", id="inside an optional object"),
        pytest.param({"": 1}, "", "pet", id="empty"),
    ],
)
def test_an_unknown_path_names_the_nearest(overrides: dict[str, Json], path: str, near: str) -> None:
    with pytest.raises(UnknownPathError) as caught:
        merge(DATA, overrides, SHAPE)

    assert caught.value.path == path
    assert near in str(caught.value)
    assert "invalid=True" in str(caught.value)


def test_of_a_very_long_path_the_start_is_shown() -> None:
    with pytest.raises(UnknownPathError) as caught:
        merge(DATA, {"pet." + "n" * 100_000: 1}, SHAPE)

    assert caught.value.path == "pet." + "n" * 100_000
    assert len(str(caught.value)) < 500
    assert caught.value.field is not None
    assert len(caught.value.field) < 500


def test_without_a_shape_only_what_is_there_can_be_set() -> None:
    assert merge(DATA, {"pet.name": "Rex"})["pet"]["name"] == "Rex"
    with pytest.raises(UnknownPathError):
        merge(DATA, {"pet.breed": "Beagle"})


@pytest.mark.parametrize(
    ("overrides", "changed"),
    [
        pytest.param({"a.b.c": 1}, {"a": {"b": {"c": 1}}}, id="new objects"),
        pytest.param({"pet.name.first": 1}, {"pet": {"id": "pet_1", "name": {"first": 1}}}, id="below a leaf"),
        pytest.param({"tags.7": "c"}, {"tags": ["a", "b", "c"]}, id="past the end of a list"),
        pytest.param({f"tags.{'9' * 5000}": "c"}, {"tags": ["a", "b", "c"]}, id="a number that is no index"),
        pytest.param({"pet.colour": float("inf")}, {"pet": {**PET, "colour": float("inf")}}, id="any value"),
    ],
)
def test_on_purpose_any_path_is_made(overrides: dict[str, Json], changed: dict[str, Json]) -> None:
    assert merge(DATA, overrides, SHAPE, invalid=True) == {**DATA, **changed}


DEEP: Json = 1
for _ in range(900):
    DEEP = {"a": [DEEP]}


@pytest.mark.parametrize(
    "overrides",
    [
        pytest.param({".".join("a" * 3000): 1}, id="a path"),
        pytest.param({"a": DEEP}, id="a value"),
        pytest.param({"a": {"b.c" * 120: 1}}, id="both"),
    ],
)
def test_overrides_that_lie_too_deep_are_refused(overrides: dict[str, Json]) -> None:
    with pytest.raises(InvalidInputError, match="an override lies deeper than 100 members"):
        merge(DATA, overrides, SHAPE, invalid=True)


def test_an_index_beyond_what_python_converts_is_an_unknown_path() -> None:
    with pytest.raises(UnknownPathError):
        merge(DATA, {f"items.{'9' * 5000}": 1}, SHAPE)
    assert differences({f"tags.{'9' * 5000}": 1}, DATA)[0].endswith("expected 1, but it is missing")


@pytest.mark.parametrize("overrides", [pytest.param({"data": 5}, id="all of it"), pytest.param({3: 5}, id="no text")])
def test_overrides_that_name_no_member_are_refused(overrides: Json) -> None:
    with pytest.raises(InvalidInputError, match=r"an object of members|a path is text"):
        merge(DATA, overrides, SHAPE)


def test_paths_of_a_schema_are_listed_through_arrays() -> None:
    paths = list(petstore_catalogue().shape("order.created").paths())

    assert paths[:5] == ["id", "eventType", "timestamp", "data", "data.order"]
    assert "data.order.items.0.quantity" in paths


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        pytest.param("data.pet.name=Rex", "data.pet.name", "Rex", id="text"),
        pytest.param("pet.name = Rex", "pet.name", " Rex", id="blanks belong to the text"),
        pytest.param('pet.name="7"', "pet.name", "7", id="JSON string"),
        pytest.param("quantity=7", "quantity", 7, id="number"),
        pytest.param("pet=null", "pet", None, id="null"),
        pytest.param('pet={"name": "Rex"}', "pet", {"name": "Rex"}, id="object"),
        pytest.param("note=a=b", "note", "a=b", id="second equals sign"),
        pytest.param("note=", "note", "", id="empty text"),
        pytest.param("note=NaN", "note", "NaN", id="NaN is no JSON"),
        pytest.param("note={broken", "note", "{broken", id="broken JSON is text"),
    ],
)
def test_an_assignment_is_read(text: str, path: str, value: Json) -> None:
    assert parse_assignment(text) == (path, value)


@pytest.mark.parametrize("text", ["", "pet.name", "=Rex", " =Rex"])
def test_what_assigns_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match=r"write path=value, such as data\.pet\.name=Rex"):
        parse_assignment(text)


@pytest.mark.parametrize(
    ("expected", "lines"),
    [
        pytest.param({}, [], id="nothing expected"),
        pytest.param({"pet": {"name": "Buddy"}}, [], id="part of an object"),
        pytest.param({"pet.name": "Buddy", "items.1.n": 2}, [], id="dotted"),
        pytest.param({"data.pet.name": "Buddy"}, [], id="with data in front"),
        pytest.param({"pet.name": "Rex"}, ["data.pet.name: expected 'Rex', found 'Buddy'"], id="another value"),
        pytest.param({"pet.breed": 1}, ["data.pet.breed: expected 1, but it is missing"], id="missing"),
        pytest.param({"pet.name.a": 1}, ["data.pet.name.a: expected 1, but it is missing"], id="below a leaf"),
        pytest.param({"items": [{"n": 1}, {"n": 3}]}, ["data.items.1.n: expected 3, found 2"], id="in a list"),
        pytest.param({"tags": ["a"]}, ['data.tags: expected ["a"], found ["a", "b"]'], id="lists of different lengths"),
        pytest.param({"items.0.n": True}, ["data.items.0.n: expected true, found 1"], id="true is not 1"),
        pytest.param({"items.0.n": 1.0}, [], id="1.0 is 1"),
        pytest.param({"pet": None}, ['data.pet: expected null, found {"id": "pet_1", "name": "Buddy"}'], id="null"),
        pytest.param(
            {"pet": {"id": "x", "name": "y"}},
            ["data.pet.id: expected 'x', found 'pet_1'", "data.pet.name: expected 'y', found 'Buddy'"],
            id="all at once",
        ),
    ],
)
def test_differences_are_told_in_lines(expected: dict[str, Json], lines: list[str]) -> None:
    assert differences(expected, DATA, "data") == lines


def test_a_payload_that_is_no_object_differs() -> None:
    assert differences({"pet.name": "Rex"}, None) == ["pet.name: expected 'Rex', but it is missing"]
