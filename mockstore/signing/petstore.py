"""Parses the Petstore's own signature, and knows the mistakes that are common with it (contract 1.2). Pure."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from mockstore.signing.claims import (
    DIGEST_BYTES,
    HEX_DIGITS,
    NOT_HEX,
    Claim,
    Dialect,
    Fields,
    WrongKey,
    digest_length,
    keys_with_whitespace,
    similar_headers,
)
from mockstore.signing.schemes import PETSTORE_HEADER, STANDARD_HEADER, STANDARD_WEBHOOKS
from mockstore.signing.secrets import PREFIX, mask, petstore_key, standard_key
from mockstore.signing.verdict import Finding, Reason
from mockstore.signing.wording import SHOWN_OF_UNKNOWN, quoted

_HASHES: Final = MappingProxyType({32: "MD5", 40: "SHA-1", 96: "SHA-384", 128: "SHA-512"})
"""Names of other hash functions, by the number of hex digits of their digests."""


def _read_petstore(fields: Fields) -> Claim | Finding:
    whole = ",".join(fields.get(PETSTORE_HEADER.lower(), ()))
    signatures = tuple(filter(None, (part.strip() for part in whole.split(","))))
    if signatures:
        return Claim(signatures)
    if PETSTORE_HEADER.lower() in fields:
        return Finding(
            Reason.MISSING_HEADER,
            f"The {PETSTORE_HEADER} header is empty, but it must carry 'sha256=' and {HEX_DIGITS} hex digits: "
            "check that the sender has a secret to sign with.",
        )
    if fields.get(STANDARD_HEADER):
        return Finding(
            Reason.WRONG_SCHEME,
            f"The headers are those of Standard Webhooks, but the Petstore's {PETSTORE_HEADER} is to be verified: "
            f"verify with the scheme {STANDARD_WEBHOOKS!r}, or have the sender add {PETSTORE_HEADER}.",
        )
    return Finding(
        Reason.MISSING_HEADER,
        f"The {PETSTORE_HEADER} header is missing{similar_headers(fields)}, but it must carry 'sha256=' and "
        f"{HEX_DIGITS} hex digits: check that the sender signs and that nothing on the way drops the header.",
    )


def _petstore_format_error(signature: str) -> Finding | None:
    if not signature.startswith("sha256="):
        return Finding(
            Reason.WRONG_SCHEME,
            f"The signature is {quoted(signature, SHOWN_OF_UNKNOWN)}, but it must begin with 'sha256=' in "
            "lower case: send 'sha256=' and the hex digits of the HMAC-SHA256.",
        )
    digits = signature.removeprefix("sha256=")
    if not_hex := NOT_HEX.search(digits):
        advice = (
            "send the digest in hex, not in base64"
            if digest_length(digits) == DIGEST_BYTES
            else "send the digest in hex"
        )
        return Finding(
            Reason.NOT_HEX,
            f"The signature has {quoted(not_hex[0])} as character {not_hex.start() + 1} after 'sha256=', but only "
            f"0-9 and a-f are hex digits: {advice}.",
        )
    if len(digits) != HEX_DIGITS:
        kind = f", as many as {_HASHES[len(digits)]}," if len(digits) in _HASHES else ""
        return Finding(
            Reason.WRONG_LENGTH,
            f"The signature has {len(digits)} hex digits{kind} after 'sha256=', but HMAC-SHA256 has {HEX_DIGITS}: send "
            f"{'an HMAC-SHA256' if kind else 'the whole digest'}.",
        )
    return None


def _petstore_wrong_keys(secret: str) -> Iterator[WrongKey]:
    if secret.startswith(PREFIX):
        yield (
            petstore_key(secret.removeprefix(PREFIX)),
            Finding(
                Reason.SECRET_WITHOUT_PREFIX,
                f"The signature was made with the secret without its prefix, but the key is the whole text "
                f"{mask(secret)}, {PREFIX!r} included: sign with the secret as it stands.",
            ),
        )
    else:
        yield (
            petstore_key(PREFIX + secret),
            Finding(
                Reason.SECRET_WITHOUT_PREFIX,
                f"The signature was made with {PREFIX!r} before the secret {mask(secret)} that was given, so the one "
                "given has lost its prefix: pass the whole secret.",
            ),
        )
    yield (
        standard_key(secret),
        Finding(
            Reason.SECRET_DECODED,
            f"The signature was made with the base64-decoded secret, but the key is the text {mask(secret)} itself, "
            f"{PREFIX!r} included: sign with the secret as it stands.",
        ),
    )
    yield from keys_with_whitespace(secret, petstore_key)


PETSTORE_DIALECT: Final = Dialect(
    read=_read_petstore,
    format_error=_petstore_format_error,
    normalise=str.lower,
    wrong_keys=_petstore_wrong_keys,
    covered="the secret or the body",
)
