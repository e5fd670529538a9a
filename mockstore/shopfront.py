"""The Python API of the shop: the same operations, rules and events as the Petstore API, without HTTP."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from msgspec.structs import replace

from mockstore.events import uuid7
from mockstore.model import Json, Payload
from mockstore.parts import Parts
from mockstore.petstore.catalogue import seeded
from mockstore.petstore.payments import card_source
from mockstore.petstore.shop import Shop
from mockstore.petstore.tokens import Tokens
from mockstore.publishing import Publisher
from mockstore.registration import checked_url

T = TypeVar("T")

A_PET: Payload = {
    "name": "Rex",
    "species": "DOG",
    "ageMonths": 12,
    "price": "100.00",
    "currency": "USD",
    "status": "AVAILABLE",
}
"""The default members of a pet that a test adds."""

GOOD_CARD = "4242424242424242"
"""A test card whose payments succeed."""


def shop_of(parts: Parts, publisher: Publisher) -> Shop:
    """Return a shop with the store of `parts` and the seeded catalogue; its events go to `publisher`."""
    return Shop(
        parts.store,
        seeded(parts.chance.seed or 0),
        now=parts.clock.now,
        new_id=lambda: uuid7(parts.clock.now(), parts.chance.dice),
        announce=publisher.announce,
        tenant=parts.tenant,
        base_url=parts.base_url,
    )


class Front:
    """The attribute `shop` of a `Mockstore`; `come_out` raises the exception of a consumer, if there was one."""

    def __init__(self, parts: Parts, publisher: Publisher, come_out: Callable[[], None]) -> None:
        self._parts = parts
        self._publisher = publisher
        self._come_out = come_out
        self.shop = shop_of(parts, publisher)
        self.tokens = Tokens(self.shop.users, parts.chance.key(f"tokens of {parts.tenant}"), parts.clock.now)
        self.pets = Pets(self)
        self.orders = Orders(self, lambda: uuid7(parts.clock.now(), parts.chance.dice))
        self.users = Users(self)

    def do(self, verb: Callable[[], T]) -> T:
        """Call `verb`, start the deliveries that it causes, and return its result; raise what a consumer raised."""
        __tracebackhide__ = True
        result = self.serve(verb)
        self._come_out()
        return result

    def serve(self, verb: Callable[[], T]) -> T:
        """Do the same as `do`, but without raising the exception of a consumer: for clients over HTTP."""
        result = verb()
        self._parts.pump.kick()  # not before: the changes of `verb` must be committed
        return result

    def at(self, base_url: str) -> Shop:
        """Return the shop with another base URL, which the URLs of its new images start with."""
        return shop_of(replace(self._parts, base_url=base_url), self._publisher)

    def process(self, order_id: str, request: Payload) -> dict[str, Json]:
        """Return the response to a request to process an order (schema `order-request`), and publish its callback.

        Call it by `do` or `serve`. Raise `InvalidInputError` for a `callbackUrl` whose scheme webhooks may not have.
        """
        processing = self.shop.orders.process(order_id, request)
        url = checked_url(processing.callback.url, schemes=self._parts.options.url_schemes, field="callbackUrl")
        self._publisher.call_back(url, processing.callback.document, name="orderProcessed")
        return processing.answer


class Pets:
    """The pets; `pets[id]` raises `NotFoundError` for an unknown id."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def __getitem__(self, pet_id: str) -> "Pet":
        self._front.shop.pets.get(pet_id)
        return Pet(self._front, pet_id)

    def add(self, **members: Json) -> "Pet":
        """Add a pet with these members (`name`, `species`, `ageMonths`, `price`, …); missing ones get sample values."""
        __tracebackhide__ = True
        document = self._front.do(lambda: self._front.shop.pets.add({**A_PET, **members}))
        return Pet(self._front, document["id"])

    def find(self, **filters: Json) -> "list[Pet]":
        """Return one page of pets; filters and their defaults are the query parameters of `GET /v1/pets`."""
        found = self._front.shop.pets.find(filters)
        return [Pet(self._front, document["id"]) for document in found["data"]]

    def __iter__(self) -> "Iterator[Pet]":
        return iter(self.find())


