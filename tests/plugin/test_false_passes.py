"""Tests of a broken consumer must not pass if they check too little, too early, or nothing."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Run

ACKNOWLEDGED_THEN = """
import pytest


@pytest.fixture(autouse=True)
def receiver(mockstore):
    answers = iter([{first}])
    return mockstore.subscribe(lambda outgoing: next(answers, {then}))


def test_it(mockstore):
    event = mockstore.emit("pet.adopted")
"""


def test_a_look_covers_no_later_delivery_of_the_same_event(run: "Run") -> None:
    source = ACKNOWLEDGED_THEN.format(first=200, then=500)

    result = run(f"{source}    event.assert_acknowledged()\n    mockstore.redeliver(event.delivery)\n")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "1. a delivery was not acknowledged:",
            "   (the test looked at it before attempt 2; look again at the end)",
            "*attempt 2: 500",
        ]
    )


def test_a_look_covers_no_later_attempt(run: "Run") -> None:
    source = ACKNOWLEDGED_THEN.format(first=503, then=500)

    result = run(
        f"{source}    assert event.delivery.attempts[0].status == 503\n    mockstore.clock.advance(minutes=96)\n"
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["   (the test looked at it before attempt 2; look again at the end)"])


def test_a_look_at_the_end_covers_everything_before(run: "Run") -> None:
    source = ACKNOWLEDGED_THEN.format(first=503, then=500)

    result = run(
        f"{source}    attempts = event.delivery.attempts\n    mockstore.clock.advance(minutes=96)\n"
        "    assert event.delivery.state == 'failed' and attempts[0].status == 503\n"
    )

    result.assert_outcomes(passed=1)


SUBSCRIBED = """
import pytest

from mockstore import faults


@pytest.fixture(autouse=True)
def receiver(mockstore):
    return mockstore.subscribe(lambda outgoing: {status}, events={events!r})


def test_it(mockstore, receiver):
    {line}
"""


@pytest.mark.parametrize(
    ("fault", "due"),
    [
        pytest.param("late_and_stale", "2 h", id="late"),
        pytest.param("burst", "1 min", id="burst"),
        pytest.param("out_of_order", "30 s", id="out of order"),
        pytest.param("redelivery_after_success", "1 h", id="once more"),
        pytest.param("ack_lost", "1 min", id="acknowledgement lost"),
    ],
)
def test_a_fault_that_is_not_over_fails_the_test(run: "Run", fault: str, due: str) -> None:
    result = run(SUBSCRIBED.format(status=200, events="*", line=f'mockstore.emit("pet.adopted", fault="{fault}")'))

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [f"1. the fault {fault} is not over: the next attempt is due at +{due}, *mockstore.clock.advance(hours=3) *"]
    )


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("mockstore.emit('pet.adopted', fault='ack_lost'); mockstore.advance(hours=3)", id="time passes"),
        pytest.param("assert mockstore.emit('pet.adopted', fault='burst').delivery.state == 'pending'", id="looking"),
        pytest.param("mockstore.emit('pet.adopted', fault='duplicate')", id="it comes at once"),
    ],
)
def test_a_fault_that_is_over_or_seen_does_not(run: "Run", line: str) -> None:
    run(SUBSCRIBED.format(status=200, events="*", line=line)).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("mockstore.emit('pet.adopted', fault='wrong_secret')", id="a forgery"),
        pytest.param("mockstore.emit('pet.adopted')", id="an event"),
        pytest.param("[one.assert_acknowledged() for one in mockstore.emit('pet.adopted').deliveries]", id="a loop"),
    ],
)
def test_an_emitted_event_that_reaches_nobody_fails_the_test(run: "Run", line: str) -> None:
    result = run(SUBSCRIBED.format(status=200, events="order.*", line=line))

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "1. pet.adopted * was delivered to nobody: no active webhook subscribed to it then. The webhooks:",
            "     http://testserver/webhooks/petstore subscribes to order.[*]",
            "   If that is the point, say so in the test: assert not event.deliveries",
        ]
    )


def test_an_event_after_the_webhook_was_disabled_fails_the_test(run: "Run") -> None:
    line = "mockstore.webhooks.update(receiver.id, {'status': 'disabled'}); mockstore.emit('pet.adopted')"

    result = run(SUBSCRIBED.format(status=200, events="*", line=line))

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["     http://testserver/webhooks/petstore is disabled; it had [*]"])


def test_a_fault_without_any_webhook_fails_the_test_and_a_plain_event_may_be_made_for_its_data(run: "Run") -> None:
    result = run("""
