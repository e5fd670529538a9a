"""Which calls need a bearer token (contract 2), and the check of that token."""

from types import MappingProxyType
from typing import Final

from flask import request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from mockstore.petstore.errors import TokenError
from mockstore.petstore.need import Auth
from mockstore.web.site import mockstore, site

NEEDS: Final = MappingProxyType(
    {
        "webhooks": Auth.OPTIONAL,
        "pets": Auth.BEARER,
        "pets.find": Auth.NONE,
        "pets.query": Auth.NONE,
        "pets.read": Auth.NONE,
        "pets.read_image": Auth.NONE,
        "orders": Auth.OPTIONAL,
        "orders.process": Auth.NONE,
        "inventories": Auth.OPTIONAL,
        "users": Auth.OPTIONAL,
        "users.register": Auth.NONE,
        "chat": Auth.BEARER,
    }
)
"""What a blueprint needs, or a single endpoint (`blueprint.function`), which takes precedence."""


def require_bearer() -> None:
    """Raise `Unauthorized` unless the current call has the token that it needs.

    In `observed` mode any token is accepted where one is needed. In `strict` mode all calls but those of `Auth.NONE`
    need a valid one. An unknown path, or one without this method, needs none.
    """
    endpoint = request.endpoint
    if endpoint is None or request.method == "OPTIONS":  # CORS preflights have no token
        return
    need = NEEDS.get(endpoint, NEEDS.get(request.blueprint or "", Auth.NONE))
    strict = site().settings.auth == "strict"
    if need is Auth.BEARER or (need is Auth.OPTIONAL and strict):
        token = _token()
        if strict:
            _check(token)


def bearer_token() -> str:
    """Return the bearer token of the current call; an empty text without one."""
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _token() -> str:
    token = bearer_token()
    if not token:
        raise Unauthorized(
            "this call needs a token: send Authorization: Bearer <token>",
            www_authenticate=WWWAuthenticate("bearer"),
        )
    return token


def _check(token: str) -> None:
    try:
        mockstore().shop.tokens.check(token)
    except TokenError as error:
        raise Unauthorized(str(error), www_authenticate=WWWAuthenticate("bearer", {"error": "invalid_token"})) from None
