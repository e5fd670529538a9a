"""The shop in Python: the same verbs, rules and events as over HTTP, without HTTP."""

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
"""What a pet is unless something else is said."""

GOOD_CARD = "4242424242424242"
"""The test card whose payments succeed."""


def shop_of(parts: Parts, publisher: Publisher) -> Shop:
    """Return the shop over the parts' store, with the seeded catalogue; its changes are announced as events."""
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
    """The shop as a user holds it, and as the doors do; `come_out` raises what a consumer's code raised."""

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
        """Return what `verb` returns, once what it causes is under way; what a consumer's code raises comes out."""
        __tracebackhide__ = True
        result = self.serve(verb)
        self._come_out()
        return result

    def serve(self, verb: Callable[[], T]) -> T:
        """Do as `do` does for somebody outside: what a consumer's code raises stays with its delivery."""
        result = verb()
        self._parts.pump.kick()  # not earlier: what `verb` changed is committed now
        return result

    def at(self, base_url: str) -> Shop:
        """Return the shop as it is found at `base_url`, which is where its new images are."""
        return shop_of(replace(self._parts, base_url=base_url), self._publisher)

    def process(self, order_id: str, request: Payload) -> dict[str, Json]:
        """Take on a request to process an order (schema `order-request`); the outcome is called back later.

        To be handed to `do` or `serve`. Raises `InvalidInputError` for a `callbackUrl` whose scheme no
        webhook may have either.
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
        """Add a pet with these members (`name`, `species`, `ageMonths`, `price`, …); what is not said is made up."""
        __tracebackhide__ = True
        document = self._front.do(lambda: self._front.shop.pets.add({**A_PET, **members}))
        return Pet(self._front, document["id"])

    def find(self, **filters: Json) -> "list[Pet]":
        """Return the pets of a page, with the filters and the defaults of `GET /v1/pets`."""
        found = self._front.shop.pets.find(filters)
        return [Pet(self._front, document["id"]) for document in found["data"]]

    def __iter__(self) -> "Iterator[Pet]":
        return iter(self.find())


class Pet:
    """One pet. `pet["name"]` reads a member of its document as it stands now."""

    def __init__(self, front: Front, pet_id: str) -> None:
        self._front = front
        self.id = pet_id

    @property
    def document(self) -> dict[str, Json]:
        """What `GET /v1/pets/{id}` answers."""
        return self._front.shop.pets.get(self.id)

    def __getitem__(self, member: str) -> Json:
        return self.document[member]

    @property
    def status(self) -> str:
        """Where it stands."""
        return str(self["status"])

    def update(self, **changes: Json) -> "Pet":
        """Change members, as `PUT /v1/pets/{id}` does."""
        __tracebackhide__ = True
        self._front.do(lambda: self._front.shop.pets.update(self.id, changes))
        return self

    def adopt(self, by: str | Payload | None = None) -> "Pet":
        """Have it adopted by a user's id, or by `{id, name, email}`."""
        __tracebackhide__ = True
        self._front.do(lambda: self._front.shop.pets.adopt(self.id, by))
        return self

    def remove(self) -> None:
        """Take it out of the shop."""
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
        """Order a pet for a user; without one, for somebody the shop does not know."""
        __tracebackhide__ = True
        wanted = {"petId": _id(pet), "userId": _id(user) if user is not None else self._new_id()}
        document = self._front.do(lambda: self._front.shop.orders.place(wanted))
        return Order(self._front, document["id"])


class Order:
    """One order. `order["status"]` reads a member of its document as it stands now."""

    def __init__(self, front: Front, order_id: str) -> None:
        self._front = front
        self.id = order_id

    @property
    def document(self) -> dict[str, Json]:
        """What `GET /v1/orders/{id}` answers."""
        return self._front.shop.orders.get(self.id)

    def __getitem__(self, member: str) -> Json:
        return self.document[member]

    @property
    def status(self) -> str:
        """Where it stands."""
        return str(self["status"])

    @property
    def pet(self) -> Pet:
        """The pet that was ordered."""
        return Pet(self._front, self["petId"])

    def pay(self, card: str = GOOD_CARD, **members: Json) -> dict[str, Json]:
        """Pay and return the payment; the card's number decides how it ends."""
        __tracebackhide__ = True
        wanted = {"source": card_source(card), **members}
        return self._front.do(lambda: self._front.shop.payments.pay(self.id, wanted))

    def ship(self) -> "Order":
        """Send it off."""
        return self._move(self._front.shop.orders.ship)

    def deliver(self) -> "Order":
        """Hand it over."""
        return self._move(self._front.shop.orders.deliver)

    def cancel(self) -> "Order":
        """Call it off."""
        return self._move(self._front.shop.orders.cancel)

    def process(self, callback_url: str, **members: Json) -> dict[str, Json]:
        """Have it processed, as `POST /v1/orders/{id}` does: the outcome goes to `callback_url`."""
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
    """One user. `user["email"]` reads a member of the document as it stands now."""

    def __init__(self, front: Front, user_id: str) -> None:
        self._front = front
        self.id = user_id

    @property
    def document(self) -> dict[str, Json]:
        """What `GET /v1/users/{id}` answers."""
        return self._front.shop.users.get(self.id)

    def __getitem__(self, member: str) -> Json:
        return self.document[member]

    def __repr__(self) -> str:
        return f"<User {self.id}>"


def _id(thing: Pet | User | str) -> str:
    return thing if isinstance(thing, str) else thing.id
