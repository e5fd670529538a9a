"""Orders over HTTP, and what they cause: events, payments, callbacks and changes by staff."""

import json
from collections.abc import Callable

import pytest
from werkzeug.test import Client

from mockstore import Inbox, Mockstore
from mockstore.model import Outgoing, Reply
from mockstore.petstore.documents import check
from mockstore.petstore.payments import FAILING_CARDS
from mockstore.settings import Settings

CARD = {"object": "card", "name": "A", "number": "4242 4242 4242 4242", "cvc": "123", "expMonth": 1, "expYear": 2030}
USER = {"username": "bob", "email": "bob@example.com", "password": "secret-1", "firstName": "Bob", "lastName": "Lee"}
PET = {"name": "Rex", "species": "DOG", "ageMonths": 3, "price": "400", "currency": "USD", "status": "AVAILABLE"}


def test_what_a_client_does_arrives_as_events_with_the_ids_that_it_can_read(client: Client, inbox: Inbox) -> None:
    user = client.post("/v1/users", json=USER).get_json()
    pet = client.post("/v1/pets", json=PET).get_json()
    order = client.post("/v1/orders", json={"petId": pet["id"], "userId": user["id"]}).get_json()
    payment = client.post(f"/v1/orders/{order['id']}/payment", json={"source": CARD}).get_json()

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
    created, paid, adopted = (inbox.one(name).data for name in ("order.created", "payment.succeeded", "pet.adopted"))
    assert (created["order"]["id"], created["order"]["total"]) == (order["id"], 400)
    assert created["order"]["items"][0]["productId"] == pet["id"]
    assert created["customer"] == {"id": user["id"], "email": "bob@example.com"}
    assert (paid["payment"]["id"], paid["payment"]["orderId"]) == (payment["id"], order["id"])
    assert (adopted["pet"]["id"], adopted["adopter"]["id"]) == (pet["id"], user["id"])
    assert {change.data["petId"] for change in inbox.of("pet.status_changed")} == {pet["id"]}
    assert client.get(f"/v1/pets/{adopted['pet']['id']}").get_json()["status"] == "ADOPTED"
    assert client.get(f"/v1/orders/{paid['payment']['orderId']}").get_json()["status"] == "APPROVED"
    assert client.get(f"/v1/users/{adopted['adopter']['id']}").get_json()["username"] == "bob"


def test_a_card_is_shown_masked_and_without_its_code(client: Client, ids: dict[str, str]) -> None:
    payment = client.post(f"/v1/orders/{ids['order']}/payment", json={"source": CARD}).get_json()

    assert payment["status"] == "SUCCEEDED"
    assert (payment["source"]["number"], payment["source"]["brand"]) == ("************4242", "Visa")
    assert "cvc" not in payment["source"]


@pytest.mark.parametrize(("number", "code"), FAILING_CARDS.items(), ids=FAILING_CARDS.values())
def test_a_payment_that_fails_answers_201_and_says_why(
    client: Client, inbox: Inbox, ids: dict[str, str], number: str, code: str
) -> None:
    answer = client.post(f"/v1/orders/{ids['order']}/payment", json={"source": {**CARD, "number": number}})

    assert (answer.status_code, answer.get_json()["status"]) == (201, "FAILED")
    assert inbox.one("payment.failed").data["error"]["code"] == code
    assert client.get(f"/v1/orders/{ids['order']}").get_json()["status"] == "PLACED"


def test_an_approved_order_can_be_paid_again_without_a_second_change(
    client: Client, inbox: Inbox, ids: dict[str, str]
) -> None:
    for _ in range(2):
        assert client.post(f"/v1/orders/{ids['order']}/payment", json={"source": CARD}).status_code == 201

    assert len(inbox.where("payment.succeeded", {"payment.orderId": ids["order"]})) == 2
    inbox.one("order.status_changed", {"orderId": ids["order"]})


def test_a_cancelled_order_can_still_be_read_and_its_pet_is_free(client: Client, ids: dict[str, str]) -> None:
    client.delete(f"/v1/orders/{ids['order']}")

    order = client.get(f"/v1/orders/{ids['order']}").get_json()
    assert order["status"] == "CANCELLED"
    assert client.get(f"/v1/pets/{order['petId']}").get_json()["status"] == "AVAILABLE"


def test_an_illegal_move_says_what_is_allowed_and_tells_nothing(
    client: Client, inbox: Inbox, ids: dict[str, str]
) -> None:
    before = len(inbox)

    answer = client.delete(f"/v1/orders/{ids['shipped']}")

    assert answer.status_code == 409
    assert answer.get_json()["detail"].endswith("is SHIPPED, which allows: deliver")
    assert len(inbox) == before


