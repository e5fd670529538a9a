"""Issues and verifies bearer tokens: JWTs (HS256) of users, which expire by the shop's clock (contract 2, `strict`)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from mockstore.errors import NotFoundError
from mockstore.events.encode import rfc3339
from mockstore.model import Json, Payload
from mockstore.petstore.errors import TokenError
from mockstore.petstore.users import Users

LIFETIME: Final = timedelta(hours=1)

_ALGORITHM: Final = "HS256"
_ISSUER: Final = "https://petstoreapi.com"
_CLAIMS: Final = ("sub", "exp", "iss")


class Tokens(Struct, frozen=True):
    """Issues and verifies the tokens of one tenant's users."""

    users: Users
    key: bytes
    """The key that signs the tokens, at least 32 bytes."""
    now: Callable[[], datetime]

    def issue(self, credentials: Payload) -> dict[str, Json]:
        """Return a new token (schema `token`) for `credentials` (schema `token-request`).

        Raise `ValidationError` for a bad document and `CredentialsError` for a wrong name or password.
        """
        import jwt  # noqa: PLC0415 - most callers never ask for a token

        user = self.users.authenticate(credentials)
        issued = self.now().replace(microsecond=0)
        expires = issued + LIFETIME
        claims = {"iss": _ISSUER, "sub": user["id"], "iat": issued, "exp": expires}
        return {
            "token": jwt.encode(claims, self.key, algorithm=_ALGORITHM),
            "expiresIn": int(LIFETIME.total_seconds()),
            "expiresAt": rfc3339(expires),
            "user": user,
        }

    def check(self, token: str) -> dict[str, Json]:
        """Return the user of a valid `token`; raise `TokenError` for any other text."""
        import jwt  # noqa: PLC0415 - only strict mode checks tokens

        try:
            claims = jwt.decode(
                token,
                self.key,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                # PyJWT would use the time of the process; the shop's clock may be another
                options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except (jwt.InvalidTokenError, ValueError):  # ValueError: not even the form of a JWT
            raise TokenError("is none of ours") from None
        expires = claims["exp"]
        if not isinstance(expires, int) or expires <= self.now().timestamp():
            raise TokenError("has expired")
        try:
            return self.users.get(claims["sub"])
        except NotFoundError:
            raise TokenError("is that of a user who is gone") from None
