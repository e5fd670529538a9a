"""Which transport fits a target, and which modules in-process delivery does not import."""

import subprocess
import sys
from collections.abc import Iterable
from functools import partial

import fastapi
import flask
import pytest
from django.core.handlers.wsgi import WSGIHandler  # type: ignore[import-untyped]  # Django has no types
from starlette.applications import Starlette
from werkzeug.middleware.proxy_fix import ProxyFix

from mockstore.errors import InvalidInputError
from mockstore.world.transports.asgi import AsgiTransport
from mockstore.world.transports.django import DjangoTransport
from mockstore.world.transports.function import FunctionTransport
from mockstore.world.transports.target import transport_for
from mockstore.world.transports.wsgi import WsgiTransport


class Receiver:
    def __call__(self, outgoing: object) -> None: ...

    def method(self, outgoing: object) -> None: ...


class AsgiApp:
    async def __call__(self, scope: object, receive: object, send: object) -> None: ...


def wsgi(environ: object, start_response: object) -> Iterable[bytes]: ...  # type: ignore[empty-body]  # never called


def receive(outgoing: object, note: str = "") -> None: ...


async def areceive(outgoing: object) -> None: ...


async def asgi(scope: object, receive: object, send: object) -> None: ...


def asgi_behind_a_decorator(scope: object, receive: object, send: object) -> object:
    return asgi(scope, receive, send)


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        pytest.param(flask.Flask("shop"), WsgiTransport, id="Flask"),
        pytest.param(ProxyFix(flask.Flask("shop").wsgi_app), WsgiTransport, id="WSGI middleware"),
        pytest.param(wsgi, WsgiTransport, id="WSGI function"),
        pytest.param(WSGIHandler.__new__(WSGIHandler), DjangoTransport, id="Django handler"),
        pytest.param(fastapi.FastAPI(), AsgiTransport, id="FastAPI"),
        pytest.param(Starlette(), AsgiTransport, id="Starlette"),
        pytest.param(asgi, AsgiTransport, id="ASGI function"),
        pytest.param(AsgiApp(), AsgiTransport, id="ASGI object"),
        pytest.param(asgi_behind_a_decorator, AsgiTransport, id="ASGI behind a decorator"),
        pytest.param(partial(asgi), AsgiTransport, id="partial ASGI"),
        pytest.param(receive, FunctionTransport, id="function"),
        pytest.param(areceive, FunctionTransport, id="async function"),
        pytest.param(lambda outgoing: None, FunctionTransport, id="lambda"),  # noqa: ARG005 - its arity is the point
        pytest.param(partial(receive, note="x"), FunctionTransport, id="partial"),
        pytest.param(Receiver(), FunctionTransport, id="callable object"),
        pytest.param(Receiver().method, FunctionTransport, id="method"),
    ],
)
def test_the_target_tells_its_kind(target: object, kind: type) -> None:
    transport = transport_for(target)

    assert type(transport) is kind
    transport.close()


async def aboth(environ: object, start_response: object) -> None: ...


def anything(*arguments: object) -> None: ...


def by_keyword(*, outgoing: object) -> None: ...


def make_app() -> None: ...


def four(a: object, b: object, c: object, d: object) -> None: ...


@pytest.mark.parametrize(
    ("target", "text"),
    [
        pytest.param(flask.Flask, "that is a class; pass an instance", id="class"),
        pytest.param(make_app, "it takes no argument; if it makes an app, call it", id="factory"),
        pytest.param(
            type("Application", (), {"__module__": "aiohttp.web_app", "__call__": lambda self: self})(),
            "run it, and subscribe its URL",
            id="aiohttp",
        ),
        pytest.param(anything, "takes any number of arguments", id="any number"),
        pytest.param(by_keyword, "needs keyword arguments", id="keywords"),
        pytest.param(aboth, "is async and takes 2", id="async with two"),
        pytest.param(four, "takes 4", id="four"),
        pytest.param(17, "cannot be called", id="number"),
        pytest.param("flask", "'flask': that is no app", id="word"),
        pytest.param(max, "does not tell|takes any number", id="builtin"),
    ],
)
def test_what_cannot_be_told_apart_is_refused_with_what_is_accepted(target: object, text: str) -> None:
    with pytest.raises(InvalidInputError, match=text) as caught:
        transport_for(target)

    assert "accepted are a WSGI app (environ, start_response)" in str(caught.value)
    assert caught.value.field == "target"


def test_in_process_delivery_loads_neither_sockets_nor_loops_nor_frameworks() -> None:
    code = """
import sys
from datetime import timedelta
from mockstore.model import Outgoing
from mockstore.world.transports import Router
def app(environ, start_response):
    start_response("200 OK", [])
    return []
router = Router.in_process()
router.mount_app(app)
router.mount_app(lambda outgoing: 200)
for host in ("testserver", "app-2.testserver"):
    assert router.send(Outgoing(f"http://{host}/", (), b""), timedelta(seconds=9)).status == 200
router.close()
print(*sorted({"asyncio", "socket", "ssl", "http.client", "email", "flask", "django"} & set(sys.modules)))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout == "\n"
