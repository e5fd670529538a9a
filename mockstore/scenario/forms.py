"""The format of a scenario file: every member and every verb of a step, as tables. Pure.

The parser uses these tables, and `schemas/scenario.json` is generated from them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct, field

from mockstore.scenario import kinds
from mockstore.scenario.kinds import Kind


class Member(Struct, frozen=True):
    """A member of a mapping: the kind of its value, and a description."""

    kind: Kind
    means: str
    required: bool = False


class Form(Struct, frozen=True):
    """The arguments that a verb takes."""

    does: str
    """What the step does, in one sentence."""
    members: Mapping[str, Member] = field(default_factory=dict)
    short: str | None = None
    """The member that gets the value when it is not a mapping: `emit: pet.adopted` sets `type`."""
    may_be_bare: bool = False
    """Whether the verb may stand without arguments."""
    is_open: bool = False
    """Whether members with other names are accepted too: those of the API's document."""
    keeps: str | None = None
    """What `as` stores; None when the verb has no result."""


_TO: Final = Member(kinds.WEBHOOK, "The webhook; the only one when there is but one.")
_ORDER: Final = Member(kinds.TEXT, "The order's id.", required=True)
_PET: Final = Member(kinds.TEXT, "The pet's id.", required=True)

HEAD: Final[Mapping[str, Member]] = MappingProxyType(
    {
        "name": Member(kinds.TEXT, "What it is called.", required=True),
        "description": Member(kinds.TEXT, "What it shows, for people."),
        "seed": Member(kinds.SEED, "The same seed makes the same bytes; 0 when nothing is said, null for chance."),
        "clock": Member(
            kinds.CLOCK, "virtual (the default) moves by the steps alone; system is the time of the machine."
        ),
        "settings": Member(kinds.MAPPING, "Rules that are different from the provider's."),
        "variables": Member(kinds.MAPPING, "Values by name, for ${name}; --set name=value changes one."),
        "webhooks": Member(kinds.MAPPING, "Who gets the events, by name: scripted receivers, or live consumers."),
        "steps": Member(kinds.STEPS, "What happens, in order.", required=True),
    }
)

SETTINGS: Final[Mapping[str, Member]] = MappingProxyType(
    {
        "schedule": Member(kinds.list_of(kinds.DURATION), "The waits between attempts."),
        "timeout": Member(kinds.DURATION, "How long a receiver may take to answer."),
        "signatures": Member(kinds.SIGNATURES, "The schemes that sign every delivery."),
        "signature_time": Member(kinds.SIGNING_TIME, "Which clock a signed timestamp carries: wall or virtual."),
    }
)

WEBHOOK: Final[Mapping[str, Member]] = MappingProxyType(
    {
        "events": Member(kinds.PATTERNS, "The event types or patterns that it subscribes to; all, if nothing is said."),
        "answers": Member(kinds.ANSWERS, "What the receiver answers in turn; the last one repeats. 200 if not said."),
        "verifies": Member(
            kinds.YES_OR_NO, "Whether the receiver answers 401 to what its secret did not sign; see the verb learn."
        ),
        "to": Member(kinds.TEXT, "The URL of a live consumer, instead of a receiver."),
        "secret": Member(kinds.SECRET, "The secret; one is made when nothing is said."),
        "signatures": Member(kinds.SIGNATURES, "The schemes that sign what it gets."),
    }
)

MODIFIERS: Final[Mapping[str, Member]] = MappingProxyType(
    {
        "as": Member(kinds.TEXT, "The name under which the outcome is kept, for ${name.member}."),
        "note": Member(kinds.TEXT, "What this step is about, shown in the timeline and in the report."),
    }
)

