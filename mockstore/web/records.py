"""Converts records to JSON and back without loss, for tests that use a Mockstore on a server. Pure.

The format follows the records' members, so both sides must be of the same version. Times are ISO 8601 to the
microsecond, durations are microseconds, bytes are `{"text": …}` when they are UTF-8 and `{"base64": …}` when not.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from msgspec import Struct
from msgspec.structs import replace

from mockstore.model import Attempt, Json, Outgoing, Sent

T = TypeVar("T")

_MICROSECOND = timedelta(microseconds=1)


def installed_version() -> str:
    """Return the version of this package; `0` when it is not installed."""
    try:
        return version("mockstore")
    except PackageNotFoundError:
        return "0"


def to_json(value: object) -> Json:
    """Return a record, or any part of one, as JSON; an exception becomes null."""
    if isinstance(value, Attempt):
        value = replace(value, sent=value.request)  # as one whole request, not the parts it is made of
    if isinstance(value, Struct):
        return {name: to_json(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Mapping):
        return {name: to_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple | frozenset):
        return [to_json(one) for one in value]
    for kind, written in _WRITERS.items():
        if isinstance(value, kind):
            return written(value)
    return value


def from_json(kind: type[T], document: Json) -> T:
    """Return the record of type `kind` from a document of `to_json`; missing members get their defaults.

    Raises `KeyError`, `TypeError` or `ValueError` for any other document.
    """
    value: T = _read(kind, document)
    return value


def _read(kind: Any, document: Json) -> Any:  # noqa: ANN401 - a type hint is anything
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        (told,) = (one for one in inner if one is not NoneType)
        return None if document is None else _read(told, document)
    if origin is tuple:
        kinds = inner[:1] * len(document) if inner[-1] is Ellipsis else inner
        return tuple(map(_read, kinds, document))
    if origin is Literal or document is None:
        return document
    if isinstance(kind, type) and issubclass(kind, Struct):
        hints = _hints(kind)
        return kind(**{name: _read(hints[name], one) for name, one in document.items() if name in hints})
    return _READERS[kind](document) if kind in _READERS else kind(document)


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _bytes_to_json(content: bytes) -> Json:
    try:
        return {"text": content.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(content).decode()}


def _bytes_of(document: Mapping[str, str]) -> bytes:
    if "text" in document:
        return document["text"].encode()
    return b64decode(document["base64"], validate=True)


_WRITERS: Mapping[type, Callable[[Any], Json]] = MappingProxyType(
    {
        bytes: _bytes_to_json,
        datetime: datetime.isoformat,
        timedelta: lambda span: span // _MICROSECOND,
        Enum: lambda member: member.value,
        BaseException: lambda _: None,
    }
)

_READERS: Mapping[type, Callable[[Any], object]] = MappingProxyType(
    {
        bytes: _bytes_of,
        datetime: datetime.fromisoformat,
        timedelta: lambda count: count * _MICROSECOND,
        Sent: lambda document: _read(Outgoing, document),
    }
)
