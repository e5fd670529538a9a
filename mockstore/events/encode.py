"""Encodes events as JSON bytes, and writes and parses their times. Pure. All event bytes are made here."""

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from mockstore.errors import InvalidInputError
from mockstore.model import Payload

_TEXT: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_ASCII: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False)

_LENGTH_TO_SECONDS: Final = len("2025-01-06T12:00:00")


def encode(event: Payload) -> bytes:
    """Return `event` as compact JSON in UTF-8; raise `InvalidInputError` for a value that JSON cannot represent."""
    try:
        try:
            return _TEXT.encode(event).encode()
        except UnicodeEncodeError:  # a lone surrogate, which can only be written as an escape
            return _ASCII.encode(event).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(
            f"the event cannot be written as JSON ({error}): use str, int, float, bool, None, list and dict, "
            f"or send a body of your own",
            field="data",
        ) from None


def parse_moment(text: str) -> datetime:
    """Parse an RFC 3339 time with a zone; raise `InvalidInputError` for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidInputError(f"{text[:40]!r} is no time: write it with its zone, such as 2025-01-06T12:00:00Z")
    return moment


@lru_cache(maxsize=64)  # an event, its deliveries and their attempts often have the same time
def rfc3339(moment: datetime) -> str:
    """Return the aware `moment` in UTC, to the second, such as `2025-01-06T12:00:00Z` (contract 1.1)."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment.isoformat(timespec='seconds')[:_LENGTH_TO_SECONDS]}Z"
