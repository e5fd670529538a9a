"""Signs deliveries, with the Petstore's own scheme or by Standard Webhooks. Pure: the moment is an argument."""

import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from math import floor
from types import MappingProxyType
from typing import Final, TypeAlias

from msgspec import Struct

from mockstore.errors import InvalidInputError
from mockstore.model import Headers
from mockstore.signing.secrets import petstore_key, standard_key, utf8

TOLERANCE: Final = timedelta(minutes=5)
"""How far a signed timestamp may be from now, in both directions, by default (Standard Webhooks)."""

PETSTORE_HEADER: Final = "X-Webhook-Signature"
ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
STANDARD_HEADER: Final = "webhook-signature"

Signer: TypeAlias = Callable[[bytes, Sequence[str], str, datetime], Headers]
"""Takes the body, the secrets (newest first), the event's id and the attempt's moment."""


class Scheme(Struct, frozen=True):
    """One way to sign a delivery."""

    name: str
    headers: tuple[str, ...]
    """Names of its header fields, in the order in which they are sent; the last one carries the signature."""
    key: Callable[[str], bytes]
    """Returns the HMAC key that belongs to a secret."""
    signature: Callable[[bytes, bytes], str]
    """Returns one signature, as its header contains it, for a key and the content to sign."""
    signer: Signer
    """Returns the header fields for a delivery."""

    def sign(self, body: bytes, *, secrets: Sequence[str], event_id: str, at: datetime) -> Headers:
        """Return the header fields with the signatures of exactly these bytes of `body`.

        `secrets` come newest first; there is one signature for each, so that during a rotation a receiver may use
        the old secret or the new one (contract 1.2). `at` is the moment of this attempt, aware. Raise
        `InvalidInputError` without a secret and, if the scheme signs a timestamp, for a naive `at`.
        """
        if not secrets:
            raise InvalidInputError("no secret to sign with; pass at least one, the newest first", field="secret")
        return self.signer(body, secrets, event_id, at)


def petstore_signature(key: bytes, content: bytes) -> str:
    """Return `sha256=` and the lower-case hex of the HMAC (contract 1.2)."""
    return "sha256=" + _digest(key, content).hex()


def standard_signature(key: bytes, content: bytes) -> str:
    """Return `v1,` and the base64 of the HMAC (Standard Webhooks)."""
    return "v1," + b64encode(_digest(key, content)).decode("ascii")


def _digest(key: bytes, content: bytes) -> bytes:
    mac = _hmac_with_key(key).copy()
    mac.update(content)
    return mac.digest()


@lru_cache(maxsize=1024)
def _hmac_with_key(key: bytes) -> hmac.HMAC:
    """Return an HMAC object without content. Cached, so that the key is not processed again for each delivery."""
    return hmac.new(key, digestmod="sha256")


def standard_preamble(event_id: str, timestamp: str) -> bytes:
    """Return what is signed before the body: `id.timestamp.` (Standard Webhooks)."""
    return utf8(f"{event_id}.{timestamp}.")


def scheme_named(name: str) -> Scheme:
    """Return the scheme with this name; raise `InvalidInputError`, which lists the known ones, for any other."""
    scheme = SCHEMES.get(name)
    if scheme is None:
        raise InvalidInputError(
            f"unknown signature scheme {name!r}; known schemes: {', '.join(SCHEMES)}",
            field="scheme",
            code="unknown_scheme",
        )
    return scheme


def _sign_petstore(body: bytes, secrets: Sequence[str], _event_id: str, _at: datetime) -> Headers:
    return ((PETSTORE_HEADER, ",".join([petstore_signature(petstore_key(secret), body) for secret in secrets])),)


def _sign_standard(body: bytes, secrets: Sequence[str], event_id: str, at: datetime) -> Headers:
    if at.tzinfo is None:
        raise InvalidInputError(f"the moment {at} has no time zone; pass an aware datetime, best in UTC", field="at")
    timestamp = str(floor(at.timestamp()))
    content = standard_preamble(event_id, timestamp) + body
    signatures = " ".join([standard_signature(standard_key(secret), content) for secret in secrets])
    return ((ID_HEADER, event_id), (TIMESTAMP_HEADER, timestamp), (STANDARD_HEADER, signatures))


PETSTORE: Final = "petstore"
STANDARD_WEBHOOKS: Final = "standard-webhooks"

SCHEMES: Final[Mapping[str, Scheme]] = MappingProxyType(
    {
        PETSTORE: Scheme(
            name=PETSTORE,
            headers=(PETSTORE_HEADER,),
            key=petstore_key,
            signature=petstore_signature,
            signer=_sign_petstore,
        ),
        STANDARD_WEBHOOKS: Scheme(
            name=STANDARD_WEBHOOKS,
            headers=(ID_HEADER, TIMESTAMP_HEADER, STANDARD_HEADER),
            key=standard_key,
            signature=standard_signature,
            signer=_sign_standard,
        ),
    }
)
