"""Events of the factory: valid, coherent, and the same for the same dice."""

import json
import random
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mockstore.errors import InvalidInputError, InvalidPayloadError, UnknownEventTypeError, UnknownPathError
from mockstore.events import (
    Catalogue,
    EventFactory,
    encode,
    petstore_catalogue,
)
from mockstore.model import Json

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
FACTORY = EventFactory(petstore_catalogue())
TYPES = petstore_catalogue().types


def make(name: str, overrides: dict[str, Json] | None = None, *, seed: int = 0, invalid: bool = False) -> Json:
    return FACTORY.make(name, now=NOON, dice=dice(seed), overrides=overrides, invalid=invalid)


def dice(seed: int = 0) -> random.Random:
    return random.Random(seed)  # noqa: S311 - nothing secret is drawn


@pytest.mark.parametrize(
    ("name", "body"),
    [
        pytest.param(
            "payment.failed",
            b'{"id":"019b796d-d600-7000-a46d-d6122265b1f5","eventType":"payment.failed","timestamp":"2026-01-01T12:00:00Z"'
            b',"data":{"payment":{"id":"019b796d-d600-7000-b358-4f8cd8f16adf"'
            b',"orderId":"0195ddc4-99a0-7000-878b-fae2414c343c","amount":304.83,"currency":"USD","status":"FAILED"}'
            b',"error":{"code":"INSUFFICIENT_FUNDS","message":"The card has insufficient funds."}}}',
            id="payment.failed",
        ),
        pytest.param(
            "pet.status_changed",
            b'{"id":"019b796d-d600-7000-a46d-d6122265b1f5","eventType":"pet.status_changed","timestamp":"2026-01-01T12:00:00Z"'
            b',"data":{"petId":"0195ddc4-99a0-7000-878b-fae2414c343c","oldStatus":"ADOPTED"'
            b',"newStatus":"AVAILABLE","reason":"Returned by the adopter"}}',
            id="pet.status_changed",
        ),
    ],
)
def test_the_bytes_are_the_same_on_every_machine(name: str, body: bytes) -> None:
    assert encode(make(name, seed=1)) == body


def test_other_dice_give_other_events() -> None:
    names = {make("pet.adopted", seed=seed)["data"]["adopter"]["name"] for seed in range(50)}
    ids = {make("pet.adopted", seed=seed)["id"] for seed in range(50)}

    assert len(names) > 40
    assert len(ids) == 50


def test_an_override_leaves_the_other_members_as_they_were() -> None:
    plain, changed = make("pet.adopted"), make("pet.adopted", {"adopter.email": "ada@example.com"})

    assert changed["data"]["adopter"].pop("email") == "ada@example.com"
    assert plain["data"]["adopter"].pop("email")
    assert changed == plain


def test_a_failed_payment_lacks_funds_unless_told_otherwise() -> None:
    codes = Counter(make("payment.failed", seed=seed)["data"]["error"]["code"] for seed in range(20))

    assert codes == {"INSUFFICIENT_FUNDS": 20}


ITEM = {"productId": "019b4145-a6c2-b8d3-e7f4-5a9b1c2d3e4f", "quantity": 3, "price": 0.1}
FOLLOWING: dict[str, tuple[str, dict[str, Json], dict[str, str]]] = {
    "message follows code": (
        "payment.failed",
        {"error.code": "EXPIRED_CARD"},
        {"error.message": r"The card has expired\."},
    ),
    "e-mail follows name": (
        "pet.adopted",
        {"adopter": {"name": "Zoë O'Neil-Smith"}},
        {"adopter.email": r"zoe\.oneil\.smith@example\.(com|net|org)"},
    ),
    "e-mail of a name without ASCII": (
        "pet.adopted",
        {"adopter.name": "王"},
        {"adopter.email": r"someone@example\.(com|net|org)"},
    ),
    "old follows new": (
        "pet.status_changed",
        {"newStatus": "ADOPTED"},
        {"oldStatus": "PENDING", "reason": "Adoption completed|Payment received"},
    ),
    "new follows old": (
        "pet.status_changed",
        {"oldStatus": "ADOPTED"},
        {"newStatus": "AVAILABLE", "reason": "Returned by the adopter"},
    ),
    "reason of an unusual step": (
        "pet.status_changed",
        {"oldStatus": "ADOPTED", "newStatus": "PENDING"},
        {"reason": "Changed by staff"},
    ),
    "no step leads there": ("order.status_changed", {"newStatus": "PENDING"}, {"oldStatus": "(?!PENDING).*"}),
    "total follows items": ("order.created", {"order.items": [ITEM]}, {"order.total": r"0\.3"}),
    "total stays as set": ("order.created", {"order.items.0.price": 0, "order.total": 7}, {"order.total": "7"}),
    "number follows brand": (
        "payment.succeeded",
        {"paymentMethod.brand": "JCB"},
        {"paymentMethod.last4": "0505"},
    ),
    "brand follows number": (
        "payment.succeeded",
        {"paymentMethod.last4": "4444"},
        {"paymentMethod.brand": "Mastercard"},
    ),
}


@pytest.mark.parametrize(("name", "overrides", "expected"), FOLLOWING.values(), ids=FOLLOWING)
@pytest.mark.parametrize("seed", range(5))
def test_the_rest_follows_what_was_set(
    name: str, overrides: dict[str, Json], expected: dict[str, str], seed: int
) -> None:
    data = make(name, overrides, seed=seed)["data"]

    for path, pattern in expected.items():
        node = data
        for step in path.split("."):
            node = node[step]
        assert re.fullmatch(pattern, str(node)), (path, node)


