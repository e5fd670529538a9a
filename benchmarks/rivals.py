"""Other ways to deliver to a Flask app in process: requests, with its network replaced."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import requests
import responses
from flask import Flask
from requests.adapters import BaseAdapter

from benchmarks.consumer import PATH, Maker

URL = f"http://testserver{PATH}"
Headers = Iterable[tuple[str, str]]


def call(app: Flask, body: bytes, headers: Headers) -> tuple[int, list[tuple[str, str]], bytes]:
    """Call the app with a minimal WSGI environment; return status, headers and body of the response."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": PATH,
        "QUERY_STRING": "",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(body)),
    }
    for name, value in headers:
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE")

    def start_response(status: str, given: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], object]:
        del exc_info
        started.append((status, given))
        return bytes

    content = b"".join(app(environ, start_response))
    status, given = started[-1]
    return int(status[:3]), given, content


class AppAdapter(BaseAdapter):
    """An adapter that makes requests call an app instead of the network."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self._app = app

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        """Return the response of the app."""
        response = requests.Response()
        response.status_code, headers, content = call(self._app, body_of(request), request.headers.items())
        response.headers.update(headers)
        response.raw = BytesIO(content)
        response.request = request
        return response

    def close(self) -> None:
        """Do nothing; there is nothing to close."""


def body_of(request: requests.PreparedRequest) -> bytes:
    """Return the body of a request, or no bytes when it has none."""
    return request.body if isinstance(request.body, bytes) else b""


@contextmanager
def through_responses(app: Flask, status: int, attempts: int = 1) -> Iterator[Callable[[], object]]:
    """Yield an action that makes and signs an event, posts it to the app by `responses`, and checks the status."""
    maker = Maker()
    with responses.RequestsMock() as mock, requests.Session() as session:
        mock.add_callback(
            responses.POST, URL, lambda request: _for_responses(call(app, body_of(request), request.headers.items()))
        )
        yield lambda: _post(session, maker, status, attempts)


@contextmanager
def through_adapter(app: Flask, status: int, attempts: int = 1) -> Iterator[Callable[[], object]]:
    """Yield an action that does the same with an adapter of requests, and keeps the responses."""
    maker = Maker()
    with requests.Session() as session:
        session.mount("http://testserver", AppAdapter(app))
        kept: list[requests.Response] = []
        session.hooks["response"].append(lambda response, **_: kept.append(response))
        yield lambda: _post(session, maker, status, attempts)


def post_to(url: str, session: requests.Session, maker: Maker, status: int, attempts: int = 1) -> None:
    """Make and sign an event, post it `attempts` times, and check that the response has this status."""
    body, headers = maker.signed()
    for _ in range(attempts):
        answer = session.post(url, data=body, headers=headers, timeout=5)
        if answer.status_code != status:
            raise AssertionError(f"answered {answer.status_code}, expected {status}")


def _post(session: requests.Session, maker: Maker, status: int, attempts: int) -> None:
    post_to(URL, session, maker, status, attempts)


def _for_responses(answer: tuple[int, list[tuple[str, str]], bytes]) -> tuple[int, dict[str, str], bytes]:
    status, headers, content = answer
    return status, dict(headers), content
