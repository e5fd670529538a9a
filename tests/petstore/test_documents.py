import json
from collections.abc import Iterator
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mockstore.model import Json
from mockstore.petstore.documents import (
    check,
    coerced,
    copied,
    kinds,
    require_valid,
    resolved_schema,
    schema,
    writable_members,
)
from mockstore.petstore.errors import FieldMistake, ValidationError

BASE = json.loads(files("mockstore.schemas").joinpath("event.json").read_bytes())["$id"].removesuffix("event.json")
REQUESTS = [
    "pet-create", "pet-update", "pet-query", "pet-filters", "order-create", "order-request", "payment-create",
    "user-create", "user-update", "token-request", "chat-request", "inventory-filters", "adopter",
]  # fmt: skip

PET = {"name": "Buddy", "species": "DOG", "ageMonths": 18, "price": "400", "currency": "USD", "status": "AVAILABLE"}
CARD = {"object": "card", "name": "A", "number": "4242424242424242", "expMonth": 12, "expYear": 2030}
US_BANK = {
    "object": "bank_account",
    "accountHolderName": "A",
    "accountNumber": "000123456789",
    "routingNumber": "110000000",
}
UK_BANK = {
    "object": "bank_account",
    "name": "A",
    "number": "00012345",
    "sortCode": "000123",
    "accountType": "individual",
}
USER = {"username": "ada", "email": "ada@example.com", "firstName": "Ada", "lastName": "Park", "password": "secret"}
UUID = "019b4132-70aa-764f-b315-e2803d882a24"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def documents(kind: str) -> st.SearchStrategy[Json]:
    """Return a strategy of documents whose members have the right names, but any value."""
    names = sorted({name for part in parts(resolved_schema(kind)) for name in part.get("properties", {})})
    members = st.dictionaries(st.sampled_from(names), JSON, max_size=6)
    return JSON | members | st.dictionaries(st.sampled_from(names), members, max_size=4)


def parts(value: Json) -> Iterator[dict[str, Json]]:
    """Yield each object in a schema, except in the values of keywords that contain no schema."""
    if isinstance(value, list):
        for item in value:
            yield from parts(item)
    if isinstance(value, dict):
        yield value
        for key, item in value.items():
            if key not in {"examples", "enum", "required", "default"}:
                yield from parts(item)


@pytest.mark.parametrize("kind", kinds())
def test_a_schema_is_one_and_says_what_it_is(kind: str) -> None:
    document = schema(kind)

    Draft202012Validator.check_schema(document)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"] == f"{BASE}resources/{kind}.json"
    assert document["title"]
    assert document["description"].endswith(".")


@pytest.mark.parametrize("kind", kinds())
def test_the_examples_of_a_schema_are_valid(kind: str) -> None:
    examples = schema(kind)["examples"]

    assert examples
    assert [mistake for example in examples for mistake in check(kind, example)] == []


@pytest.mark.parametrize("kind", kinds())
def test_a_schema_refers_to_files_only_and_to_those_there_are(kind: str) -> None:
    references = [part["$ref"] for part in parts(schema(kind)) if isinstance(part.get("$ref"), str)]

    assert {reference.removesuffix(".json") for reference in references} <= set(kinds())
    assert "$ref" not in json.dumps(resolved_schema(kind))


@pytest.mark.parametrize("kind", REQUESTS)
def test_what_must_look_like_something_has_an_example_to_show(kind: str) -> None:
    shaped = [part for part in parts(resolved_schema(kind)) if isinstance(part.get("pattern", part.get("format")), str)]

    assert [part for part in shaped if "examples" not in part and part.get("format") != "uri-reference"] == []


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        pytest.param("pet-create", PET, id="the six members of a pet"),
        pytest.param("pet-create", {**PET, "price": "75.00"}, id="a price with decimals"),
        pytest.param("pet-create", {k: PET[k] for k in ("name", "species", "ageMonths", "price")}, id="defaults"),
        pytest.param("pet-create", {**PET, "status": "NOT_AVAILABLE", "id": 7, "extra": [1]}, id="unknown members"),
        pytest.param("pet-update", {"price": "1"}, id="a part of a pet"),
        pytest.param("pet-update", {}, id="no change"),
        pytest.param("pet-query", {}, id="no criteria"),
        pytest.param("payment-create", {"source": CARD}, id="a card"),
        pytest.param("payment-create", {"source": {**CARD, "number": "4242-4242 4242-4242"}}, id="separators"),
        pytest.param("payment-create", {"source": {**CARD, "number": "1" * 13}}, id="13 digits"),
        pytest.param("payment-create", {"source": {**CARD, "number": "1" * 19}}, id="19 digits"),
        pytest.param("payment-create", {"source": US_BANK, "amount": "1", "currency": "AUD"}, id="routing number"),
        pytest.param("payment-create", {"source": UK_BANK}, id="sort code"),
        pytest.param("order-create", {"petId": "pet_1", "userId": UUID}, id="a pet id of another form"),
        pytest.param("order-request", {"callbackUrl": "http://127.0.0.1:8000/done"}, id="a local callback"),
        pytest.param("user-create", {**USER, "phone": "+442071838750"}, id="a user"),
        pytest.param("chat-request", {"messages": [{"role": "SYSTEM", "content": "Hi"}]}, id="a chat"),
    ],
)
def test_a_good_document_has_no_mistake(kind: str, document: Json) -> None:
    assert check(kind, document) == []


