"""Delivers to a callable that takes an `Outgoing`."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeAlias

from msgspec.structs import replace

from mockstore.errors import AsyncConsumerError, ConsumerError, DeliveryError
from mockstore.model import HeaderFields, Outgoing, Reply
from mockstore.world.transports.rules import Deadline, consumer_raised

Answer: TypeAlias = Reply | int | None
"""A whole reply, a status code, or None for 204."""

Receiver: TypeAlias = Callable[[Outgoing], Answer | Awaitable[Answer]]

_STATUSES = range(100, 600)


class FunctionTransport:
    """Calls `receive` with each request and uses what it returns as the reply; the headers are `HeaderFields`.

    A `DeliveryError` from `receive` (a scripted timeout, for instance) is raised unchanged; any other exception becomes
    a `ConsumerError`. A reply that comes after the timeout, or whose `took` exceeds it, is a `ReceiverTimeoutError`.
    """

    def __init__(self, receive: Receiver) -> None:
        self._receive = receive

    def send(self, outgoing: Outgoing, timeout: timedelta) -> Reply:
        """Call it; raise `AsyncConsumerError` when it returns an awaitable."""
        deadline = Deadline(timeout)
        answer = self._call(outgoing)
        if isinstance(answer, Awaitable):
            getattr(answer, "close", lambda: None)()  # otherwise Python warns that the coroutine was never awaited
            raise AsyncConsumerError(
                "the receiver is an async function: "
                "use `await mockstore.aemit(...)`, `await mockstore.aadvance(...)`, and for the shop's verbs "
                "`await mockstore.aserve(lambda: ...)`"
            )
        return _reply(answer, deadline)

    async def asend(self, outgoing: Outgoing, timeout: timedelta) -> Reply:  # noqa: ASYNC109 - the protocol's
        """Call it, and await what it returns if that is awaitable."""
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
        """Do nothing: there is nothing to release."""

    def _call(self, outgoing: Outgoing) -> Answer | Awaitable[Answer]:
        try:
            return self._receive(replace(outgoing, headers=HeaderFields(outgoing.headers)))
        except DeliveryError:
            raise
        except Exception as error:
            raise consumer_raised(error) from error


def _reply(answer: object, deadline: Deadline) -> Reply:
    """Return the answer as a reply; raise `ReceiverTimeoutError` when it is late, `ConsumerError` for a wrong type."""
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
