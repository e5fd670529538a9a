"""Loads a server's settings from options, environment variables and a file, in this order of precedence."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct

from mockstore.errors import InvalidInputError, StartupError
from mockstore.settings import NAMES, SECRETS, Settings, read_text, unknown, values_of, variable_of

FILE: Final = "mockstore.toml"
"""The file in the current folder that is read, if it exists, when no other is named."""
FILE_VARIABLE: Final = "MOCKSTORE_CONFIG"

_INTEGERS: Final = frozenset(
    {"port", "seed", "threads", "requests", "body_limit", "rate_limit", "tenants", "webhooks", "history"}
)
_BOOLEANS: Final = frozenset({"retry_after", "require_https", "deny_private"})
_LISTS: Final = frozenset({"schedule", "signatures", "allowed_hosts", "cors_origins"})
_ALSO_TEXT: Final = frozenset({"seed", "rate_limit", "schedule", "signatures"})
"""Settings that may also be a text, such as `none`, `random` or `1m,5m`."""


class SettingsWithOrigins(Struct, frozen=True):
    """Settings, and where each comes from."""

    settings: Settings
    origins: Mapping[str, str]
    """The option, variable, or file and name that set each setting; those with their default are missing."""

    def with_origin(self, error: StartupError) -> StartupError:
        """Return the error with the origin of the wrong setting in front, unless it has none or the text names it."""
        origin = self.origins.get(error.field or "", "")
        return error if origin in str(error) else StartupError(f"{origin}: {error}", field=error.field)


class _Source(Struct, frozen=True):
    values: Mapping[str, object]
    origins: Mapping[str, str]


def load_settings(
    variables: Mapping[str, str],
    *,
    options: Mapping[str, object] = MappingProxyType({}),
    spelling: Mapping[str, str] = MappingProxyType({}),
    config: str | None = None,
) -> SettingsWithOrigins:
    """Return the settings; raise `InvalidInputError`, which names the option, the variable, or the file and name.

    `options` maps names of settings to values, and `spelling` to the options of the command line. `config` is the
    path of the settings file; without it, `MOCKSTORE_CONFIG` in `variables` may name the file.
    """
    from_variables = values_of(variables)
    sources = (
        _from_file(config, variables.get(FILE_VARIABLE, "").strip()),
        _Source(from_variables, {name: variable_of(name) for name in from_variables}),
        _Source(options, {name: spelling.get(name, f"--{name.replace('_', '-')}") for name in options}),
    )
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for source in sources:
        values |= source.values
        origins |= source.origins
    try:
        return SettingsWithOrigins(Settings(**values), MappingProxyType(origins))
    except InvalidInputError as error:
        if error.field not in origins:
            raise
        raise InvalidInputError(f"{origins[error.field]}: {error}", field=error.field) from None


def _from_file(option: str | None, variable: str) -> _Source:
    path = Path(option or variable or FILE)
    if not option and not variable and not path.is_file():
        return _Source({}, {})
    try:
        content = path.read_bytes()
    except OSError as error:
        named = "--config: " if option else f"{FILE_VARIABLE}: " if variable else ""
        raise InvalidInputError(f"{named}cannot read {str(path)!r}: {error.strerror}", field="config") from None
    values = {name: _value(path, name, value) for name, value in _table(path, content).items()}
    return _Source(values, {name: f"{path}: {name}" for name in values})


def _table(path: Path, content: bytes) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - most servers have no settings file

    try:
        table = tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path} is no TOML: byte {error.start + 1} is not UTF-8", field="config") from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidInputError(f"{path} is no TOML: {error}", field="config") from None
    except (RecursionError, ValueError):  # limits of Python: depth of nesting, digits of a number
        raise InvalidInputError(f"{path}: it is nested too deeply, or has a number that is too long") from None
    for name in table:
        if name not in NAMES:
            raise _unknown_name(path, name, table[name])
    return table


def _unknown_name(path: Path, name: str, value: object) -> InvalidInputError:
    if isinstance(value, dict):
        return InvalidInputError(f"{path}: write the settings at the top, not in a table [{name}]", field="config")
    return InvalidInputError(f"{path}: {unknown('name', name, list(NAMES))}", field="config", code="unknown_name")


def _value(path: Path, name: str, value: object) -> object:
    if not _has_type(name, value):
        raise InvalidInputError(f"{path}: {name} is {_described(name, value)}; write {_expected(name)}", field=name)
    try:
        if isinstance(value, list):
            return read_text(name, ",".join(value))
        return read_text(name, value) if isinstance(value, str) else value
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}: {name} is {value!r}: {error}", field=name) from None


def _described(name: str, value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if name in SECRETS:
        return "no text"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _has_type(name: str, value: object) -> bool:
    if name in _BOOLEANS:
        return isinstance(value, bool)
    if isinstance(value, str):
        return name in _ALSO_TEXT or name not in _INTEGERS | _LISTS
    if name in _LISTS:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return name in _INTEGERS and isinstance(value, int) and not isinstance(value, bool)


def _expected(name: str) -> str:
    if name in _BOOLEANS:
        return "true or false"
    if name in _LISTS:
        return 'a list of texts, such as ["a", "b"]'
    return "a whole number" if name in _INTEGERS else 'a text, in quotes: "…"'
