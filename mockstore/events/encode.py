"""How an event is written: its bytes and its times. Pure, and the one place where event bytes are made."""

import json
from datetime import UTC, datetime

from mockstore.errors import InvalidInputError
from mockstore.model import Payload


def encode(event: Payload) -> bytes:
    """Return `event` as compact JSON in UTF-8; raise `InvalidInputError` for what JSON cannot hold."""
    try:
        try:
            return _compact(event, ascii_only=False)
        except UnicodeEncodeError:  # a lone surrogate, which JSON can hold only escaped
            return _compact(event, ascii_only=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(
            f"the event cannot be written as JSON ({error}): use str, int, float, bool, None, list and dict, "
            f"or send a body of your own",
            field="data",
        ) from None


def rfc3339(moment: datetime) -> str:
    """Return the aware `moment` in UTC to the second, with `Z`, as the contract's samples have it."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment.replace(microsecond=0, tzinfo=None).isoformat()}Z"


def _compact(event: Payload, *, ascii_only: bool) -> bytes:
    return json.dumps(event, ensure_ascii=ascii_only, separators=(",", ":"), allow_nan=False).encode()
