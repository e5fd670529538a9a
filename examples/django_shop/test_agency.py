"""Tests of the agency. They run in process, without a network and without waiting."""

import pytest
from django.http import HttpResponse
from django.test import Client

from django_shop.models import Family, Pet, Reminder, SeenEvent
from mockstore import Mockstore, PetstoreApi, faults

EVE = {"username": "eve", "email": "eve@example.com", "password": "secret-1", "firstName": "Eve", "lastName": "Moss"}
GOOD, STOLEN = "4242424242424242", "4000000000000002"


def adopt(client: Client, pet_id: str, user_id: str, number: str = GOOD) -> HttpResponse:
    card = {"name": "Eve Moss", "number": number, "expMonth": 12, "expYear": 2030, "cvc": "123"}
    return client.post(f"/adopt/{pet_id}", {"userId": user_id, "card": card}, content_type="application/json")


pytestmark = pytest.mark.usefixtures("mockstore_api")  # answers the calls of `httpx` in process


@pytest.fixture
def eve(mockstore: Mockstore) -> str:
    return mockstore.users.add(**EVE).id


def test_an_adoption_comes_back_as_events(mockstore: Mockstore, client: Client, eve: str) -> None:
    tom = mockstore.pets.add(name="Tom", species="CAT")

    answer = adopt(client, tom.id, eve)

    assert (answer.status_code, answer.json()) == (201, {"payment": "SUCCEEDED"})
    assert list(Family.objects.values_list("email", "adoptions")) == [("eve@example.com", 1)]
    assert list(Pet.objects.values_list("id", "name", "status")) == [(tom.id, "Tom", "ADOPTED")]


def test_a_refused_card_leaves_a_reminder_until_another_one_pays(
    mockstore: Mockstore, client: Client, eve: str
) -> None:
    assert adopt(client, mockstore.pets.add().id, eve, STOLEN).json() == {"payment": "FAILED"}
    reminder = Reminder.objects.get()
    assert reminder.reason == "CARD_DECLINED"

    mockstore.orders[reminder.order_id].pay(GOOD)

    assert not Reminder.objects.exists()


def test_what_the_petstore_refuses_the_agency_refuses(mockstore: Mockstore, client: Client, eve: str) -> None:
    assert adopt(client, mockstore.pets.add(status="ADOPTED").id, eve).status_code == 409


@pytest.mark.parametrize("fault", faults.MUST_REJECT, ids=str)
def test_a_forgery_is_refused_and_nothing_is_done(mockstore: Mockstore, fault: faults.Fault) -> None:
    event = mockstore.emit("pet.adopted", fault=fault)

    event.delivery.assert_rejected()
    assert not SeenEvent.objects.exists()


@pytest.mark.parametrize("fault", [*faults.MUST_NOT_CRASH, *faults.MUST_ACCEPT], ids=str)
def test_odd_bodies_are_survived(mockstore: Mockstore, fault: faults.Fault) -> None:
    mockstore.emit("pet.status_changed", fault=fault)  # a wrong answer fails the test at its end


@pytest.mark.parametrize("fault", faults.MUST_DEDUPE, ids=str)
def test_what_comes_twice_counts_once(mockstore: Mockstore, fault: faults.Fault) -> None:
    event = mockstore.emit("pet.adopted", {"adopter.email": "eve@example.com"}, fault=fault)
    mockstore.clock.advance(hours=3)

    assert sum(len(delivery.attempts) for delivery in event.deliveries) > 1
    assert Family.objects.get(email="eve@example.com").adoptions == 1


def test_an_event_waits_while_the_petstore_has_trouble(mockstore: Mockstore, mockstore_api: PetstoreApi) -> None:
    mockstore_api.will_answer("getPet", 500, "reset", then_normal=True)
    tom = mockstore.pets.add(name="Tom").update(status="PENDING")

    mockstore.clock.advance(minutes=6)

    assert [attempt.status for attempt in mockstore.deliveries[-1].attempts] == [503, 503, 204]
    assert Pet.objects.get(id=tom.id).status == "PENDING"


def test_a_pet_is_what_it_is_now_whatever_order_its_events_come_in(mockstore: Mockstore) -> None:
    mockstore.hold()
    order = mockstore.orders.place(mockstore.pets.add())
    order.pay()

    mockstore.release(order=list(reversed(range(len(mockstore.deliveries)))))

    assert Pet.objects.get(id=order.pet.id).status == "ADOPTED"
