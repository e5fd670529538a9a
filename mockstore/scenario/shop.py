"""The verbs of a scenario for pets, orders and users, as a table of functions."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from mockstore.errors import InvalidInputError
from mockstore.model import Json
from mockstore.scenario.stage import Stage
from mockstore.shopfront import GOOD_CARD

_Action = Callable[[Stage, Mapping[str, Json]], Json]


def _add_pet(stage: Stage, arguments: Mapping[str, Json]) -> Json:
    return stage.mockstore.pets.add(**arguments).document


def _find_pet(stage: Stage, arguments: Mapping[str, Json]) -> Json:
    found = stage.mockstore.pets.find(**arguments)
    if not found:
        raise InvalidInputError(f"no pet fits {dict(arguments)}")
    return found[0].document


def _update_pet(stage: Stage, arguments: Mapping[str, Json]) -> Json:
    return stage.mockstore.pets[arguments["pet"]].update(**arguments["set"]).document


def _adopt_pet(stage: Stage, arguments: Mapping[str, Json]) -> Json:
    return stage.mockstore.pets[arguments["pet"]].adopt(arguments.get("by")).document


def _remove_pet(stage: Stage, arguments: Mapping[str, Json]) -> Json:
    stage.mockstore.pets[arguments["pet"]].remove()


def _place_order(stage: Stage, arguments: Mapping[str, Json]) -> Json:
    return stage.mockstore.orders.place(arguments["pet"], arguments.get("user")).document


def _pay_order(stage: Stage, arguments: Mapping[str, Json]) -> Json:
    members = {name: arguments[name] for name in ("currency", "source") if name in arguments}
    if "amount" in arguments:
        members["amount"] = str(arguments["amount"])
    return stage.mockstore.orders[arguments["order"]].pay(str(arguments.get("card", GOOD_CARD)), **members)


def _ship_order(stage: Stage, arguments: Mapping[str, Json]) -> Json:
    return stage.mockstore.orders[arguments["order"]].ship().document


def _deliver_order(stage: Stage, arguments: Mapping[str, Json]) -> Json:
    return stage.mockstore.orders[arguments["order"]].deliver().document


def _cancel_order(stage: Stage, arguments: Mapping[str, Json]) -> Json:
    return stage.mockstore.orders[arguments["order"]].cancel().document


def _add_user(stage: Stage, arguments: Mapping[str, Json]) -> Json:
    return stage.mockstore.users.add(**arguments).document


SHOP: Final[Mapping[str, _Action]] = MappingProxyType(
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
"""The function for each verb; it returns the API's document of the resource, or None."""


def document_of(stage: Stage, kind: str, id_: str) -> Json:
    """Return the API's document of a pet, an order or a user; raise `NotFoundError` for an unknown id."""
    if kind == "pet":
        return stage.mockstore.pets[id_].document
    return stage.mockstore.orders[id_].document if kind == "order" else stage.mockstore.users[id_].document
