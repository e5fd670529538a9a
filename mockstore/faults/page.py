"""Renders the catalogue of faults as a page of the manual. Pure."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from mockstore.faults.catalogue import ALL
from mockstore.faults.fault import Expect, Fault, Group

_INTRODUCTIONS: Final[Mapping[Group, str]] = MappingProxyType(
    {
        Group.FORGERY: "Requests without a genuine signature: `faults.MUST_REJECT`. Tried once; never disables a "
        "webhook.",
        Group.HOSTILE: "Bodies that crash the careless, properly signed: `faults.MUST_NOT_CRASH`. Tried once; never "
        "disables a webhook.",
        Group.DRIFT: "How an API changes under its consumers, properly signed: `faults.MUST_ACCEPT`.",
        Group.DELIVERY: "Genuine events that come twice, late or out of order: `faults.MUST_BE_HARMLESS`. Those "
        "that come more than once are `faults.MUST_DEDUPE`.",
        Group.WIRE: "Requests whose bytes are right and whose way is not: `faults.OVER_A_SOCKET`. The webhook must "
        "have a URL; for an app in process they are refused, except `gzip`.",
    }
)
_ANSWERS: Final[Mapping[Expect, str]] = MappingProxyType(
    {
        Expect.REJECT: "4xx",
        Expect.SURVIVE: "4xx or 2xx",
        Expect.DEDUPE: "2xx, effect once",
        Expect.ORDER: "2xx, newer stays",
        Expect.ACCEPT: "2xx",
    }
)
_HEAD: Final = """# Faults

Every way in which webhooks go wrong, on demand. Each has a name. Here a shop out of the folder `examples/audited` of
the repository stands for yours:

```python
import pytest

from examples.audited.careful import Shop, make_app
from mockstore import faults

SECRET = "whsec_ZmF1bHRzLW9mLXRoZS1wZXRzdG9yZQ=="


@pytest.mark.parametrize("fault", faults.MUST_REJECT)
def test_forgeries_are_refused(mockstore, fault):
    mockstore.subscribe(make_app(SECRET, Shop()), secret=SECRET)

    mockstore.emit("payment.succeeded", fault=fault).delivery.assert_rejected()


@pytest.mark.parametrize("fault", faults.MUST_DEDUPE)
def test_a_payment_is_booked_once(mockstore, fault):
    shop = Shop()
    mockstore.subscribe(make_app(SECRET, shop), secret=SECRET)

    mockstore.emit("payment.succeeded", fault=fault)
    mockstore.clock.advance(hours=3)  # by then everything has come again

    assert shop.payments == 1
```

- `fault=` takes a name, a fault or a list of them. Several add up, in that order; what changes the event comes before
  it is signed, what forges it after. `faults.named("tampered_body").on(1)` befalls the first attempt only.
- `mockstore.faults.add("ack_lost", to=webhook, events="order.*", attempts=[1], times=3)` befalls later deliveries,
  until `mockstore.faults.remove(rule)` or `.clear()`.
- `mockstore.hold()`, then `mockstore.release(order=[1, 0, 1])`: any order; a position named twice comes twice.
- In the shell: `mockstore faults`, and `mockstore emit order.created --fault wrong_secret`.
- Over HTTP: `GET`, `POST` and `DELETE /_mockstore/faults`, `POST /_mockstore/faults/remove`, and `fault` in
  `POST /_mockstore/emit`.

The same seed makes the same bytes, and every attempt is changed in the same way. A strict test fails when a forgery is
accepted or a hostile body crashes the consumer, and says nothing when they are refused.

To try a consumer with any event that fits its schema, or that breaks it in exactly one place, there are
[hypothesis](https://hypothesis.readthedocs.io) strategies (`pip install '.[fuzz]'` in a clone):
`mockstore.strategies.events("order.created")` and `.invalid_events("order.created")`.
"""


def markdown() -> str:
    """Return the page `docs/faults.md`."""
    return "\n".join([_HEAD, *(_section(group) for group in Group)])


def _section(group: Group) -> str:
    rows = _rows(fault for fault in ALL if fault.group is group)
    return "\n".join(
        [
            f"## {group.capitalize()}",
            "",
            _INTRODUCTIONS[group],
            "",
            "| fault | what happens | what a good consumer does | its answer | changes |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _rows(faults: Iterable[Fault]) -> list[str]:
    return [
        f"| `{fault}` | {fault.sentence} | {fault.good_consumer} | {_ANSWERS[fault.expects]} | "
        f"{', '.join(fault.acts_on)}{_attempts(fault)} |"
        for fault in faults
    ]


def _attempts(fault: Fault) -> str:
    return f" of attempt {', '.join(map(str, fault.attempts))}" if fault.attempts else ""
