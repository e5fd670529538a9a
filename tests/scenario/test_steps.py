from collections.abc import Callable

import pytest

from mockstore.model import Outgoing, Reply
from mockstore.scenario import Consumer, InvalidScenarioError, Result

Played = Callable[..., Result]

# Each case drives one verb and expects what only that verb can have caused.
VERBS = [
    pytest.param(
        "- emit: pet.adopted\n- expect: {events: 1, deliveries: 1, attempts: 1, states: delivered}", id="emit"
    ),
    pytest.param(
        "- emit: {type: pet.adopted, count: 3}\n  as: e\n- expect: {events: 3, deliveries: '${e.count}'}",
        id="emit several",
    ),
    pytest.param(
        "- emit: {type: pet.status_changed, set: {reason: moved}}\n  as: e\n"
        "- emit: {type: pet.status_changed, set: {reason: '${e.data.reason} again'}}\n  as: f\n"
        "- pet.add: {name: '${f.data.reason}'}\n  as: pet\n"
        "- expect: {pet: '${pet.id}', has: {name: moved again}}",
        id="emit with overrides, kept",
    ),
    pytest.param(
        "- emit: {type: pet.adopted, body: '{', invalid: true, content_type: text/plain}\n"
        "- expect: {deliveries: 1, states: delivered}",
        id="emit a body",
    ),
    pytest.param(
        "- emit: {type: pet.adopted, fault: [duplicate_at_once]}\n- expect: {events: 1, deliveries: 2}",
        id="emit with a fault",
    ),
    pytest.param(
        "- pet.add: {name: Rex, price: '7.50'}\n  as: pet\n"
        "- expect: {pet: '${pet.id}', has: {name: Rex, price: '7.50', status: AVAILABLE}}",
        id="pet.add",
    ),
    pytest.param(
        "- pet.find: {species: CAT}\n  as: pet\n- expect: {pet: '${pet.id}', has: {species: CAT}}", id="pet.find"
    ),
    pytest.param(
        "- pet.add: {}\n  as: pet\n- pet.update: {pet: '${pet.id}', set: {status: PENDING}}\n"
        "- expect: {type: pet.status_changed, deliveries: 1}\n"
        "- expect: {pet: '${pet.id}', has: {status: PENDING}}",
        id="pet.update",
    ),
    pytest.param(
        "- pet.add: {}\n  as: pet\n- pet.adopt: {pet: '${pet.id}', by: {name: Ada Park}}\n"
        "- expect: {in_order: [pet.status_changed, pet.adopted]}",
        id="pet.adopt",
    ),
    pytest.param(
        "- pet.add: {}\n  as: pet\n- pet.remove: ${pet.id}\n- pet.find: {}\n  as: other\n"
        "- expect: {pet: '${other.id}', has: {status: AVAILABLE}}",
        id="pet.remove",
    ),
    pytest.param(
        "- pet.add: {}\n  as: pet\n- order.place: ${pet.id}\n  as: order\n"
        "- expect: {order: '${order.id}', has: {status: PLACED, petId: '${pet.id}'}}\n"
        "- expect: {in_order: [order.created, pet.status_changed]}",
        id="order.place",
    ),
    pytest.param(
        "- pet.add: {}\n  as: pet\n- order.place: ${pet.id}\n  as: order\n- order.pay: ${order.id}\n  as: paid\n"
        "- order.ship: ${order.id}\n- order.deliver: ${order.id}\n"
        "- expect: {order: '${order.id}', has: {status: DELIVERED}}\n"
        "- expect: {type: payment.succeeded, deliveries: 1}",
        id="order.pay, ship, deliver",
    ),
    pytest.param(
        "- pet.add: {}\n  as: pet\n- order.place: ${pet.id}\n  as: order\n"
        "- order.pay: {order: '${order.id}', card: 4000000000009995}\n  as: paid\n"
        "- expect: {type: payment.failed, deliveries: 1}\n- order.cancel: ${order.id}\n"
        "- expect: {order: '${order.id}', has: {status: CANCELLED}}",
        id="order.cancel after a declined card",
    ),
    pytest.param(
        "- user.add: {username: ada, email: a@example.com, firstName: A, lastName: P, password: s}\n  as: ada\n"
        "- expect: {user: '${ada.id}', has: {email: a@example.com}}",
        id="user.add",
    ),
    pytest.param("- answer: 500\n- emit: pet.adopted\n- advance: 1m\n- expect: {answers: [500, 500]}", id="advance"),
    pytest.param(
        "- answer: [503, timeout, reset, 200 after 1s]\n- emit: pet.adopted\n- advance: 2h\n"
        "- expect: {answers: [503, timeout, reset, 200], states: delivered}",
        id="answer",
    ),
    pytest.param(
        "- fault: {name: ack_lost, to: shop, events: pet.*, attempts: 1, times: 1}\n"
        "- emit: order.created\n- emit: pet.adopted\n- emit: pet.adopted\n"
        "- expect: {answers: [200, timeout, 200]}",
        id="fault",
    ),
    pytest.param(
        "- fault: ack_lost\n- clear_faults\n- emit: pet.adopted\n- expect: {answers: [200]}", id="clear_faults"
    ),
    pytest.param(
        "- hold\n- emit: pet.adopted\n- emit: order.created\n- expect: {states: held, requests: 0}\n"
        "- release: [1, 0, 1]\n"
        "- expect: {in_order: [order.created, pet.adopted, order.created], states: delivered}",
        id="hold and release in an order",
    ),
    pytest.param("- hold\n- emit: pet.adopted\n- release\n- expect: {states: delivered}", id="release"),
    pytest.param(
        "- disable: shop\n- emit: pet.adopted\n- expect: {deliveries: 0, webhook: shop, status: disabled}\n"
        "- enable: shop\n- emit: pet.adopted\n- expect: {deliveries: 1, webhook: shop, status: active}",
        id="disable and enable",
    ),
    pytest.param(
        "- answer: 500\n- emit: pet.adopted\n  as: e\n- advance: 2h\n- answer: 200\n- enable: shop\n"
        "- recover: {since: '${e.timestamp}'}\n  as: r\n- expect: {deliveries: '${r.count}', attempts: 6}",
        id="recover since",
    ),
    pytest.param(
        "- emit: pet.adopted\n  as: e\n- redeliver: ${e.id}\n- redeliver: {event: '${e.id}', webhook: shop}\n"
        "- expect: {deliveries: 1, attempts: 3}",
        id="redeliver",
    ),
    pytest.param(
        "- repeat:\n    times: 2\n    steps:\n"
        "      - emit: {type: pet.adopted, count: '${n}'}\n"
        "      - repeat: {times: '${n}', steps: [{emit: {type: order.created, count: '${n}'}}]}\n"
        "      - advance: '${n}s'\n"
        "- expect: {type: pet.adopted, events: 3}\n- expect: {type: order.created, events: 4}",
        id="repeat",
    ),
]


