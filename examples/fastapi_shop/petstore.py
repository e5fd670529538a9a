"""A client of the Petstore's API, with the calls that the hotline needs."""

from collections.abc import Mapping
from typing import Any

import httpx

URL = "https://api.petstoreapi.com/v1"


class Petstore:
    """Orders pets and pays for them; its methods raise `httpx.HTTPStatusError` when the Petstore refuses."""

    def __init__(self, client: httpx.AsyncClient, url: str = URL) -> None:
        self._client = client
        self._url = url

    async def order(self, pet_id: str, user_id: str) -> str:
        """Order a pet and return the order's id."""
        order = await self._post("/orders", {"petId": pet_id, "userId": user_id})
        return str(order["id"])

    async def pay(self, order_id: str, card: Mapping[str, Any]) -> str:
        """Pay by card and return the payment's status; a refused card is answered with 201, too."""
        payment = await self._post(f"/orders/{order_id}/payment", {"source": {"object": "card", **card}})
        return str(payment["status"])

    async def _post(self, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        response = await self._client.post(self._url + path, json=document, timeout=5)
        answer: dict[str, Any] = response.raise_for_status().json()
        return answer
