"""Makes the rest of a payload follow what a caller has set: the total its items, the e-mail its name. Pure.

A member that the caller set stays as set; a value of the wrong type is left for the schema to refuse.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import TypeAlias

from msgspec import Struct

from mockstore.events.cards import TEST_CARDS, card_brand
from mockstore.events.draw import Draw, mail_address
from mockstore.events.rules import ORDER_STEPS, PAYMENT_ERRORS, PET_STEPS, STAFF_REASON
from mockstore.model import Json


class Draft(Struct, frozen=True):
    """The data of an event with the caller's values in it; `given` are the dotted paths of those."""

    data: dict[str, Json]
    given: frozenset[str]
    draw: Draw

    def gave(self, path: str) -> bool:
        """Tell whether the caller set what is at `path`, something in it, or something around it."""
        return any(f"{each}.".startswith(f"{path}.") or path.startswith(f"{each}.") for each in self.given)

    def get(self, path: str) -> Json:
        """Return what is at `path`, or None."""
        found: Json = self.data
        for step in path.split("."):
            found = found.get(step) if isinstance(found, dict) else None
        return found

    def put(self, path: str, value: Json) -> None:
        """Set what is at `path`, unless the caller did."""
        around, _, name = path.rpartition(".")
        node = self.get(around) if around else self.data
        if isinstance(node, dict) and not self.gave(path):
            node[name] = value


Rule: TypeAlias = Callable[[Draft], None]


def _adopter(draft: Draft) -> None:
    name = draft.get("adopter.name")
    if draft.gave("adopter.name") and isinstance(name, str):
        draft.put("adopter.email", mail_address(name, draft.draw.mail_domain()))


def _pet_step(draft: Draft) -> None:
    _fit_step(draft, tuple(PET_STEPS))
    step = (draft.get("oldStatus"), draft.get("newStatus"))
    if (draft.gave("oldStatus") or draft.gave("newStatus")) and all(isinstance(each, str) for each in step):
        draft.put("reason", draft.draw.pick(PET_STEPS.get(step, (STAFF_REASON,))))


def _order_step(draft: Draft) -> None:
    _fit_step(draft, ORDER_STEPS)


def _fit_step(draft: Draft, steps: Iterable[tuple[str, str]]) -> None:
    """Choose the state that was not set, so that the two make a step; where no step fits, so that they differ."""
    for given, free, pairs in (
        ("newStatus", "oldStatus", [(new, old) for old, new in steps]),
        ("oldStatus", "newStatus", list(steps)),
    ):
        if not draft.gave(given) or draft.gave(free):
            continue
        fixed, current = draft.get(given), draft.get(free)
        fitting = [other for state, other in pairs if state == fixed]
        if not fitting and current == fixed:
            fitting = [other for _, other in pairs if other != fixed]
        if fitting and current not in fitting:
            draft.put(free, draft.draw.pick(fitting))


def _total(draft: Draft) -> None:
    items = draft.get("order.items")
    if not draft.gave("order.items") or not isinstance(items, list):
        return
    lines = [(item.get("quantity"), item.get("price")) if isinstance(item, dict) else (None, None) for item in items]
    if all(_is_number(quantity) and _is_number(price) for quantity, price in lines):
        draft.put("order.total", float(sum(Decimal(str(quantity)) * Decimal(str(price)) for quantity, price in lines)))


def _payment_method(draft: Draft) -> None:
    if draft.get("paymentMethod.type") == "BANK_ACCOUNT" and not draft.gave("paymentMethod.brand"):
        draft.get("paymentMethod").pop("brand", None)
        return
    cards = [(card_brand(number), number[-4:]) for number in TEST_CARDS]
    if draft.gave("paymentMethod.brand"):
        fitting = [last4 for brand, last4 in cards if brand == draft.get("paymentMethod.brand")]
        if fitting and draft.get("paymentMethod.last4") not in fitting:
            draft.put("paymentMethod.last4", draft.draw.pick(fitting))
    if draft.gave("paymentMethod.last4"):
        brands = [brand for brand, last4 in cards if last4 == draft.get("paymentMethod.last4")]
        if brands:
            draft.put("paymentMethod.brand", brands[0])


def _error_message(draft: Draft) -> None:
    code = draft.get("error.code")
    if isinstance(code, str) and code in PAYMENT_ERRORS:
        draft.put("error.message", PAYMENT_ERRORS[code])


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "pet.adopted": _adopter,
        "pet.status_changed": _pet_step,
        "order.created": _total,
        "order.status_changed": _order_step,
        "payment.succeeded": _payment_method,
        "payment.failed": _error_message,
    }
)
"""What follows what, by event type."""
