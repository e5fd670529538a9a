"""The texts of failing tests, as a gallery. Ids are replaced by numbers in the order of appearance."""

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Run

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
NOW = re.compile(r"the process's time is \S+: \d+ \w+ apart")
TO_INBOX = "https://inbox-1.mockstore.test/webhooks/petstore"
TO_APP = "http://testserver/webhooks/petstore"
SETTLE = (
    "Looking settles it: read the delivery's state or attempts, or assert something of it. To do without this check: "
    "@pytest.mark.mockstore(strict=False)"
)


def _text(result: pytest.RunResult) -> str:
    """Return the text of the failure: the lines of an exception, or a whole complaint."""
    lines = result.outlines
    errors = [line.removeprefix("E").removeprefix(" " * 7) for line in lines if line.startswith("E  ")]
    if not errors:
        start = next(number for number, line in enumerate(lines) if line.startswith("mockstore:"))
        end = next(number for number, line in enumerate(lines) if line == SETTLE)
        errors = lines[start : end + 1]
    numbers: dict[str, str] = {}
    text = ID.sub(lambda found: numbers.setdefault(found[0], f"ID-{len(numbers) + 1}"), "\n".join(errors))
    return NOW.sub("the process's time is NOW: AGES apart", text)


CASES = [
    pytest.param(
        """
    mockstore_inbox.clear()
    mockstore.emit("order.created")
    mockstore.emit("pet.adopted", {"pet.name": "Rex", "pet.species": "DOG"})
    mockstore_inbox.one("pet.adopted", {"pet.name": "Bello", "pet.species": "CAT"})
""",
        """
AssertionError: expected exactly one received delivery of type 'pet.adopted' with {'pet.name': 'Bello', 'pet.species': \
'CAT'}, found 0
the nearest:
  pet.adopted ID-1 attempt 1: answered 200
differs in:
  pet.name: expected 'Bello', found 'Rex'
  pet.species: expected 'CAT', found 'DOG'
all 2:
  order.created ID-2 attempt 1: answered 200
  pet.adopted ID-1 attempt 1: answered 200
""",
        id="one: a miss",
    ),
    pytest.param(
        """
    mockstore_inbox.will_answer(200, 503)
    mockstore.emit("pet.adopted")
    mockstore.emit("pet.adopted")
    mockstore_inbox.one("pet.adopted")
""",
        """
AssertionError: expected exactly one received delivery of type 'pet.adopted', found 2
they are:
  pet.adopted ID-1 attempt 1: answered 200
  pet.adopted ID-2 attempt 1: answered 503
""",
        id="one: several",
    ),
    pytest.param(
        """
    mockstore_inbox.one("pet.adopted")
""",
        """
AssertionError: expected exactly one received delivery of type 'pet.adopted', found 0
there is no received delivery at all
""",
        id="one: nothing at all",
    ),
    pytest.param(
        """
    mockstore.emit("pet.adopted")
    mockstore_inbox.none()
""",
        """
AssertionError: expected no received delivery, found 1
they are:
  pet.adopted ID-1 attempt 1: answered 200
""",
        id="none",
    ),
    pytest.param(
        """
    mockstore_inbox.last
""",
        """
AssertionError: expected at least one received delivery, there is none
""",
        id="last",
    ),
    pytest.param(
        """
    mockstore.subscribe(lambda outgoing: 401, secret="whsec_c2hvcC1hbmQtcGV0c3RvcmUtc2hhcmUtdGhpcw==")
    mockstore.emit("pet.adopted").assert_acknowledged()
""",
        f"""
AssertionError: expected pet.adopted to be acknowledged
pet.adopted ID-1 -> {TO_APP}: pending after 1 attempt
  +0 s          attempt 1: 401
  +1 min        attempt 2 is due
signature: what was sent verifies with the webhook's secret whsec_…cw==; does the consumer use the same secret, and \
the raw body?
clocks: the event says 2025-01-06T12:00:00+00:00, the attempt was made at 2025-01-06T12:00:00+00:00, and the process's \
time is NOW: AGES apart. A verifier with a time window refuses that; clock='travel' takes the process's time along
""",
        id="assert_acknowledged: refused",
    ),
    pytest.param(
        """
    mockstore.subscribe("https://typo.test/hook")
    mockstore.emit("pet.adopted").assert_acknowledged()
""",
        f"""
AssertionError: expected pet.adopted to be acknowledged
pet.adopted ID-1 -> https://typo.test/hook: pending after 1 attempt
  +0 s          attempt 1: unreachable (no app mounted at 'typo.test'; mounted: ['{TO_INBOX.split("/")[2]}']. In \
process, only mounted apps and loopback addresses are reached)
  +1 min        attempt 2 is due
""",
        id="assert_acknowledged: nobody there",
    ),
    pytest.param(
        """
    mockstore.webhooks.remove(mockstore_inbox.webhook.id)
    mockstore.emit("pet.adopted").assert_acknowledged()
""",
        """
AssertionError: pet.adopted ID-1 was delivered to nobody: no active webhook subscribes to it
""",
        id="assert_acknowledged: no subscriber",
    ),
    pytest.param(
        """
    mockstore_inbox.will_answer(503, "timeout", "200 after 6s", 301)
    event = mockstore.emit("pet.adopted")
    mockstore.clock.advance(minutes=36)
    event.delivery.assert_rejected(404)
""",
        f"""
AssertionError: expected pet.adopted to be rejected with 404
pet.adopted ID-1 -> {TO_INBOX}: pending after 4 attempts
  +0 s          attempt 1: 503
  +1 min        attempt 2: timeout (no answer (scripted timeout))
  +6 min        attempt 3: timeout (no answer from the receiver within 5 s)
  +36 min       attempt 4: 301 (answered 301: redirects are not followed)
  +1 h 36 min   attempt 5 is due
""",
        id="assert_rejected",
    ),
    pytest.param(
        """
    body = '{"eventType": "pet.adopted", "timestamp": "today", "data": {"pet": {"id": 1, "species": "FISH"}}}'
    mockstore.emit("pet.adopted", body=body, content_type="text/plain", invalid=True)
    received = mockstore_inbox.last
    mockstore.webhooks.update(mockstore_inbox.webhook.id, {"secret": "whsec_b3RoZXIgYW5kIG90aGVy"})
    received.assert_valid()
""",
        """
AssertionError: received pet.adopted is not valid:
  id: is missing
  timestamp: 'today' is no RFC 3339 date-time with an offset, such as 2025-01-06T12:00:00Z
  data.adopter: is missing
  data.adoptionDate: is missing
  data.pet.name: is missing
  data.pet.status: is missing
  data.pet.id: must be a string, found 1
  data.pet.species: 'FISH' is not one of DOG, CAT, RABBIT, BIRD, REPTILE, OTHER
  header Content-Type: expected 'application/json', found 'text/plain'
  signature: The signature *
pet.adopted ? attempt 1: answered 200
""",
        id="assert_valid: all mistakes at once",
    ),
    pytest.param(
        """
    mockstore.emit("order.created")
    mockstore.emit("pet.adopted")
    mockstore_inbox.assert_types(["order.created", "payment.succeeded", "pet.adopted"])
""",
        """
AssertionError: expected 3 event types in this order, found 2:
    1. expected order.created, found order.created
  ! 2. expected payment.succeeded, found pet.adopted
  ! 3. expected pet.adopted, found (none)
""",
        id="assert_types",
    ),
    pytest.param(
        """
    mockstore.emit("order.created")
    mockstore_inbox.wait_for(2, timeout=0.001)
""",
        """
AssertionError: waited 0.001 s for 2 x received delivery, got 1:
  order.created ID-1 attempt 1: answered 200
""",
        id="wait_for",
    ),
    pytest.param(
        """
    mockstore.subscribe(lambda outgoing: 204)
    mockstore.emit("order.created").delivery
""",
        f"""
AssertionError: order.created ID-1 has 2 deliveries, expected exactly one:
order.created ID-1 -> {TO_INBOX}: delivered after 1 attempt
  +0 s          attempt 1: 200
order.created ID-1 -> {TO_APP}: delivered after 1 attempt
  +0 s          attempt 1: 204
""",
        id="delivery: several",
    ),
    pytest.param(
        """
    mockstore.emit("order.created")
    mockstore_inbox.webhook.assert_disabled()
""",
        f"""
AssertionError: webhook ID-1 -> {TO_INBOX} is active, expected disabled. Its deliveries:
order.created ID-2 -> {TO_INBOX}: delivered after 1 attempt
  +0 s          attempt 1: 200
""",
        id="assert_disabled",
    ),
    pytest.param(
        """
    mockstore.emit("pet.adopted", {"adopter": {"emial": "ada@example.com"}})
""",
        """
mockstore.errors.UnknownPathError: no member at 'adopter.emial'; nearest: adopter.email, adopter.id, adopter.name. To \
send it all the same, pass invalid=True
""",
        id="emit: unknown path",
    ),
    pytest.param(
        """
    mockstore.subscribe(lambda outgoing: 500)
    mockstore.emit("pet.adopted")
    mockstore.hold()
    mockstore.emit("order.created")
    mockstore.emit("payment.failed")
""",
        f"""
mockstore: 2 things went wrong, and the test never looked

1. a delivery was not acknowledged:
   pet.adopted ID-1 -> {TO_APP}: pending after 1 attempt
     +0 s          attempt 1: 500
     +1 min        attempt 2 is due

2. 4 deliveries are still held; mockstore.release() would send:
   order.created ID-2 -> {TO_INBOX}: held
   order.created ID-2 -> {TO_APP}: held
   payment.failed ID-3 -> {TO_INBOX}: held
   payment.failed ID-3 -> {TO_APP}: held

{SETTLE}
""",
        id="strict: unacknowledged and held",
    ),
    pytest.param(
        """
    mockstore.subscribe(lambda outgoing: 500)
    mockstore_inbox.webhook.events
    mockstore.emit("pet.adopted")
    mockstore.clock.advance(hours=2)
""",
        f"""
mockstore: 1 thing went wrong, and the test never looked

1. a delivery was not acknowledged:
   pet.adopted ID-1 -> {TO_APP}: failed after 5 attempts (webhook disabled)
     +0 s          attempt 1: 500
     +1 min        attempt 2: 500
     +6 min        attempt 3: 500
     +36 min       attempt 4: 500
     +1 h 36 min   attempt 5: 500

{SETTLE}
""",
        id="strict: given up",
    ),
]