_EVENTS: Final[Mapping[str, Form]] = {
    "emit": Form(
        "Makes an event, signs it and delivers it to every webhook that wants it.",
        {
            "type": Member(kinds.EVENT_TYPE, "The event type.", required=True),
            "set": Member(kinds.MAPPING, "Members of the event's data, nested or by dotted path; the rest is made up."),
            "to": Member(kinds.WEBHOOK, "The only webhook that is to get it."),
            "count": Member(kinds.TIMES, "How many events; 1 if nothing is said."),
            "fault": Member(kinds.FAULTS, "What goes wrong on purpose."),
            "invalid": Member(kinds.YES_OR_NO, "Whether what breaks the schema is allowed."),
            "body": Member(kinds.TEXT, "The body, sent and signed exactly so."),
            "content_type": Member(kinds.TEXT, "The content type of the body."),
        },
        short="type",
        keeps="the event: id, type, timestamp, data, count, ids; of several the last, and ids are those of all",
    ),
    "redeliver": Form(
        "Sends again what became of an event, whatever that was: the same bytes under the same event id.",
        {
            "event": Member(kinds.TEXT, "The event's id.", required=True),
            "webhook": Member(kinds.WEBHOOK, "Only what went to this webhook."),
        },
        short="event",
        keeps="count: how many deliveries were started anew",
    ),
}

_SHOP: Final[Mapping[str, Form]] = {
    "pet.add": Form(
        "Adds a pet with these members; what is not said is made up.",
        may_be_bare=True,
        is_open=True,
        keeps="the pet",
    ),
    "pet.find": Form(
        "Finds the first pet that fits these filters, those of GET /v1/pets.",
        may_be_bare=True,
        is_open=True,
        keeps="the pet",
    ),
    "pet.update": Form(
        "Changes members of a pet, as staff do.",
        {"pet": _PET, "set": Member(kinds.MAPPING, "The members.", required=True)},
        keeps="the pet",
    ),
    "pet.adopt": Form(
        "Has a pet adopted without an order.",
        {"pet": _PET, "by": Member(kinds.ANYTHING, "A user's id, or any of id, name and email.")},
        short="pet",
        keeps="the pet",
    ),
    "pet.remove": Form("Takes a pet out of the shop.", {"pet": _PET}, short="pet"),
    "order.place": Form(
        "Orders a pet.",
        {"pet": _PET, "user": Member(kinds.TEXT, "The user's id; somebody unknown if nothing is said.")},
        short="pet",
        keeps="the order",
    ),
    "order.pay": Form(
        "Pays an order; the card's number decides how that ends.",
        {
            "order": _ORDER,
            "card": Member(kinds.SCALAR, "The card's number; one that succeeds if nothing is said."),
            "amount": Member(kinds.SCALAR, "The amount; the order's if nothing is said."),
            "currency": Member(kinds.TEXT, "The currency; the order's if nothing is said."),
            "source": Member(kinds.MAPPING, "The whole source of the payment, instead of a card."),
        },
        short="order",
        keeps="the payment",
    ),
    "order.ship": Form("Sends an order off.", {"order": _ORDER}, short="order", keeps="the order"),
    "order.deliver": Form("Hands an order over.", {"order": _ORDER}, short="order", keeps="the order"),
    "order.cancel": Form("Calls an order off.", {"order": _ORDER}, short="order", keeps="the order"),
    "user.add": Form(
        "Registers a user with these members: username, email, firstName, lastName, password and more.",
        is_open=True,
        keeps="the user",
    ),
}

_TIME_AND_FAILURE: Final[Mapping[str, Form]] = {
    "advance": Form(
        "Moves the clock; what falls due on the way is delivered at its own moment.",
        {"by": Member(kinds.DURATION, "How far.", required=True)},
        short="by",
    ),
    "fault": Form(
        "Lets a fault befall every later delivery that matches.",
        {
            "name": Member(kinds.FAULTS, "What goes wrong.", required=True),
            "to": Member(kinds.WEBHOOK, "On the way to this webhook only."),
            "events": Member(kinds.PATTERNS, "Of these event types or patterns only."),
            "attempts": Member(kinds.ATTEMPTS, "On these attempts only; 1 is the first."),
            "times": Member(kinds.TIMES, "For so many deliveries, then no more."),
        },
        short="name",
    ),
    "clear_faults": Form(
        "Ends the faults of earlier steps.", {"all": Member(kinds.NOTHING, "Nothing.")}, short="all", may_be_bare=True
    ),
    "answer": Form(
        "Tells a receiver what to answer from now on, in turn; the last one repeats.",
        {
            "webhook": _TO,
            "with": Member(kinds.ANSWERS, "Statuses, timeout, reset, or such as 200 after 6s.", required=True),
        },
        short="with",
    ),
    "learn": Form(
        "Lets a receiver that verifies take over the webhook's present secret.",
        {"webhook": _TO},
        short="webhook",
        may_be_bare=True,
    ),
    "hold": Form(
        "Keeps back every delivery from now on.",
        {"all": Member(kinds.NOTHING, "Nothing.")},
        short="all",
        may_be_bare=True,
    ),
    "release": Form(
        "Sends what was held, and holds no more.",
        {
            "order": Member(
                kinds.POSITIONS,
                "Positions among the held, from 0: one left out stays held, one named twice is delivered twice.",
            )
        },
        short="order",
        may_be_bare=True,
    ),
}

