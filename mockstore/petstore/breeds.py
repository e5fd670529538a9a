"""The tables from which the seeded catalogue is made. They are plain data, so that a server starts quickly."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct


class Kind(Struct, frozen=True):
    """The values that pets of one species may have in the catalogue."""

    breeds: Mapping[str, tuple[str, ...]]
    """By size."""
    colors: tuple[str, ...]
    prices: tuple[int, int]
    """The lowest and the highest price, in whole US dollars."""
    oldest: int
    """The greatest age, in months."""


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "DOG": Kind(
            {
                "SMALL": ("Chihuahua", "Dachshund", "Pug", "Yorkshire Terrier"),
                "MEDIUM": ("Beagle", "Border Collie", "Cocker Spaniel", "Whippet"),
                "LARGE": ("Bernese Mountain Dog", "Golden Retriever", "Greyhound", "Labrador Retriever"),
            },
            ("black", "brown and white", "cream", "golden", "grey", "tricolour"),
            (120, 900),
            144,
        ),
        "CAT": Kind(
            {
                "SMALL": ("Burmese", "Cornish Rex", "Devon Rex", "Singapura"),
                "MEDIUM": ("British Shorthair", "Domestic Shorthair", "Russian Blue", "Siamese"),
                "LARGE": ("Maine Coon", "Norwegian Forest Cat", "Ragdoll", "Siberian"),
            },
            ("black", "calico", "ginger tabby", "grey", "tortoiseshell", "white"),
            (60, 600),
            180,
        ),
        "RABBIT": Kind(
            {
                "SMALL": ("Holland Lop", "Lionhead", "Netherland Dwarf"),
                "MEDIUM": ("Dutch", "English Angora", "Rex"),
                "LARGE": ("Chinchilla Giant", "Flemish Giant", "French Lop"),
            },
            ("agouti", "black and white", "fawn", "grey", "white"),
            (20, 120),
            96,
        ),
        "BIRD": Kind(
            {
                "SMALL": ("Budgerigar", "Canary", "Zebra Finch"),
                "MEDIUM": ("Cockatiel", "Conure", "Lovebird"),
                "LARGE": ("African Grey Parrot", "Amazon Parrot", "Cockatoo"),
            },
            ("blue", "green", "grey", "white", "yellow"),
            (15, 1500),
            240,
        ),
        "REPTILE": Kind(
            {
                "SMALL": ("Crested Gecko", "Green Anole", "Leopard Gecko"),
                "MEDIUM": ("Bearded Dragon", "Corn Snake", "Hermann's Tortoise"),
                "LARGE": ("Ball Python", "Blue-tongued Skink", "Green Iguana"),
            },
            ("banded", "brown", "green", "sand", "spotted"),
            (30, 400),
            240,
        ),
        "OTHER": Kind(
            {
                "SMALL": ("Gerbil", "Hamster", "Mouse"),
                "MEDIUM": ("Chinchilla", "Ferret", "Guinea Pig"),
                "LARGE": ("Alpaca", "Miniature Pig", "Pygmy Goat"),
            },
            ("brown", "cream", "grey", "spotted", "white"),
            (10, 700),
            72,
        ),
    }
)

TRAITS = (
    "Calm and patient", "Curious about everything", "Full of energy", "Gentle with strangers", "Happiest in company",
    "Independent", "Playful in the morning", "Quick to learn", "Quiet and observant", "Shy at first, loyal after",
)  # fmt: skip

HABITS = (
    "likes to be brushed", "knows its name", "loves the sun", "needs room to move", "prefers a quiet home",
    "sleeps through the night", "travels well", "will do anything for a treat",
)  # fmt: skip

HEALTH_NOTES = (
    "Needs a special diet.",
    "Takes a tablet a day.",
    "Sees poorly on one side.",
    "Has a check-up every three months.",
)

USERS = (
    ("Ada", "Park", "+442071838750"),
    ("Ben", "Okafor", "+14155550132"),
    ("Clara", "Lindqvist", "+4687654321"),
    ("Diego", "Marin", "+34910501234"),
    ("Emi", "Sato", "+81345678901"),
    ("Farid", "Haddad", "+33153678901"),
)
"""First name, last name and telephone number of the users that a shop starts with; all are invented."""