def test_fault(mockstore):
    mockstore.emit("pet.adopted", fault="wrong_secret")


def test_data(mockstore):
    assert mockstore.emit("pet.adopted").data
""")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["1. pet.adopted * was delivered to nobody: no webhook is registered. *"])


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("assert not mockstore.emit('pet.adopted').deliveries", id="its deliveries"),
        pytest.param("assert list(mockstore.emit('pet.adopted').deliveries) == []", id="a list of them"),
        pytest.param("mockstore.emit('pet.adopted'); mockstore.deliveries.none('pet.adopted')", id="none of the type"),
        pytest.param("mockstore.emit('pet.adopted'); assert len(receiver.deliveries) == 0", id="the webhook's"),
        pytest.param("mockstore.pets.add().adopt()", id="a change of the shop"),
    ],
)
def test_an_event_that_is_known_to_reach_nobody_does_not(run: "Run", line: str) -> None:
    run(SUBSCRIBED.format(status=200, events="order.*", line=line)).assert_outcomes(passed=1)


def test_a_standing_fault_that_befalls_nothing_fails_the_test(run: "Run") -> None:
    line = "mockstore.faults.add('wrong_secret', events='order.*'); mockstore.emit('pet.adopted')"

    result = run(SUBSCRIBED.format(status=200, events="*", line=line))

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["1. the standing fault wrong_secret for order.[*] to any webhook has befallen no delivery. *"]
    )


@pytest.mark.parametrize("after", ["mockstore.emit('pet.adopted')", "mockstore.faults.clear()"])
def test_a_standing_fault_that_befell_something_or_was_taken_back_does_not(run: "Run", after: str) -> None:
    line = f"mockstore.faults.add('wrong_secret'); {after}"

    run(SUBSCRIBED.format(status=401, events="*", line=line)).assert_outcomes(passed=1)


def test_the_timeline_tells_of_events_for_nobody(run: "Run") -> None:
    line = "mockstore.pets.add().adopt(); assert 1 + 1 == 3"

    result = run(SUBSCRIBED.format(status=200, events="order.*", line=line))

    result.stdout.fnmatch_lines(["*- mockstore timeline -*", "pet.adopted *: delivered to nobody"])


CSRF_PAGE = '(403, b"<h1>Forbidden</h1><p>CSRF verification failed. Request aborted.</p>")'
HOST_PAGE = '(400, b"<h1>Bad Request (400)</h1>")'
ANSWERING = """
from mockstore.model import Reply


def test_it(mockstore):
    status, body = {answer}
    mockstore.subscribe(lambda outgoing: Reply(status, (), body))
    event = mockstore.emit("pet.adopted", fault="wrong_secret")
    {line}
"""


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param('(404, b"")', "nothing is at /webhooks/petstore: a refusal there says nothing *", id="404"),
        pytest.param('(405, b"")', "nothing takes a POST at /webhooks/petstore: *", id="405"),
        pytest.param(CSRF_PAGE, "Django's CSRF check refused it before the view was called: *", id="csrf"),
        pytest.param(HOST_PAGE, "Django refused the host before the view was called: *", id="host"),
    ],
)
@pytest.mark.parametrize("line", ["", "event.delivery.assert_rejected()"])
def test_a_refusal_that_is_not_the_endpoints_is_none(run: "Run", answer: str, why: str, line: str) -> None:
    result = run(ANSWERING.format(answer=answer, line=line))

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*, but {why}"])


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        pytest.param('(404, b"")', "event.delivery.assert_rejected(404)", id="the status is named"),
        pytest.param('(401, b"")', "event.delivery.assert_rejected()", id="401"),
        pytest.param('(403, b"bad signature")', "", id="403 of its own"),
        pytest.param('(400, b"bad signature")', "", id="400 of its own"),
    ],
)
def test_a_refusal_by_the_endpoint_is_one(run: "Run", answer: str, line: str) -> None:
    run(ANSWERING.format(answer=answer, line=line)).assert_outcomes(passed=1)


def test_a_redirect_says_where_it_leads(run: "Run") -> None:
    result = run("""
from mockstore.model import Reply


def test_it(mockstore):
    mockstore.subscribe(lambda outgoing: Reply(301, (("Location", "/webhooks/petstore/"),)))
    mockstore.emit("pet.adopted")
