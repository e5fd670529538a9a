"""Passwords are kept as salted scrypt hashes. Pure: the salt is an argument."""

from hashlib import scrypt
from hmac import compare_digest

_N, _R, _P = 1024, 8, 1
"""scrypt's costs: one MiB and about two milliseconds, for tests that sign in often."""


def hashed(password: str, salt: str) -> str:
    """Return what to keep of `password`: `scrypt$n$r$p$salt$hash`."""
    return f"scrypt${_N}${_R}${_P}${salt}${_digest(password, salt, _N, _R, _P)}"


def fits(password: str, kept: str) -> bool:
    """Tell whether `password` is the one of which `kept` was made."""
    _, n, r, p, salt, digest = kept.split("$")
    return compare_digest(_digest(password, salt, int(n), int(r), int(p)), digest)


def _digest(password: str, salt: str, n: int, r: int, p: int) -> str:
    return scrypt(password.encode(), salt=salt.encode(), n=n, r=r, p=p).hex()
