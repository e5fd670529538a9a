"""The log of a server: one line for each thing that happens, as text or as JSON.

Secrets, headers and bodies are never logged. Texts that others can choose (URLs, paths, texts of errors) are escaped,
so that nobody can forge a line.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from mockstore.model import Attempted, DeliveryState, Disabled, Json, Observation, Outcome
from mockstore.settings import LogFormat, Settings

_LOG: Final = logging.getLogger("mockstore.deliveries")
_OURS: Final = "mockstore"
"""The parent of all our loggers; those of other libraries are left alone."""
_MASK: Final = "***"
_SAFE_OUTCOMES: Final = frozenset({Outcome.TIMEOUT, Outcome.UNREACHABLE, Outcome.RESET})
"""Outcomes whose error text has nothing of the receiver's response, which may contain a signature."""


@contextmanager
def written(settings: Settings) -> Iterator[None]:
    """Write the log to stderr inside the block. Only for the command: a library must not configure logging."""
    log, handler = logging.getLogger(_OURS), logging.StreamHandler()
    handler.setFormatter(_FORMATTERS[settings.log_format]())
    before = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(settings.log_level.upper())
    log.propagate = False
    try:
        yield
    finally:
        log.setLevel(before[0])
        log.propagate = before[1]
        log.removeHandler(handler)


def note(tenant_id: str | None, seen: Observation) -> None:
    """Log what the engine reports: an attempt as information, a disabled webhook as a warning."""
    if isinstance(seen, Attempted):
        if _LOG.isEnabledFor(logging.INFO):
            _LOG.info("attempt", extra={"fields": {"tenant": tenant_id or "shared"} | _of_attempt(seen)})
    elif isinstance(seen, Disabled):
        fields = {
            "tenant": tenant_id or "shared",
            "webhook": seen.webhook.id,
            "url": masked(seen.webhook.url),
            "why": seen.why,
        }
        _LOG.warning("webhook disabled", extra={"fields": fields})


def masked(url: str) -> str:
    """Return the URL with user, password and query masked, since they may contain tokens."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return _MASK
    user, at, host = parts.netloc.rpartition("@")
    shown = urlunsplit((parts.scheme, (_MASK if user else "") + at + host, parts.path, "", ""))
    return f"{shown}?{_MASK}" if parts.query else shown


def _of_attempt(seen: Attempted) -> dict[str, Json]:
    attempt, delivery = seen.attempt, seen.delivery
    due = delivery.due if delivery.state is DeliveryState.PENDING else None
    url = attempt.sent.url
    error = attempt.error if attempt.outcome in _SAFE_OUTCOMES else None
    return {
        "delivery": delivery.id,
        "event": seen.event.id,
        "type": seen.event.type,
        "webhook": seen.webhook.id,
        "url": masked(url),
        "attempt": attempt.number,
        "outcome": str(attempt.outcome),
        "status": attempt.status,
        "duration_ms": round(attempt.duration.total_seconds() * 1000, 3),
        "state": str(delivery.state),
        "next_due": None if due is None else due.isoformat(),
        "error": None if error is None else error.replace(url, masked(url)),
    }


class TextFormatter(logging.Formatter):
    """`time LEVEL message name=value …`; a traceback follows on lines that begin with a bar."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, or lines."""
        fields = {name: value for name, value in _fields(record).items() if value is not None}
        pairs = [f"{name}={_quoted(value)}" for name, value in fields.items()]
        line = " ".join([_moment(record), record.levelname, _escaped(record.getMessage()), *pairs])
        if not record.exc_info:
            return line
        traceback = self.formatException(record.exc_info).split("\n")
        return "\n".join([line, *(f"  | {_escaped(one)}" for one in traceback)])


class JsonFormatter(logging.Formatter):
    """One JSON object in ASCII for each record, a traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        document = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        return _ascii(document)


_FORMATTERS: Final[Mapping[LogFormat, type[logging.Formatter]]] = MappingProxyType(
    {"text": TextFormatter, "json": JsonFormatter}
)


def _fields(record: logging.LogRecord) -> Mapping[str, Json]:
    fields: Mapping[str, Json] = getattr(record, "fields", {})
    return fields


def _moment(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def _quoted(value: Json) -> str:
    """Return the value as one word, or in quotes."""
    text = str(value)
    plain = text.isascii() and text.isprintable() and not set(text) & set(' "=\\')
    return text if text and plain else _ascii(text)


def _ascii(value: Json) -> str:
    """Return JSON without control characters; of those in ASCII, `json` leaves only DEL unescaped."""
    return json.dumps(value).replace("\x7f", "\\u007f")
