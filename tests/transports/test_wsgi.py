"""Delivery to WSGI apps."""

import gc
import logging
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import repeat
from typing import TypeAlias
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.validate import validator

import flask
import pytest

from mockstore.errors import ConsumerError, ReceiverTimeoutError
from mockstore.model import Outgoing, Reply
from mockstore.world.transports.wsgi import WsgiApp, WsgiTransport
from tests.transports.conftest import ManualTime

SECOND = timedelta(seconds=1)
LIMIT = 64 * 1024
OUTGOING = Outgoing(
    "http://Shop.test:8080/hooks/%C3%A4?x=1",
    (("Content-Type", "application/json"), ("X-Twice", "a"), ("x-twice", "b")),
    b'{"a":1}',
)

Deliver: TypeAlias = Callable[[WsgiApp], Reply]


@pytest.fixture
def deliver() -> Iterator[Deliver]:
    transports: list[WsgiTransport] = []

    def deliver(app: WsgiApp) -> Reply:
        transports.append(WsgiTransport(app))
        return transports[-1].send(OUTGOING, SECOND)

    yield deliver
    for transport in transports:
        transport.close()


def test_the_app_sees_the_request(deliver: Deliver) -> None:
    seen: WSGIEnvironment = {}

    def app(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        seen.update(environ, body=environ["wsgi.input"].read())
        start("202 Accepted", [("X-A", "1"), ("X-A", "2")])
        return [b"o", b"", b"k"]

    reply = deliver(app)

    assert reply == Reply(202, (("X-A", "1"), ("X-A", "2")), b"ok")
    expected = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/hooks/ä".encode().decode("latin-1"),
        "QUERY_STRING": "x=1",
        "SERVER_NAME": "shop.test",
        "SERVER_PORT": "8080",
        "HTTP_HOST": "shop.test:8080",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": "7",
        "HTTP_X_TWICE": "a,b",
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "body": b'{"a":1}',
    }
    assert {name: seen[name] for name in expected} == expected


def test_the_standard_librarys_validator_finds_no_mistake(deliver: Deliver) -> None:
    def app(_: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]

    assert deliver(validator(app)).body == b"ok"