@pytest.mark.parametrize("steps", VERBS)
def test_a_verb_does_what_it_says(played: Played, steps: str) -> None:
    result = played(steps)

    assert result.broken is None
    assert [line for verdict in result.verdicts for line in verdict.differences] == []
    assert result.verdicts


VERIFYING = "webhooks: {shop: {verifies: true}}"


@pytest.mark.parametrize(
    ("steps", "answers"),
    [
        pytest.param("- emit: pet.adopted", "[200]", id="its own secret"),
        pytest.param("- rotate_secret: shop\n- emit: pet.adopted", "[401]", id="rotated"),
        pytest.param("- rotate_secret: {overlap: 1h}\n- emit: pet.adopted", "[200]", id="within the overlap"),
        pytest.param("- rotate_secret: {overlap: 1h}\n- advance: 61m\n- emit: pet.adopted", "[401]", id="after it"),
        pytest.param("- rotate_secret: shop\n- learn\n- emit: pet.adopted", "[200]", id="learnt"),
        pytest.param(
            "- rotate_secret: {secret: whsec_new}\n  as: r\n- learn: shop\n- emit: pet.adopted",
            "[200]",
            id="a secret of one's own",
        ),
        pytest.param("- emit: {type: pet.adopted, fault: tampered_body}", "[401]", id="a forgery"),
    ],
)
def test_a_receiver_that_verifies_refuses_what_its_secret_did_not_sign(
    played: Played, steps: str, answers: str
) -> None:
    result = played(f"{steps}\n- expect: {{answers: {answers}}}", head=VERIFYING)

    assert result.passed, result


