"""Renders the manual's page on the audit, `docs/audit.md`, from the rules. Pure."""

from typing import Final

from mockstore.audit.rules import Area, Effect, Rule, rules
from mockstore.faults import Expect

_ANSWERS: Final = {
    Expect.REJECT: "4xx",
    Expect.SURVIVE: "4xx or 2xx",
    Expect.DEDUPE: "2xx",
    Expect.ORDER: "2xx, same state",
    Expect.ACCEPT: "2xx",
}
_EFFECTS: Final = {Effect.NONE: "none", Effect.ONCE: "once", Effect.ANY: ""}
_HEAD: Final = """# Auditing a consumer

One command, or one line of a test, runs a fixed matrix against whatever receives your webhooks, and says for each rule
whether it passed, what was sent, what came back, why it matters and what to change.

```console
$ SECRET=whsec_bm9kZS1jb25zdW1lci1hbmQtcGV0c3RvcmU= node examples/node_consumer/server.mjs
$ mockstore audit http://127.0.0.1:8000/webhooks --secret whsec_bm9kZS1jb25zdW1lci1hbmQtcGV0c3RvcmU= \\
    --probe-url http://127.0.0.1:8000/effects --junit report.xml --html report.html
…46 passed…
```

`--probe-command ./count-bookings` asks a program instead of a URL. In pytest, where a shop out of the folder
`examples/audited` of the repository stands for yours:

```python
from examples.audited.careful import Shop, make_app

SECRET = "whsec_YXVkaXRlZC1zaG9wLWFuZC1wZXRzdG9yZQ=="


def test_our_consumer_conforms(mockstore):
    shop = Shop()

    mockstore.assert_conforms(make_app(SECRET, shop), secret=SECRET, probe=shop.effects)
```

The exit code is 0 when no rule failed, 1 when one did, and 2 when no rule could be judged, or the consumer or the probe
could not be reached. In pytest 9 each rule is a subtest; before, one assertion lists all that failed.

**The probe** says what your consumer has done so far: a number, or JSON with numbers in it. Without one the audit goes
by status codes; rules that need to count end as *not judged*, which is no failure. The probe must see the work of an
event once the event was answered: behind a queue, let it wait until the queue is empty. Of the event types the audit
takes the first that moves the probe; `--event payment.succeeded` names another. The consumer must know the `--secret`,
and gets real requests: point it at a test database. Every audit sends events that no earlier one has sent.

**Replay** is judged for consumers that verify the Standard Webhooks headers; the Petstore's own signature has no time.
In process two requests at once come one after the other; over HTTP they come at the same moment.

## The smallest order that breaks it

```python
from examples.audited.careful import Shop, make_app

SECRET = "whsec_YXVkaXRlZC1zaG9wLWFuZC1wZXRzdG9yZQ=="


def test_an_order_ends_the_same_whatever_comes_first(mockstore):
    shops = {}

    def make():
        app = make_app(SECRET, shop := Shop())
        shops[app] = shop
        return app

    def life(petstore):
        placed = petstore.orders.place(petstore.pets.add())
        placed.pay()

    mockstore.explore_orders(make, life, lambda app: shops[app].effects(), secret=SECRET)
```

Each try has a consumer of its own, made by the factory. Some of the events of the chain come, in some order: up to
five events every choice and every order, beyond that a seeded sample. The probe must then say what it says when the
same events come in the causal order, and no answer may be 5xx, nor one that the causal order does not get. The whole
chain in its own order is the yardstick: every answer to it must be 2xx, and it must move the probe. What breaks it is
shrunk to the smallest sequence.

## From a delivery to a test

```console
$ mockstore serve
$ mockstore webhooks add http://127.0.0.1:9/hook --events 'order.*'
…
$ mockstore emit order.created
…
$ mockstore export latest --as pytest --app shop.web:app --output test_delivery.py
$ mockstore export latest --as cassette --output orders.json
```

Instead of `latest`, ids of deliveries name those that are meant, as `mockstore deliveries` shows them.
`delivery.export(app="shop.web:app")`, `delivery.export("cassette")` and `mockstore.deliveries.export(…)` do the same in
Python, and keep the faults, which the command does not. `mockstore.replay("orders.json")` emits what is in a cassette,
signed afresh. Neither has a secret, a signature or a person's data in it; with `--app` the test file reads the secret
from the variable `WEBHOOK_SECRET`. A body that is no JSON is kept as it is.

## The rules

"""


def markdown() -> str:
    """Return the page in Markdown."""
    return _HEAD + "\n".join(map(_section, Area))


def _section(area: Area) -> str:
    found = [rule for rule in rules() if rule.area is area]
    rows = "\n".join(map(_row, found))
    return (
        f"### {area.capitalize()}\n\n{found[0].why}\n\n"
        f"| rule | claim | what is sent | answer | effect | what to change |\n| --- | --- | --- | --- | --- | --- |\n"
        f"{rows}\n"
    )


def _row(rule: Rule) -> str:
    return (
        f"| `{rule}` | {rule.title} | {rule.sent} | {_ANSWERS[rule.expects]} | {_EFFECTS[rule.effect]} | "
        f"{rule.change} |"
    )
