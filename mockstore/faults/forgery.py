"""Forgery faults: requests without a genuine signature. Consumers must reject them. Pure."""

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Final

from msgspec.structs import replace

from mockstore.faults.fault import Alter, Compose, Draft, Expect, Fault, Group
from mockstore.model import Outgoing
from mockstore.signing import SCHEMES, TOLERANCE

_ASCII_DIGITS: Final = frozenset(b"0123456789")
_OVERSIZE: Final = 16 * 1024  # twice what common servers allow for all headers together
_MALFORMED: Final = ("sha256", "sha256=", "sha256=not-hexadecimal", "v1,not base64", "=", ",,,", "sha256=" + "0" * 63)
_SIGNATURES: Final = frozenset(scheme.headers[-1].lower() for scheme in SCHEMES.values())
"""The headers that carry a signature, in lower case: the last header of each scheme."""
_TIMESTAMPED_SCHEME: Final = "standard-webhooks"
_FAR_OFF: Final = 2 * TOLERANCE


def unknown_secret(roll: int) -> str:
    """Return a secret that no webhook has, in the format of a generated one."""
    return "whsec_" + b64encode(sha256(str(roll).encode()).digest()).decode()


def tampered(body: bytes, roll: int) -> bytes:
    """Return `body` with one digit changed, so that JSON stays valid, or with a space added if it has no digit."""
    places = [place for place, byte in enumerate(body) if byte in _ASCII_DIGITS]
    if not places:
        return body + b" "
    place = places[roll % len(places)]
    other = body[place] % 9 + 1  # never a zero, since a JSON number must not begin with one
    return body[:place] + str(other).encode() + body[place + 1 :]


def reserialised(body: bytes) -> bytes:
    """Return the same JSON with Python's default spaces; a body that is not JSON gets a newline at its end."""
    try:
        return json.dumps(json.loads(body)).encode()
    except (ValueError, RecursionError):
        return body + b"\n"


def _wrong_secret(draft: Draft, roll: int) -> Draft:
    return replace(draft, secrets=(unknown_secret(roll),))


def _old_secret(draft: Draft, roll: int) -> Draft:
    return replace(draft, secrets=(draft.retired or (unknown_secret(roll),))[:1])


def _signature_of_another_body(draft: Draft, roll: int) -> Draft:
    return replace(draft, signed=tampered(draft.body, roll))


def _signed_at_offset(draft: Draft, _roll: int, *, by: timedelta) -> Draft:
    return replace(draft, schemes=(_TIMESTAMPED_SCHEME,), signed_at=draft.signed_at + by)


def _tampered_body(outgoing: Outgoing, roll: int) -> Outgoing:
    return replace(outgoing, body=tampered(outgoing.body, roll))


def _reserialised_body(outgoing: Outgoing, _roll: int) -> Outgoing:
    return replace(outgoing, body=reserialised(outgoing.body))


def _missing(outgoing: Outgoing, _roll: int) -> Outgoing:
    kept = tuple((name, value) for name, value in outgoing.headers if name.lower() not in _SIGNATURES)
    return replace(outgoing, headers=kept)


def _with_signature(outgoing: Outgoing, roll: int, *, value: Callable[[int], str]) -> Outgoing:
    headers = tuple((name, value(roll) if name.lower() in _SIGNATURES else kept) for name, kept in outgoing.headers)
    return replace(outgoing, headers=headers)


def _forgery(  # noqa: PLR0913 - the columns of the table
    name: str,
    sentence: str,
    good_consumer: str,
    acts_on: str,
    *,
    compose: Compose | None = None,
    alter: Alter | None = None,
) -> Fault:
    return Fault(name, Group.FORGERY, sentence, good_consumer, Expect.REJECT, (acts_on,), compose=compose, alter=alter)


FORGERIES: Final[tuple[Fault, ...]] = (
    _forgery(
        "missing_signature",
        "The signature header is absent.",
        "Answers 401 before it looks at the body.",
        "headers",
        alter=_missing,
    ),
    _forgery(
        "wrong_secret",
        "The signature was made with a secret that is not the webhook's.",
        "Compares in constant time and answers 401.",
        "headers",
        compose=_wrong_secret,
    ),
    _forgery(
        "old_secret",
        "The signature was made with the secret before the last rotation, when its overlap is over; with a strange "
        "one when there is none.",
        "Drops the old secret when the overlap ends, and answers 401.",
        "headers",
        compose=_old_secret,
    ),
    _forgery(
        "tampered_body",
        "One digit of the body was changed after signing.",
        "Verifies the raw bytes and answers 401.",
        "body",
        alter=_tampered_body,
    ),
    _forgery(
        "signature_of_another_body",
        "The signature is genuine, but of another body.",
        "Verifies the raw bytes and answers 401.",
        "headers",
        compose=_signature_of_another_body,
    ),
    _forgery(
        "malformed_signature",
        "The signature header has something in it that is no signature.",
        "Takes what it cannot read for a wrong signature, and answers 401.",
        "headers",
        alter=partial(_with_signature, value=lambda roll: _MALFORMED[roll % len(_MALFORMED)]),
    ),
    _forgery(
        "empty_signature",
        "The signature header is empty.",
        "Takes empty for absent, and answers 401.",
        "headers",
        alter=partial(_with_signature, value=lambda _: ""),
    ),
    _forgery(
        "non_ascii_signature",
        "The signature header has letters outside ASCII in it.",
        "Compares bytes, for comparing such texts raises an error; answers 401.",
        "headers",
        alter=partial(_with_signature, value=lambda _: "sha256=" + "é" * 64),
    ),
    _forgery(
        "oversized_signature",
        "The signature header is 16 KiB long.",
        "Refuses it by its length (401 or 431), and does not log the whole of it.",
        "headers",
        alter=partial(_with_signature, value=lambda _: "sha256=" + "0" * (_OVERSIZE - 7)),
    ),
    _forgery(
        "stale_timestamp",
        "The signature is genuine, by Standard Webhooks alone, and ten minutes old.",
        "Refuses a signed time more than five minutes from its own: a replay; answers 401.",
        "headers",
        compose=partial(_signed_at_offset, by=-_FAR_OFF),
    ),
    _forgery(
        "future_timestamp",
        "The signature is genuine, by Standard Webhooks alone, and ten minutes ahead.",
        "Refuses a signed time more than five minutes from its own, on either side; answers 401.",
        "headers",
        compose=partial(_signed_at_offset, by=_FAR_OFF),
    ),
    _forgery(
        "reserialised_body",
        "The body was written anew after signing: the same JSON, other bytes.",
        "Verifies the raw bytes, not what a parser made of them, and answers 401.",
        "body",
        alter=_reserialised_body,
    ),
)