def test_the_secret_that_a_rotation_made_can_be_referred_to(played: Played) -> None:
    result = played(
        """
        - rotate_secret: shop
          as: fresh
        - emit: {type: pet.status_changed, set: {reason: "${fresh.secret}"}}
          as: one
        - emit: {type: pet.status_changed, set: {reason: "${webhooks.shop.secret}"}}
          as: two
        - pet.add: {name: one, description: "${one.data.reason}"}
          as: pet
        - expect: {pet: "${pet.id}", has: {description: "${two.data.reason}"}}
        """
    )

    assert result.passed, result


@pytest.mark.parametrize(
    ("steps", "line", "why"),
    [
        pytest.param(
            "- pet.add: {}\n  as: pet\n- order.place: ${pet.id}\n  as: order\n- order.ship: ${order.id}",
            8,
            "is PLACED, which allows: pay, cancel",
            id="a conflict",
        ),
        pytest.param("- order.ship: nowhere", 4, "no order 'nowhere'", id="not found"),
        pytest.param(
            "- emit: {type: pet.adopted, set: {pet.nam: Rex}}",
            4,
            "no member at 'pet.nam'; nearest:",
            id="a member that there is not",
        ),
        pytest.param(
            "- emit: {type: pet.adopted, set: {pet.species: COW}}",
            4,
            "the pet.adopted payload breaks its schema: data.pet.species",
            id="a payload that is not valid",
        ),
        pytest.param(
            "- emit: pet.adopted\n  as: e\n- advance: ${e.idd}",
            6,
            "${e.idd}: unknown name 'idd': did you mean 'id' or 'ids'? allowed: id, type, timestamp, data, count, ids",
            id="a member that was not kept",
        ),
        pytest.param(
            "- emit: pet.adopted\n  as: e\n- advance: ${e.type}",
            6,
            "'pet.adopted' is no duration; write for instance 90s, 5m or 1h30m",
            id="of the wrong kind",
        ),
        pytest.param("- release: [3]", 4, "[3] is no order of the 0 held deliveries", id="no such position"),
        pytest.param("- emit: {type: pet.adopted, fault: chunked}", 4, "chunked needs a socket", id="a socket"),
        pytest.param("- disable: shop\n- recover: shop", 5, "is disabled; enable it first", id="a disabled webhook"),
        pytest.param("- recover: {since: yesterday}", 4, "'yesterday' is no time: write it with its zone", id="a time"),
        pytest.param("- user.add: {username: x}", 4, "email is required", id="a document with mistakes"),
        pytest.param("- pet.find: {species: DOG, ageMin: 9999}", 4, "no pet fits", id="no pet"),
        pytest.param(
            "- disable: shop\n- emit: pet.adopted\n  as: e\n- redeliver: ${e.id}",
            7,
            "was delivered to no webhook of this scenario",
            id="nothing to redeliver",
        ),
        pytest.param("- expect: {pet: nobody, has: {name: Rex}}", 4, "no pet 'nobody'", id="nothing to look at"),
    ],
)
def test_a_step_that_cannot_be_done_breaks_it_off_at_its_line(played: Played, steps: str, line: int, why: str) -> None:
    result = played(f"{steps}\n- emit: order.created")

    assert result.broken is not None
    assert (result.broken.place.line, why in result.broken.why) == (line, True), result.broken
    assert not result.passed
    assert not any(entry.text == "emit order.created" for entry in result.entries)


