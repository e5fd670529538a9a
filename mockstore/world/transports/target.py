"""Makes the transport for a receiver in process: a WSGI or ASGI app, Django, or a callable."""

import inspect
import sys
from collections.abc import Callable
from typing import cast

from mockstore.errors import InvalidInputError
from mockstore.world.seams import Transport
from mockstore.world.transports.function import FunctionTransport, Receiver
from mockstore.world.transports.wsgi import WsgiApp, WsgiTransport

_RECEIVER_TAKES, _WSGI_TAKES, _ASGI_TAKES = 1, 2, 3
"""The number of arguments of each kind: (outgoing), (environ, start_response), (scope, receive, send)."""

_DJANGO = ("django.core.handlers.wsgi", "WSGIHandler")

_ACCEPTED = (
    "accepted are a WSGI app (environ, start_response), an ASGI app (async: scope, receive, send), a callable "
    "that takes one Outgoing, or 'django'"
)


def transport_for(target: object) -> Transport:
    """Return a transport into `target`, which the caller owns and closes.

    `target` is a WSGI app (a Flask app, for instance), an ASGI app (FastAPI, Starlette), the word "django" for the
    configured project, or a callable that takes an `Outgoing` and returns a `Reply`, a status or None. Raises
    `InvalidInputError` for anything else.
    """
    if isinstance(target, str):
        return _named(target)
    if inspect.isclass(target):
        raise _refusal(target, "that is a class; pass an instance")
    if _is_instance(target, *_DJANGO):
        return _django(cast("WsgiApp", target))
    if callable(getattr(target, "wsgi_app", None)) and callable(target):  # an attribute of Flask's and Quart's apps
        return WsgiTransport(target)
    return _by_signature(target)


def shared_transport_for(target: object) -> Transport:
    """Return a transport into `target` that many threads may use at once; otherwise like `transport_for`."""
    if target == "django" or _is_instance(target, *_DJANGO):
        return WsgiTransport(_django_wsgi() if target == "django" else cast("WsgiApp", target))
    transport = transport_for(target)
    is_sync = isinstance(transport, FunctionTransport) and callable(target) and not _is_async(target)
    if is_sync or isinstance(transport, WsgiTransport):
        return transport
    from mockstore.world.transports.own_loop import OwnLoopTransport  # noqa: PLC0415 - loads asyncio

    return OwnLoopTransport(transport)


def _named(name: str) -> Transport:
    if name != "django":
        raise _refusal(name, "that is no app")
    return _django(_django_wsgi())


def _django_wsgi() -> WsgiApp:
    from mockstore.world.transports.django import django_wsgi  # noqa: PLC0415 - for users of Django only

    return django_wsgi()


def _django(handler: WsgiApp) -> Transport:
    from mockstore.world.transports.django import DjangoTransport  # noqa: PLC0415 - for users of Django only

    return DjangoTransport(handler)


def _by_signature(target: object) -> Transport:
    if not callable(target):
        raise _refusal(target, "that cannot be called")
    if type(target).__module__.startswith("aiohttp."):
        raise _refusal(target, "an app of aiohttp is neither WSGI nor ASGI; run it, and subscribe its URL")
    takes, is_async = _required_arguments(target), _is_async(target)
    if takes == _ASGI_TAKES:
        from mockstore.world.transports.asgi import AsgiTransport  # noqa: PLC0415 - loads asyncio

        return AsgiTransport(target)
    if takes == _WSGI_TAKES and not is_async:
        return WsgiTransport(target)
    if takes == _RECEIVER_TAKES:
        return FunctionTransport(cast("Receiver", target))
    if takes == 0:
        raise _refusal(target, "it takes no argument; if it makes an app, call it and pass what it returns")
    raise _refusal(target, f"it {'is async and ' if is_async else ''}takes {takes} arguments")


def _required_arguments(target: Callable[..., object]) -> int:
    """Return how many positional arguments `target` requires; raise `InvalidInputError` if that cannot be told."""
    try:
        parameters = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):
        raise _refusal(target, "it does not tell what arguments it takes") from None
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        raise _refusal(target, "it takes any number of arguments; wrap it in a function that names them")
    required = [parameter for parameter in parameters if parameter.default is parameter.empty]
    if any(parameter.kind is parameter.KEYWORD_ONLY for parameter in required):
        raise _refusal(target, "it needs keyword arguments")
    return sum(parameter.kind is not parameter.VAR_KEYWORD for parameter in required)


def _is_async(target: Callable[..., object]) -> bool:
    return inspect.iscoroutinefunction(target) or inspect.iscoroutinefunction(type(target).__call__)


def _is_instance(target: object, module: str, name: str) -> bool:
    """Return whether `target` is an instance of a class whose module may not have been imported."""
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(target, kind)


def _refusal(target: object, reason: str) -> InvalidInputError:
    return InvalidInputError(f"cannot deliver to {target!r}: {reason}; {_ACCEPTED}", field="target")
