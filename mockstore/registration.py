"""Checks of a registration: absolute URL, known event types, known signature schemes. Pure."""

import re
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from mockstore.errors import InvalidInputError
from mockstore.events import Catalogue
from mockstore.signing import STANDARD_WEBHOOKS, has_standard_key, scheme_named

_WRITABLE = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
"""The characters of a URL (RFC 3986)."""

URL_LIMIT = 2048
"""The longest URL that is accepted; servers commonly refuse longer ones."""

_APP_NAME: Final = re.compile(r"[a-z_]\w*(\.\w+)*:[a-z_]\w*(\(\))?", re.IGNORECASE)
"""How servers and tests name an app: `shop.web:app`."""


def checked_url(
    url: object,
    *,
    schemes: Sequence[str] = ("http", "https"),
    reach: Callable[[str], str | None] = lambda _address: None,
    field: str = "url",
) -> str:
    """Return `url` when it is an absolute http(s) URL; raise `InvalidInputError` when it is not (contract 1.4).

    `reach` says why nothing is sent to an IP address that the URL names, or None; what a name stands for is judged
    when something is sent. `field` is the member of the request that the error names.
    """
    problem = _url_problem(url, schemes) or _host_problem(str(url), reach)
    if problem is not None:
        raise InvalidInputError(
            f"{url!r} is no URL to deliver to: {problem}. Write for instance {schemes[-1]}://shop.example.com/webhooks",
            field=field,
            code="invalid_url",
        )
    return str(url)


def checked_events(events: object, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the event types and patterns as a tuple; raise `InvalidInputError` for anything unknown or empty."""
    listed = [events] if isinstance(events, str) else events
    if not isinstance(listed, (list, tuple)) or not listed or not all(isinstance(one, str) for one in listed):
        raise InvalidInputError(
            f"{events!r} is no list of events; name event types or patterns: {', '.join(catalogue.types)}, pet.*, *",
            field="events",
            code="invalid_events",
        )
    catalogue.check_patterns(listed)
    return tuple(dict.fromkeys(listed))


def checked_secret(secret: object) -> str:
    """Return the secret; raise `InvalidInputError` when it is empty or no text."""
    if not isinstance(secret, str) or not secret:
        raise InvalidInputError("the secret must be a text that is not empty", field="secret", code="invalid_secret")
    return secret


def check_key(secret: str, schemes: Sequence[str], *, field: str) -> None:
    """Raise `InvalidInputError` when one of the schemes needs a key that the secret does not have.

    `field` is the member of the request that brings the two together.
    """
    if STANDARD_WEBHOOKS in schemes and not has_standard_key(secret):
        raise InvalidInputError(
            f"the secret makes no key for the signature scheme {STANDARD_WEBHOOKS}: what follows whsec_ has "
            "to be base64. Give no secret, and one is made; or sign with petstore alone",
            field=field,
            code="invalid_secret",
        )


def checked_signatures(signatures: object) -> tuple[str, ...] | None:
    """Return the names of the signature schemes; None stands for the provider's own."""
    if signatures is None:
        return None
    listed = [signatures] if isinstance(signatures, str) else signatures
    if not isinstance(listed, (list, tuple)) or not listed:
        raise InvalidInputError(f"{signatures!r} is no list of signature schemes", field="signatures", code="invalid")
    try:
        for name in listed:
            scheme_named(str(name))
    except InvalidInputError as error:
        raise InvalidInputError(str(error), field="signatures", code=error.code) from None
    return tuple(listed)


def _unwritable(url: str) -> str:
    if " " in url or not url.isprintable():  # no other white space is printable
        return "it contains white space or control characters"
    return "it contains what a URL may not; percent-encode that, and write the host in ASCII (xn--…)"


def _url_problem(url: object, schemes: Sequence[str]) -> str | None:
    if not isinstance(url, str) or not url:
        return "it is no text"
    if len(url) > URL_LIMIT:
        return f"it is longer than {URL_LIMIT} characters"
    if _WRITABLE.fullmatch(url) is None:
        return _unwritable(url)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        return str(error)
    if parts.scheme not in schemes:
        return f"{_misread_scheme(url, parts.scheme)}, allowed: {', '.join(schemes)}"
    return None if parts.hostname else "it names no host"


def _misread_scheme(url: str, scheme: str) -> str:
    if _APP_NAME.fullmatch(url):
        return f"if it names an app, import that and pass the app object; as a URL its scheme is {scheme!r}"
    return f"its scheme is {scheme!r}" if scheme else "it has no scheme"


def _host_problem(url: str, reach: Callable[[str], str | None]) -> str | None:
    host = urlsplit(url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return None
    refused = reach(host)
    return None if refused is None else f"{host} is refused: {refused}"
