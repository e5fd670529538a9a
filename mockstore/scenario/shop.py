"""What the verbs of the shop do in a scenario, as a table. The only part of a scenario that knows of pets."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from mockstore.errors import InvalidInputError
from mockstore.model import Json
from mockstore.scenario.stage import Stage
from mockstore.shopfront import GOOD_CARD

_Do = Callable[[Stage, Mapping[str, Json]], Json]


def _add_pet(stage: Stage, told: Mapping[str, Json]) -> Json:
    return stage.mockstore.pets.add(**told).document


def _find_pet(stage: Stage, told: Mapping[str, Json]) -> Json:
    found = stage.mockstore.pets.find(**told)
    if not found:
        raise InvalidInputError(f"no pet fits {dict(told)}")
    return found[0].document


def _update_pet(stage: Stage, told: Mapping[str, Json]) -> Json:
    return stage.mockstore.pets[told["pet"]].update(**told["set"]).document


def _adopt_pet(stage: Stage, told: Mapping[str, Json]) -> Json:
    return stage.mockstore.pets[told["pet"]].adopt(told.get("by")).document


def _remove_pet(stage: Stage, told: Mapping[str, Json]) -> Json:
    stage.mockstore.pets[told["pet"]].remove()


def _place_order(stage: Stage, told: Mapping[str, Json]) -> Json:
    return stage.mockstore.orders.place(told["pet"], told.get("user")).document


def _pay_order(stage: Stage, told: Mapping[str, Json]) -> Json:
    members = {name: told[name] for name in ("currency", "source") if name in told}
    if "amount" in told:
        members["amount"] = str(told["amount"])
    return stage.mockstore.orders[told["order"]].pay(str(told.get("card", GOOD_CARD)), **members)


def _ship_order(stage: Stage, told: Mapping[str, Json]) -> Json:
    return stage.mockstore.orders[told["order"]].ship().document


def _deliver_order(stage: Stage, told: Mapping[str, Json]) -> Json:
    return stage.mockstore.orders[told["order"]].deliver().document


def _cancel_order(stage: Stage, told: Mapping[str, Json]) -> Json:
    return stage.mockstore.orders[told["order"]].cancel().document


def _add_user(stage: Stage, told: Mapping[str, Json]) -> Json:
    return stage.mockstore.users.add(**told).document


SHOP: Final[Mapping[str, _Do]] = MappingProxyType(
    {
        "pet.add": _add_pet,
        "pet.find": _find_pet,
        "pet.update": _update_pet,
        "pet.adopt": _adopt_pet,
        "pet.remove": _remove_pet,
        "order.place": _place_order,
        "order.pay": _pay_order,
        "order.ship": _ship_order,
        "order.deliver": _deliver_order,
        "order.cancel": _cancel_order,
        "user.add": _add_user,
    }
)
"""Each verb, and the document of the API that it leads to."""


def document_of(stage: Stage, kind: str, id_: str) -> Json:
    """Return what the API shows of a pet, an order or a user; raise `NotFoundError`."""
    if kind == "pet":
        return stage.mockstore.pets[id_].document
    return stage.mockstore.orders[id_].document if kind == "order" else stage.mockstore.users[id_].document
