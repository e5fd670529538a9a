"""The consumers that are audited, and a server to reach them over HTTP."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from types import ModuleType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from examples.audited import careful, careless
from mockstore.model import Json

SECRET = "whsec_Zmxhc2stc2hvcC1hbmQtcGV0c3RvcmU="


@dataclass(frozen=True, slots=True)
class Consumer:
    """A WSGI app and its probe."""

    app: Any
    effects: Callable[[], Json]


@pytest.fixture
def careful_one() -> Consumer:
    return consumer(careful)


@pytest.fixture
def careless_one() -> Consumer:
    return consumer(careless)


def consumer(module: ModuleType) -> Consumer:
    shop = module.Shop()
    return Consumer(module.make_app(SECRET, shop), shop.effects)


class SilentHandler(WSGIRequestHandler):
    """A request handler that writes no log."""

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@contextmanager
def served(one: Consumer) -> Iterator[str]:
    """Serve the consumer over HTTP, with its probe at `/effects`; yield the base URL."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/effects":
            answer: Iterable[bytes] = one.app(environ, start_response)
            return answer
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(one.effects()).encode()]

    server: WSGIServer = make_server("127.0.0.1", 0, app, handler_class=SilentHandler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
