"""Whatever a receiver answers, the attempt ends in time, in bounded memory, and records the reason."""

import re
import ssl
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from gzip import compress
from socket import socket

import pytest
import trustme

from mockstore.model import Outcome
from tests.hostile.conftest import Make, dripping, endless, only_attempt, resetting
from tests.transports.conftest import Handler, Serve, answering

KEPT = 64 * 1024
HEAD = b"HTTP/1.1 200 OK\r\n"
BLOCK = b"x" * 65536
LONG = timedelta(days=1)
"""Longer than a test waits."""
HUGE = b'{"padding":"' + b"x" * 16_000_000 + b'"}'
"""More than the buffers of two sockets hold."""

ENDLESS = [
    pytest.param(endless(HEAD + b"\r\n", BLOCK), Outcome.ACKNOWLEDGED, "None", id="body"),
    pytest.param(
        endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n%b\r\n" % BLOCK),
        Outcome.ACKNOWLEDGED,
        "None",
        id="chunks",
    ),
    pytest.param(
        endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", BLOCK),
        Outcome.ACKNOWLEDGED,
        "None",
        id="one chunk",
    ),
    pytest.param(
        endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1"), Outcome.ACKNOWLEDGED, "None", id="size of a chunk"
    ),
    pytest.param(
        endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: 1\r\n"),
        Outcome.ACKNOWLEDGED,
        "None",
        id="trailers",
    ),
    pytest.param(endless(HEAD, b"X: 1\r\n"), Outcome.ERROR, "more than 100 headers", id="headers"),
    pytest.param(endless(HEAD + b"X: ", BLOCK), Outcome.ERROR, "did not answer in HTTP", id="header"),
    pytest.param(endless(b"HTTP/1.1 200 ", BLOCK), Outcome.ERROR, "did not answer in HTTP", id="status line"),
    pytest.param(endless(b"", b"\x00\xff"), Outcome.ERROR, "did not answer in HTTP", id="noise"),
    pytest.param(
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        Outcome.ERROR,
        # which of the two texts depends on the version of Python
        "sent 256 KiB, and the headers of its answer have not ended|got more than 100 interim responses",
        id="100",
    ),
    pytest.param(
        endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
        Outcome.ERROR,
        "more than 10 informational answers",
        id="103",
    ),
    pytest.param(
        endless(HEAD, b"X: %b\r\n" % (b"x" * 65000)),
        Outcome.ERROR,
        "the headers of its answer have not",
        id="long headers",
    ),
    pytest.param(
        endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1;%b\r\nx\r\n" % (b"x" * 65000)),
        Outcome.ACKNOWLEDGED,
        "None",
        id="extensions of chunks",
    ),
]


@pytest.mark.parametrize(("handle", "outcome", "reason"), ENDLESS)
def test_an_endless_answer_ends_in_bounded_memory(
    make: Make, start_receiver: Serve, handle: Handler, outcome: Outcome, reason: str
) -> None:
    mock, port = make(), start_receiver(handle)
    mock.emit("pet.adopted")  # imports what making an event needs, before memory is measured
    tracemalloc.start()

    attempt = only_attempt(mock, port)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert attempt.outcome is outcome
    assert attempt.reply is None or len(attempt.reply.body) <= KEPT
    assert re.search(reason, str(attempt.error))
    assert len(str(attempt.error)) < 400
    assert peak < 4_000_000


