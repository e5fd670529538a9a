"""What frameworks keep to themselves: the exception behind a 500 that Flask or Django made of it."""

import sys
from collections.abc import Mapping, MutableMapping, MutableSequence
from typing import Protocol, cast

CAUGHT = "mockstore.caught"
"""The member of a WSGI environ that marks a request as ours: a list for the exceptions."""


class _Signal(Protocol):
    """What blinker's signals and Django's have in common."""

    def connect(self, receiver: object) -> object: ...

    def disconnect(self, receiver: object) -> object: ...


class SwallowedErrors:
    """Notes the exceptions that happen behind the requests it has marked, until `close`.

    A framework that has not been imported has no app to deliver to, so none is imported here. The note is taken by
    way of the request's own environ: deliveries inside deliveries and the test's own requests do not mix.
    """

    def __init__(self) -> None:
        # Flask and Django both keep weak references to a receiver: this object owns its subscriptions.
        flask = _signal("flask", "got_request_exception")
        django = _signal("django.core.signals", "got_request_exception")
        listeners = ((flask, self._flask_caught), (django, self._django_caught))
        self._connected = [(signal, receiver) for signal, receiver in listeners if signal is not None]
        for signal, receiver in self._connected:
            signal.connect(receiver)

    def mark(self, environ: MutableMapping[str, object]) -> MutableSequence[BaseException]:
        """Return the list that will hold the exceptions behind this request."""
        caught: list[BaseException] = []
        environ[CAUGHT] = caught
        return caught

    def close(self) -> None:
        """Stop listening."""
        for signal, receiver in self._connected:
            signal.disconnect(receiver)
        self._connected = []

    def _flask_caught(self, _app: object, *, exception: BaseException, **_: object) -> None:
        _note(sys.modules["flask"].request.environ, exception)

    def _django_caught(self, *, request: object, **_: object) -> None:
        _note(getattr(request, "META", {}), sys.exc_info()[1])


def _signal(module: str, name: str) -> _Signal | None:
    return cast("_Signal | None", getattr(sys.modules.get(module), name, None))


def _note(environ: Mapping[str, object], exception: BaseException | None) -> None:
    caught = environ.get(CAUGHT)
    if isinstance(caught, list) and exception is not None:
        caught.append(exception)
