"""Adapts the rest of a payload to the values that a caller has set, such as the total to the items. Pure.

A member that the caller set is never changed; a value of the wrong type is ignored here, since validation refuses it.
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
    """The data of an event after the caller's values were merged in."""

    data: dict[str, Json]
    given: frozenset[str]
    """The dotted paths that the caller set."""
    draw: Draw

    def is_given(self, path: str) -> bool:
        """Tell whether the caller set the member at `path`, a part of it, or a member that contains it."""
        return any(f"{each}.".startswith(f"{path}.") or path.startswith(f"{each}.") for each in self.given)

    def get(self, path: str) -> Json:
        """Return the value at the dotted `path`, or None when it is absent."""
        found: Json = self.data
        for step in path.split("."):
            found = found.get(step) if isinstance(found, dict) else None
        return found

    def put(self, path: str, value: Json) -> None:
        """Set the member at `path`, unless the caller set it."""
        parent, _, name = path.rpartition(".")
        node = self.get(parent) if parent else self.data
        if isinstance(node, dict) and not self.is_given(path):
            node[name] = value


Rule: TypeAlias = Callable[[Draft], None]


def _adopter(draft: Draft) -> None:
    name = draft.get("adopter.name")
    if draft.is_given("adopter.name") and isinstance(name, str):
        draft.put("adopter.email", mail_address(name, draft.draw.mail_domain()))


def _pet_step(draft: Draft) -> None:
    _fit_step(draft, tuple(PET_STEPS))
    step = (draft.get("oldStatus"), draft.get("newStatus"))
    if (draft.is_given("oldStatus") or draft.is_given("newStatus")) and all(isinstance(each, str) for each in step):
        draft.put("reason", draft.draw.pick(PET_STEPS.get(step, (STAFF_REASON,))))


def _order_step(draft: Draft) -> None:
    _fit_step(draft, ORDER_STEPS)


def _fit_step(draft: Draft, steps: Iterable[tuple[str, str]]) -> None:
    """When only one of the two states was set, choose the other: one of `steps` if possible, else a different state."""
    for given, free, pairs in (
        ("newStatus", "oldStatus", [(new, old) for old, new in steps]),
        ("oldStatus", "newStatus", list(steps)),
    ):
        if not draft.is_given(given) or draft.is_given(free):
            continue
        fixed, current = draft.get(given), draft.get(free)
        fitting = [other for state, other in pairs if state == fixed]
        if not fitting and current == fixed:
            fitting = [other for _, other in pairs if other != fixed]
        if fitting and current not in fitting:
            draft.put(free, draft.draw.pick(fitting))


def _total(draft: Draft) -> None:
    items = draft.get("order.items")
    if not draft.is_given("order.items") or not isinstance(items, list):
        return
    lines = [(item.get("quantity"), item.get("price")) if isinstance(item, dict) else (None, None) for item in items]
    if all(_is_number(quantity) and _is_number(price) for quantity, price in lines):
        draft.put("order.total", float(sum(Decimal(str(quantity)) * Decimal(str(price)) for quantity, price in lines)))


def _payment_method(draft: Draft) -> None:
    if draft.get("paymentMethod.type") == "BANK_ACCOUNT" and not draft.is_given("paymentMethod.brand"):
        draft.get("paymentMethod").pop("brand", None)
        return
    cards = [(card_brand(number), number[-4:]) for number in TEST_CARDS]
    if draft.is_given("paymentMethod.brand"):
        fitting = [last4 for brand, last4 in cards if brand == draft.get("paymentMethod.brand")]
        if fitting and draft.get("paymentMethod.last4") not in fitting:
            draft.put("paymentMethod.last4", draft.draw.pick(fitting))
    if draft.is_given("paymentMethod.last4"):
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
"""The function that adapts the data, by event type."""