def test_a_live_consumer_stands_in_for_a_receiver(played: Played) -> None:
    got: list[Outgoing] = []

    def consumer(outgoing: Outgoing) -> Reply:
        got.append(outgoing)
        return Reply(418)

    result = played("- emit: pet.adopted\n- expect: {answers: [418]}", to={"shop": Consumer(consumer, "whsec_mine")})

    assert result.passed, result
    assert len(got) == 1


def test_a_live_consumer_can_be_told_in_the_file(played: Played) -> None:
    result = played(
        "- emit: pet.adopted\n- expect: {answers: [unreachable]}", head='webhooks: {shop: {to: "http://127.0.0.1:1/"}}'
    )

    assert result.passed, result


@pytest.mark.parametrize(
    ("steps", "line", "message"),
    [
        pytest.param(
            "- answer: 503",
            4,
            "steps[0].answer: shop is a live consumer here, which cannot be told what to "
            "answer; play it without a target, or leave the step out",
            id="answer",
        ),
        pytest.param(
            "- repeat: {times: 2, steps: [learn]}",
            4,
            "steps[0].repeat.steps[0].learn: shop is a live consumer "
            "here, which cannot be told its secret; play it without a target, or leave the step out",
            id="learn in a repeat",
        ),
    ],
)
def test_a_live_consumer_cannot_be_told_what_to_do(played: Played, steps: str, line: int, message: str) -> None:
    with pytest.raises(InvalidScenarioError) as refusal:
        played(steps, to={"shop": "http://127.0.0.1:1/"})

    assert str(refusal.value) == f"shop.yaml:{line}: {message}"


def test_events_go_to_those_who_want_them(played: Played) -> None:
    result = played(
        """
        - emit: order.created
        - emit: pet.adopted
        - emit: {type: pet.adopted, to: orders}
        - expect: {webhook: orders, in_order: [order.created, pet.adopted]}
        - expect: {webhook: all, in_order: [order.created, pet.adopted]}
        """,
        head="webhooks: {orders: {events: order.*}, all: }",
    )

    assert result.passed, result


def test_the_rules_of_the_head_are_those_of_the_world(played: Played) -> None:
    result = played(
        """
        - emit: pet.adopted
        - advance: 3s
        - expect: {webhook: shop, answers: [timeout, timeout], states: failed, status: disabled}
        """,
        head="settings: {schedule: [3s], timeout: 1s}\nwebhooks: {shop: {answers: 200 after 2s}}",
    )

    assert result.passed, result


def test_the_clock_of_the_machine_can_be_used_and_advanced(played: Played) -> None:
    result = played(
        """
        - emit: pet.adopted
        - expect: {states: delivered}
        - answer: [503, 200]
        - emit: order.created
        - advance: 1m
        - expect: {states: delivered, requests: 3}
        """,
        head="clock: system\nwebhooks: {shop: }",
    )

    assert result.passed, result


def test_under_the_clock_of_the_machine_a_time_is_waited_for(played: Played) -> None:
    result = played(
        "- emit: pet.adopted\n- expect: {answers: [503, 200], within: 20s}",
        head="clock: system\nsettings: {schedule: [0.05s]}\nwebhooks: {shop: {answers: [503, 200]}}",
    )

    assert result.passed, result


def test_a_repeat_whose_times_make_too_many_steps_is_not_begun(played: Played) -> None:
    result = played(
        """
        - repeat:
            times: "${often}"
            steps: [hold, release, emit: pet.adopted]
        """,
        head="variables: {often: 70000}\nwebhooks: {shop: }",
    )

    assert result.broken is not None
    assert result.broken.why == "more than 200,000 steps, each round of a repeat and each event counted"
    assert result.entries == ()
