"""What a server is told before it starts: one frozen value, checked as a whole. Pure: no environment is read here."""

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
"""Variables of the same prefix that are no settings: a file with settings, and a server which runs already."""

_HIGHEST_PORT: Final = 65_535
_MOST: Final = 2**31 - 1
"""The highest number of anything: what every machine can count to."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What `Authorization: Bearer` can carry (RFC 6750, 2.1), and a cookie too."""
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|\*")
_ORIGIN: Final = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?|\*")
_URL: Final = r"(?i)[a-z][a-z0-9+.-]*://"
HARMLESS: Final = ("host", "port", "dbname", "user", "sslmode", "application_name", "connect_timeout")
"""What may stand in the query of a database's URL and be shown; anything else may be a password, or a slip of one."""
_MASKED: Final = (
    r"(?i)(://[^:/?@]*:).*(?=@)|(://[^:/?@\[]*:)(?!\d*(?:[/?]|$))[^/?]*"
    rf"|([?&](?!(?:{'|'.join(HARMLESS)})=)[^=&]*=)[^&]*"
)
_NO_URL: Final = r"(?is)([a-z][a-z0-9+.-]*:).+|.*[:=@].*"
"""Patterns that are compiled where they are needed: few starts show a database."""
_WORDS: Final = MappingProxyType({"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False})


class Settings(Redacted, frozen=True):
    """How a server is to run; raises `InvalidInputError` that names the member for a value that makes no sense."""

    untold = frozenset({"database", "control_token"})

    host: str = "127.0.0.1"
    """The address to listen on; `0.0.0.0` is every one of the machine."""
    port: int = 8080
    """0 takes any free port."""
    seed: int | None = 0
    """The same seed makes the same payloads; None (`random`) makes others every time."""
    clock: ServerClock = "system"
    """`virtual` stands still at 2025-01-06T12:00:00Z until it is advanced or told to run."""
    schedule: RetryPolicy | None = None
    """The waits between attempts, such as `1s,5m`; None means the Petstore's."""
    timeout: timedelta | None = None
    """How long a receiver may take to answer; None means as long as with the Petstore."""
    signatures: tuple[str, ...] | None = None
    """The schemes that sign each delivery: `petstore`, `standard-webhooks` or both; None means the Petstore's own."""
    signature_time: TimeSource = "wall"
    """Which clock a signed timestamp carries: `wall` is the machine's, `virtual` the mock's."""
    retry_after: bool = False
    """Whether `Retry-After` in a receiver's 429 or 503 says when the next attempt is due (contract 1.3)."""
    require_https: bool = False
    """Whether a webhook's URL has to be https."""
    auth: AuthMode = "observed"
    """`observed`: to change pets and to chat takes a bearer token, any at all. `strict`: all calls take one of
    `POST /v1/auth/tokens`, but reading pets, registering a user and `POST /v1/orders/{id}`."""
    threads: int = 16
    """The most deliveries that are under way at once, for each tenant."""
    requests: int = 64
    """The most requests that are answered at once."""
    body_limit: int = 10 * 1024 * 1024
    """The largest request body, in bytes."""
    rate_limit: int | None = None
    """The most calls of `/v1` that a tenant may make in a minute of its clock; None is no limit."""
    tenants: int = 1000
    """The most tenants that are kept; when there are more, the one that was silent longest is forgotten."""
    webhooks: int = 1000
    """The most webhooks that a tenant may register."""
    history: int = 10_000
    """The most finished deliveries that a tenant keeps, with their events; the oldest go first."""
    database: str | None = None
    """Where everything is kept over restarts, `sqlite:///petstore.db` for instance; None is the process's memory."""
    control_token: str | None = None
    """What `/_mockstore` asks for as `Authorization: Bearer`; None is made when `host` is not loopback."""
    allowed_hosts: tuple[str, ...] = ()
    """Names beside loopback's and `host` by which clients may call the server (the header `Host`); `*` is any."""
    cors_origins: tuple[str, ...] = ()
    """Origins whose pages may call the server from a browser; `*` is any."""
    deny_private: bool = False
    """Whether deliveries to private and loopback addresses are refused; those to link-local ones always are."""
    log_format: LogFormat = "text"
    """How the log is written; `json` is one object a line."""
    log_level: LogLevel = "warning"
    """From which level on something is logged; `info` is a line for each attempt."""
    tls_certificate: str | None = None
    """A PEM file with the certificate chain; the server then speaks HTTPS."""
    tls_key: str | None = None
    """A PEM file with the private key; None when the certificate's file holds it."""

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            _must(value is None or value >= least, name, self, f"at least {least}")
            _must(value is None or value <= _MOST, name, self, f"at most {_MOST}")
        _must(0 <= self.port <= _HIGHEST_PORT, "port", self, f"0 to {_HIGHEST_PORT}, where 0 takes any free port")
        for name, allowed in _CHOICES.items():
            _must(getattr(self, name) in allowed, name, self, " or ".join(allowed))
        for name in _TEXTS:
            value = getattr(self, name)
            if value is not None and (not value.strip() or "\0" in value):  # a database's may hold a password
                raise InvalidInputError(f"{name} is empty or holds a NUL; leave it out, or write a text", field=name)
        _must(bool(self.host.strip()), "host", self, "an address or a name of this machine, such as 127.0.0.1")
        if self.timeout is not None:
            time_limit(self.timeout)
        _must(self.tls_key is None or self.tls_certificate is not None, "tls_key", self, "given with tls_certificate")
        known = set(self.signatures or ()) <= SCHEMES.keys() and self.signatures != ()
        _must(known, "signatures", self, f"names out of {', '.join(SCHEMES)}")
        _must(
            all(map(_HOST.fullmatch, self.allowed_hosts)), "allowed_hosts", self, "names without scheme or port, or *"
        )
        origins = "origins such as https://shop.example.com:8443, without a path, or *"
        _must(all(map(_ORIGIN.fullmatch, self.cors_origins)), "cors_origins", self, origins)
        if self.control_token is not None and _TOKEN.fullmatch(self.control_token) is None:  # the text must not show it
            raise InvalidInputError(
                "control_token cannot go in a header: write letters, digits and -._~+/ without white space",
                field="control_token",
            )

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> Self:
        """Read the `MOCKSTORE_*` variables: `MOCKSTORE_PORT=0` is `port=0`. Others are left alone.

        An empty value is none at all. Raises `InvalidInputError` that names the variable for one that no setting has,
        and for a value that is not allowed.
        """
        values = values_of(variables)
        try:
            return cls(**values)  # type: ignore[arg-type]  # the readers and __post_init__ see to the types
        except InvalidInputError as error:
            if error.field is None or error.field not in values:
                raise
            variable = variable_of(error.field)
            raise InvalidInputError(f"{variable}: {error}", field=variable) from None

    def shown(self, name: str) -> object:
        """Return a setting as it may be shown: a token only as being there, a database without its password."""
        value = getattr(self, name)
        if name == "control_token" and value is not None:
            return "…"
        return without_password(value) if name == "database" and value is not None else value


NAMES: Final = Settings.__struct_fields__
"""The settings, in their order."""
SECRETS: Final = frozenset({"control_token", "database"})
"""Settings whose values are not to be quoted."""


def variable_of(name: str) -> str:
    """Return the variable that sets a setting: `MOCKSTORE_PORT`."""
    return f"{PREFIX}{name.upper()}"


def without_password(url: str) -> str:
    """Return a database's URL with dots where its password is; of what is no URL, only what cannot be a password."""
    if re.match(_URL, url) is None:
        return re.sub(_NO_URL, lambda found: f"{found[1] or ''}…", url, count=1)
    return re.sub(_MASKED, lambda found: f"{found[1] or found[2] or found[3]}…", url)


def values_of(variables: Mapping[str, str]) -> dict[str, object]:
    """Return what the `MOCKSTORE_*` variables say, each by the name of its setting; raise `InvalidInputError`."""
    told = {
        name: value
        for name, value in variables.items()
        if name.startswith(PREFIX) and name not in READ_ELSEWHERE and value.strip()
    }
    return {name.removeprefix(PREFIX).lower(): _read(name, value.strip()) for name, value in told.items()}


def read_text(name: str, text: str) -> object:
    """Return the value of a setting that is written as `text`; raise `InvalidInputError` that says how to write it."""
    try:
        return _READERS[name](text)
    except (InvalidInputError, ValueError) as error:
        why = str(error) if isinstance(error, InvalidInputError) else _EXPECTED[_READERS[name]]
        raise InvalidInputError(why, field=name) from None


def unknown(what: str, found: str, known: list[str]) -> InvalidInputError:
    """Return the error for a name that no setting has, with the nearest one that there is."""
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
    if text.lower() not in _WORDS:
        raise ValueError
    return _WORDS[text.lower()]


def _number_or_none(text: str) -> int | None:
    return None if text.lower() in ("none", "random", "unlimited") else int(text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _must(holds: object, name: str, settings: Settings, allowed: str) -> None:
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
"""How each variable is read; the names are the members of `Settings`."""

_EXPECTED: Mapping[Callable[[str], object], str] = {
    int: "write a whole number",
    _number_or_none: "write a whole number, or none",
    _yes_or_no: "write yes or no",
}
