"""How an event is written: its bytes and its times. Pure, and the one place where event bytes are made."""

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from mockstore.errors import InvalidInputError
from mockstore.model import Payload

_TEXT: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_ASCII: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False)

_TO_THE_SECOND: Final = len("2025-01-06T12:00:00")


def encode(event: Payload) -> bytes:
    """Return `event` as compact JSON in UTF-8; raise `InvalidInputError` for what JSON cannot hold."""
    try:
        try:
            return _TEXT.encode(event).encode()
        except UnicodeEncodeError:  # a lone surrogate, which JSON can hold only escaped
            return _ASCII.encode(event).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(
            f"the event cannot be written as JSON ({error}): use str, int, float, bool, None, list and dict, "
            f"or send a body of your own",
            field="data",
        ) from None


def parse_moment(text: str) -> datetime:
    """Read a time of RFC 3339; raise `InvalidInputError` for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidInputError(f"{text[:40]!r} is no time: write it with its zone, such as 2025-01-06T12:00:00Z")
    return moment


@lru_cache(maxsize=64)  # an event, its deliveries and their attempts say the same moment
def rfc3339(moment: datetime) -> str:
    """Return the aware `moment` in UTC to the second, with `Z`, as the contract's samples have it."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment.isoformat(timespec='seconds')[:_TO_THE_SECOND]}Z"
