"""`mockstore orders`: shipping and delivering an order."""

import json
from collections.abc import Callable

import httpx
import pytest
from click.testing import Result

CARD = {"object": "card", "name": "A", "number": "4242424242424242", "expMonth": 1, "expYear": 2030}


@pytest.fixture
def paid(server: str) -> str:
    """Return the id of a paid order."""
    with httpx.Client(base_url=f"{server}/v1", timeout=20) as http:
        pet = http.get("/pets").json()["data"][0]
        order = http.post("/orders", json={"petId": pet["id"], "userId": pet["id"]}).json()
        http.post(f"/orders/{order['id']}/payment", json={"source": CARD}).raise_for_status()
    return str(order["id"])


def test_an_order_is_shipped_and_delivered(at_server: Callable[..., Result], paid: str) -> None:
    shipped = at_server("orders", "ship", paid)
    delivered = at_server("orders", "deliver", paid, "--json")

    assert (shipped.exit_code, shipped.stdout) == (0, f"order {paid} is SHIPPED\n")
    assert json.loads(delivered.stdout)["status"] == "DELIVERED"


def test_a_move_out_of_turn_says_what_is_allowed(at_server: Callable[..., Result], paid: str) -> None:
    refused = at_server("orders", "deliver", paid)

    assert refused.exit_code == 2
    assert f"order '{paid}' is APPROVED, which allows: pay, ship, cancel" in refused.stderr


def test_an_unknown_order_is_named(at_server: Callable[..., Result]) -> None:
    assert "no order 'x'" in at_server("orders", "ship", "x").stderr
