"""The six samples are valid; every mutation of one is refused with the path of the mistake."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from mockstore.events import Mistake, petstore_catalogue
from mockstore.model import Json

SAMPLES: dict[str, str] = {
    json.loads(line)["eventType"]: line for line in Path(__file__).with_name("samples.jsonl").read_text().splitlines()
}
SCHEMAS = Path(__file__).parents[2] / "schemas"

ENVELOPE = ["id", "eventType", "timestamp", "data"]
MEMBERS: dict[str, list[str]] = {
    "pet.adopted": [
        *ENVELOPE,
        "data.pet",
        "data.pet.id",
        "data.pet.name",
        "data.pet.species",
        "data.pet.status",
        "data.adopter",
        "data.adopter.id",
        "data.adopter.name",
        "data.adopter.email",
        "data.adoptionDate",
    ],
    "pet.status_changed": [*ENVELOPE, "data.petId", "data.oldStatus", "data.newStatus", "data.reason"],
    "order.created": [
        *ENVELOPE,
        "data.order",
        "data.order.id",
        "data.order.status",
        "data.order.items",
        "data.order.items.0.productId",
        "data.order.items.0.quantity",
        "data.order.items.0.price",
        "data.order.total",
        "data.order.currency",
        "data.customer",
        "data.customer.id",
        "data.customer.email",
    ],
    "order.status_changed": [*ENVELOPE, "data.orderId", "data.oldStatus", "data.newStatus", "data.timestamp"],
    "payment.succeeded": [
        *ENVELOPE,
        "data.payment",
        "data.payment.id",
        "data.payment.orderId",
        "data.payment.amount",
        "data.payment.currency",
        "data.payment.status",
        "data.paymentMethod",
        "data.paymentMethod.type",
        "data.paymentMethod.last4",
        "data.paymentMethod.brand",
    ],
    "payment.failed": [
        *ENVELOPE,
        "data.payment",
        "data.payment.id",
        "data.payment.orderId",
        "data.payment.amount",
        "data.payment.currency",
        "data.payment.status",
        "data.error",
        "data.error.code",
        "data.error.message",
    ],
}
EVERY_MEMBER = [pytest.param(name, path, id=f"{name} {path}") for name, paths in MEMBERS.items() for path in paths]

NO_TIME = "is no RFC 3339 date-time with an offset, such as 2025-01-06T12:00:00Z"
NO_PET_ID = "does not look like pet_fYrZzCW9E1WIOyGw or 019b4132-70aa-764f-b315-e2803d882a24"
NO_ORDER_ID = "does not look like order_abc123 or 019b4141-e5f3-a1b7-c4d8-9f6e2a5b8c1d"
BAD_VALUES: list[tuple[str, str, Json, str]] = [
    ("pet.adopted", "id", "019b4132", "'019b4132' does not look like 019b4132-70aa-764f-b315-e2803d882a24"),
    ("pet.adopted", "timestamp", "yesterday", f"'yesterday' {NO_TIME}"),
    ("pet.adopted", "timestamp", "2025-01-06T12:00:00", f"'2025-01-06T12:00:00' {NO_TIME}"),
    ("pet.adopted", "data", None, "must be an object, found null"),
    ("pet.adopted", "data.pet.id", "order_abc123", f"'order_abc123' {NO_PET_ID}"),
    ("pet.adopted", "data.pet.id", "pet_fYrZzCW9E1WIOyGw\n", f"'pet_fYrZzCW9E1WIOyGw\\n' {NO_PET_ID}"),
    ("pet.adopted", "data.pet.name", "", "must not be empty"),
    ("pet.adopted", "data.pet.name", "x" * 51, "is too long (51; at most 50)"),
    (
        "pet.adopted",
        "data.pet.species",
        "DOGG",
        "'DOGG' is not one of DOG, CAT, RABBIT, BIRD, REPTILE, OTHER; did you mean 'DOG'?",
    ),
    ("pet.adopted", "data.pet.status", "PENDING", "must be 'ADOPTED', found 'PENDING'"),
    ("pet.adopted", "data.adopter.email", "john", "'john' is no e-mail address such as john@example.com"),
    ("pet.adopted", "data.adoptionDate", "2025-02-30", "'2025-02-30' is no date such as 2025-01-06"),
    ("pet.status_changed", "data.newStatus", "SOLD", "'SOLD' is not one of AVAILABLE, PENDING, ADOPTED, NOT_AVAILABLE"),
    ("pet.status_changed", "data.petId", 7, "must be a string, found 7"),
    (
        "order.created",
        "data.order.status",
        "PLACED",
        "'PLACED' is not one of PENDING, PROCESSING, SHIPPED, DELIVERED, CANCELLED",
    ),
    ("order.created", "data.order.items", [], "must not be empty"),
    ("order.created", "data.order.items.0.quantity", 0, "must be at least 1, found 0"),
    ("order.created", "data.order.items.0.quantity", 1.5, "must be a whole number, found 1.5"),
    ("order.created", "data.order.items.0.price", "29.99", "must be a number, found '29.99'"),
    ("order.created", "data.order.items.0.price", True, "must be a number, found true"),
    ("order.created", "data.order.total", -0.01, "must be at least 0, found -0.01"),
    ("order.created", "data.order.total", float("nan"), "must be a number, found NaN"),
    ("order.created", "data.order.currency", "usd", "'usd' does not look like USD"),
    (
        "order.created",
        "data.customer.email",
        "@example.com",
        "'@example.com' is no e-mail address such as john@example.com",
    ),
    ("order.status_changed", "data.orderId", "abc123", f"'abc123' {NO_ORDER_ID}"),
    ("order.status_changed", "data.timestamp", "2025-13-06T12:00:00Z", f"'2025-13-06T12:00:00Z' {NO_TIME}"),
    ("payment.succeeded", "data.payment.status", "FAILED", "must be 'SUCCEEDED', found 'FAILED'"),
    ("payment.succeeded", "data.paymentMethod.type", "CASH", "'CASH' is not one of CARD, BANK_ACCOUNT"),
    ("payment.succeeded", "data.paymentMethod.last4", "424", "'424' does not look like 4242"),
    ("payment.failed", "data.payment.status", "SUCCEEDED", "must be 'FAILED', found 'SUCCEEDED'"),
    (
        "payment.failed",
        "data.error.code",
        "NO_MONEY",
        "'NO_MONEY' is not one of CARD_DECLINED, INSUFFICIENT_FUNDS, EXPIRED_CARD, INCORRECT_CVC, PROCESSING_ERROR",
    ),
]


@pytest.fixture(params=SAMPLES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def mutated(name: str, path: str, change: Callable[[Json, Json], None]) -> Json:
    """Return the sample of type `name` after `change(container, key)` at `path`."""
    event = json.loads(SAMPLES[name])
    *around, last = path.split(".")
    node = event
    for step in around:
        node = node[int(step)] if isinstance(node, list) else node[step]
    change(node, last)
    return event


def remove(node: Json, key: Json) -> None:
    del node[key]


def setting(value: Json) -> Callable[[Json, Json], None]:
    def change(node: Json, key: Json) -> None:
        node[key] = deepcopy(value)

    return change


def test_the_files_are_the_list_of_types() -> None:
    assert petstore_catalogue().types == (
        "order.created",
        "order.status_changed",
        "payment.failed",
        "payment.succeeded",
        "pet.adopted",
        "pet.status_changed",
    )
    assert set(petstore_catalogue().types) == {path.stem for path in (SCHEMAS / "events").iterdir()}


def test_a_sample_validates_as_it_stands(name: str) -> None:
    event = json.loads(SAMPLES[name])

    assert petstore_catalogue().mistakes(event) == []
    assert petstore_catalogue().is_valid(event)
    assert petstore_catalogue().extras(event) == []


def test_a_schema_file_holds_its_sample_byte_for_byte(name: str) -> None:
    assert f'"examples": [{SAMPLES[name]}]' in (SCHEMAS / "events" / f"{name}.json").read_text()


def test_a_schema_says_what_every_member_is(name: str) -> None:
    def undescribed(schema: Json, path: str) -> Iterator[str]:
        for member, inner in schema.get("properties", {}).items():
            if not inner.get("description"):
                yield f"{path}.{member}"
            yield from undescribed(inner, f"{path}.{member}")
            yield from undescribed(inner.get("items", {}), f"{path}.{member}.0")

    schema = petstore_catalogue().schema(name)

    assert list(undescribed(schema, "event")) == []
    assert schema["$id"] == f"https://mockstore.example/schemas/events/{name}.json"
    assert schema["title"]
    assert schema["description"]


def test_a_whole_schema_works_in_any_validator(name: str) -> None:
    schema = petstore_catalogue().schema(name)

    Draft202012Validator.check_schema(schema)
    assert "$ref" not in json.dumps(schema)
    plain = Draft202012Validator(schema, format_checker=FormatChecker())
    assert plain.is_valid(json.loads(SAMPLES[name]))
    for path in MEMBERS[name]:
        assert not plain.is_valid(mutated(name, path, remove)), path


@pytest.mark.parametrize(("name", "path"), EVERY_MEMBER)
def test_a_missing_member_is_named(name: str, path: str) -> None:
    event = mutated(name, path, remove)

    assert Mistake(path, "is missing") in petstore_catalogue().mistakes(event)
    assert not petstore_catalogue().is_valid(event)


@pytest.mark.parametrize("wrong", [pytest.param([7], id="array"), pytest.param(None, id="null")])
@pytest.mark.parametrize(("name", "path"), EVERY_MEMBER)
def test_a_value_of_the_wrong_type_is_named(name: str, path: str, wrong: Json) -> None:
    event = mutated(name, path, setting(wrong))

    where = f"{path}.0" if path.endswith("items") and wrong else path
    assert where in {mistake.path for mistake in petstore_catalogue().mistakes(event)}
    assert not petstore_catalogue().is_valid(event)


@pytest.mark.parametrize(
    ("name", "path", "value", "message"), [pytest.param(*case, id=f"{case[1]}={case[2]!r:.30}") for case in BAD_VALUES]
)
def test_a_bad_value_is_refused_with_its_path(name: str, path: str, value: Json, message: str) -> None:
    event = mutated(name, path, setting(value))

    assert petstore_catalogue().mistakes(event) == [Mistake(path, message)]
    assert not petstore_catalogue().is_valid(event)


def test_all_mistakes_are_found_at_once() -> None:
    event = json.loads(SAMPLES["pet.adopted"])
    del event["id"], event["data"]["pet"]["name"]
    event["data"]["adopter"]["email"] = "john"

    assert [str(mistake) for mistake in petstore_catalogue().mistakes(event)] == [
        "id: is missing",
        "data.pet.name: is missing",
        "data.adopter.email: 'john' is no e-mail address such as john@example.com",
    ]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        pytest.param({"tenant": 1}, "tenant", id="in the envelope"),
        pytest.param({"data": {"pet": {"colour": "brown"}}}, "data.pet.colour", id="deep"),
    ],
)
def test_an_extra_member_is_allowed_but_found_when_asked_for(change: dict[str, Json], path: str) -> None:
    event = json.loads(SAMPLES["pet.adopted"])
    for key, value in change.items():
        event[key] = {**event[key], "pet": {**event[key]["pet"], **value["pet"]}} if key == "data" else value

    assert petstore_catalogue().is_valid(event)
    assert petstore_catalogue().extras(event) == [path]


def test_extra_members_inside_arrays_are_found() -> None:
    event = mutated("order.created", "data.order.items.0.discount", setting(1))

    assert petstore_catalogue().extras(event) == ["data.order.items.0.discount"]


def test_a_bank_account_has_no_brand() -> None:
    event = mutated("payment.succeeded", "data.paymentMethod", setting({"type": "BANK_ACCOUNT", "last4": "6789"}))

    assert petstore_catalogue().mistakes(event) == []


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(None, id="null"),
        pytest.param([], id="array"),
        pytest.param("pet.adopted", id="string"),
        pytest.param({}, id="empty"),
        pytest.param({"eventType": ["pet.adopted"]}, id="type of the wrong type"),
    ],
)
def test_what_is_no_event_is_refused_without_a_fuss(event: Json) -> None:
    assert petstore_catalogue().mistakes(event)
    assert not petstore_catalogue().is_valid(event)
    assert petstore_catalogue().extras(event) == []


def test_an_unknown_type_is_a_mistake_that_names_the_near_ones() -> None:
    event = mutated("pet.adopted", "eventType", setting("pet.adoptd"))

    (mistake,) = petstore_catalogue().mistakes(event)

    assert mistake.path == "eventType"
    assert "did you mean 'pet.adopted'" in mistake.message
