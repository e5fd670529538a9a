"""Pages of a list (contract 2). Pure."""

from collections.abc import Sequence

from mockstore.model import Json, Payload
from mockstore.petstore.documents import copied

DEFAULT_LIMIT = 20


def page_of(items: Sequence[Payload], parameters: Payload) -> dict[str, Json]:
    """Return `{data, pagination}` for the `page` (from 1) and `limit` in `parameters`. A page past the end is empty."""
    page, limit = int(parameters.get("page", 1)), int(parameters.get("limit", DEFAULT_LIMIT))
    first = (page - 1) * limit
    total = len(items)
    return {
        "data": [copied(item) for item in items[first : first + limit]],
        "pagination": {"page": page, "limit": limit, "totalItems": total, "totalPages": -(-total // limit)},
    }
