"""The shop of one tenant: everything that contract 2 lets people do, without HTTP."""

from collections.abc import Callable
from datetime import datetime

from mockstore.model import Payload
from mockstore.petstore.chat import Chat
from mockstore.petstore.context import Catalogue, ShopContext
from mockstore.petstore.orders import Orders
from mockstore.petstore.payments import Payments
from mockstore.petstore.pets import Pets
from mockstore.petstore.users import Users
from mockstore.world.seams import Store


class Shop:
    """What a tenant sees and does: `pets`, `orders`, `payments`, `users`, `chat`. Holds no state of its own.

    `new_id` returns a new UUIDv7 at each call; `announce` takes the type and the data of an event and is called inside
    the transaction of the change; `base_url` is where the images of pets are found.
    """

    def __init__(  # noqa: PLR0913 - the composition of a shop, given by name in two places
        self,
        store: Store,
        catalogue: Catalogue,
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        announce: Callable[[str, Payload], None],
        tenant: str | None = None,
        base_url: str = "/v1",
    ) -> None:
        context = ShopContext(store, catalogue, now, new_id, announce, tenant, base_url)
        self.pets = Pets(context)
        self.orders = Orders(context, self.pets)
        self.payments = Payments(context, self.orders)
        self.users = Users(context)
        self.chat = Chat(context)