@pytest.mark.parametrize(
    ("kind", "document", "mistakes"),
    [
        pytest.param("pet-create", None, [("", "type")], id="nothing"),
        pytest.param("pet-create", [PET], [("", "type")], id="a list"),
        pytest.param(
            "pet-create",
            {},
            [("name", "required"), ("species", "required"), ("ageMonths", "required"), ("price", "required")],
            id="an empty pet",
        ),
        pytest.param(
            "pet-create",
            {
                **PET,
                "name": "",
                "species": "DRAGON",
                "ageMonths": -1,
                "price": 400,
                "currency": "usd",
                "status": "SOLD",
            },
            [
                ("name", "min_length"),
                ("species", "enum"),
                ("ageMonths", "minimum"),
                ("price", "type"),
                ("currency", "pattern"),
                ("status", "enum"),
            ],
            id="all at once",
        ),
        pytest.param("pet-create", {**PET, "name": "x" * 51}, [("name", "max_length")], id="a long name"),
        pytest.param("pet-create", {**PET, "price": "400\n"}, [("price", "pattern")], id="a line break"),
        pytest.param("pet-create", {**PET, "price": "-1"}, [("price", "pattern")], id="a negative price"),
        pytest.param("pet-create", {**PET, "price": "4.005"}, [("price", "pattern")], id="a split cent"),
        pytest.param("pet-create", {**PET, "price": "NaN"}, [("price", "pattern")], id="no number"),
        pytest.param("pet-create", {**PET, "ageMonths": float("inf")}, [("ageMonths", "type")], id="infinity"),
        pytest.param("pet-create", {**PET, "ageMonths": True}, [("ageMonths", "type")], id="a truth for a number"),
        pytest.param(
            "pet-update",
            {"medicalInfo": {"vaccinated": "yes"}, "photos": ["a", 2]},
            [("photos[1]", "type"), ("medicalInfo.vaccinated", "type")],
            id="inner members",
        ),
        pytest.param("pet-update", {"name": "\ud800"}, [("name", "encoding")], id="half a surrogate"),
        pytest.param("pet-update", {"photos": ["\udfff"]}, [("photos[0]", "encoding")], id="half a surrogate inside"),
        pytest.param(
            "pet-filters",
            {"species": "DRAGON", "limit": 101, "page": 0, "goodWithKids": "maybe"},
            [("species", "enum"), ("goodWithKids", "type"), ("page", "minimum"), ("limit", "maximum")],
            id="filters",
        ),
        pytest.param(
            "pet-query",
            {"criteria": {"species": ["DOG", "FISH"], "ageRange": {"min": -1}}, "sort": {"field": "name"}},
            [("criteria.species[1]", "enum"), ("criteria.ageRange.min", "minimum"), ("sort.field", "enum")],
            id="a search",
        ),
        pytest.param("order-create", {"userId": "me"}, [("petId", "required"), ("userId", "pattern")], id="an order"),
        pytest.param("payment-create", {}, [("source", "required")], id="no source"),
        pytest.param("payment-create", {"source": "cash"}, [("source", "type")], id="a source in a word"),
        pytest.param("payment-create", {"source": {"object": "cash"}}, [("source.object", "enum")], id="cash"),
        pytest.param(
            "payment-create",
            {"source": {**CARD, "number": "4242", "expMonth": 13, "cvc": "1"}, "currency": "JPY"},
            [
                ("currency", "enum"),
                ("source.number", "pattern"),
                ("source.cvc", "pattern"),
                ("source.expMonth", "maximum"),
            ],
            id="a bad card",
        ),
        pytest.param(
            "payment-create", {"source": {**CARD, "number": "4" * 20}}, [("source.number", "pattern")], id="20 digits"
        ),
        pytest.param(
            "payment-create", {"source": {**CARD, "number": "4" * 12}}, [("source.number", "pattern")], id="12 digits"
        ),
        pytest.param(
            "payment-create",
            {"source": {"object": "bank_account", "accountHolderName": "A", "accountNumber": "1234"}},
            [("source.routingNumber", "required")],
            id="the nearer form of a bank account",
        ),
        pytest.param("order-request", {"callbackUrl": "ftp://x.example"}, [("callbackUrl", "pattern")], id="ftp"),
        pytest.param(
            "user-create",
            {"username": "ab", "email": "nobody", "phone": "123", "lastName": "P"},
            [
                ("username", "min_length"),
                ("email", "format"),
                ("phone", "pattern"),
                ("firstName", "required"),
                ("password", "required"),
            ],
            id="a user",
        ),
        pytest.param("chat-request", {"messages": []}, [("messages", "min_items")], id="no message"),
        pytest.param(
            "chat-request",
            {"messages": [{"role": "USER", "content": "x"}, {"role": "robot"}], "maxTokens": 5000, "temperature": 3},
            [
                ("messages[1].content", "required"),
                ("messages[1].role", "enum"),
                ("maxTokens", "maximum"),
                ("temperature", "maximum"),
            ],
            id="a chat",
        ),
    ],
)
def test_every_mistake_is_named_with_its_field(kind: str, document: Json, mistakes: list[tuple[str, str]]) -> None:
    found = [(mistake.field, mistake.code) for mistake in check(kind, document)]

    assert sorted(found) == sorted(mistakes)


