"""Finds the exceptions that Flask and Django catch and answer with a 500."""

import sys
from collections.abc import Mapping, MutableMapping, MutableSequence
from typing import Protocol, cast

CAUGHT = "mockstore.caught"
"""The key in the WSGI environ of our requests under which the list of caught exceptions is."""


class _Signal(Protocol):
    """The common interface of blinker's signals and Django's."""

    def connect(self, receiver: object) -> object: ...

    def disconnect(self, receiver: object) -> object: ...


class SwallowedErrors:
    """Collects the exceptions that a framework catches while it handles a marked request, until `close`.

    A framework that has not been imported has no app to deliver to, so none is imported here. The list is in the
    request's own environ, so that nested deliveries and the test's own requests do not mix.
    """

    def __init__(self) -> None:
        # Flask and Django keep only weak references to a listener, so keep strong ones here.
        flask = _signal("flask", "got_request_exception")
        django = _signal("django.core.signals", "got_request_exception")
        listeners = ((flask, self._flask_caught), (django, self._django_caught))
        self._connected = [(signal, receiver) for signal, receiver in listeners if signal is not None]
        for signal, receiver in self._connected:
            signal.connect(receiver)

    def mark(self, environ: MutableMapping[str, object]) -> MutableSequence[BaseException]:
        """Return the list that will get the exceptions caught while this request is handled."""
        caught: list[BaseException] = []
        environ[CAUGHT] = caught
        return caught

    def close(self) -> None:
        """Stop listening."""
        for signal, receiver in self._connected:
            signal.disconnect(receiver)
        self._connected = []

    def _flask_caught(self, _app: object, *, exception: BaseException, **_: object) -> None:
        _record(sys.modules["flask"].request.environ, exception)

    def _django_caught(self, *, request: object, **_: object) -> None:
        _record(getattr(request, "META", {}), sys.exc_info()[1])


def _signal(module: str, name: str) -> _Signal | None:
    return cast("_Signal | None", getattr(sys.modules.get(module), name, None))


def _record(environ: Mapping[str, object], exception: BaseException | None) -> None:
    caught = environ.get(CAUGHT)
    if isinstance(caught, list) and exception is not None:
        caught.append(exception)