class Pet:
    """A pet. `pet["name"]` reads a member of its current document."""

    def __init__(self, front: Front, pet_id: str) -> None:
        self._front = front
        self.id = pet_id

    @property
    def document(self) -> dict[str, Json]:
        """The current document, as in the response to `GET /v1/pets/{id}`."""
        return self._front.shop.pets.get(self.id)

    def __getitem__(self, member: str) -> Json:
        return self.document[member]

    @property
    def status(self) -> str:
        """The current status."""
        return str(self["status"])

    def update(self, **changes: Json) -> "Pet":
        """Change members, as `PUT /v1/pets/{id}` does."""
        __tracebackhide__ = True
        self._front.do(lambda: self._front.shop.pets.update(self.id, changes))
        return self

    def adopt(self, by: str | Payload | None = None) -> "Pet":
        """Make the pet ADOPTED; `by` is a user's id or `{id, name, email}`, or None for a made-up adopter."""
        __tracebackhide__ = True
        self._front.do(lambda: self._front.shop.pets.adopt(self.id, by))
        return self

    def remove(self) -> None:
        """Remove the pet from the shop."""
        __tracebackhide__ = True
        self._front.do(lambda: self._front.shop.pets.remove(self.id))

    def __repr__(self) -> str:
        return f"<Pet {self.id}>"


class Orders:
    """The orders; `orders[id]` raises `NotFoundError` for an unknown id."""

    def __init__(self, front: Front, new_id: Callable[[], str]) -> None:
        self._front = front
        self._new_id = new_id

    def __getitem__(self, order_id: str) -> "Order":
        self._front.shop.orders.get(order_id)
        return Order(self._front, order_id)

    def place(self, pet: Pet | str, user: "User | str | None" = None) -> "Order":
        """Order a pet for a user; None stands for a user that the shop does not know."""
        __tracebackhide__ = True
        wanted = {"petId": _id(pet), "userId": _id(user) if user is not None else self._new_id()}
        document = self._front.do(lambda: self._front.shop.orders.place(wanted))
        return Order(self._front, document["id"])


class Order:
    """An order. `order["status"]` reads a member of its current document."""

    def __init__(self, front: Front, order_id: str) -> None:
        self._front = front
        self.id = order_id

    @property
    def document(self) -> dict[str, Json]:
        """The current document, as in the response to `GET /v1/orders/{id}`."""
        return self._front.shop.orders.get(self.id)

    def __getitem__(self, member: str) -> Json:
        return self.document[member]

    @property
    def status(self) -> str:
        """The current status."""
        return str(self["status"])

    @property
    def pet(self) -> Pet:
        """The ordered pet."""
        return Pet(self._front, self["petId"])

    def pay(self, card: str = GOOD_CARD, **members: Json) -> dict[str, Json]:
        """Pay the order and return the payment; the card number decides whether it succeeds."""
        __tracebackhide__ = True
        wanted = {"source": card_source(card), **members}
        return self._front.do(lambda: self._front.shop.payments.pay(self.id, wanted))

    def ship(self) -> "Order":
        """Ship the order, which must be APPROVED."""
        return self._move(self._front.shop.orders.ship)

    def deliver(self) -> "Order":
        """Deliver the order, which must be SHIPPED."""
        return self._move(self._front.shop.orders.deliver)

    def cancel(self) -> "Order":
        """Cancel the order, which must be PLACED or APPROVED."""
        return self._move(self._front.shop.orders.cancel)

    def process(self, callback_url: str, **members: Json) -> dict[str, Json]:
        """Process the order, as `POST /v1/orders/{id}` does: the outcome is sent to `callback_url`."""
        __tracebackhide__ = True
        wanted = {"callbackUrl": callback_url, **members}
        return self._front.do(lambda: self._front.process(self.id, wanted))

    def _move(self, verb: Callable[[str], object]) -> "Order":
        __tracebackhide__ = True
        self._front.do(lambda: verb(self.id))
        return self

    def __repr__(self) -> str:
        return f"<Order {self.id}>"


class Users:
    """The users; `users[id]` raises `NotFoundError` for an unknown id."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def __getitem__(self, user_id: str) -> "User":
        self._front.shop.users.get(user_id)
        return User(self._front, user_id)

    def add(self, **members: Json) -> "User":
        """Register a user (`username`, `email`, `password`, `firstName`, `lastName` …), as `POST /v1/users` does."""
        __tracebackhide__ = True
        document = self._front.do(lambda: self._front.shop.users.create(members))
        return User(self._front, document["id"])


class User:
    """A user. `user["email"]` reads a member of the current document."""

    def __init__(self, front: Front, user_id: str) -> None:
        self._front = front
        self.id = user_id

    @property
    def document(self) -> dict[str, Json]:
        """The current document, as in the response to `GET /v1/users/{id}`."""
        return self._front.shop.users.get(self.id)

    def __getitem__(self, member: str) -> Json:
        return self.document[member]

    def __repr__(self) -> str:
        return f"<User {self.id}>"


def _id(thing: Pet | User | str) -> str:
    return thing if isinstance(thing, str) else thing.id
