"""How the Petstore's own signature is read, and the slips it invites (contract 1.2). Pure."""

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
    Slip,
    digest_length,
    instead,
    whitespace_slips,
)
from mockstore.signing.schemes import PETSTORE_HEADER, STANDARD_HEADER, STANDARD_WEBHOOKS
from mockstore.signing.secrets import PREFIX, mask, petstore_key, standard_key
from mockstore.signing.verdict import Finding, Reason
from mockstore.signing.wording import SHOWN_OF_STRANGER, quoted

_HASHES: Final = MappingProxyType({32: "MD5", 40: "SHA-1", 96: "SHA-384", 128: "SHA-512"})


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
        f"The {PETSTORE_HEADER} header is missing{instead(fields)}, but it must carry 'sha256=' and {HEX_DIGITS} hex "
        "digits: check that the sender signs and that nothing on the way drops the header.",
    )


def _petstore_flaw(signature: str) -> Finding | None:
    if not signature.startswith("sha256="):
        return Finding(
            Reason.WRONG_SCHEME,
            f"The signature is {quoted(signature, SHOWN_OF_STRANGER)}, but it must begin with 'sha256=' in "
            "lower case: send 'sha256=' and the hex digits of the HMAC-SHA256.",
        )
    digits = signature.removeprefix("sha256=")
    if stranger := NOT_HEX.search(digits):
        advice = (
            "send the digest in hex, not in base64"
            if digest_length(digits) == DIGEST_BYTES
            else "send the digest in hex"
        )
        return Finding(
            Reason.NOT_HEX,
            f"The signature has {quoted(stranger[0])} as character {stranger.start() + 1} after 'sha256=', but only "
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


def _petstore_slips(secret: str) -> Iterator[Slip]:
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
    yield from whitespace_slips(secret, petstore_key)


PETSTORE_DIALECT: Final = Dialect(
    read=_read_petstore,
    flaw=_petstore_flaw,
    normal=str.lower,
    slips=_petstore_slips,
    covered="the secret or the body",
)
