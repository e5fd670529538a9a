"""Parses the signature headers of Standard Webhooks, and knows the mistakes that are common with them. Pure."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
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
from mockstore.signing.schemes import (
    ID_HEADER,
    PETSTORE,
    PETSTORE_HEADER,
    STANDARD_HEADER,
    TIMESTAMP_HEADER,
    standard_preamble,
)
from mockstore.signing.secrets import PREFIX, mask, standard_key, utf8
from mockstore.signing.verdict import Finding, Reason
from mockstore.signing.wording import SHOWN_OF_UNKNOWN, abbreviated, listed, quoted

_TIMESTAMP: Final = re.compile(r"0|[1-9][0-9]{0,10}")
_MILLISECONDS: Final = re.compile(r"[1-9][0-9]{11,13}")


def _read_standard(fields: Fields) -> Claim | Finding:
    names = (ID_HEADER, TIMESTAMP_HEADER, STANDARD_HEADER)
    missing = [name for name in names if not fields.get(name)]
    if missing:
        return _missing_standard(missing, fields)
    for name in (ID_HEADER, TIMESTAMP_HEADER):
        if len(set(fields[name])) > 1:
            return Finding(
                Reason.DUPLICATE_HEADER,
                f"The {name} header came {len(fields[name])} times with different values, but it must be one value: "
                "check what adds it a second time.",
            )
    timestamp = fields[TIMESTAMP_HEADER][0]
    if not _TIMESTAMP.fullmatch(timestamp):
        seems = ", which seems to be in milliseconds" if _MILLISECONDS.fullmatch(timestamp) else ""
        return Finding(
            Reason.MALFORMED_TIMESTAMP,
            f"The {TIMESTAMP_HEADER} header is {quoted(timestamp)}{seems}, but it must be the whole seconds since "
            "1970, such as '1614265330': send the time in that form.",
        )
    return Claim(
        signatures=tuple(filter(None, " ".join(fields[STANDARD_HEADER]).split(" "))),
        preamble=standard_preamble(fields[ID_HEADER][0], timestamp),
        signed_at=datetime.fromtimestamp(int(timestamp), UTC),
    )


def _missing_standard(missing: list[str], fields: Fields) -> Finding:
    if STANDARD_HEADER in missing and fields.get(PETSTORE_HEADER.lower()):
        return Finding(
            Reason.WRONG_SCHEME,
            f"The headers carry the Petstore's {PETSTORE_HEADER}, but those of Standard Webhooks are to be verified: "
            f"verify with the scheme {PETSTORE!r}, or have the sender add {listed(missing)}.",
        )
    similar = similar_headers(fields) if STANDARD_HEADER in missing else ""
    plural = len(missing) > 1
    return Finding(
        Reason.MISSING_HEADER,
        f"The {listed(missing)} header{'s are' if plural else ' is'} missing or empty{similar}, but Standard Webhooks "
        f"needs {'them' if plural else 'it'}: check that the sender signs and that nothing on the way drops headers.",
    )


def _standard_format_error(signature: str) -> Finding | None:
    if not signature.startswith("v1,"):
        return Finding(
            Reason.WRONG_SCHEME,
            f"The signature is {quoted(signature, SHOWN_OF_UNKNOWN)}, but it must begin with 'v1,': send "
            "'v1,' and the base64 of the HMAC-SHA256.",
        )
    encoded = signature.removeprefix("v1,")
    length = digest_length(encoded)
    if length is None:
        return Finding(
            Reason.NOT_BASE64,
            f"The signature {abbreviated(signature)} is not base64, but base64 of the standard alphabet, padded with "
            "'=', must follow 'v1,': encode the digest that way.",
        )
    if length != DIGEST_BYTES:
        seems_hex = len(encoded) == HEX_DIGITS and not NOT_HEX.search(encoded)
        advice = "encode the digest itself, not its hex digits" if seems_hex else "send the whole digest"
        return Finding(
            Reason.WRONG_LENGTH,
            f"The signature decodes to {length} bytes, but HMAC-SHA256 has {DIGEST_BYTES}: {advice}.",
        )
    return None


def _standard_wrong_keys(secret: str) -> Iterator[WrongKey]:
    undecoded = Finding(
        Reason.SECRET_NOT_DECODED,
        f"The signature was made with the text of the secret {mask(secret)}, but the key is what the part after "
        f"{PREFIX!r} decodes to: decode that part from base64 before signing.",
    )
    yield utf8(secret), undecoded
    yield utf8(secret.removeprefix(PREFIX)), undecoded
    yield from keys_with_whitespace(secret, standard_key)


STANDARD_DIALECT: Final = Dialect(
    read=_read_standard,
    format_error=_standard_format_error,
    normalise=str,
    wrong_keys=_standard_wrong_keys,
    covered="the secret, the body, the id or the timestamp",
)
