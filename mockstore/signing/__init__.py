"""Signs deliveries, verifies signatures and explains failures. Pure. `doctor`, which verifies, is imported lazily."""

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from mockstore.signing.schemes import SCHEMES, STANDARD_WEBHOOKS, TOLERANCE, Scheme, scheme_named
from mockstore.signing.secrets import has_standard_key, mask, new_secret, standard_key

if TYPE_CHECKING:
    from mockstore.signing.claims import ReceivedHeaders
    from mockstore.signing.doctor import verify
    from mockstore.signing.verdict import Reason, Verdict

__all__ = [
    "SCHEMES",
    "STANDARD_WEBHOOKS",
    "TOLERANCE",
    "Reason",
    "ReceivedHeaders",
    "Scheme",
    "Verdict",
    "has_standard_key",
    "mask",
    "new_secret",
    "scheme_named",
    "standard_key",
    "verify",
]

_LAZY = MappingProxyType({"ReceivedHeaders": "claims", "verify": "doctor", "Reason": "verdict", "Verdict": "verdict"})


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
