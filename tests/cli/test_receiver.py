from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import click
import pytest

from mockstore.answers import answers
from mockstore.cli.listen import request_lines
from mockstore.cli.receiver import Forwarder, ReceivedRequest, Receiver, Responder, Scripted
from mockstore.errors import ReceiverTimeoutError, UnreachableError
from mockstore.events import petstore_catalogue
from mockstore.model import Outgoing, Reply
from mockstore.service import Mockstore

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class ReceiverContext:
    """A mock with a receiver, and the requests that the receiver got."""

    mock: Mockstore
    received: list[ReceivedRequest] = field(default_factory=list)

    def open(self, respond: Responder | None = None, secret: str | None = SECRET) -> Receiver:
        receiver = Receiver(
            petstore_catalogue(), respond or Scripted(()), on_request=self.received.append, now=lambda: NOON
        )
        receiver.secret = secret
        self.mock.subscribe(receiver, secret=SECRET, path="/hooks")
        return receiver

    def screen(self) -> list[str]:
        return [click.unstyle(line) for received in self.received for line in request_lines(received)]


@pytest.fixture
def context() -> Iterator[ReceiverContext]:
    with Mockstore.in_process(strict=False, signatures=("petstore", "standard-webhooks")) as mock:
        yield ReceiverContext(mock)


def test_a_genuine_valid_event_is_well(context: ReceiverContext) -> None:
    receiver = context.open()

    context.mock.emit("pet.adopted", {"pet": {"name": "Rex", "species": "DOG"}, "adopter": {"name": "Ada"}})

    (received,) = context.received
    assert received.ok
    assert [verdict.scheme for verdict in received.verdicts or ()] == ["petstore", "standard-webhooks"]
    assert (receiver.count, receiver.wrong) == (1, 0)


def test_the_screen_shows_what_came_and_what_was_checked(context: ReceiverContext) -> None:
    context.open()

    event = context.mock.emit("payment.failed", {"payment": {"amount": 75.0, "currency": "USD"}})

    assert context.screen()[:8] == [
        "",
        "#1  12:00:00  payment.failed  attempt 1  answered 200",
        "   75.0 USD: INSUFFICIENT_FUNDS",
        "   ✓ signature petstore",
        "   ✓ signature standard-webhooks",
        "   ✓ schema",
        "   {",
        f'     "id": "{event.id}",',
    ]


def test_answers_come_in_turn_and_retries_are_numbered(context: ReceiverContext) -> None:
    context.open(Scripted(answers("503,timeout,200")))

    event = context.mock.emit("order.created")
    context.mock.advance(minutes=6)

    event.assert_acknowledged()
    assert [
        (received.number, received.header("x-webhook-attempt"), received.answer) for received in context.received
    ] == [
        (1, "1", "503"),
        (2, "2", "no answer (scripted timeout)"),
        (3, "3", "200"),
    ]


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        pytest.param(None, ["signature not verified"], id="no secret"),
        pytest.param(
            "whsec_AAAA",
            ["✗ signature petstore  mismatch: The ", "✗ signature standard-webhooks  mismatch: The "],
            id="another secret",
        ),
    ],
)
def test_what_is_not_genuine_is_not_hidden(secret: str | None, words: list[str], context: ReceiverContext) -> None:
    receiver = context.open(secret=secret)

    context.mock.emit("pet.adopted")

    shown = [line.strip() for line in context.screen() if "signature" in line]
    assert len(shown) == len(words)
    assert all(word in line for word, line in zip(words, shown, strict=True))
    assert receiver.wrong == (secret is not None)