@pytest.mark.parametrize(
    ("overrides", "lines"),
    [
        pytest.param({"pet.species": "dog"}, ["data.pet.species: 'dog' is not one of"], id="one"),
        pytest.param(
            {"pet": {"name": 7}, "adopter.email": "x"},
            ["data.pet.name: must be a string, found 7", "data.adopter.email: 'x' is no e-mail"],
            id="two",
        ),
        pytest.param({"adopter": None}, ["data.adopter: must be an object, found null"], id="a whole object"),
        pytest.param({"adopter.name": ["Ada"]}, ['data.adopter.name: must be a string, found ["Ada"]'], id="a list"),
        pytest.param({"pet.id": NOON}, ["data.pet.id: must be a string, found"], id="no JSON at all"),
    ],
)
def test_a_bad_value_is_refused_with_all_mistakes(overrides: dict[str, Json], lines: list[str]) -> None:
    with pytest.raises(InvalidPayloadError) as caught:
        make("pet.adopted", overrides)

    assert len(caught.value.mistakes) == len(lines)
    assert all(mistake.startswith(line) for mistake, line in zip(caught.value.mistakes, lines, strict=True))


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize(
    "overrides",
    [
        pytest.param({"nonsense.deep": 1}, id="unknown path"),
        pytest.param(
            {"pet": 1, "adopter": 1, "order": 1, "paymentMethod": 1, "error": 1, "oldStatus": {}, "newStatus": []},
            id="wrong types",
        ),
        pytest.param({"order": {"items": [1, {"quantity": "x"}, {"price": float("nan")}]}}, id="wrong items"),
        pytest.param({"paymentMethod": 1, "paymentMethod.type": "BANK_ACCOUNT"}, id="twice"),
    ],
)
def test_on_purpose_anything_goes(name: str, overrides: dict[str, Json]) -> None:
    event = make(name, overrides, invalid=True)

    assert event["eventType"] == name
    assert event["data"] != make(name)["data"]


def test_on_purpose_rules_still_hold_for_what_was_not_set() -> None:
    data = make("payment.failed", {"error": {"code": "EXPIRED_CARD", "hint": 1}}, invalid=True)["data"]

    assert data["error"] == {"code": "EXPIRED_CARD", "hint": 1, "message": "The card has expired."}


def test_unknown_types_paths_and_naive_times_are_refused() -> None:
    with pytest.raises(UnknownEventTypeError, match=r"did you mean 'pet\.adopted'"):
        make("pet.adoptd")
    with pytest.raises(UnknownPathError, match=r"nearest: pet\.name"):
        make("pet.adopted", {"data.pet.nmae": "Rex"})
    with pytest.raises(InvalidInputError, match="pass an aware datetime"):
        FACTORY.make("pet.adopted", now=NOON.replace(tzinfo=None), dice=dice())


def test_events_are_stamped_with_their_moment() -> None:
    earlier, later = (FACTORY.make("order.created", now=NOON + timedelta(seconds=wait), dice=dice()) for wait in (0, 1))

    assert (earlier["timestamp"], later["timestamp"]) == ("2026-01-01T12:00:00Z", "2026-01-01T12:00:01Z")
    assert earlier["id"] < later["id"]


def test_a_type_of_the_users_own_is_made_from_its_example(tmp_path: Path) -> None:
    example = petstore_catalogue().example("pet.adopted") | {"eventType": "invoice.paid", "data": {"total": 7}}
    schema = {"properties": {"data": {"properties": {"total": {"type": "integer"}}}}, "examples": [example]}
    (tmp_path / "invoice.paid.json").write_text(json.dumps(schema))
    factory = EventFactory(Catalogue.with_folders([tmp_path]))

    event = factory.make("invoice.paid", now=NOON, dice=dice(), overrides={"total": 9})

    assert event["data"] == {"total": 9}
    assert event["timestamp"] == "2026-01-01T12:00:00Z"
    assert event["id"] != example["id"]
    with pytest.raises(InvalidPayloadError, match="must be a whole number"):
        factory.make("invoice.paid", now=NOON, dice=dice(), overrides={"total": "9"})


def test_a_type_without_example_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "ping.json").write_text("{}")
    factory = EventFactory(Catalogue.with_folders([tmp_path]))

    with pytest.raises(InvalidInputError, match=r"add a whole event as examples\[0\]"):
        factory.make("ping", now=NOON, dice=dice())


def test_faker_and_jsonschema_are_loaded_only_when_needed() -> None:
    program = """
import random, sys
from datetime import UTC, datetime
from mockstore.events import EventFactory, petstore_catalogue
factory = EventFactory(petstore_catalogue())
make = lambda name: factory.make(name, now=datetime(2026, 1, 1, tzinfo=UTC), dice=random.Random(0))
for names in [["payment.failed", "pet.status_changed"], ["pet.adopted"]]:
    for name in names:
        event = make(name)
    print("faker" in sys.modules, "jsonschema" in sys.modules)
factory.catalogue.is_valid(event)
print("faker" in sys.modules, "jsonschema" in sys.modules)
"""

    printed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout

    assert printed.splitlines() == ["False False", "True False", "True True"]
