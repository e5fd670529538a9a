"""Hashes passwords with scrypt, and verifies them. Pure: the salt is an argument."""

from hashlib import scrypt
from hmac import compare_digest

_N, _R, _P = 1024, 8, 1
"""Cost parameters of scrypt: 1 MiB and about 2 ms, which is low, because tests sign in often."""


def hashed(password: str, salt: str) -> str:
    """Return the hash of `password` for the store: `scrypt$n$r$p$salt$hash`."""
    return f"scrypt${_N}${_R}${_P}${salt}${_digest(password, salt, _N, _R, _P)}"


def matches(password: str, stored: str) -> bool:
    """Tell whether `stored` is a hash of `password`; the comparison takes constant time."""
    _, n, r, p, salt, digest = stored.split("$")
    return compare_digest(_digest(password, salt, int(n), int(r), int(p)), digest)


def _digest(password: str, salt: str, n: int, r: int, p: int) -> str:
    return scrypt(password.encode(), salt=salt.encode(), n=n, r=r, p=p).hex()
