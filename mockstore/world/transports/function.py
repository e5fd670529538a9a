"""Delivers to a plain callable of the caller's."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeAlias

from msgspec.structs import replace

from mockstore.errors import AsyncConsumerError, ConsumerError, DeliveryError
from mockstore.model import HeaderFields, Outgoing, Reply
from mockstore.world.transports.rules import Deadline, consumer_raised

Answer: TypeAlias = Reply | int | None
"""A whole reply, a status, or None for 204."""

Receiver: TypeAlias = Callable[[Outgoing], Answer | Awaitable[Answer]]

_STATUSES = range(100, 600)


class FunctionTransport:
    """Hands each request to `receive` and takes what it returns for the answer; its headers are `HeaderFields`.

    A `DeliveryError` that it raises passes as it is (a scripted timeout, say), any other exception becomes a
    `ConsumerError`. What comes later than the time limit allows, or says so by its `took`, counts as none at all.
    """

    def __init__(self, receive: Receiver) -> None:
        self._receive = receive

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        """Call it; an awaitable answer raises `AsyncConsumerError`."""
        deadline = Deadline(timeout)
        answer = self._call(outgoing)
        if isinstance(answer, Awaitable):
            getattr(answer, "close", lambda: None)()  # or Python warns of a coroutine that was never awaited
            raise AsyncConsumerError(
                "the receiver is an async function: "
                "use `await mockstore.aemit(...)`, `await mockstore.aadvance(...)`, and for the shop's verbs "
                "`await mockstore.aserve(lambda: ...)`"
            )
        return _reply(answer, deadline)

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the seam's
        """Call it, and await the answer if that is asked for."""
        deadline = Deadline(timeout)
        answer = self._call(outgoing)
        if not isinstance(answer, Awaitable):
            return _reply(answer, deadline)
        try:
            return _reply(await answer, deadline)
        except DeliveryError:
            raise
        except Exception as error:
            raise consumer_raised(error) from error

    def close(self) -> None:
        """Nothing to give back."""

    def _call(self, outgoing: Outgoing) -> Answer | Awaitable[Answer]:
        try:
            return self._receive(replace(outgoing, headers=HeaderFields(outgoing.headers)))
        except DeliveryError:
            raise
        except Exception as error:
            raise consumer_raised(error) from error


def _reply(answer: object, deadline: Deadline) -> Reply:
    """Return the answer as a reply, if it came in time; `object`, for the callable may return anything."""
    if deadline.passed():
        raise deadline.missed_by("the receiver")
    if answer is None:
        return Reply(204)
    if isinstance(answer, int) and answer in _STATUSES:
        return Reply(int(answer))
    if not isinstance(answer, Reply):
        raise ConsumerError(f"the receiver returned {answer!r}: expected a Reply, a status from 100 to 599, or None")
    if answer.took > deadline.timeout:
        raise deadline.missed_by("the receiver")
    return answer