_WEBHOOKS: Final[Mapping[str, Form]] = {
    "rotate_secret": Form(
        "Gives a webhook a new secret.",
        {
            "webhook": _TO,
            "overlap": Member(kinds.DURATION, "For how long the old one signs as well."),
            "secret": Member(kinds.SECRET, "The new one; made up if nothing is said."),
        },
        short="webhook",
        may_be_bare=True,
        keeps="secret: the new secret",
    ),
    "enable": Form("Enables a webhook.", {"webhook": _TO}, short="webhook", may_be_bare=True),
    "disable": Form("Disables a webhook.", {"webhook": _TO}, short="webhook", may_be_bare=True),
    "recover": Form(
        "Sends again what failed or was discarded.",
        {
            "webhook": _TO,
            "since": Member(kinds.TEXT, "Only what was made since this time, such as ${event.timestamp}."),
        },
        short="webhook",
        may_be_bare=True,
        keeps="count: how many deliveries were started anew",
    ),
}

_FLOW: Final[Mapping[str, Form]] = {
    "repeat": Form(
        "Does steps several times; ${n} counts them from 1.",
        {
            "times": Member(kinds.TIMES, "How often.", required=True),
            "steps": Member(kinds.STEPS, "What happens each time.", required=True),
        },
    ),
    "expect": Form(
        "Says what must hold now, or within a time; the report has a result for each.",
        {
            "webhook": Member(kinds.WEBHOOK, "Only what goes to this webhook."),
            "type": Member(kinds.EVENT_TYPE, "Only deliveries of this event type."),
            "event": Member(kinds.TEXT, "Only deliveries of the event with this id."),
            "events": Member(kinds.AMOUNT, "How many different events there are."),
            "deliveries": Member(kinds.AMOUNT, "How many deliveries there are."),
            "requests": Member(kinds.AMOUNT, "How many attempts were made in all."),
            "attempts": Member(kinds.AMOUNTS, "How many attempts each delivery has had; a list names each."),
            "states": Member(
                kinds.STATES, "The state of every delivery; a list names each, a mapping how many are in which."
            ),
            "answers": Member(
                kinds.OUTCOMES,
                "What the attempts came to, in the order of their making: statuses, or outcomes such as acknowledged.",
            ),
            "in_order": Member(kinds.TYPES, "The event types of the attempts, in the order in which they were made."),
            "status": Member(kinds.STATUS, "How the webhook stands."),
            "pet": Member(kinds.TEXT, "The id of a pet that `has` speaks of."),
            "order": Member(kinds.TEXT, "The id of an order that `has` speaks of."),
            "user": Member(kinds.TEXT, "The id of a user that `has` speaks of."),
            "has": Member(kinds.MAPPING, "Members that the API shows of it, nested or by dotted path."),
            "within": Member(
                kinds.DURATION, "How long it may take: a virtual clock is moved so far, for a running one we wait."
            ),
        },
    ),
}

VERBS: Final[Mapping[str, Form]] = MappingProxyType({**_EVENTS, **_SHOP, **_TIME_AND_FAILURE, **_WEBHOOKS, **_FLOW})
"""The arguments of every verb."""

CONDITIONS: Final = ("events", "deliveries", "requests", "attempts", "states", "answers", "in_order", "status", "has")
"""The members of `expect` that are conditions; the others select what the conditions are checked against."""

RESOURCES: Final = ("pet", "order", "user")
"""The members of `expect` that name a resource of the shop by its id."""