@pytest.mark.parametrize(
    ("kind", "document", "said"),
    [
        pytest.param("pet-update", {"price": 400}, "price must be a string", id="type"),
        pytest.param("pet-update", {"price": "1,00"}, "price must look like '75.00' or '400'", id="pattern"),
        pytest.param(
            "pet-update", {"size": "huge"}, "size must be one of SMALL, MEDIUM, LARGE; found 'huge'", id="enum"
        ),
        pytest.param("pet-update", {"name": ""}, "name must be at least 1 characters long", id="length"),
        pytest.param("pet-update", 3, "the document must be an object", id="whole"),
        pytest.param("user-update", {"email": "x"}, "email must look like 'ada@example.com'", id="format"),
        pytest.param("token-request", {"username": "a"}, "password is required", id="required"),
        pytest.param("pet-filters", {"limit": 101}, "limit must be at most 100", id="maximum"),
        pytest.param(
            "payment-create", {"source": {"object": 1}}, "source.object must be one of card, bank_account", id="source"
        ),
    ],
)
def test_a_mistake_says_what_is_allowed(kind: str, document: Json, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        require_valid(kind, document)

    assert str(caught.value) == said


def test_a_mistake_repeats_no_secret() -> None:
    card = {**CARD, "number": "315973", "cvc": "98765"}
    mistakes = check("payment-create", {"source": card}) + check("user-create", {**USER, "password": 315973})

    assert len(mistakes) == 3
    assert not [mistake for mistake in mistakes if "315973" in mistake.message or "98765" in mistake.message]


@pytest.mark.parametrize("kind", REQUESTS)
@given(data=st.data())
def test_hostile_documents_are_judged_and_never_raise(kind: str, data: st.DataObject) -> None:
    document = data.draw(documents(kind))

    mistakes = check(kind, document)

    assert all(isinstance(mistake, FieldMistake) and mistake.message and mistake.code for mistake in mistakes)
    if not mistakes:
        json.dumps(writable_members(kind, document), ensure_ascii=False).encode()


def test_a_document_without_end_is_refused_too() -> None:
    deep: list[Json] = []
    for _ in range(100_000):
        deep = [deep]

    assert [mistake.code for mistake in check("pet-update", {"extra": deep})] == ["depth"]


def test_what_may_not_be_written_is_dropped_at_every_depth() -> None:
    sent = {**PET, "id": "mine", "createdAt": "now", "medicalInfo": {"vaccinated": True, "mood": "good"}}

    assert writable_members("pet-create", sent) == {**PET, "medicalInfo": {"vaccinated": True}}


@pytest.mark.parametrize(
    ("texts", "typed"),
    [
        pytest.param({"ageMin": "3", "page": "2"}, {"ageMin": 3, "page": 2}, id="whole numbers"),
        pytest.param({"ageMin": "-3"}, {"ageMin": -3}, id="a negative number"),
        pytest.param({"goodWithKids": "false"}, {"goodWithKids": False}, id="a truth"),
        pytest.param(
            {"goodWithKids": "no", "limit": "ten"}, {"goodWithKids": "no", "limit": "ten"}, id="what does not fit"
        ),
        pytest.param({"limit": "٣", "page": "9" * 301}, {"limit": "٣", "page": "9" * 301}, id="odd numbers"),
        pytest.param({"ageMax": "9" * 30}, {"ageMax": 10**30 - 1}, id="a great number"),
        pytest.param({"species": "DOG", "utm_source": "mail"}, {"species": "DOG"}, id="unknown parameters"),
    ],
)
def test_query_parameters_get_their_types(texts: dict[str, str], typed: Json) -> None:
    assert coerced("pet-filters", texts) == typed


def test_a_list_in_a_query_parameter_is_split_at_its_commas() -> None:
    assert coerced("inventory-filters", {"status": "AVAILABLE,PENDING"}) == {"status": ["AVAILABLE", "PENDING"]}


def test_an_unknown_schema_is_named_with_those_there_are() -> None:
    with pytest.raises(LookupError, match="no schema 'dragon'; there are: adopter, "):
        check("dragon", {})


@given(JSON.filter(lambda value: value == value))  # noqa: PLR0124 - NaN is not equal to itself
def test_a_copy_is_equal(value: Json) -> None:
    assert json.dumps(copied(value)) == json.dumps(value)


def test_a_copy_shares_nothing() -> None:
    original = {"medicalInfo": {"vaccinated": True}, "photos": [["a"]]}

    copy = copied(original)
    copy["medicalInfo"]["vaccinated"] = False
    copy["photos"][0].append("b")

    assert original == {"medicalInfo": {"vaccinated": True}, "photos": [["a"]]}
