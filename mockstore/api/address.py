"""Decides which URLs belong to the API, and their path in the API. Pure."""

from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from mockstore.errors import InvalidInputError

BASE_URL: Final = "https://api.petstoreapi.com/v1"
"""The base URL of the real service."""

_API: Final = "/v1"
_PORTS: Final = {"http": 80, "https": 443}


class Address(Struct, frozen=True):
    """A parsed base URL."""

    scheme: str
    host: str
    port: int
    path: str
    """Without a slash at its end."""

    @property
    def url(self) -> str:
        """The base URL."""
        return origin(f"{self.scheme}://{self.host}:{self.port}") + self.path

    @property
    def owns_host(self) -> bool:
        """Whether the whole host belongs to the API: with another path, a gateway may have other services."""
        return self.path in ("", _API)

    def claims(self, url: str) -> bool:
        """Return whether the API answers requests to `url`."""
        try:
            parts = urlsplit(url)
            authority = (parts.scheme.lower(), (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme))
        except ValueError:
            return False
        if authority != (self.scheme, self.host, self.port):
            return False
        return self.owns_host or self.below(parts.path) is not None

    def below(self, path: str) -> str | None:
        """Return the part of `path` after the base path; None when `path` is not below it."""
        if not path.startswith(self.path):
            return None
        rest = path[len(self.path) :]
        return rest if not rest or rest.startswith("/") else None

    def outside(self, location: str) -> str:
        """Return a `Location` of the API with its `/v1` replaced by the path of this base URL."""
        return self.path + location[len(_API) :] if location.startswith(f"{_API}/") else location


def origin(url: str) -> str:
    """Return the scheme and host of a URL, with the port unless it is the default; no password, no path."""
    try:
        parts = urlsplit(url)
        port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    except ValueError:
        return "an invalid URL"
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def address(base_url: str) -> Address:
    """Parse a base URL; raise `InvalidInputError` when it is not one."""
    try:
        parts = urlsplit(base_url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    if scheme not in _PORTS or not host or parts.query or parts.fragment:
        raise InvalidInputError(
            f"{base_url!r} is no base URL; write one like {BASE_URL}, without a query", field="base_url"
        )
    return Address(scheme, host, port or _PORTS[scheme], parts.path.rstrip("/"))