def redirecting(connection: socket, requests_: Iterator[bytes]) -> None:
    """Redirect each request to its own URL."""
    for request in requests_:
        path = request.split(b" ")[1]
        connection.sendall(b"HTTP/1.1 307 Again\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % path)


@pytest.mark.parametrize(
    ("handle", "outcome", "reason"),
    [
        pytest.param(resetting(b""), Outcome.RESET, "broke the connection before", id="reset before the answer"),
        pytest.param(resetting(b"HTTP/1.1 2"), Outcome.RESET, "broke the connection|amid", id="reset in the status"),
        pytest.param(resetting(HEAD + b"X: 1\r\n"), Outcome.RESET, "broke the connection|amid", id="reset in the head"),
        pytest.param(dripping(HEAD + b"\r\n", b"."), Outcome.ACKNOWLEDGED, "None", id="the body drips"),
        pytest.param(dripping(b"HTTP/1.1 100 Continue\r\n", b"."), Outcome.TIMEOUT, "within 1 s", id="a 1xx drips"),
        pytest.param(
            redirecting, Outcome.REFUSED, "answered 307: redirects are not followed", id="redirect in circles"
        ),
        pytest.param(answering(b"HTTP/1.1 99999 No\r\n\r\n"), Outcome.ERROR, "not answer in HTTP", id="status 99999"),
        pytest.param(answering(b"HTTP/1.1 -1 No\r\n\r\n"), Outcome.ERROR, "not answer in HTTP", id="negative status"),
        pytest.param(answering(b"HTTP/1.1 000 No\r\n\r\n"), Outcome.ERROR, "not answer in HTTP", id="status 0"),
        pytest.param(answering(b"HTTP/9.9 200 OK\r\n\r\n"), Outcome.ERROR, "not answer in HTTP", id="HTTP/9.9"),
        pytest.param(answering(b"\xff" * 40 + b"\r\n\r\n"), Outcome.ERROR, "not answer in HTTP", id="bytes of no text"),
        pytest.param(answering(b"\x1b[2J\r\n2026 INFO\r\n"), Outcome.ERROR, "not answer in HTTP", id="terminal codes"),
        pytest.param(
            answering(HEAD + b": nameless\r\n\r\n"), Outcome.ACKNOWLEDGED, "None", id="a header without a name"
        ),
        pytest.param(answering(HEAD + b"X: \x00\x1b[2J\r\n\r\n"), Outcome.ACKNOWLEDGED, "None", id="NUL in a header"),
    ],
)
def test_a_broken_answer_is_recorded_with_its_reason(
    make: Make, start_receiver: Serve, handle: Handler, outcome: Outcome, reason: str
) -> None:
    mock = make()

    attempt = only_attempt(mock, start_receiver(handle))

    assert attempt.outcome is outcome
    assert re.search(reason, str(attempt.error))
    assert "\x1b" not in mock.timeline()


@pytest.mark.parametrize(
    "length",
    [b"-1", b"1e9", b"9" * 400, b"0x10", b" ", b"2, 2", b"+2", b"\xb2"],
    ids=["negative", "exponent", "beyond all numbers", "hexadecimal", "none", "twice", "signed", "superscript"],
)
def test_an_invalid_length_does_not_change_the_verdict(make: Make, start_receiver: Serve, length: bytes) -> None:
    answer = HEAD + b"Content-Length: %b\r\n\r\nok" % length

    attempt = only_attempt(make(), start_receiver(answering(answer)))

    assert (attempt.outcome, attempt.status) == (Outcome.ACKNOWLEDGED, 200)


def test_headers_are_kept_up_to_the_limit(make: Make, start_receiver: Serve) -> None:
    headers = b"".join(b"X-%02d: %b\r\n" % (number, b"x" * 1000) for number in range(90))

    attempt = only_attempt(make(), start_receiver(answering(HEAD + headers + b"Content-Length: 2\r\n\r\nok")))

    assert (attempt.outcome, attempt.error) == (Outcome.ACKNOWLEDGED, None)
    assert attempt.reply is not None
    assert attempt.reply.body == b"ok"
    assert attempt.reply.headers == tuple((f"X-{number:02}", "x" * 1000) for number in range(65))


@pytest.mark.parametrize(
    "handle",
    [
        pytest.param(endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: 1\r\n"), id="trailers"),
        pytest.param(endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="interim answers"),
    ],
)
def test_of_an_endless_answer_no_more_is_read_than_the_limit(
    make: Make, start_receiver: Serve, handle: Handler
) -> None:
    attempt = only_attempt(make(timeout=LONG), start_receiver(handle))

    assert attempt.duration < LONG


def test_a_gzip_bomb_is_kept_as_it_came(make: Make, start_receiver: Serve) -> None:
    bomb = compress(b"\0" * 20_000_000)
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)

    attempt = only_attempt(make(), start_receiver(answering(head + bomb)))

    assert attempt.outcome is Outcome.ACKNOWLEDGED
    assert attempt.reply is not None
    assert attempt.reply.body == bomb[:KEPT]


def test_a_receiver_that_reads_nothing_is_a_timeout(make: Make, start_receiver: Serve, never_reading: Handler) -> None:
    attempt = only_attempt(make(), start_receiver(never_reading), body=HUGE)

    assert (attempt.outcome, attempt.duration) == (Outcome.TIMEOUT, timedelta(seconds=1))


@pytest.mark.parametrize(
    "asked",
    ["Fri, 31 Dec 9999 23:59:59 -1200", f"Thu, 01 Jan 2026 12:30:00 +{'9' * 30}", "9" * 400],
    ids=["the end of the calendar", "no offset", "no number"],
)
def test_a_retry_that_is_asked_for_at_no_possible_moment_comes_as_scheduled(
    make: Make, start_receiver: Serve, asked: str
) -> None:
    answer = b"HTTP/1.1 503 No\r\nRetry-After: %b\r\nContent-Length: 0\r\n\r\n" % asked.encode()
    mock = make(clock="system")

    attempt = only_attempt(mock, start_receiver(answering(answer)))

    due = mock.deliveries[0].record.due
    assert due is not None
    assert due - attempt.at == timedelta(minutes=1)


def serving_tls(authority: trustme.CA, *, until: datetime | None = None) -> Handler:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", not_after=until).configure_cert(context)

    def handle(connection: socket, _: Iterator[bytes]) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(65536)

    return handle


def test_an_expired_certificate_is_told_by_name(make: Make, start_receiver: Serve) -> None:
    authority, trusted = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(trusted)
    port = start_receiver(serving_tls(authority, until=datetime(2020, 1, 1, tzinfo=UTC)))

    attempt = only_attempt(make(trusted), port, scheme="https")

    assert attempt.outcome is Outcome.UNREACHABLE
    assert attempt.error == f"TLS failed with 127.0.0.1:{port}: certificate has expired"
