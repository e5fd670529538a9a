"""The shop of a server: `mockstore.shopfront` with each call of the shop as a request."""

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
    """The attribute `shop` of a `RemoteMockstore`: `pets`, `orders`, `users`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.shop = cast("Shop", _Shop(wire))
        front = cast("Front", self)  # these classes use only `shop`, `do` and `process`
        self.pets = Pets(front)
        self.orders = Orders(front, random_uuid)
        self.users = Users(front)

    def do(self, verb: Callable[[], T]) -> T:
        """Call `verb` and return its result; the server delivers the events that it causes."""
        __tracebackhide__ = True
        return verb()

    def process(self, order_id: str, request: Payload) -> dict[str, Json]:
        """Return the response to a request to process an order; the outcome is sent to its callback URL later."""
        return cast("dict[str, Json]", _call(self._wire, "process", order_id, request))


class _Shop:
    """Stands for `Shop`: has the same parts."""

    def __init__(self, wire: Wire) -> None:
        self.pets = _Part(wire, "pets")
        self.orders = _Part(wire, "orders")
        self.payments = _Part(wire, "payments")
        self.users = _Part(wire, "users")


class _Part:
    """A part of the shop; every method is called on the server."""

    def __init__(self, wire: Wire, name: str) -> None:
        self._wire = wire
        self._name = name

    def __getattr__(self, verb: str) -> Callable[..., Json]:
        return lambda *arguments: _call(self._wire, f"{self._name}.{verb}", *arguments)


def _call(wire: Wire, verb: str, *arguments: Json) -> Json:
    return wire.post("records", "shop", verb=verb, arguments=list(arguments))["result"]
