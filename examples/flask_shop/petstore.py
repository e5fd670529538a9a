"""A client of the Petstore's API, with the calls that the shop needs."""

import requests

URL = "https://api.petstoreapi.com/v1"


class Petstore:
    """Orders pets and pays for them; its methods raise `requests.HTTPError` when the Petstore refuses."""

    def __init__(self, session: requests.Session, url: str = URL, timeout: float = 5) -> None:
        self._session = session
        self._url = url
        self._timeout = timeout

    def order(self, pet_id: str, user_id: str) -> str:
        """Order a pet and return the order's id."""
        return str(self._post("/orders", {"petId": pet_id, "userId": user_id})["id"])

    def pay(self, order_id: str, card: dict[str, object]) -> bool:
        """Pay by card and return whether it succeeded; a refused card is answered with 201, too."""
        payment = self._post(f"/orders/{order_id}/payment", {"source": {"object": "card", **card}})
        return bool(payment["status"] == "SUCCEEDED")

    def _post(self, path: str, document: dict[str, object]) -> dict[str, object]:
        response = self._session.post(self._url + path, json=document, timeout=self._timeout)
        response.raise_for_status()
        answer: dict[str, object] = response.json()
        return answer
