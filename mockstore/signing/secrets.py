"""Makes secrets, masks them, and turns them into HMAC keys. Pure: the random bytes are an argument."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Final

PREFIX: Final = "whsec_"
_RANDOM_BYTES: Final = 32  # within the 24 to 64 that contract 1.2 allows
_SHOWN: Final = 4
_SHOWN_SHARE: Final = 8  # at most one character in eight is shown, so that a short secret stays secret


def new_secret(random_bytes: Callable[[int], bytes]) -> str:
    """Return `whsec_` and the base64 of 32 bytes; `random_bytes(32)` must return that many (contract 1.2)."""
    return PREFIX + b64encode(random_bytes(_RANDOM_BYTES)).decode("ascii")


def mask(secret: str) -> str:
    """Return the secret as `whsec_…abcd`, with its last four characters (contract 1.4).

    Without the prefix, fewer than 32 characters show fewer than four, and fewer than 8 show none. Nothing is shown
    of an end that is not printable ASCII.
    """
    kept = secret.removeprefix(PREFIX)
    prefix = PREFIX if kept != secret else ""
    shown = min(_SHOWN, len(kept) // _SHOWN_SHARE)
    tail = kept[len(kept) - shown :]
    return f"{prefix}…{tail if tail.isascii() and tail.isprintable() else ''}"


def petstore_key(secret: str) -> bytes:
    """Return the key of the Petstore's own scheme: the whole secret as UTF-8, including `whsec_` (contract 1.2)."""
    return utf8(secret)


def standard_key(secret: str) -> bytes:
    """Return the key of Standard Webhooks: the part after `whsec_`, decoded from base64 (contract 1.2).

    The prefix may be absent. Base64 is decoded like in the official package: padding may be absent, and characters
    outside the alphabet are skipped. For a secret that the official package refuses (it cannot be decoded, or to
    nothing), the key is the part after the prefix as UTF-8, so that every secret can sign.
    """
    return _base64_key(secret) or utf8(secret.removeprefix(PREFIX))


def has_standard_key(secret: str) -> bool:
    """Tell whether the official package of Standard Webhooks accepts the secret."""
    return bool(_base64_key(secret))


def _base64_key(secret: str) -> bytes:
    try:
        return b64decode(secret.removeprefix(PREFIX) + "==")
    except ValueError:
        return b""


def utf8(text: str) -> bytes:
    """Return `text` as UTF-8. Lone surrogates are encoded too, so that this never raises."""
    return text.encode("utf-8", "surrogatepass")