@pytest.mark.parametrize(
    ("body", "mistakes", "head"),
    [
        pytest.param(b"{", ["body: is not JSON"], "(no JSON object)", id="no JSON"),
        pytest.param(b"[]", ["the event: must be an object, found []"], "(no JSON object)", id="no object"),
        pytest.param(
            b'{"eventType":"pet.lost"}', ["id: is missing", "timestamp: is missing"], "pet.lost", id="unknown type"
        ),
        pytest.param(b"\xff\x00", ["body: is not JSON"], "(no JSON object)", id="no text"),
    ],
)
def test_any_body_is_judged_and_shown(body: bytes, mistakes: list[str], head: str, context: ReceiverContext) -> None:
    context.open()

    context.mock.emit("pet.adopted", body=body, invalid=True)

    (received,) = context.received
    assert list(received.mistakes[: len(mistakes)]) == mistakes
    assert not received.ok
    assert head in context.screen()[1]


def test_nothing_that_comes_in_can_move_the_cursor(context: ReceiverContext) -> None:
    context.open()

    context.mock.emit("pet.adopted", {"pet": {"name": "\x1b[2JRex\x9b"}})
    context.mock.emit("pet.adopted", body="\x1b[2J\x07", invalid=True)

    shown = "\n".join(context.screen())
    assert "\\x1b[2JRex\\x9b" in shown
    assert not {"\x1b", "\x9b", "\x07"} & set(shown)


def test_the_document_has_everything(context: ReceiverContext) -> None:
    context.open(Scripted(answers("500")))

    event = context.mock.emit("pet.adopted")

    document = context.received[0].document()
    assert (document["number"], document["at"], document["answer"]) == (1, "2025-01-06T12:00:00Z", "500")
    assert document["event"] == event.payload
    assert document["body"] == event.body.decode()
    assert ["X-Webhook-Event", "pet.adopted"] in document["headers"]
    assert [(one["scheme"], one["ok"], one["reason"]) for one in document["signatures"]] == [
        ("petstore", True, "valid"),
        ("standard-webhooks", True, "valid"),
    ]
    assert document["mistakes"] == []


class ForwardTarget:
    """A transport that plays the program behind --forward-to; it is unreachable when `reply` is None."""

    def __init__(self, reply: Reply | None) -> None:
        self.reply = reply
        self.seen: list[tuple[Outgoing, timedelta]] = []

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        self.seen.append((outgoing, timeout))
        if self.reply is None:
            raise UnreachableError("connection refused by 127.0.0.1:5000")
        return self.reply

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - as the protocol declares it
        return self.send(outgoing, timeout)

    def close(self) -> None:
        """Do nothing."""


def test_a_forwarded_request_keeps_its_bytes_and_signature(context: ReceiverContext) -> None:
    target = ForwardTarget(
        Reply(201, (("X-Note", "kept"), ("Transfer-Encoding", "chunked")), b"done", took=timedelta(seconds=9))
    )
    context.open(Forwarder("http://localhost:5000/in", target, timedelta(seconds=30)))

    event = context.mock.emit("pet.adopted")

    ((forwarded, timeout),) = target.seen
    sent = event.delivery.attempts[0].request
    assert (forwarded.url, timeout) == ("http://localhost:5000/in", timedelta(seconds=30))
    assert forwarded.body == sent.body
    assert forwarded.headers == sent.headers
    reply = event.delivery.attempts[0].reply
    assert reply is not None
    assert (reply.status, reply.headers, reply.body) == (201, (("X-Note", "kept"),), b"done")
    assert context.received[0].answer == "201"


def test_when_nobody_is_behind_the_answer_is_502_with_the_reason(context: ReceiverContext) -> None:
    context.open(Forwarder("http://localhost:5000/in", ForwardTarget(None), timedelta(seconds=30)))

    event = context.mock.emit("pet.adopted")

    reply = event.delivery.attempts[0].reply
    assert reply is not None
    assert (reply.status, reply.body) == (502, b"connection refused by 127.0.0.1:5000\n")


def test_a_script_that_ends_repeats_its_last_answer() -> None:
    respond = Scripted(answers("500,timeout"))
    outgoing = Outgoing("http://shop.test/", (), b"")

    assert respond(outgoing).status == 500
    for _ in range(2):
        with pytest.raises(ReceiverTimeoutError):
            respond(outgoing)
