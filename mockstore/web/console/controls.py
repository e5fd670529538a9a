"""The buttons for the clock and for deliveries: advance, freeze, run, hold, release, reset."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from mockstore.delivery.schedule import parse_duration
from mockstore.errors import InvalidInputError
from mockstore.web.console.rendering import to
from mockstore.web.reading import about
from mockstore.web.site import mockstore, site, tenant

Done = tuple[str, dict[str, object]]
"""The name of the notice that says what was done, and the number in it."""

_FARTHEST: Final = timedelta(days=3650)
"""How far one click may move the clock."""


def act(verb: str) -> ResponseReturnValue:
    """Do what a button says, and show the same page again."""
    if verb not in _VERBS:
        raise NotFound(f"{verb!r} is no control; there are: {', '.join(_VERBS)}")
    notice, parameters = _VERBS[verb]()
    return to(request.form.get("back", ""), notice, **parameters)


def _advance() -> Done:
    with about("by"):
        try:
            by = parse_duration(request.form.get("by", ""))
        except OverflowError:
            by = timedelta.max
        if by > _FARTHEST:
            raise InvalidInputError("that is too far: ten years at once are allowed, such as 87600h")
    mockstore().clock.advance(by)
    return "advanced", {}


def _freeze() -> Done:
    mockstore().clock.freeze()
    return "frozen", {}


def _run() -> Done:
    mockstore().clock.run()
    return "running", {}


def _hold() -> Done:
    mockstore().hold()
    return "holding", {}


def _release() -> Done:
    return "released", {"n": len(mockstore().release())}


def _reset() -> Done:
    tenant().reset()
    site().rate_limit.forget(tenant().id)
    return "reset", {}


_VERBS: Final[Mapping[str, Callable[[], Done]]] = {
    "advance": _advance,
    "freeze": _freeze,
    "run": _run,
    "hold": _hold,
    "release": _release,
    "reset": _reset,
}
