"""Strict checks of the JSON Schema formats date-time, date, email, uri and uuid. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType

_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?=.{{1,255}}\Z){_LABEL}(?:\.{_LABEL})+")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
_UUID = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}")


def is_date_time(text: str) -> bool:
    """Tell whether `text` is an RFC 3339 `date-time` (5.6); second 60 only where a leap second can be."""
    match = _DATE_TIME.fullmatch(text)
    if match is None or not is_date(match[1]):
        return False
    return match[4] != "60" or _is_leap_second(text)


def is_date(text: str) -> bool:
    """Tell whether `text` is an RFC 3339 `full-date` that exists in the calendar."""
    if _DATE.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_email(text: str) -> bool:
    """Tell whether `text` is an ASCII mailbox of RFC 5321: a dot-atom, `@`, and a domain with at least one dot."""
    return _EMAIL.fullmatch(text) is not None


def is_uri(text: str) -> bool:
    """Tell whether `text` is a scheme, a colon, and only characters that RFC 3986 allows."""
    return _URI.fullmatch(text) is not None


def is_uuid(text: str) -> bool:
    """Tell whether `text` has the form 8-4-4-4-12 in hexadecimal; version and variant are ignored (contract 1.1)."""
    return _UUID.fullmatch(text) is not None


FORMATS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {"date-time": is_date_time, "date": is_date, "email": is_email, "uri": is_uri, "uuid": is_uuid}
)
"""The check of each format, by its name in JSON Schema."""


def _is_leap_second(text: str) -> bool:
    """Tell whether the second 60 in `text` falls on 23:59:60 UTC (RFC 3339, 5.7)."""
    offset = "Z" if text[-1] in "Zz" else text[-6:]
    try:
        second_59 = datetime.fromisoformat(f"{text[:17]}59{offset}").astimezone(UTC)
    except OverflowError:  # in UTC it lies second_59 year 1 or after year 9999
        return False
    return f"{second_59:%H:%M}" == "23:59"
