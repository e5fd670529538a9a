"""The API as a test holds it: where it is, what was called, how it is to misbehave."""

from contextlib import ExitStack
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from mockstore.answers import Answer
from mockstore.api.address import BASE_URL, address
from mockstore.api.calls import Calls
from mockstore.api.interceptor import Interceptor
from mockstore.service import Mockstore

_LOOKING: Final = "To look at a call, read its status, answer or mistakes, as in mockstore_api.calls.last.status"


class PetstoreApi:
    """Answers the clients of this process, while it is open, for everything below `base_url`.

    `requests`, `httpx` and `httpx2` (sync and async) need not know: what they ask is answered by `mockstore`, and what
    that changes is told to its subscribers. Requests to other places go their way. Use it as a context manager.
    """

    def __init__(self, mockstore: Mockstore, base_url: str = BASE_URL) -> None:
        self._interceptor = Interceptor(mockstore, address(base_url))
        self._base_url = base_url
        self._stack = ExitStack()
        self.calls = Calls(self._interceptor.ledger, explain=self._interceptor.explain)
        """What was called, oldest first: `calls.one("getPet").status`."""

    def __enter__(self) -> Self:
        from mockstore.api.through_httpx import answering_httpx  # noqa: PLC0415 - loads the clients
        from mockstore.api.through_requests import answering_requests  # noqa: PLC0415 - loads the clients

        with ExitStack() as stack:
            stack.callback(self._close)
            stack.enter_context(answering_requests(self._interceptor))
            stack.enter_context(answering_httpx(self._interceptor))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    @property
    def base_url(self) -> str:
        """Where the API is; can be set to any http(s) URL.

        Where the path is `/v1` or none, the whole host is the API's, so that a call with a wrong path is found out
        instead of reaching the network. Below another path, other services may live at the same host.
        """
        return self._base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        self._interceptor.address = address(url)
        self._base_url = url

    def will_answer(self, operation: str, *answers: Answer | int | str | timedelta, then_normal: bool = False) -> None:
        """Let an operation (`getPet`) answer these in turn; the last repeats, or with `then_normal` the truth returns.

        A status from 400 up is answered as a problem, and nothing is done. A status of success, `"200 after 6s"` or a
        timedelta is the true answer, in time or late by virtual time: a client whose timeout is not longer gives up,
        though the work was done. `"broken json"` is half of the true answer. `"timeout"` and `"reset"` do nothing and
        answer nothing. An `Answer` is sent as it stands. Without any, the operation answers truly from now on. Raises
        `InvalidInputError` for an operation or an answer that does not exist.
        """
        self._interceptor.script.will_answer(operation, *answers, then_normal=then_normal)

    def complaints(self) -> list[str]:
        """Return what a strict test has against its clients: calls with mistakes that nobody has looked at."""
        wrong = [record for record in self._interceptor.ledger.unseen() if record.mistakes]
        told = [
            f"a client's call went wrong:\n{record.summary()}\n" + "\n".join(f"  {one}" for one in record.mistakes)
            for record in wrong
        ]
        return [*told[:-1], f"{told[-1]}\n{_LOOKING}"] if told else []

    def _close(self) -> None:
        self._interceptor.closed = True
