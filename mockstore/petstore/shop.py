"""The shop of one tenant: the operations of contract 2, without HTTP."""

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
    """The shop of one tenant: `pets`, `orders`, `payments`, `users` and `chat`. Its state is in `store`.

    `new_id` returns a new UUIDv7 at each call. `announce` emits an event, given its type and data; it is called inside
    the transaction of the change. `base_url` is the URL of the API, under which images are found.
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
