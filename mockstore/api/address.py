"""Which URLs are the API's, and where in the API they lead. Pure."""

from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from mockstore.errors import InvalidInputError

BASE_URL: Final = "https://api.petstoreapi.com/v1"
"""Where the real service is."""

_API: Final = "/v1"
_PORTS: Final = {"http": 80, "https": 443}


class Address(Struct, frozen=True):
    """A base URL, taken apart."""

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
    def has_the_host(self) -> bool:
        """Whether all of the host is the API's; below a path of another kind a gateway may have other services."""
        return self.path in ("", _API)

    def claims(self, url: str) -> bool:
        """Tell whether a request to `url` is the API's to answer."""
        try:
            parts = urlsplit(url)
            authority = (parts.scheme.lower(), (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme))
        except ValueError:
            return False
        if authority != (self.scheme, self.host, self.port):
            return False
        return self.has_the_host or self.below(parts.path) is not None

    def below(self, path: str) -> str | None:
        """Return what follows the base path, None when `path` is not below it."""
        if not path.startswith(self.path):
            return None
        rest = path[len(self.path) :]
        return rest if not rest or rest.startswith("/") else None

    def outside(self, location: str) -> str:
        """Return a path of the API's own as it is found below this base URL."""
        return self.path + location[len(_API) :] if location.startswith(f"{_API}/") else location


def origin(url: str) -> str:
    """Return the scheme and the host of a URL, and the port unless it is the usual one; no password, no path."""
    try:
        parts = urlsplit(url)
        port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    except ValueError:
        return "an invalid URL"
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def address(base_url: str) -> Address:
    """Take a base URL apart; raise `InvalidInputError` for what is none."""
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
