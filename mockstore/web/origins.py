"""Checks of the headers `Host`, `Origin` and `Sec-Fetch-Site`. Pure."""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from mockstore.world.transports.router import is_loopback

ANY: Final = "*"
_HOST: Final = re.compile(r"(?:\[([^][]*)\]|([^][:]*))(?::[0-9]*)?")
"""The header `Host` (RFC 9110, 7.2): an IPv6 address in brackets or a name, with an optional port."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "QUERY"})
"""Methods that change nothing (RFC 9110, 9.2.1, and QUERY), so they are allowed to pages of other origins."""
_OWN: Final = frozenset({"same-origin", "none"})
"""Values of `Sec-Fetch-Site` for the server's own pages, and for URLs typed by the user."""


def is_called_rightly(host: str, names: Sequence[str]) -> bool:
    """Return whether the header `Host` is an IP address, a loopback name or one of `names`; `*` among them allows all.

    This prevents DNS rebinding: an attacker's domain that resolves to this machine would have the same origin as the
    server.
    """
    if ANY in names:
        return True
    name = name_of(host)
    return _HOST.fullmatch(host) is not None and (name in names or is_loopback(name) or _is_address(name))


def name_of(host: str) -> str:
    """Return the name in the header `Host`, without the port, in lower case; a malformed header unchanged."""
    parts = _HOST.fullmatch(host)
    if parts is None:
        return host.lower()
    return (parts[1] or parts[2] or "").rstrip(".").lower()


def is_trusted(origin: str, origins: Sequence[str], *, in_control: bool) -> bool:
    """Return whether pages of `origin` may call; `*` allows every page, but not on control routes."""
    return origin.lower() in origins or (ANY in origins and not in_control)


def is_foreign(method: str, fetch_site: str | None, origin: str | None, host: str) -> bool:
    """Return whether a page of another site has caused this request, by a method that may change something.

    The arguments are headers. Browsers send `Sec-Fetch-Site`, or `Origin` if they are old; other clients send neither.
    The scheme is not compared, since a proxy may end TLS.
    """
    if method in _SAFE:
        return False
    if fetch_site is not None:
        return fetch_site not in _OWN
    return origin is not None and origin.partition("://")[2].lower() != host.lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
