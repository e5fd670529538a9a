"""The mocked API for a test: its base URL, the recorded calls, and scripted answers."""

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
    """Answers the requests of this process below `base_url` from `mockstore`. A context manager.

    It works for unchanged clients of `requests`, `httpx` and `httpx2`, sync and async. Changes are delivered as events
    to the webhooks of `mockstore`. Requests to other hosts are not touched.
    """

    def __init__(self, mockstore: Mockstore, base_url: str = BASE_URL) -> None:
        self._interceptor = Interceptor(mockstore, address(base_url))
        self._base_url = base_url
        self._stack = ExitStack()
        self.calls = Calls(self._interceptor.ledger, explain=self._interceptor.explain)
        """The calls of clients, oldest first: `calls.one("getPet").status`."""

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
        """The base URL of the API; can be set to any http(s) URL.

        If its path is `/v1` or empty, the API answers for the whole host, so that a call with a wrong path is reported
        instead of reaching the network. With another path, the host may have other services.
        """
        return self._base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        self._interceptor.address = address(url)
        self._base_url = url

    def will_answer(self, operation: str, *answers: Answer | int | str | timedelta, then_normal: bool = False) -> None:
        """Script the answers of an operation (`getPet`), in turn; the last repeats, unless `then_normal`.

        A status from 400 up is answered as a problem, and the operation is not carried out. A success status,
        `"200 after 6s"` or a timedelta is the real answer, at once or after that virtual time: a client with a shorter
        timeout gives up, but the operation is carried out. `"broken json"` is the first half of the real answer.
        `"timeout"` and `"reset"` answer nothing, and the operation is not carried out. An `Answer` is sent unchanged.
        Without any answers, the script is removed. Raises `InvalidInputError` for an unknown operation or answer.
        """
        self._interceptor.script.will_answer(operation, *answers, then_normal=then_normal)

    def complaints(self) -> list[str]:
        """Return the calls with mistakes that the test has not looked at, as texts."""
        wrong = [record for record in self._interceptor.ledger.unseen() if record.mistakes]
        texts = [
            f"a client's call went wrong:\n{record.summary()}\n" + "\n".join(f"  {one}" for one in record.mistakes)
            for record in wrong
        ]
        return [*texts[:-1], f"{texts[-1]}\n{_LOOKING}"] if texts else []

    def _close(self) -> None:
        self._interceptor.closed = True
