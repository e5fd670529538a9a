"""The bytes that are sent under each wire fault, read from raw sockets."""

from collections.abc import Iterator
from datetime import timedelta
from queue import SimpleQueue
from socket import socket

import pytest

from mockstore import Mockstore
from mockstore.errors import BrokenConnectionError, InvalidInputError, ReceiverTimeoutError, UnreachableError
from mockstore.model import Outgoing, Wire
from mockstore.world.transports.function import FunctionTransport
from mockstore.world.transports.http import HttpTransport
from mockstore.world.transports.router import Router
from tests.transports.conftest import OK, Handler, Serve

BODY = bytes(range(256)) * 2
LIMIT = timedelta(seconds=0.5)
PATIENT = timedelta(seconds=20)


class RawReceiver:
    """Records the bytes of a connection in pieces, and answers when they end with `end`."""

    def __init__(self, end: bytes, answer: bytes = OK) -> None:
        self.pieces: list[bytes] = []
        self.closing: SimpleQueue[bytes | OSError] = SimpleQueue()
        self._end = end
        self._answer = answer

    @property
    def received(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def handle(self) -> Handler:
        def handle(connection: socket, _requests: Iterator[bytes]) -> None:
            while not self.received.endswith(self._end) or not self._end:
                piece = connection.recv(65536)
                if not piece:
                    break
                self.pieces.append(piece)
            connection.sendall(self._answer)
            try:
                self.closing.put(connection.recv(1))
            except OSError as error:
                self.closing.put(error)

        return handle


def request(port: int, wire: Wire | None) -> Outgoing:
    return Outgoing(f"http://127.0.0.1:{port}/hooks", (("Content-Type", "text/plain"),), BODY, wire=wire)


def test_a_body_in_drops_comes_in_many_segments_and_whole(serve: Serve, transport: HttpTransport) -> None:
    receiver = RawReceiver(BODY[-256:] * 2)

    reply = transport.send(request(serve(receiver.handle), Wire(dripped=True)), LIMIT)

    assert reply.status == 200
    head, _, body = receiver.received.partition(b"\r\n\r\n")
    assert (b"Content-Length: 512" in head, body) == (True, BODY)
    assert len(receiver.pieces) > 8


def test_a_body_in_chunks_has_no_length_and_an_end(serve: Serve, transport: HttpTransport) -> None:
    receiver = RawReceiver(b"0\r\n\r\n")

    reply = transport.send(request(serve(receiver.handle), Wire(chunked=True)), PATIENT)

    assert reply.status == 200
    head, _, body = receiver.received.partition(b"\r\n\r\n")
    assert (b"Transfer-Encoding: chunked" in head, b"Content-Length" in head) == (True, False)
    assert unchunked(body) == BODY


def test_drops_can_be_chunks(serve: Serve, transport: HttpTransport) -> None:
    receiver = RawReceiver(b"0\r\n\r\n")

    transport.send(request(serve(receiver.handle), Wire(chunked=True, dripped=True)), LIMIT)

    assert unchunked(receiver.received.partition(b"\r\n\r\n")[2]) == BODY
    assert len(receiver.pieces) > 8


def unchunked(body: bytes) -> bytes:
    whole = b""
    while True:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            assert rest == b"\r\n"
            return whole
        whole, body = whole + rest[:length], rest[length + 2 :]


@pytest.mark.parametrize("place", [0, 1, 100, 511])
def test_a_cut_body_promises_more_than_comes(serve: Serve, transport: HttpTransport, place: int) -> None:
    receiver = RawReceiver(b"")

    reply = transport.send(request(serve(receiver.handle), Wire(cut_at=place)), PATIENT)

    head, _, body = receiver.received.partition(b"\r\n\r\n")
    assert (b"Content-Length: 512" in head, body) == (True, BODY[:place])
    assert reply.status == 200


@pytest.mark.parametrize("reset", ["before", "during"])
def test_a_reset_comes_after_the_whole_request_and_breaks_the_connection_hard(
    serve: Serve, transport: HttpTransport, reset: str
) -> None:
    receiver = RawReceiver(BODY[-256:] * 2)
    wire = Wire(reset="before") if reset == "before" else Wire(reset="during")

    with pytest.raises(BrokenConnectionError, match=rf"was reset {reset} the answer, on purpose \(a fault\)"):
        transport.send(request(serve(receiver.handle), wire), PATIENT)

    assert receiver.received.endswith(BODY)
    assert isinstance(receiver.closing.get(timeout=10), ConnectionResetError)


@pytest.mark.parametrize("reset", ["before", "during"])
def test_a_receiver_that_does_not_answer_is_not_waited_for_longer_than_the_limit(
    serve: Serve, transport: HttpTransport, reset: str
) -> None:
    def silence(_: socket, requests_: Iterator[bytes]) -> None:
        list(requests_)

    wire = Wire(reset="before") if reset == "before" else Wire(reset="during")
    with pytest.raises(ReceiverTimeoutError, match=r"within 0\.2 s"):
        transport.send(request(serve(silence), wire), timedelta(seconds=0.2))


def test_a_slow_connection_is_there_before_its_request(serve: Serve, transport: HttpTransport) -> None:
    order: list[str] = []
    receiver = RawReceiver(BODY[-256:] * 2)

    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        order.append("connected")
        connection.setblocking(False)  # noqa: FBT003 - the standard library's signature
        try:
            connection.recv(1)
        except BlockingIOError:
            order.append("nothing yet")
        connection.setblocking(True)  # noqa: FBT003 - the standard library's signature
        receiver.handle(connection, requests_)

    reply = transport.send(request(serve(handle), Wire(slow_to_connect=True)), timedelta(seconds=2))

    assert (reply.status, order) == (200, ["connected", "nothing yet"])
    assert receiver.received.endswith(BODY)


def test_a_rough_request_leaves_no_connection_for_the_next(serve: Serve, transport: HttpTransport) -> None:
    connections: list[socket] = []

    def handle(connection: socket, requests_: Iterator[bytes]) -> None:
        connections.append(connection)
        for _ in requests_:
            connection.sendall(OK)

    port = serve(handle)
    transport.send(request(port, Wire(dripped=True)), LIMIT)
    transport.send(request(port, None), PATIENT)
    transport.send(request(port, None), PATIENT)

    assert len(connections) == 2


def test_nobody_there_is_unreachable_as_ever(transport: HttpTransport) -> None:
    with pytest.raises(UnreachableError):
        transport.send(request(1, Wire(dripped=True)), PATIENT)


def test_what_is_mounted_has_no_wire() -> None:
    router = Router.in_process()
    router.mount("shop.test", FunctionTransport(lambda _: 204))

    with pytest.raises(
        InvalidInputError, match=r"needs a socket, and shop\.test is an app in process: subscribe a URL"
    ):
        router.send(Outgoing("http://shop.test/", (), b"", wire=Wire(chunked=True)), PATIENT)
    router.close()


def test_the_cut_is_seeded(serve: Serve) -> None:
    def cut(seed: int) -> bytes:
        receiver = RawReceiver(b"")
        with Mockstore.in_process(strict=False, seed=seed) as store:
            store.subscribe(f"http://127.0.0.1:{serve(receiver.handle)}/hooks")
            store.emit("pet.adopted", fault="cut_body")
        return receiver.received.partition(b"\r\n\r\n")[2]

    first = cut(3)
    assert first == cut(3)
    assert first != cut(4)
