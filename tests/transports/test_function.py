"""Delivery to plain functions, sync and async."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from mockstore.errors import (
    AsyncConsumerError,
    BrokenConnectionError,
    ConsumerError,
    DeliveryError,
    ReceiverTimeoutError,
)
from mockstore.model import Outgoing, Reply
from mockstore.world.transports.function import Answer, FunctionTransport

FIVE = timedelta(seconds=5)
OUTGOING = Outgoing("http://inbox.test/", (), b"{}")


def returning(answer: Answer) -> Callable[[Outgoing], Answer]:
    return lambda _: answer


def raising(error: Exception) -> Callable[[Outgoing], Answer]:
    def receive(_: Outgoing) -> Answer:
        raise error

    return receive


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        pytest.param(Reply(418, body=b"tea"), Reply(418, body=b"tea"), id="a reply"),
        pytest.param(503, Reply(503), id="a status"),
        pytest.param(None, Reply(204), id="nothing"),
        pytest.param(Reply(200, took=FIVE), Reply(200, took=FIVE), id="just in time"),
    ],
)
def test_what_it_returns_is_the_answer(answer: Answer, reply: Reply) -> None:
    transport = FunctionTransport(returning(answer))

    assert transport.send(OUTGOING, FIVE) == reply
    assert asyncio.run(transport.asend(OUTGOING, FIVE)) == reply


@pytest.mark.parametrize(
    ("receive", "error", "text"),
    [
        pytest.param(returning(bool(1)), ConsumerError, "returned True: expected a Reply, a status", id="a boolean"),
        pytest.param(returning(999), ConsumerError, "returned 999", id="no status"),
        pytest.param(lambda _: "OK", ConsumerError, "returned 'OK'", id="a text"),
        pytest.param(raising(ValueError("no")), ConsumerError, "raised ValueError: no", id="an exception"),
        pytest.param(raising(BrokenConnectionError("cut")), BrokenConnectionError, "cut", id="a scripted failure"),
        pytest.param(returning(Reply(200, took=FIVE * 2)), ReceiverTimeoutError, "within 5 s", id="a late reply"),
    ],
)
def test_everything_else_is_a_failure(
    receive: Callable[[Outgoing], Answer], error: type[DeliveryError], text: str
) -> None:
    transport = FunctionTransport(receive)

    with pytest.raises(error, match=text):
        transport.send(OUTGOING, FIVE)
    with pytest.raises(error, match=text):
        asyncio.run(transport.asend(OUTGOING, FIVE))


async def receive_in_time(outgoing: Outgoing) -> Reply:
    return Reply(200, body=outgoing.body)


async def receive_badly(_: Outgoing) -> Reply:
    raise ValueError("no")


def test_an_async_function_is_awaited() -> None:
    assert asyncio.run(FunctionTransport(receive_in_time).asend(OUTGOING, FIVE)) == Reply(200, body=b"{}")


def test_what_an_async_function_raises_is_the_cause() -> None:
    with pytest.raises(ConsumerError) as caught:
        asyncio.run(FunctionTransport(receive_badly).asend(OUTGOING, FIVE))

    assert isinstance(caught.value.__cause__, ValueError)


def test_an_async_function_cannot_be_reached_without_await() -> None:
    with pytest.raises(AsyncConsumerError, match=r"await mockstore\.aemit"):
        FunctionTransport(receive_in_time).send(OUTGOING, FIVE)


def test_the_headers_are_read_by_name_in_whatever_case_and_as_pairs() -> None:
    pairs = (("X-Webhook-Signature", "sha256=1"), ("Accept", "a"), ("accept", "b"))
    received: list[Outgoing] = []

    FunctionTransport(received.append).send(Outgoing("http://inbox.test/", pairs, b"{}"), FIVE)

    headers: Any = received[0].headers
    assert headers["x-webhook-signature"] == headers.get("X-WEBHOOK-SIGNATURE") == "sha256=1"
    assert headers["Accept"] == "a, b"
    assert (headers.get("X-Other"), headers.get("X-Other", "")) == (None, "")
    assert ("x-other" in headers, "ACCEPT" in headers, ("Accept", "a") in headers) == (False, True, True)
    assert list(headers) == list(pairs)
    assert headers[0] == pairs[0]
    with pytest.raises(KeyError, match="X-Other"):
        headers["X-Other"]


def test_an_answer_after_the_time_limit_does_not_count() -> None:
    with pytest.raises(ReceiverTimeoutError, match="no answer from the receiver within 0 s"):
        FunctionTransport(returning(200)).send(OUTGOING, timedelta())
