from collections.abc import Callable
from datetime import timedelta
from textwrap import dedent, indent

import pytest

from mockstore.delivery.schedule import RetryPolicy
from mockstore.scenario import InvalidScenarioError, Scenario
from mockstore.scenario.document import Place, Rules, Step, WebhookSpec

Reading = Callable[..., Scenario]

TYPES = "order.created, order.status_changed, payment.failed, payment.succeeded, pet.adopted, pet.status_changed"
VERBS = (
    "emit, redeliver, pet.add, pet.find, pet.update, pet.adopt, pet.remove, order.place, order.pay, order.ship, "
    "order.deliver, order.cancel, user.add, advance, fault, clear_faults, answer, learn, hold, release, rotate_secret, "
    "enable, disable, recover, repeat, expect"
)


def test_a_scenario_is_read_into_frozen_values(reading: Reading) -> None:
    scenario = reading("""
        name: checkout
        description: Somebody buys a pet.
        seed: 7
        clock: system
        settings: {schedule: [1m, 90], timeout: 2s, signatures: [petstore, standard-webhooks], signature_time: virtual}
        variables: {species: CAT}
        webhooks:
          shop: {events: order.*, answers: [503, 200], verifies: true, secret: whsec_abc}
          live: {to: "http://localhost/${species}"}
        steps:
          - pet.add: {species: "${species}"}
            as: pet
            note: a cat comes in
          - repeat:
              times: 2
              steps:
                - hold
    """)

    assert scenario == Scenario(
        name="checkout",
        source="shop.yaml",
        description="Somebody buys a pet.",
        seed=7,
        clock="system",
        rules=Rules(
            schedule=RetryPolicy((timedelta(minutes=1), timedelta(seconds=90))),
            timeout=timedelta(seconds=2),
            signatures=("petstore", "standard-webhooks"),
            signature_time="virtual",
        ),
        variables={"species": "CAT"},
        webhooks=(
            WebhookSpec("shop", Place(8, "webhooks.shop"), ("order.*",), (503, 200), verifies=True, secret="whsec_abc"),
            WebhookSpec("live", Place(9, "webhooks.live"), to="http://localhost/CAT"),
        ),
        steps=(
            Step("pet.add", {"species": "${species}"}, Place(11, "steps[0].pet.add"), "pet", "a cat comes in"),
            Step(
                "repeat",
                {"times": 2},
                Place(14, "steps[1].repeat"),
                steps=(Step("hold", {}, Place(17, "steps[1].repeat.steps[0].hold")),),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("short", "whole"),
    [
        pytest.param("emit: pet.adopted", "emit: {type: pet.adopted}", id="emit"),
        pytest.param("advance: 5m", "advance: {by: 5m}", id="advance"),
        pytest.param("advance: 300", "advance: {by: 300}", id="seconds"),
        pytest.param("release: [1, 0]", "release: {order: [1, 0]}", id="release"),
        pytest.param("answer: [503, 200]", "answer: {with: [503, 200]}", id="answer"),
        pytest.param("fault: ack_lost", "fault: {name: ack_lost}", id="fault"),
        pytest.param("disable: shop", "disable: {webhook: shop}", id="disable"),
        pytest.param("order.ship: abc", "order.ship: {order: abc}", id="a verb of the shop"),
        pytest.param("hold", "hold:", id="a bare verb"),
    ],
)
def test_the_short_way_of_saying_it_means_the_same(reading: Reading, short: str, whole: str) -> None:
    one, other = (reading(f"name: x\nwebhooks: {{shop: }}\nsteps:\n  - {step}\n").steps[0] for step in (short, whole))

    assert (one.verb, one.arguments) == (other.verb, other.arguments)


def test_json_is_read_alike(reading: Reading) -> None:
    yaml = reading("name: x\nseed: 3\nsteps:\n  - emit: pet.adopted\n    as: event\n")
    json = reading('{\n\t"name": "x",\n\t"seed": 3,\n\t"steps": [{"emit": "pet.adopted", "as": "event"}]\n}')

    assert (json.name, json.seed, [(step.verb, step.arguments, step.name) for step in json.steps]) == (
        yaml.name,
        yaml.seed,
        [(step.verb, step.arguments, step.name) for step in yaml.steps],
    )


def test_a_given_variable_goes_over_that_of_the_file(reading: Reading) -> None:
    text = "name: x\nvariables: {answer: 200}\nwebhooks: {shop: {answers: ['${answer}']}}\nsteps: [emit: pet.adopted]\n"

    assert reading(text, {"answer": 503}).webhooks[0].answers == (503,)


def _mistakes(reading: Reading, text: str) -> list[str]:
    with pytest.raises(InvalidScenarioError) as refusal:
        reading(text)
    return str(refusal.value).splitlines()


HEADS = [
    pytest.param(
        "- 1",
        "1: a scenario is a mapping of name, description, seed, clock, settings, variables, webhooks, steps",
        id="a list",
    ),
    pytest.param("steps: [hold]", "1: name is missing: a text", id="no name"),
    pytest.param("name: x", "1: steps is missing: a list of steps", id="no steps"),
    pytest.param("name: x\nsteps: []", "2: steps: must not be empty", id="empty steps"),
    pytest.param(
        "name: x\nsteps: [hold]\nstep: 1",
        "3: step: unknown member 'step': did you mean 'steps'? allowed: "
        "name, description, seed, clock, settings, variables, webhooks, steps",
        id="an unknown member",
    ),
    pytest.param(
        "name: x\nseed: soon\nsteps: [hold]",
        "2: seed: must be a whole number, or null for another one each time, found 'soon'",
        id="a seed",
    ),
    pytest.param(
        "name: x\nclock: wall\nsteps: [hold]", "2: clock: unknown clock 'wall': allowed: virtual, system", id="a clock"
    ),
    pytest.param(
        "name: x\nsettings:\n  timeout: soon\nsteps: [hold]",
        "3: settings.timeout: 'soon' is no duration; write for instance 90s, 5m or 1h30m",
        id="a timeout",
    ),
    pytest.param(
        "name: x\nsettings:\n  signatures: pgp\nsteps: [hold]",
        "3: settings.signatures: unknown signature scheme 'pgp': allowed: petstore, standard-webhooks",
        id="a scheme",
    ),
    pytest.param(
        "name: x\nvariables:\n  N: 1\nsteps: [hold]",
        "3: variables.N: 'N' is no name: small letters, digits and underscores, a letter first",
        id="a variable's name",
    ),
    pytest.param(
        "name: x\nvariables:\n  n: 1\nsteps: [hold]",
        "3: variables.n: the name 'n' is taken: n and webhooks have their own meaning",
        id="a reserved name",
    ),
    pytest.param(
        "name: x\nwebhooks:\n  My Shop:\nsteps: [hold]",
        "3: webhooks.My Shop: 'My Shop' is no name for a webhook: small letters, digits and hyphens, a letter first",
        id="a webhook's name",
    ),
    pytest.param(
        "name: x\nwebhooks:\n  shop:\n    events: pet.*x\nsteps: [hold]",
        "4: webhooks.shop.events: unknown "
        f"event type 'pet.*x': did you mean 'pet.*' or 'payment.*'? allowed: {TYPES}, order.*, payment.*, pet.*, *",
        id="a pattern",
    ),
    pytest.param(
        "name: x\nwebhooks:\n  shop:\n    answers: [200, maybe]\nsteps: [hold]",
        "4: webhooks.shop.answers[1]: "
        "'maybe' is no answer; write a status, timeout, reset, or for instance 200 after 6s",
        id="an answer",
    ),
    pytest.param(
        "name: x\nwebhooks:\n  shop:\n    answers: 99\nsteps: [hold]",
        "4: webhooks.shop.answers: 99 is no HTTP status; allowed are 100 to 599",
        id="a status",
    ),
    pytest.param(
        "name: x\nwebhooks:\n  shop:\n    to: http://x/\n    answers: 200\nsteps: [hold]",
        "5: webhooks.shop.answers: answers is for receivers, and shop is a live consumer (to)",
        id="to and answers",
    ),
    pytest.param(
        "name: x\nwebhooks:\n  shop:\n    to: ${url}\nsteps: [hold]",
        "3: webhooks.shop: ${url}: unknown name 'url': allowed: none",
        id="an unknown variable",
    ),
]


@pytest.mark.parametrize(("text", "mistake"), HEADS)
def test_a_mistake_in_the_head_is_told_with_its_line_and_what_is_allowed(
    reading: Reading, text: str, mistake: str
) -> None:
    assert _mistakes(reading, text) == [f"shop.yaml:{mistake}"]


STEPS = [
    pytest.param(
        "- emmit: pet.adopted", f"[0].emmit: unknown verb 'emmit': did you mean 'emit'? allowed: {VERBS}", id="a verb"
    ),
    pytest.param("- note: nothing", f"[0]: no verb; allowed: {VERBS}", id="no verb"),
    pytest.param(
        "- {emit: pet.adopted, advance: 5m}", "[0]: two verbs, emit and advance: write two steps", id="two verbs"
    ),
    pytest.param("- 5", "[0]: a step is a mapping of one verb, such as `emit: pet.adopted`", id="a number"),
    pytest.param(
        "- emit: pet.adoptd",
        f"[0].emit: unknown event type 'pet.adoptd': did you mean 'pet.adopted'? allowed: {TYPES}",
        id="an event type",
    ),
    pytest.param("- emit: {set: {a: 1}}", "[0].emit: type is missing: an event type", id="no type"),
    pytest.param(
        "- emit: {type: pet.adopted, count: 0}",
        "[0].emit.count: must be a whole number from 1 to 100,000, found 0",
        id="a count",
    ),
    pytest.param(
        "- emit: {type: pet.adopted, count: true}",
        "[0].emit.count: must be a whole number from 1 to 100,000, found true",
        id="true is no count",
    ),
    pytest.param(
        "- emit: {type: pet.adopted, colour: red}",
        "[0].emit.colour: unknown member 'colour': allowed: type, set, to, count, fault, invalid, body, content_type",
        id="an unknown member",
    ),
    pytest.param(
        "- emit: {type: pet.adopted, to: shpo}",
        "[0].emit.to: unknown webhook 'shpo': did you mean 'shop'? allowed: shop, ledger",
        id="a webhook",
    ),
    pytest.param(
        "- emit: {type: pet.adopted, body: '{', set: {a: 1}}",
        "[0].emit.set: a body is sent as it stands: leave set out",
        id="body and set",
    ),
    pytest.param("- hold:\n  as: x", "[0].as: hold has no outcome to name", id="nothing to name"),
    pytest.param(
        "- emit: pet.adopted\n  as: My",
        "[0].as: 'My' is no name: small letters, digits and underscores, a letter first",
        id="a name",
    ),
    pytest.param(
        "- order.ship: ${ordr.id}",
        "[0].order.ship: ${ordr.id}: unknown name 'ordr': allowed: webhooks",
        id="a name that was never kept",
    ),
    pytest.param(
        "- emit: {type: pet.adopted, set: {reason: 'number ${n}'}}",
        "[0].emit.set.reason: ${n}: unknown name 'n': allowed: webhooks",
        id="n outside of a repeat",
    ),
    pytest.param(
        "- pet.add: {}\n  as: pet\n- order.ship: ${pte.id}",
        "[1].order.ship: ${pte.id}: unknown name 'pte': did you mean 'pet'? allowed: pet, webhooks",
        id="near a name that was kept",
    ),
    pytest.param(
        "- user.add: ada",
        "[0].user.add: user.add takes a mapping of members of the document",
        id="a text for a document",
    ),
    pytest.param(
        "- order.pay: {order: x, card: 42, source: {}}",
        "[0].order.pay.source: a card or a source, not both",
        id="card and source",
    ),
    pytest.param(
        "- advance: soon", "[0].advance: 'soon' is no duration; write for instance 90s, 5m or 1h30m", id="a duration"
    ),
    pytest.param(
        "- advance:", "[0].advance: must be a duration such as 90s, 5m or 1h30m, found null", id="no duration"
    ),
    pytest.param("- answer: 503", "[0].answer: webhook is missing: name one of shop, ledger", id="which receiver"),
    pytest.param(
        "- release: [x]", "[0].release[0]: must be a whole number from 0 to 100,000, found 'x'", id="an order"
    ),
    pytest.param("- repeat: {times: 2}", "[0].repeat: steps is missing: a list of steps", id="no steps"),
    pytest.param(
        "- repeat: {times: 2, steps: [{emmit: 1}]}",
        f"[0].repeat.steps[0].emmit: unknown verb 'emmit': did you mean 'emit'? allowed: {VERBS}",
        id="inside a repeat",
    ),
    pytest.param(
        "- expect: {}",
        "[0].expect: nothing is expected; allowed: events, deliveries, requests, attempts, "
        "states, answers, in_order, status, has",
        id="nothing expected",
    ),
    pytest.param(
        "- expect: {deliverys: 1, events: 1}",
        "[0].expect.deliverys: unknown member 'deliverys': did you mean "
        "'deliveries'? allowed: webhook, type, event, events, deliveries, requests, attempts, states, answers, "
        "in_order, status, pet, order, user, has, within",
        id="a condition",
    ),
    pytest.param(
        "- expect: {states: done}",
        "[0].expect.states: unknown state 'done': allowed: held, pending, delivered, failed, discarded",
        id="a state",
    ),
    pytest.param(
        "- expect: {states: {done: 1}}",
        "[0].expect.states.done: unknown member 'done': allowed: held, pending, delivered, failed, discarded",
        id="a state that is counted",
    ),
    pytest.param(
        "- expect: {deliveries: {least: 1}}",
        "[0].expect.deliveries.least: unknown member 'least': did you mean 'at_least'? allowed: at_least, at_most",
        id="bounds",
    ),
    pytest.param(
        "- expect: {answers: [200, lost]}",
        "[0].expect.answers[1]: unknown outcome 'lost': allowed: "
        "acknowledged, refused, timeout, unreachable, reset, error",
        id="an outcome",
    ),
    pytest.param(
        "- expect: {status: active}", "[0].expect: webhook is missing: name one of shop, ledger", id="whose status"
    ),
    pytest.param(
        "- expect: {pet: x}",
        "[0].expect: nothing is expected; allowed: events, deliveries, requests, attempts, "
        "states, answers, in_order, status, has\nshop.yaml:6: steps[0].expect: pet goes with has: members",
        id="a pet without has",
    ),
    pytest.param("- expect: {has: {a: 1}}", "[0].expect: has goes with one of pet, order, user", id="has of nothing"),
]


@pytest.mark.parametrize(("steps", "mistake"), STEPS)
def test_a_mistake_in_a_step_is_told_with_its_line_and_what_is_allowed(
    reading: Reading, steps: str, mistake: str
) -> None:
    text = f"name: x\nwebhooks:\n  shop:\n  ledger:\nsteps:\n{indent(dedent(steps), '  ')}\n"

    found = _mistakes(reading, text)

    lines = [line.partition(": steps") for line in found]
    assert "\n".join(found) == f"{lines[0][0]}: steps{mistake}"
    assert lines[0][0] == f"shop.yaml:{6 + _line_of(steps, mistake)}"


def _line_of(steps: str, mistake: str) -> int:
    """Return the line of the mistake within the steps, from 0: that of the step, or of its `as`."""
    step = int(mistake[1 : mistake.index("]")])
    starts = [number for number, line in enumerate(steps.splitlines()) if line.startswith("- ")]
    return starts[step] + (1 if mistake.startswith(f"[{step}].as:") else 0)


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(reading: Reading) -> None:
    found = _mistakes(
        reading,
        """
        seed: soon
        steps:
          - emit: pet.adoptd
          - advance: later
        color: red
        """,
    )

    assert [line.partition(": ")[0] for line in found] == [f"shop.yaml:{line}" for line in (1, 1, 3, 4, 5)]


def test_a_variable_that_the_file_does_not_have_is_refused(reading: Reading) -> None:
    with pytest.raises(InvalidScenarioError) as refusal:
        reading("name: x\nvariables: {species: DOG}\nsteps: [hold]\n", {"specis": "CAT"})

    assert str(refusal.value) == (
        "shop.yaml:2: variables: unknown variable 'specis': did you mean 'species'? allowed: species"
    )


def test_repeats_may_not_be_nested_without_end(reading: Reading) -> None:
    steps = "[hold]"
    for _ in range(9):
        steps = f"[{{repeat: {{times: 1, steps: {steps}}}}}]"

    (mistake,) = _mistakes(reading, f"name: x\nsteps: {steps}\n")

    assert mistake.endswith(".repeat: more than 8 repeats in each other")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            f"name: x\nv: &v {'x' * 100_000}\nsteps: [{', '.join(['*v'] * 2000)}]", id="an alias again and again"
        ),
        pytest.param(f"name: x\nsteps: [{', '.join('x' * 100 for _ in range(9000))}]", id="verbs"),
        pytest.param(f"name: x\nsteps: [{'y' * 500_000}, {'z' * 500_000}]", id="long verbs"),
        pytest.param(f"name: x\nsteps:\n  - advance: {'9x' * 200_000}\n  - hold: 1\n", id="a long duration"),
        pytest.param(f"name: x\n{'k' * 100_000}: [{'1,' * 99_000}]\nsteps: [x]", id="a long name of many"),
        pytest.param(
            f"name: x\nvariables: {{v: [{'x,' * 40_000}]}}\nsteps: [hold]\n"
            "webhooks: {w: {events: [" + '"${v}",' * 40_000 + "]}}\n",
            id="a long variable again and again",
        ),
        pytest.param(
            f"name: x\nvariables: {{v: {'x' * 400_000}}}\nsteps: [hold]\n"
            'webhooks: {w: {to: "' + "${v}" * 100_000 + '"}}\n',
            id="a long text again and again",
        ),
    ],
)
def test_what_is_said_of_a_bad_scenario_stays_short(reading: Reading, text: str) -> None:
    with pytest.raises(InvalidScenarioError) as refusal:
        reading(text)

    assert len(str(refusal.value)) < 200_000


