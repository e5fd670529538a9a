"""Renders the settings and rules of one tenant as a document, and parses a request to change them."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from msgspec.structs import replace

from mockstore.delivery.schedule import LONGEST, LONGEST_ANSWER
from mockstore.errors import InvalidInputError
from mockstore.model import Json
from mockstore.parts import provider_with
from mockstore.provider import Provider
from mockstore.service import Mockstore
from mockstore.settings import Settings
from mockstore.web.documents import Document
from mockstore.web.reading import found, whole_object
from mockstore.web.records import installed_version

_SETTINGS: Final[Mapping[str, tuple[str, type | tuple[type, ...]]]] = MappingProxyType(
    {
        "clock": ("clock", str),
        "seed": ("seed", (int, type(None))),
        "signatureTime": ("signature_time", str),
        "requireHttps": ("require_https", bool),
    }
)
"""The members that equal a setting, with their types."""
_RULES: Final = ("scheduleSeconds", "jitter", "timeoutSeconds", "signatures", "retryAfter")


def settings_document(mockstore: Mockstore) -> Document:
    """Return the rules in force for a tenant, and its time to the microsecond."""
    provider, clock = mockstore.provider, mockstore.clock
    return {
        "version": installed_version(),
        "provider": provider.name,
        "now": clock.now().isoformat(),
        "frozen": clock.frozen,
        "scheduleSeconds": [wait.total_seconds() for wait in provider.schedule.waits],
        "jitter": provider.schedule.jitter,
        "timeoutSeconds": provider.timeout.total_seconds(),
        "signatures": list(provider.signatures),
        "retryAfter": bool(provider.retry_after_statuses),
        "requireHttps": mockstore.options.url_schemes == ("https",),
    }


def asked_settings(settings: Settings, provider: Provider) -> tuple[Settings, Provider]:
    """Return the server's settings and rules with the changes in the request's body."""
    wanted = whole_object()
    for name in wanted:
        if name not in _SETTINGS and name not in _RULES:
            known = ", ".join((*_SETTINGS, *_RULES))
            raise InvalidInputError(f"{name!r} is no rule of a tenant; allowed: {known}", field=name, code="unknown")
    changes: dict[str, Any] = {}
    for name, (setting, kind) in _SETTINGS.items():
        if name in wanted:
            _must(isinstance(wanted[name], kind), name, wanted[name])
            changes[setting] = wanted[name]
    return replace(settings, **changes), _asked_rules(provider, wanted)


def _asked_rules(provider: Provider, wanted: Mapping[str, Json]) -> Provider:
    schedule, jitter = provider.schedule, wanted.get("jitter")
    if "scheduleSeconds" in wanted:
        waits = wanted["scheduleSeconds"]
        _must(isinstance(waits, list) and all(map(_is_span, waits)), "scheduleSeconds", waits)
        schedule = replace(schedule, waits=tuple(timedelta(seconds=one) for one in waits))
    if jitter is not None:
        _must(_is_span(jitter) and jitter <= 1, "jitter", jitter)
        schedule = replace(schedule, jitter=float(jitter))
    timeout, signatures = wanted.get("timeoutSeconds"), wanted.get("signatures")
    in_time = timeout is None or (_is_span(timeout) and 0 < timeout <= LONGEST_ANSWER.total_seconds())
    _must(in_time, "timeoutSeconds", timeout)
    _must(signatures is None or isinstance(signatures, list), "signatures", signatures)
    retry_after = wanted.get("retryAfter")
    _must(retry_after is None or isinstance(retry_after, bool), "retryAfter", retry_after)
    return provider_with(provider, schedule=schedule, timeout=timeout, signatures=signatures, retry_after=retry_after)


def _is_span(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST.total_seconds()


def _must(fits: object, name: str, value: Json) -> None:
    if not fits:
        raise InvalidInputError(f"{_EXPECTED[name]}; found {found(value)}", field=name, code="invalid_type")


_EXPECTED: Final = MappingProxyType(
    {
        "clock": "write system or virtual",
        "seed": "write a whole number, or null for a random one",
        "signatureTime": "write wall or virtual",
        "requireHttps": "write true or false",
        "scheduleSeconds": f"write a list of seconds from 0 to {LONGEST.total_seconds():.0f}, [60, 300] for instance",
        "jitter": "write a number from 0 to 1",
        "timeoutSeconds": f"write a number of seconds, more than 0 and at most {LONGEST_ANSWER.total_seconds():.0f}",
        "signatures": "write a list of names of signature schemes",
        "retryAfter": "write true or false",
    }
)
