"""Whether a call has to say who makes it."""

from enum import StrEnum


class Auth(StrEnum):
    """Whether a call needs a bearer token (contract 2)."""

    NONE = "none"
    OPTIONAL = "optional"
    """In strict mode only."""
    BEARER = "bearer"
