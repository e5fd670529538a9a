"""Signatures: made, verified and explained. Pure: no clock, no dice, no I/O."""

from mockstore.signing.claims import ReceivedHeaders
from mockstore.signing.doctor import TOLERANCE, verify
from mockstore.signing.schemes import SCHEMES, Scheme, scheme_named
from mockstore.signing.secrets import mask, new_secret, standard_key
from mockstore.signing.verdict import Reason, Verdict

__all__ = [
    "SCHEMES",
    "TOLERANCE",
    "Reason",
    "ReceivedHeaders",
    "Scheme",
    "Verdict",
    "mask",
    "new_secret",
    "scheme_named",
    "standard_key",
    "verify",
]
