"""`latest` instead of a delivery's id: the delivery that was made last."""

from typing import Final

from mockstore.cli.client import Client
from mockstore.errors import InvalidInputError

LATEST: Final = "latest"


def delivery_id_of(client: Client, named: str) -> str:
    """Return the id, that of the latest delivery for `latest`; raise `InvalidInputError` when there is no delivery."""
    if named != LATEST:
        return named
    count = client.get("/_mockstore/deliveries", expect="pagination", limit=1)["pagination"]["totalPages"]
    if not count:
        raise InvalidInputError("nothing was delivered yet, so there is no latest delivery; see `mockstore emit`")
    return str(client.get("/_mockstore/deliveries", expect="data", limit=1, page=count)["data"][0]["id"])
