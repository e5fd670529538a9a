"""The shop's verbs by way of a server: what `mockstore.shopfront` asks of the shop, asked there."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

from mockstore.model import Json, Payload
from mockstore.remote.wire import Wire
from mockstore.shopfront import Front, Orders, Pets, Users
from mockstore.world.clock import random_uuid

if TYPE_CHECKING:
    from mockstore.petstore.shop import Shop

T = TypeVar("T")


class RemoteFront:
    """The shop as a user holds it: `pets`, `orders`, `users`, each verb one request."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.shop = cast("Shop", _Shop(wire))
        front = cast("Front", self)  # the classes of the shop front ask for `shop`, `do` and `process`, no more
        self.pets = Pets(front)
        self.orders = Orders(front, random_uuid)
        self.users = Users(front)

    def do(self, verb: Callable[[], T]) -> T:
        """Return what `verb` returns; what it causes is under way on the server."""
        __tracebackhide__ = True
        return verb()

    def process(self, order_id: str, request: Payload) -> dict[str, Json]:
        """Take on a request to process an order; the outcome is called back later."""
        return cast("dict[str, Json]", _called(self._wire, "process", order_id, request))


class _Shop:
    """The departments of the shop."""

    def __init__(self, wire: Wire) -> None:
        self.pets = _Department(wire, "pets")
        self.orders = _Department(wire, "orders")
        self.payments = _Department(wire, "payments")
        self.users = _Department(wire, "users")


class _Department:
    """A department; whatever verb is asked of it, the server is asked for."""

    def __init__(self, wire: Wire, name: str) -> None:
        self._wire = wire
        self._name = name

    def __getattr__(self, verb: str) -> Callable[..., Json]:
        return lambda *arguments: _called(self._wire, f"{self._name}.{verb}", *arguments)


def _called(wire: Wire, verb: str, *arguments: Json) -> Json:
    return wire.post("records", "shop", verb=verb, arguments=list(arguments))["result"]
