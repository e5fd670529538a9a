"""Which calls of the API need a bearer token."""

from enum import StrEnum


class Auth(StrEnum):
    """Whether a call needs a bearer token (contract 2)."""

    NONE = "none"
    OPTIONAL = "optional"
    """Needed in strict mode only."""
    BEARER = "bearer"