def test_more_steps_than_one_play_may_have_are_refused_before_it_begins(reading: Reading) -> None:
    steps = "[{emit: {type: pet.adopted, count: 2}}]"
    for _ in range(4):
        steps = f"[{{repeat: {{times: 100, steps: {steps}}}}}]"

    found = _mistakes(reading, f"name: x\nsteps: {steps}\n")

    assert found == ["shop.yaml:2: steps: 201,010,101 steps, repeats written out; 200,000 may be played"]


def test_of_very_many_mistakes_the_first_are_listed(reading: Reading) -> None:
    found = _mistakes(reading, "name: x\nsteps:\n" + "  - hop\n" * 60)

    assert len(found) == 51
    assert found[-1] == "shop.yaml:53: steps[50].hop: more mistakes; the first 50 are listed"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("webhooks: {shop: {secret: [whsec_MfKQ9r8GKYqrTwjUPD8I]}}\nsteps: [hold]", id="in a list"),
        pytest.param("webhooks: {shop: {secret: {a: hush-MfKQ9r8GKYqrTwjUPD8I}}}\nsteps: [hold]", id="another one"),
        pytest.param("webhooks: [{secret: whsec_MfKQ9r8GKYqrTwjUPD8I}]\nsteps: [hold]", id="of a list of webhooks"),
        pytest.param("webhooks: {a: }\nsteps: [rotate_secret: whsec_MfKQ9r8GKYqrTwjUPD8I]", id="of a step"),
    ],
)
def test_no_mistake_tells_a_secret(reading: Reading, text: str) -> None:
    (mistake,) = _mistakes(reading, f"name: x\n{text}\n")

    assert "MfKQ9r8G" not in mistake