class Closing:
    """A response iterable that records whether it was closed."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.closed = False
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        self.closed = True


def broken_off() -> Iterator[bytes]:
    yield b"half"
    raise ValueError("torn")


def test_an_endless_answer_is_cut_and_closed(deliver: Deliver) -> None:
    answer = Closing(repeat(b"x" * 1000))

    def app(_: WSGIEnvironment, start: StartResponse) -> Closing:
        start("200 OK", [])
        return answer

    assert deliver(app).body == b"x" * LIMIT
    assert answer.closed


def test_an_answer_that_breaks_off_is_closed(deliver: Deliver) -> None:
    answer = Closing(broken_off())

    def app(_: WSGIEnvironment, start: StartResponse) -> Closing:
        start("200 OK", [])
        return answer

    with pytest.raises(ConsumerError, match="ValueError: torn"):
        deliver(app)
    assert answer.closed


def test_headers_may_come_late_and_the_body_by_write(deliver: Deliver) -> None:
    def app(_: WSGIEnvironment, start: StartResponse) -> Iterator[bytes]:
        write = start("200 OK", [])
        write(b"first ")
        yield b"second"

    assert deliver(app).body == b"first second"


def test_an_answer_may_be_begun_anew_while_nothing_has_gone_out(deliver: Deliver) -> None:
    def app(_: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        start("200 OK", [])
        try:
            int("late thought")
        except ValueError:
            start("500 Oops", [("X-A", "1")], sys.exc_info())
        return [b"sorry"]

    assert deliver(app) == Reply(500, (("X-A", "1"),), b"sorry")


def begins_anew_too_late(_: WSGIEnvironment, start: StartResponse) -> Iterator[bytes]:
    start("200 OK", [])
    yield b"out"
    try:
        int("too late")
    except ValueError:
        start("500 Oops", [], sys.exc_info())


def begins_twice(_: WSGIEnvironment, start: StartResponse) -> list[bytes]:
    start("200 OK", [])
    start("200 OK", [])
    return []


def never_begins(_: WSGIEnvironment, _start: StartResponse) -> list[bytes]:
    return []


def begins_with_the_body(_: WSGIEnvironment, _start: StartResponse) -> list[bytes]:
    return [b"body"]


def has_no_status(_: WSGIEnvironment, start: StartResponse) -> list[bytes]:
    start("OK", [])
    return []


def raises(_: WSGIEnvironment, _start: StartResponse) -> list[bytes]:
    raise KeyError("secret")


@pytest.mark.parametrize(
    ("app", "text"),
    [
        pytest.param(begins_anew_too_late, "ValueError: .*too late", id="anew after the body began"),
        pytest.param(begins_twice, "called twice", id="begins twice"),
        pytest.param(never_begins, "without calling start_response", id="never begins"),
        pytest.param(begins_with_the_body, "before it called start_response", id="body first"),
        pytest.param(has_no_status, "status 'OK'; expected", id="no status"),
        pytest.param(raises, "^the consumer raised KeyError: 'secret'$", id="raises"),
    ],
)
def test_an_app_that_breaks_the_rules_is_told_which(deliver: Deliver, app: WsgiApp, text: str) -> None:
    with pytest.raises(ConsumerError, match=text):
        deliver(app)


def test_the_apps_own_exception_is_the_cause(deliver: Deliver) -> None:
    with pytest.raises(ConsumerError) as caught:
        deliver(raises)

    cause = caught.value.__cause__
    assert isinstance(cause, KeyError)
    assert cause.__traceback__ is not None


def test_what_pytest_raises_in_the_app_passes(deliver: Deliver) -> None:
    def app(_: WSGIEnvironment, _start: StartResponse) -> list[bytes]:
        pytest.fail("seen enough")

    with pytest.raises(pytest.fail.Exception, match="seen enough"):
        deliver(app)


def slow_start(manual_time: ManualTime) -> WsgiApp:
    def app(_: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        manual_time.now += 2
        start("200 OK", [])
        return []

    return app


def slow_first_chunk(manual_time: ManualTime) -> WsgiApp:
    def app(_: WSGIEnvironment, start: StartResponse) -> Iterator[bytes]:
        start("200 OK", [])
        manual_time.now += 2
        yield b"late"

    return app


@pytest.mark.parametrize("make", [slow_start, slow_first_chunk])
def test_an_app_that_takes_too_long_has_not_answered(
    make: Callable[[ManualTime], WsgiApp], manual_time: ManualTime
) -> None:
    with pytest.raises(ReceiverTimeoutError, match=r"no answer from shop\.test:8080 within 1 s"):
        WsgiTransport(make(manual_time), deadline=manual_time).send(OUTGOING, SECOND)


def test_a_slow_body_is_cut_at_the_deadline_and_the_status_counts(manual_time: ManualTime) -> None:
    def app(_: WSGIEnvironment, start: StartResponse) -> Iterator[bytes]:
        start("200 OK", [])
        yield b"first"
        manual_time.now += 2
        yield b" second"
        yield b" third"

    reply = WsgiTransport(app, deadline=manual_time).send(OUTGOING, SECOND)

    assert reply == Reply(200, (), b"first second")


@pytest.fixture
def shop() -> flask.Flask:
    shop = flask.Flask("shop")
    shop.logger.addHandler(logging.NullHandler())

    @shop.post("/hooks/ä")
    def hook() -> flask.typing.ResponseReturnValue:
        raise LookupError(flask.request.get_json()["a"])

    return shop


def test_the_exception_that_flask_turned_into_a_500_is_in_the_reply(deliver: Deliver, shop: flask.Flask) -> None:
    reply = deliver(shop)

    assert reply.status == 500
    assert isinstance(reply.exception, LookupError)
    assert reply.exception.__traceback__ is not None


def test_the_exception_is_in_the_reply_behind_middleware_too(deliver: Deliver, shop: flask.Flask) -> None:
    def middleware(environ: WSGIEnvironment, start: StartResponse) -> object:
        return shop(environ, start)

    assert isinstance(deliver(middleware).exception, LookupError)  # type: ignore[arg-type]  # Flask's own annotation


def test_an_exception_that_flask_lets_through_is_the_cause(deliver: Deliver, shop: flask.Flask) -> None:
    shop.testing = True

    with pytest.raises(ConsumerError, match="LookupError: 1") as caught:
        deliver(shop)

    assert isinstance(caught.value.__cause__, LookupError)


def test_a_delivery_inside_a_delivery_keeps_its_exceptions_to_itself(deliver: Deliver, shop: flask.Flask) -> None:
    outer = flask.Flask("outer")
    inner: list[Reply] = []

    @outer.post("/hooks/ä")
    def hook() -> flask.typing.ResponseReturnValue:
        inner.append(deliver(shop))
        return "", 204

    assert deliver(outer) == Reply(204, (("Content-Type", "text/html; charset=utf-8"),))
    assert isinstance(inner[0].exception, LookupError)


def test_an_exception_in_a_request_of_the_test_itself_is_ignored(shop: flask.Flask) -> None:
    transport = WsgiTransport(shop)

    assert shop.test_client().post("/hooks/ä", json={"a": 1}).status_code == 500
    assert transport.send(Outgoing("http://testserver/elsewhere", (), b""), SECOND).exception is None
    transport.close()


def test_close_disconnects_from_the_signal_of_flask(shop: flask.Flask) -> None:
    gc.collect()  # disconnects the transports that other tests have left
    before = len(flask.got_request_exception.receivers)

    transport = WsgiTransport(shop)
    assert len(flask.got_request_exception.receivers) == before + 1
    transport.close()

    assert len(flask.got_request_exception.receivers) == before
