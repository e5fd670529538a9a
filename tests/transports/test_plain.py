"""The fast parser of plain HTTP responses returns the same replies and raises the same errors as `http.client`."""

from datetime import timedelta
from socket import SHUT_WR, socketpair
from typing import TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mockstore.errors import DeliveryError
from mockstore.model import Headers
from mockstore.world.transports.plain_answers import plain_head
from mockstore.world.transports.rules import Deadline
from mockstore.world.transports.wire import Connection

ExchangeOutcome: TypeAlias = tuple[int, Headers, bytes, bool] | type[DeliveryError]

LONG_TIMEOUT = timedelta(seconds=20)
QUICK, ORDINARY = "POST", "PUT"
"""Methods: only the response to a POST is read by the fast parser; `http.client` reads both in the same way."""

LINES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 204 No Content",
        b"HTTP/1.1 304",
        b"HTTP/1.1 503 ",
        b"HTTP/1.1 100 Continue",
        b"HTTP/1.1 101 Switching",
        b"HTTP/1.0 200 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/2 200",
        b"ICY 200 OK",
        b"",
    ]
)
FIELDS = st.sampled_from(
    [
        b"Content-Length: 0",
        b"Content-Length: 5",
        b"content-length:\t5",
        b"Content-Length: 5 ",
        b"Content-Length: +5",
        b"Content-Length: -5",
        b"Content-Length: 5, 5",
        b"Content-Length: 99999",
        b"Connection: close",
        b"Connection: Keep-Alive",
        b"Connection: keep-alive, close",
        b"Keep-Alive: timeout=5",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip",
        b"Retry-After: 3",
        b"X-Empty:",
        b"X-Space : 1",
        b" folded",
        b"X-Latin: \xe9",
        b"X-Control: \x00\x0b",
        b"no field",
        b": nameless",
    ]
)
LINE_ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"])
BODIES = st.sampled_from([b"", b"12345", b"123", b"1234567", b"5\r\n12345\r\n0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Draw a response that is well-formed, nearly well-formed, or cut off."""
    lines = [draw(LINES), *draw(st.lists(FIELDS, max_size=4))]
    whole = b"".join(line + draw(LINE_ENDS) for line in lines) + draw(LINE_ENDS) + draw(BODIES)
    return whole[: draw(st.integers(0, len(whole)))] if draw(st.booleans()) else whole


def outcome_of(answer: bytes, method: str) -> ExchangeOutcome:
    """Return the parsed reply, or the error, when a receiver sends `answer` and closes its side."""
    ours, theirs = socketpair()
    with ours, theirs:
        theirs.sendall(answer)
        theirs.shutdown(SHUT_WR)
        try:
            reply, reusable = Connection(ours, "receiver").exchange(b"request", method, Deadline(LONG_TIMEOUT))
        except DeliveryError as error:
            return type(error)
        return reply.status, reply.headers, reply.body, reusable


@given(answers())
@example(b"HTTP/1.1 204 No Content\r\n\r\n")
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345")
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n123")
def test_the_quick_reader_sees_what_http_client_sees(answer: bytes) -> None:
    assert outcome_of(answer, QUICK) == outcome_of(answer, ORDINARY)


@given(st.binary(max_size=300))
def test_any_bytes_are_the_same_to_both(answer: bytes) -> None:
    assert outcome_of(answer, QUICK) == outcome_of(answer, ORDINARY)


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(b"Transfer-Encoding: chunked", id="chunked after all"),
        pytest.param(b"Transfer-Encoding: gzip", id="another transfer encoding"),
        pytest.param(b"Connection: close", id="the last answer"),
        pytest.param(b"Content-Length: 7", id="two lengths"),
        pytest.param(b"X-Latin: \xe9", id="a value that is not ASCII"),
        pytest.param(b" folded", id="a folded line"),
        pytest.param(b"no field", id="no field at all"),
    ],
)
@pytest.mark.parametrize("body", [b"12345", b"123", b"1234567", b"5\r\n12345\r\n0\r\n\r\n"])
def test_a_field_that_changes_the_framing_is_seen_by_both(field: bytes, body: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + field + b"\r\n\r\n" + body

    assert outcome_of(answer, QUICK) == outcome_of(answer, ORDINARY)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", id="no content"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345", id="a whole body"),
        pytest.param(b"HTTP/1.1 503 Busy\r\nContent-Length: 5\r\nRetry-After: 3\r\n\r\n", id="a body to come"),
    ],
)
def test_usual_answers_are_read_quickly(answer: bytes) -> None:
    assert plain_head(answer) is not None
