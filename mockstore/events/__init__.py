"""Events: their types, their schemas, and how to make them. Faker and jsonschema are imported at first use."""

from mockstore.events.cards import card_brand
from mockstore.events.catalogue import Catalogue, petstore_catalogue
from mockstore.events.encode import encode, parse_moment, rfc3339
from mockstore.events.factory import EventFactory
from mockstore.events.ids import uuid7
from mockstore.events.mistakes import Mistake
from mockstore.events.overrides import differences, merge, parse_assignment
from mockstore.events.rules import ORDER_STEPS, PAYMENT_ERRORS, PET_STEPS, STAFF_REASON

__all__ = [
    "ORDER_STEPS",
    "PAYMENT_ERRORS",
    "PET_STEPS",
    "STAFF_REASON",
    "Catalogue",
    "EventFactory",
    "Mistake",
    "card_brand",
    "differences",
    "encode",
    "merge",
    "parse_assignment",
    "parse_moment",
    "petstore_catalogue",
    "rfc3339",
    "uuid7",
]