def test_the_staff_ships_and_delivers_by_control_routes(client: Client, inbox: Inbox, ids: dict[str, str]) -> None:
    client.post(f"/v1/orders/{ids['order']}/payment", json={"source": CARD})

    shipped = client.post(f"/_mockstore/orders/{ids['order']}/ship")
    delivered = client.post(f"/_mockstore/orders/{ids['order']}/deliver")

    assert [shipped.get_json()["status"], delivered.get_json()["status"]] == ["SHIPPED", "DELIVERED"]
    moves = [one.data["newStatus"] for one in inbox.of("order.status_changed") if one.data["orderId"] == ids["order"]]
    assert moves == ["PROCESSING", "SHIPPED", "DELIVERED"]


@pytest.mark.parametrize(
    ("order", "move", "status"),
    [("order", "ship", 409), ("order", "deliver", 409), ("shipped", "ship", 409), ("nobody", "ship", 404)],
)
def test_the_staff_cannot_move_an_order_out_of_turn(
    client: Client, ids: dict[str, str], order: str, move: str, status: int
) -> None:
    answer = client.post(f"/_mockstore/orders/{ids[order]}/{move}")

    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        pytest.param({}, "COMPLETED", id="as ordered"),
        pytest.param({"amount": "100.00", "currency": "USD"}, "COMPLETED", id="the right amount"),
        pytest.param({"amount": "1.00"}, "FAILED", id="another amount"),
    ],
)
def test_the_outcome_of_processing_is_called_back_unsigned(
    client: Client, store: Mockstore, ids: dict[str, str], wanted: dict[str, str], status: str
) -> None:
    calls: list[Outgoing] = []

    def take(request: Outgoing) -> Reply:
        calls.append(request)
        return Reply(200)

    listener = store.subscribe(take, events=["pet.adopted"])

    answer = client.post(f"/v1/orders/{ids['order']}", json={**wanted, "callbackUrl": listener.url})

    taken = answer.get_json()
    assert (answer.status_code, taken["status"]) == (201, "PROCESSING")
    delivery = store.deliveries.of("orderProcessed").last
    delivery.assert_acknowledged()
    outcome = delivery.event.payload
    assert check("order-processed", outcome) == []
    assert outcome["requestId"] == taken["requestId"]
    assert (outcome["orderId"], outcome["status"]) == (ids["order"], status)
    assert len(calls) == 1
    assert "X-Webhook-Signature" not in dict(calls[0].headers)
    assert store.complaints() == []


def test_where_webhooks_have_to_be_https_a_callback_has_to_be_too(serve: Callable[..., Client]) -> None:
    client = serve(Settings(require_https=True, auth="observed"))
    pet = client.get("/v1/pets").get_json()["data"][0]["id"]
    order = client.post("/v1/orders", json={"petId": pet, "userId": pet}).get_json()["id"]

    refused = client.post(f"/v1/orders/{order}", json={"callbackUrl": "http://127.0.0.1:9/done"})
    taken = client.post(f"/v1/orders/{order}", json={"callbackUrl": "https://127.0.0.1:9/done"})

    assert (refused.status_code, taken.status_code) == (422, 201)
    assert [error["field"] for error in refused.get_json()["errors"]] == ["callbackUrl"]
    assert client.get("/v1/webhooks").get_json()["data"] == []


def test_a_callback_is_no_webhook_that_anybody_registered(client: Client, inbox: Inbox, ids: dict[str, str]) -> None:
    client.post(f"/v1/orders/{ids['order']}", json={"callbackUrl": inbox.webhook.url})

    assert [hook["id"] for hook in client.get("/v1/webhooks").get_json()["data"]] == [inbox.webhook.id]


def test_what_a_consumer_raises_does_not_fail_the_call_that_caused_it(client: Client, store: Mockstore) -> None:
    def broken(_: Outgoing) -> Reply:
        raise RuntimeError("the consumer's own")

    store.subscribe(broken)
    pet = client.post("/v1/pets", json=PET).get_json()

    assert client.post("/v1/orders", json={"petId": pet["id"], "userId": pet["id"]}).status_code == 201
    assert any("the consumer's own" in complaint for complaint in store.complaints())


def test_an_order_is_processed_in_python_with_the_same_callback(store: Mockstore, ids: dict[str, str]) -> None:
    calls: list[Outgoing] = []

    def take(request: Outgoing) -> Reply:
        calls.append(request)
        return Reply(200)

    listener = store.subscribe(take, events="pet.adopted")

    taken = store.orders[ids["order"]].process(listener.url, amount="1.00")

    outcome = json.loads(calls[-1].body)
    assert (outcome["requestId"], outcome["status"]) == (taken["requestId"], "FAILED")
