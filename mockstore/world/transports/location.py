"""Where a URL points, as each transport needs to know it. Pure."""

from functools import lru_cache
from urllib.parse import SplitResult, quote, urlsplit

from msgspec import Struct

from mockstore.errors import UnreachableError

DEFAULT_PORTS = {"http": 80, "https": 443}
_PATH_CHARACTERS = "/:@!$&'()*+,;=~%"
"""What RFC 3986 allows in a path besides letters, digits, `-._`; `%` since the URL comes quoted."""


class Location(Struct, frozen=True):
    """A URL taken apart; everything is ASCII, as it goes over the wire."""

    scheme: str
    host: str
    port: int
    authority: str
    """Host, and port unless it is the scheme's own; an IPv6 address in brackets: the `Host` header."""
    path: str
    query: str

    @property
    def target(self) -> str:
        """The path and the query, as the request line names them."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def peer(self) -> str:
        """Host and port in the words of an error text."""
        return f"{bracketed(self.host)}:{self.port}"


@lru_cache(maxsize=1024)
def locate(url: str) -> Location:
    """Take `url` apart; raise `UnreachableError` when it is no absolute http(s) URL."""
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
    """Return `host` as it stands before a port."""
    return f"[{host}]" if ":" in host else host


def _ascii_host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return host if host.isascii() else host.encode("idna").decode("ascii")
