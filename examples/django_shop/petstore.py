"""A client of the Petstore's API. Its functions raise `httpx.HTTPError` when the API refuses or cannot be reached."""

from typing import Any

import httpx
from django.conf import settings


def find_pet(pet_id: str) -> dict[str, Any] | None:
    """Return the pet as it is now; None when there is no such pet."""
    with _client() as client:
        response = client.get(f"/pets/{pet_id}")
    return None if response.status_code == httpx.codes.NOT_FOUND else _document(response)


def order_and_pay(pet_id: str, user_id: str, card: dict[str, Any]) -> dict[str, Any]:
    """Order the pet and pay for it; return the payment, whose `status` may be FAILED."""
    with _client() as client:
        order = _document(client.post("/orders", json={"petId": pet_id, "userId": user_id}))
        return _document(client.post(f"/orders/{order['id']}/payment", json={"source": {"object": "card", **card}}))


def _client() -> httpx.Client:
    return httpx.Client(base_url=settings.PETSTORE_URL, timeout=3)


def _document(response: httpx.Response) -> dict[str, Any]:
    document: dict[str, Any] = response.raise_for_status().json()
    return document
