"""Parses a URL into the parts that the transports need. Pure."""

from functools import lru_cache
from urllib.parse import SplitResult, quote, urlsplit

from msgspec import Struct

from mockstore.errors import UnreachableError

DEFAULT_PORTS = {"http": 80, "https": 443}
_PATH_CHARACTERS = "/:@!$&'()*+,;=~%"
"""What RFC 3986 allows in a path besides letters, digits and `-._`; `%` because the URL is percent-encoded already."""


class Location(Struct, frozen=True):
    """A parsed URL; everything is ASCII, as it is sent."""

    scheme: str
    host: str
    port: int
    authority: str
    """The value of the `Host` header: the host, an IPv6 address in brackets, and the port unless it is the default."""
    path: str
    query: str

    @property
    def target(self) -> str:
        """The path and the query, as the request line has them."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def peer(self) -> str:
        """Host and port for an error text."""
        return f"{bracketed(self.host)}:{self.port}"


@lru_cache(maxsize=1024)
def locate(url: str) -> Location:
    """Parse `url`; raise `UnreachableError` when it is no absolute http(s) URL."""
    try:
        parts = urlsplit(url)
        host = _ascii_host(parts)
        port = parts.port
    except ValueError as error:  # UnicodeError, of IDNA, is one too
        raise UnreachableError(f"no usable URL: {url!r} ({error})") from None
    if parts.scheme not in DEFAULT_PORTS or not host:
        raise UnreachableError(f"no usable URL: {url!r}; it must start with http:// or https:// and name a host")
    default = DEFAULT_PORTS[parts.scheme]
    return Location(
        scheme=parts.scheme,
        host=host,
        port=default if port is None else port,
        authority=bracketed(host) if port in {None, default} else f"{bracketed(host)}:{port}",
        path=quote(parts.path, safe=_PATH_CHARACTERS) or "/",
        query=quote(parts.query, safe=_PATH_CHARACTERS + "?"),
    )


def bracketed(host: str) -> str:
    """Return `host`, an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def _ascii_host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return host if host.isascii() else host.encode("idna").decode("ascii")
