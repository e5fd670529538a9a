"""Tables for coherent Petstore events: changes of status with their reasons, payment errors, names."""

from collections.abc import Mapping
from types import MappingProxyType

PET_STEPS: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        ("AVAILABLE", "PENDING"): ("Adoption application received", "Order placed", "Reserved for a visit"),
        ("PENDING", "ADOPTED"): ("Adoption completed", "Payment received"),
        ("PENDING", "AVAILABLE"): ("Adoption application withdrawn", "Order cancelled"),
        ("AVAILABLE", "NOT_AVAILABLE"): ("Veterinary check scheduled", "In foster care"),
        ("NOT_AVAILABLE", "AVAILABLE"): ("Cleared by the veterinarian", "Back from foster care"),
        ("ADOPTED", "AVAILABLE"): ("Returned by the adopter",),
    }
)
"""The changes of a pet's status (old, new), each with possible reasons."""

STAFF_REASON = "Changed by staff"
"""The reason for a change that is not in the table."""

ORDER_STEPS: tuple[tuple[str, str], ...] = (
    ("PENDING", "PROCESSING"),
    ("PROCESSING", "SHIPPED"),
    ("SHIPPED", "DELIVERED"),
    ("PENDING", "CANCELLED"),
    ("PROCESSING", "CANCELLED"),
)
"""The changes of an order's status (old, new), as events name them (contract 1.1)."""

PAYMENT_ERRORS: Mapping[str, str] = MappingProxyType(
    {
        "CARD_DECLINED": "The card was declined.",
        "INSUFFICIENT_FUNDS": "The card has insufficient funds.",
        "EXPIRED_CARD": "The card has expired.",
        "INCORRECT_CVC": "The card's security code is incorrect.",
        "PROCESSING_ERROR": "An error occurred while processing the card.",
    }
)
"""The messages of failed payments, by code."""

DEFAULT_PAYMENT_ERROR = "INSUFFICIENT_FUNDS"
"""The code of a failed payment when the caller sets none."""

PET_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "DOG": ("Buddy", "Max", "Bella", "Charlie", "Luna", "Rocky", "Daisy", "Cooper", "Sadie", "Duke"),
        "CAT": ("Whiskers", "Oliver", "Misty", "Simba", "Cleo", "Shadow", "Tigger", "Nala", "Smokey", "Willow"),
        "RABBIT": ("Thumper", "Clover", "Hazel", "Cinnamon", "Snowball", "Biscuit", "Poppy", "Nibbles"),
        "BIRD": ("Kiwi", "Sunny", "Rio", "Mango", "Tweety", "Echo", "Skye", "Peep"),
        "REPTILE": ("Spike", "Rex", "Ziggy", "Iggy", "Slinky", "Draco", "Pebbles"),
        "OTHER": ("Peanut", "Nugget", "Pickles", "Hammy", "Patch", "Oreo", "Squeak"),
    }
)
"""Names of pets, by species."""

MAIL_DOMAINS = ("example.com", "example.net", "example.org")
"""Domains that are reserved for examples (RFC 2606): mail to them reaches nobody."""