@pytest.mark.parametrize(("body", "text"), CASES)
def test_a_failure_says(run: "Run", body: str, text: str) -> None:
    result = run("def test_it(mockstore, mockstore_inbox):" + body)

    result.assert_outcomes(failed=1)
    said = re.sub(r"The signature 'sha256.*", "The signature *", _text(result))
    assert said == text.strip("\n")


RAISING = """
import pytest


def receive(outgoing):
    raise LookupError("no such customer")


"""


def test_an_exception_of_the_consumer_comes_out_with_its_own_line(run: "Run") -> None:
    result = run(
        RAISING
        + """
def test_it(mockstore):
    mockstore.subscribe(receive)
    mockstore.emit("pet.adopted")
"""
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            '>       mockstore.emit("pet.adopted")',
            "test_shop.py:12: *",
            '>       raise LookupError("no such customer")',
            "E       LookupError: no such customer",
            "test_shop.py:6: LookupError",
        ]
    )
    result.stdout.no_fnmatch_line("*/mockstore/*.py*")


def test_an_exception_that_is_kept_in_comes_out_in_the_judgement(run: "Run", pytester: pytest.Pytester) -> None:
    result = run(
        RAISING
        + """
@pytest.mark.mockstore(raise_errors=False)
def test_it(mockstore):
    mockstore.subscribe(receive)
    mockstore.emit("pet.adopted")
"""
    )

    result.assert_outcomes(failed=1)
    assert _text(result) == (
        "mockstore: 1 thing went wrong, and the test never looked\n"
        "\n"
        "1. a delivery was not acknowledged:\n"
        f"   pet.adopted ID-1 -> {TO_APP}: pending after 1 attempt\n"
        "     +0 s          attempt 1: error (the consumer raised LookupError: no such customer)\n"
        "     +1 min        attempt 2 is due\n"
        "   raised: attempt 1: LookupError: no such customer\n"
        "   Traceback (most recent call last):\n"
        f'     File "{pytester.path}/test_shop.py", line 6, in receive\n'
        '       raise LookupError("no such customer")\n'
        "   LookupError: no such customer\n"
        "\n"
        f"{SETTLE}"
    )


