"""Secrets: how they are made, shown and turned into keys. Pure: chance is an argument."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Final

PREFIX: Final = "whsec_"
_RANDOM_BYTES: Final = 32  # within the 24 to 64 that contract 1.2 allows
_SHOWN: Final = 4
_SHOWN_SHARE: Final = 8  # at most one character in eight is shown, so that a short secret stays one


def new_secret(random_bytes: Callable[[int], bytes]) -> str:
    """Return `whsec_` and the base64 of 32 bytes, which `random_bytes(32)` has to supply (contract 1.2)."""
    return PREFIX + b64encode(random_bytes(_RANDOM_BYTES)).decode("ascii")


def mask(secret: str) -> str:
    """Return `whsec_…abcd`: enough to tell two secrets apart, too little to sign with (contract 1.4).

    A secret under 32 characters shows fewer of them, one under 8 none, and so does an end that cannot be printed.
    """
    kept = secret.removeprefix(PREFIX)
    prefix = PREFIX if kept != secret else ""
    shown = min(_SHOWN, len(kept) // _SHOWN_SHARE)
    tail = kept[len(kept) - shown :]
    return f"{prefix}…{tail if tail.isascii() and tail.isprintable() else ''}"


def petstore_key(secret: str) -> bytes:
    """Return the key of the Petstore's own scheme: the whole secret as UTF-8, `whsec_` included (contract 1.2)."""
    return utf8(secret)


def standard_key(secret: str) -> bytes:
    """Return the key of Standard Webhooks: what the part after `whsec_` decodes to (contract 1.2).

    The prefix may be absent. Base64 is read as the official package reads it: padding may be absent, and characters
    outside its alphabet are skipped. A secret that the official package refuses (not decodable, or nothing left) is
    taken as the UTF-8 bytes of the part after the prefix, so that any secret can sign.
    """
    return _decoded(secret) or utf8(secret.removeprefix(PREFIX))


def has_standard_key(secret: str) -> bool:
    """Tell whether the official package of Standard Webhooks takes the secret."""
    return bool(_decoded(secret))


def _decoded(secret: str) -> bytes:
    try:
        return b64decode(secret.removeprefix(PREFIX) + "==")
    except ValueError:
        return b""


def utf8(text: str) -> bytes:
    """Return `text` as UTF-8; a lone surrogate is let through, so that no text is refused."""
    return text.encode("utf-8", "surrogatepass")