""")

    result.stdout.fnmatch_lines(
        [
            "*attempt 1: 301 (*redirects are not followed) Location: '/webhooks/petstore/'",
            "*path: the consumer sends it on to '/webhooks/petstore/', *",
        ]
    )


def test_a_host_that_django_refuses_is_named_with_its_setting(run: "Run") -> None:
    result = run(ANSWERING.format(answer=HOST_PAGE, line="").replace(', fault="wrong_secret"', ""))

    result.stdout.fnmatch_lines(["*host: this is Django's own page: *Put 'testserver' into ALLOWED_HOSTS *"])


def test_a_reset_keeps_the_complaints_about_what_it_forgets(run: "Run") -> None:
    result = run("""
from hypothesis import HealthCheck, given, settings, strategies


@settings(max_examples=5, database=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=strategies.sampled_from(["Rex", "Bella"]))
def test_it(mockstore, name):
    mockstore.reset()
    mockstore.subscribe(lambda outgoing: 500 if b"Rex" in outgoing.body else 200)
    mockstore.emit("pet.adopted", {"pet.name": name})


def test_looked_at(mockstore):
    mockstore.subscribe(lambda outgoing: 500)
    mockstore.emit("pet.adopted").delivery.assert_rejected(500)
    mockstore.reset()
""")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["1. a delivery was not acknowledged:", "*attempt 1: 500"])


def test_of_many_complaints_the_first_ten_are_told(run: "Run") -> None:
    result = run("""
def test_it(mockstore):
    for _ in range(12):
        mockstore.emit("pet.adopted", fault="duplicate")
""")

    result.stdout.fnmatch_lines(["mockstore: 12 things went wrong*", "10. *", "… 2 more …"])


@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
@pytest.mark.parametrize(
    ("call", "text"),
    [
        pytest.param('mockstore.aemit("pet.adopted")', "aemit('pet.adopted')", id="aemit"),
        pytest.param("mockstore.aadvance(hours=1)", "aadvance(hours=1)", id="aadvance"),
    ],
)
def test_a_call_that_was_never_awaited_fails_the_test(run: "Run", call: str, text: str) -> None:
    result = run(
        f"""
import pytest


@pytest.mark.asyncio
async def test_it(mockstore):
    mockstore.subscribe(lambda outgoing: 200)
    {call}


@pytest.mark.asyncio
async def test_awaited(mockstore):
    mockstore.subscribe(lambda outgoing: 200)
    await {call}
""",
        "-Wignore::RuntimeWarning",
        "-Wignore::pytest.PytestUnraisableExceptionWarning",
    )

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([f"1. {text} was never awaited: write `await mockstore.{text}`"])


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("mockstore_inbox.none('pet.adoptd')", id="the inbox"),
        pytest.param("list(mockstore.deliveries.of('pet.adoptd'))", id="deliveries"),
        pytest.param("mockstore.events.where('pet.adoptd')", id="events"),
    ],
)
def test_a_misspelt_event_type_is_an_error(run: "Run", line: str) -> None:
    result = run(f"def test_it(mockstore, mockstore_inbox):\n    mockstore.emit('pet.adopted')\n    {line}\n")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *UnknownEventTypeError: unknown event type 'pet.adoptd'*pet.adopted*"])


def test_patterns_and_types_that_were_sent_on_purpose_are_known(run: "Run") -> None:
    result = run("""
def test_it(mockstore, mockstore_inbox):
    mockstore_inbox.none("order.*")
    mockstore.emit("pet.groomed", body='{"eventType": "pet.groomed"}', invalid=True)
    mockstore_inbox.one("pet.groomed")
    mockstore.deliveries.one("pet.groomed")
""")

    result.assert_outcomes(passed=1)


def test_a_query_parameter_that_the_operation_does_not_have_fails_the_test(run: "Run") -> None:
    result = run("""
import requests


def test_misspelt(mockstore_api, mockstore_api_url):
    requests.get(f"{mockstore_api_url}/pets?statsu=ADOPTED", timeout=1)


def test_known(mockstore_api, mockstore_api_url):
    requests.get(f"{mockstore_api_url}/pets?status=ADOPTED&limit=5", timeout=1)


def test_looked_at(mockstore_api, mockstore_api_url):
    requests.get(f"{mockstore_api_url}/pets?statsu=ADOPTED", timeout=1)
    assert mockstore_api.calls.last.mistakes
""")

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*query: listPets has no parameter 'statsu', *: did you mean 'status'? *"])