@pytest.mark.parametrize(
    ("rest", "outcome"),
    [
        pytest.param("with pytest.raises(LookupError): mockstore.emit('pet.adopted')", "passed", id="it came out"),
        pytest.param("mockstore.emit('pet.adopted')", "failed", id="it came out and was not caught"),
    ],
)
def test_an_exception_that_the_test_has_caught_is_seen(run: "Run", rest: str, outcome: str) -> None:
    result = run(f"{RAISING}\ndef test_it(mockstore):\n    mockstore.subscribe(receive)\n    {rest}\n")

    assert result.parseoutcomes() == {outcome: 1}


def test_an_exception_on_the_way_to_an_acknowledgement_is_told(run: "Run") -> None:
    result = run("""
import pytest

times = []


def receive(outgoing):
    times.append(1)
    if len(times) == 1:
        raise LookupError("no such customer")


@pytest.mark.mockstore(raise_errors=False)
def test_it(mockstore):
    mockstore.subscribe(receive)
    mockstore.emit("pet.adopted")
    mockstore.clock.advance(minutes=1)
""")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["1. a delivery was acknowledged only after the consumer had raised:", "   LookupError: no such customer"]
    )


def test_what_one_consumer_raised_does_not_come_out_in_another(run: "Run") -> None:
    result = run("""
import pytest


def test_it(mockstore):
    seen = []

    def raises(outgoing):
        raise LookupError("no such customer")

    def emits(outgoing):
        assert not mockstore.emit("order.created").deliveries
        seen.append("went on")

    mockstore.subscribe(raises, events="pet.adopted")
    mockstore.subscribe(emits, events="pet.adopted")
    with pytest.raises(LookupError):
        mockstore.emit("pet.adopted")
    assert seen == ["went on"]
""")

    result.assert_outcomes(passed=1)
