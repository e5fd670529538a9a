"""Settings of a server as one frozen, validated value. Pure: the environment variables are an argument."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final, Literal, Self, get_args

from mockstore.delivery.schedule import RetryPolicy, parse_duration, parse_schedule, time_limit
from mockstore.errors import InvalidInputError
from mockstore.redacted import Redacted
from mockstore.signing import SCHEMES

ServerClock = Literal["system", "virtual"]
AuthMode = Literal["observed", "strict"]
TimeSource = Literal["wall", "virtual"]
LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

PREFIX: Final = "MOCKSTORE_"
READ_ELSEWHERE: Final = frozenset({"MOCKSTORE_CONFIG", "MOCKSTORE_SERVER", "MOCKSTORE_URL"})
"""Variables with the same prefix that are not settings: the path of a settings file, and addresses of a server."""

_HIGHEST_PORT: Final = 65_535
_MOST: Final = 2**31 - 1
"""The highest value of every number: it fits into 32 bits."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What `Authorization: Bearer` can carry (RFC 6750, 2.1); a cookie can carry it, too."""
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|\*")
_ORIGIN: Final = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?|\*")
_URL: Final = r"(?i)[a-z][a-z0-9+.-]*://"
HARMLESS: Final = ("host", "port", "dbname", "user", "sslmode", "application_name", "connect_timeout")
"""Query parameters of a database's URL that are shown; the value of any other may be a password."""
_MASKED: Final = (
    r"(?i)(://[^:/?@]*:).*(?=@)|(://[^:/?@\[]*:)(?!\d*(?:[/?]|$))[^/?]*"
    rf"|([?&](?!(?:{'|'.join(HARMLESS)})=)[^=&]*=)[^&]*"
)
_NO_URL: Final = r"(?is)([a-z][a-z0-9+.-]*:).+|.*[:=@].*"
"""Not compiled here, since most servers never show a database's URL."""
_BOOLEANS: Final = MappingProxyType({"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False})


class Settings(Redacted, frozen=True):
    """The settings of a server; `InvalidInputError` is raised, naming the setting, for a value that is not allowed."""

    secret_fields = frozenset({"database", "control_token"})

    host: str = "127.0.0.1"
    """The address to listen on; `0.0.0.0` means all addresses of the machine."""
    port: int = 8080
    """The port to listen on; 0 means any free port."""
    seed: int | None = 0
    """The same seed makes the same payloads; None (`random`) makes different ones at each start."""
    clock: ServerClock = "system"
    """`virtual` starts at 2025-01-06T12:00:00Z and stands still until it is advanced or set running."""
    schedule: RetryPolicy | None = None
    """The waits between attempts, such as `1s,5m`; None means the Petstore's."""
    timeout: timedelta | None = None
    """How long a receiver may take to answer; None means the Petstore's timeout."""
    signatures: tuple[str, ...] | None = None
    """The schemes that sign each delivery: `petstore`, `standard-webhooks` or both; None means the Petstore's own."""
    signature_time: TimeSource = "wall"
    """Which clock a signed timestamp carries: `wall` is the machine's, `virtual` the mock's."""
    retry_after: bool = False
    """Whether `Retry-After` in a receiver's 429 or 503 says when the next attempt is due (contract 1.3)."""
    require_https: bool = False
    """Whether a webhook's URL has to be https."""
    auth: AuthMode = "observed"
    """`observed`: changing pets and chatting needs a bearer token, with any value. `strict`: all calls need a token
    from `POST /v1/auth/tokens`, except reading pets, registering a user and `POST /v1/orders/{id}`."""
    threads: int = 16
    """The most deliveries that are sent at the same time, for each tenant."""
    requests: int = 64
    """The most requests that are handled at the same time."""
    body_limit: int = 10 * 1024 * 1024
    """The largest request body, in bytes."""
    rate_limit: int | None = None
    """The most calls of `/v1` that a tenant may make in a minute of its clock; None means no limit."""
    tenants: int = 1000
    """The most tenants that are kept; when there are more, the least recently used one is removed."""
    webhooks: int = 1000
    """The most webhooks that a tenant may register."""
    history: int = 10_000
    """The most finished deliveries that a tenant keeps, with their events; the oldest are removed first."""
    database: str | None = None
    """URL of the database that keeps everything over restarts, such as `sqlite:///petstore.db`; None means memory."""
    control_token: str | None = None
    """The bearer token that `/_mockstore` requires; with None, one is generated unless `host` is loopback."""
    allowed_hosts: tuple[str, ...] = ()
    """Further names that the header `Host` may have, besides `host` and those of loopback; `*` means any."""
    cors_origins: tuple[str, ...] = ()
    """Origins whose pages may call the server from a browser; `*` means any."""
    deny_private: bool = False
    """Whether deliveries to private and loopback addresses are refused; to link-local addresses they always are."""
    log_format: LogFormat = "text"
    """The format of the log; `json` writes one object per line."""
    log_level: LogLevel = "warning"
    """The lowest level that is logged; `info` includes a line for each attempt."""
    tls_certificate: str | None = None
    """A PEM file with the certificate chain; the server then speaks HTTPS."""
    tls_key: str | None = None
    """A PEM file with the private key; None when `tls_certificate` contains it."""

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            _check(value is None or value >= least, name, self, f"at least {least}")
            _check(value is None or value <= _MOST, name, self, f"at most {_MOST}")
        _check(0 <= self.port <= _HIGHEST_PORT, "port", self, f"0 to {_HIGHEST_PORT}, where 0 takes any free port")
        for name, allowed in _CHOICES.items():
            _check(getattr(self, name) in allowed, name, self, " or ".join(allowed))
        for name in _TEXTS:
            value = getattr(self, name)
            if value is not None and (not value.strip() or "\0" in value):  # a database's may hold a password
                raise InvalidInputError(f"{name} is empty or holds a NUL; leave it out, or write a text", field=name)
        _check(bool(self.host.strip()), "host", self, "an address or a name of this machine, such as 127.0.0.1")
        if self.timeout is not None:
            time_limit(self.timeout)
        _check(self.tls_key is None or self.tls_certificate is not None, "tls_key", self, "given with tls_certificate")
        known = set(self.signatures or ()) <= SCHEMES.keys() and self.signatures != ()
        _check(known, "signatures", self, f"names out of {', '.join(SCHEMES)}")
        _check(
            all(map(_HOST.fullmatch, self.allowed_hosts)), "allowed_hosts", self, "names without scheme or port, or *"
        )
        origins = "origins such as https://shop.example.com:8443, without a path, or *"
        _check(all(map(_ORIGIN.fullmatch, self.cors_origins)), "cors_origins", self, origins)
        if self.control_token is not None and _TOKEN.fullmatch(self.control_token) is None:  # the text must not show it
            raise InvalidInputError(
                "control_token cannot go in a header: write letters, digits and -._~+/ without white space",
                field="control_token",
            )

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> Self:
        """Return the settings from the `MOCKSTORE_*` variables, such as `MOCKSTORE_PORT=0`; ignore all others.

        A variable with an empty value counts as not set. Raise `InvalidInputError`, which names the variable, for an
        unknown `MOCKSTORE_*` variable and for a value that is not allowed.
        """
        values = values_of(variables)
        try:
            return cls(**values)  # type: ignore[arg-type]  # the readers and __post_init__ check the types
        except InvalidInputError as error:
            if error.field is None or error.field not in values:
                raise
            variable = variable_of(error.field)
            raise InvalidInputError(f"{variable}: {error}", field=variable) from None

    def shown(self, name: str) -> object:
        """Return a setting in a form that is safe to show: a token as `…`, a database's URL without its password."""
        value = getattr(self, name)
        if name == "control_token" and value is not None:
            return "…"
        return without_password(value) if name == "database" and value is not None else value


NAMES: Final = Settings.__struct_fields__
"""The names of the settings, in their order."""
SECRETS: Final = frozenset({"control_token", "database"})
"""Settings whose values must not be shown."""


def variable_of(name: str) -> str:
    """Return the environment variable of a setting: `MOCKSTORE_PORT` for `port`."""
    return f"{PREFIX}{name.upper()}"


def without_password(url: str) -> str:
    """Return a database's URL with `…` in place of passwords; in other texts, in place of all that may be one."""
    if re.match(_URL, url) is None:
        return re.sub(_NO_URL, lambda found: f"{found[1] or ''}…", url, count=1)
    return re.sub(_MASKED, lambda found: f"{found[1] or found[2] or found[3]}…", url)


def values_of(variables: Mapping[str, str]) -> dict[str, object]:
    """Return the values of the `MOCKSTORE_*` variables by setting.

    Raise `InvalidInputError` for an unknown variable and for a value that cannot be parsed.
    """
    given = {
        name: value
        for name, value in variables.items()
        if name.startswith(PREFIX) and name not in READ_ELSEWHERE and value.strip()
    }
    return {name.removeprefix(PREFIX).lower(): _read(name, value.strip()) for name, value in given.items()}


def read_text(name: str, text: str) -> object:
    """Parse the text of a setting and return its value; raise `InvalidInputError`, which says how to write it."""
    try:
        return _READERS[name](text)
    except (InvalidInputError, ValueError) as error:
        why = str(error) if isinstance(error, InvalidInputError) else _EXPECTED[_READERS[name]]
        raise InvalidInputError(why, field=name) from None


def unknown(what: str, found: str, known: list[str]) -> InvalidInputError:
    """Return the error for an unknown name; `what` says what it names, and the most similar `known` one is shown."""
    near = get_close_matches(found, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return InvalidInputError(f"unknown {what} {found}; {hint}", field=found, code=f"unknown_{what}")


def _read(variable: str, value: str) -> object:
    name = variable.removeprefix(PREFIX).lower()
    if name not in _READERS:
        raise unknown("variable", variable, list(map(variable_of, _READERS)))
    try:
        return read_text(name, value)
    except InvalidInputError as error:
        raise InvalidInputError(f"{variable} is {value!r}: {error}", field=variable) from None


def _yes_or_no(text: str) -> bool:
    if text.lower() not in _BOOLEANS:
        raise ValueError
    return _BOOLEANS[text.lower()]


def _number_or_none(text: str) -> int | None:
    return None if text.lower() in ("none", "random", "unlimited") else int(text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _check(holds: object, name: str, settings: Settings, allowed: str) -> None:
    if not holds:
        raise InvalidInputError(f"{name} is {getattr(settings, name)!r}; it must be {allowed}", field=name)


_LEAST: Mapping[str, int] = {
    "threads": 1,
    "requests": 1,
    "body_limit": 1,
    "rate_limit": 1,
    "tenants": 1,
    "webhooks": 1,
    "history": 1,
}

_TEXTS: Final = ("database", "tls_certificate", "tls_key")

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "clock": get_args(ServerClock),
    "auth": get_args(AuthMode),
    "signature_time": get_args(TimeSource),
    "log_format": get_args(LogFormat),
    "log_level": get_args(LogLevel),
}

_READERS: Mapping[str, Callable[[str], object]] = {
    "host": str,
    "port": int,
    "seed": _number_or_none,
    "clock": str,
    "schedule": parse_schedule,
    "timeout": parse_duration,
    "signatures": _names,
    "signature_time": str,
    "retry_after": _yes_or_no,
    "require_https": _yes_or_no,
    "auth": str,
    "threads": int,
    "requests": int,
    "body_limit": int,
    "rate_limit": _number_or_none,
    "tenants": int,
    "webhooks": int,
    "history": int,
    "database": str,
    "control_token": str,
    "allowed_hosts": _names,
    "cors_origins": _names,
    "deny_private": _yes_or_no,
    "log_format": str,
    "log_level": str,
    "tls_certificate": str,
    "tls_key": str,
}
"""The function that parses each setting."""

_EXPECTED: Mapping[Callable[[str], object], str] = {
    int: "write a whole number",
    _number_or_none: "write a whole number, or none",
    _yes_or_no: "write yes or no",
}
