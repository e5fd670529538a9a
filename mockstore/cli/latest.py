"""The word `latest`, which stands for the id of the latest delivery."""

from typing import Final

from mockstore.cli.client import Client
from mockstore.errors import InvalidInputError

LATEST: Final = "latest"


def named_delivery(client: Client, named: str) -> str:
    """Return the id that is meant; raise `InvalidInputError` when there is no latest delivery."""
    if named != LATEST:
        return named
    count = client.get("/_mockstore/deliveries", expect="pagination", limit=1)["pagination"]["totalPages"]
    if not count:
        raise InvalidInputError("nothing was delivered yet, so there is no latest delivery; see `mockstore emit`")
    return str(client.get("/_mockstore/deliveries", expect="data", limit=1, page=count)["data"][0]["id"])
