"""The shop in Python (`pets`, `orders`, `users`): the same rules and events as over HTTP."""

from collections.abc import Iterator

import pytest

from mockstore import Inbox, Mockstore
from mockstore.errors import NotFoundError
from mockstore.petstore.errors import ConflictError, ValidationError
from mockstore.petstore.payments import FAILING_CARDS


@pytest.fixture
def mockstore() -> Iterator[Mockstore]:
    with Mockstore.in_process(strict=False) as made:
        yield made


@pytest.fixture
def inbox(mockstore: Mockstore) -> Inbox:
    return mockstore.open_inbox()


def test_an_order_that_is_paid_tells_the_whole_chain_with_the_same_ids(mockstore: Mockstore, inbox: Inbox) -> None:
    ada = mockstore.users.add(
        username="ada", email="ada@example.com", password="secret-1", firstName="Ada", lastName="L."
    )
    pet = mockstore.pets.add(name="Rex")
    order = mockstore.orders.place(pet, ada)
    payment = order.pay()

    inbox.assert_types(
        [
            "order.created",
            "pet.status_changed",
            "payment.succeeded",
            "order.status_changed",
            "pet.status_changed",
            "pet.adopted",
        ]
    )
    for received in inbox:
        received.assert_valid()
    assert inbox.one("order.created").data["order"]["id"] == order.id
    assert inbox.one("payment.succeeded").data["payment"]["id"] == payment["id"]
    adopted = inbox.one("pet.adopted").data
    assert (adopted["pet"]["id"], adopted["adopter"]["id"]) == (pet.id, ada.id)
    assert adopted["adopter"]["email"] == "ada@example.com"
    assert (order.status, pet.status) == ("APPROVED", "ADOPTED")


@pytest.mark.parametrize("number", FAILING_CARDS)
def test_the_test_cards_fail_with_their_reason_and_the_order_stays(
    mockstore: Mockstore, inbox: Inbox, number: str
) -> None:
    order = mockstore.orders.place(mockstore.pets.add())

    assert order.pay(card=number)["status"] == "FAILED"
    assert order.status == "PLACED"
    assert inbox.last.type == "payment.failed"
    inbox.last.assert_valid()


def test_an_order_moves_on_and_tells_each_step(mockstore: Mockstore, inbox: Inbox) -> None:
    order = mockstore.orders.place(mockstore.pets.add())
    order.pay()
    order.ship().deliver()

    steps = [received.data["newStatus"] for received in inbox.of("order.status_changed")]
    assert steps == ["PROCESSING", "SHIPPED", "DELIVERED"]


def test_an_illegal_step_is_refused_with_the_allowed_ones_and_tells_nothing(mockstore: Mockstore, inbox: Inbox) -> None:
    order = mockstore.orders.place(mockstore.pets.add())
    before = len(inbox)

    with pytest.raises(ConflictError, match="PLACED"):
        order.ship()
    assert (order.status, len(inbox)) == ("PLACED", before)


def test_a_cancelled_order_frees_its_pet(mockstore: Mockstore) -> None:
    order = mockstore.orders.place(mockstore.pets.add())

    order.cancel()

    assert (order.status, order.pet.status) == ("CANCELLED", "AVAILABLE")


def test_a_pet_can_be_adopted_and_changed_directly(mockstore: Mockstore, inbox: Inbox) -> None:
    pet = mockstore.pets.add(name="Tom", species="CAT")

    pet.update(status="PENDING").adopt(
        by={"id": mockstore.users.add(**USER).id, "name": "Ada L.", "email": "a@example.com"}
    )

    inbox.assert_types(["pet.status_changed", "pet.status_changed", "pet.adopted"])
    assert mockstore.pets[pet.id]["name"] == "Tom"


def test_the_catalogue_is_there_from_the_start_and_the_same_for_every_mockstore(mockstore: Mockstore) -> None:
    first = [pet.id for pet in mockstore.pets.find(limit=100)]
    with Mockstore.in_process(strict=False) as other:
        assert [pet.id for pet in other.pets.find(limit=100)] == first
    with Mockstore.in_process(strict=False, seed=1) as different:
        assert [pet.id for pet in different.pets.find(limit=100)] != first
    assert len([pet.id for pet in mockstore.pets]) == 20


def test_what_one_mockstore_changes_another_does_not_see(mockstore: Mockstore) -> None:
    pet = next(iter(mockstore.pets))
    with Mockstore.in_process(strict=False) as other:
        pet.remove()
        assert other.pets[pet.id].id == pet.id
    with pytest.raises(NotFoundError, match="no pet"):
        mockstore.pets[pet.id]


def test_what_is_unknown_is_refused_at_once(mockstore: Mockstore) -> None:
    for look in (lambda: mockstore.pets["x"], lambda: mockstore.orders["x"], lambda: mockstore.users["x"]):
        with pytest.raises(NotFoundError):
            look()


def test_a_bad_member_is_refused_with_its_field(mockstore: Mockstore) -> None:
    with pytest.raises(ValidationError) as caught:
        mockstore.pets.add(name="", species="DRAGON")

    assert {mistake.field for mistake in caught.value.mistakes} == {"name", "species"}


def test_a_change_of_the_shop_breaks_no_schema_at_the_end_of_a_strict_test(mockstore: Mockstore) -> None:
    mockstore.orders.place(mockstore.pets.add()).pay()

    assert mockstore.complaints() == []


USER = {
    "username": "ada",
    "email": "ada@example.com",
    "password": "secret-1",
    "firstName": "Ada",
    "lastName": "Lovelace",
}
