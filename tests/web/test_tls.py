"""A server with a certificate serves TLS, loses no request, and sends nothing in plain text."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from ssl import MemoryBIO, SSLContext, SSLWantReadError, create_default_context
from types import SimpleNamespace

import pytest
from msgspec.structs import replace
from trustme import CA

from mockstore.errors import StartupError
from mockstore.web.connections import Connection
from mockstore.web.listener import tls_context
from mockstore.web.server import Server
from tests.web.conftest import STILL, Serve
from tests.web.test_server import HEALTH, PATIENCE, connect, everything

SIZE = 64
COUNT = 256
"""So many requests fill one TLS record, of which the server reads half at once."""


@pytest.fixture
def authority(tmp_path: Path) -> CA:
    authority = CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "certificate.pem"))
    (tmp_path / "nonsense.pem").write_text("nonsense")
    return authority


@pytest.fixture
def trusting(authority: CA) -> SSLContext:
    context = create_default_context()
    authority.configure_trust(context)
    return context


@pytest.mark.parametrize(
    ("certificate", "key"), [("both.pem", None), ("certificate.pem", "key.pem")], ids=["one file", "two files"]
)
def test_it_speaks_tls_with_a_certificate(
    serve: Serve, tmp_path: Path, trusting: SSLContext, certificate: str, key: str | None
) -> None:
    caller = serve(tls_certificate=str(tmp_path / certificate), tls_key=None if key is None else str(tmp_path / key))
    with socket.create_connection((caller.server.host, caller.server.port), PATIENCE) as silent:
        plain = trusting.wrap_socket(
            socket.create_connection((caller.server.host, caller.server.port), PATIENCE), server_hostname="127.0.0.1"
        )
        with plain:
            plain.sendall(HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            answer = b"".join(iter(lambda: plain.recv(65_536), b""))
        assert silent.fileno()

    assert caller.url.startswith("https://")
    assert answer.startswith(b"HTTP/1.1 200 OK")


def test_plain_http_to_a_tls_server_is_told_so_and_does_no_harm(
    serve: Serve, tmp_path: Path, trusting: SSLContext
) -> None:
    caller = serve(tls_certificate=str(tmp_path / "both.pem"))
    with connect(caller.server) as plain, connect(caller.server) as garbled:
        plain.sendall(HEALTH)
        garbled.sendall(b"\0 is no greeting \0\r\n\r\n")
        head, _, body = everything(plain).partition(b"\r\n\r\n")
        assert b"HTTP" not in everything(garbled)

    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["detail"] == "this server speaks HTTPS: write https://"
    with trusting.wrap_socket(connect(caller.server), server_hostname="127.0.0.1") as polite:
        polite.sendall(HEALTH)
        assert polite.recv(65_536).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("certificate", "key", "told"),
    [
        ("missing.pem", None, r"missing\.pem: No such file or directory; it must be a readable PEM file"),
        ("nonsense.pem", None, r"nonsense\.pem: no PEM certificate with its private key"),
        ("certificate.pem", None, r"certificate\.pem: no PEM certificate with its private key"),
        ("certificate.pem", "nonsense.pem", r"certificate\.pem and .*nonsense\.pem: no PEM certificate"),
    ],
)
@pytest.mark.usefixtures("authority")
def test_a_certificate_that_cannot_be_used_is_told_to_the_caller(
    tmp_path: Path, certificate: str, key: str | None, told: str
) -> None:
    settings = replace(
        STILL, tls_certificate=str(tmp_path / certificate), tls_key=None if key is None else str(tmp_path / key)
    )

    with pytest.raises(StartupError, match=told):
        Server(lambda _environ, _start: [], settings).start()


def test_requests_that_come_encrypted_together_are_all_answered(
    serve: Serve, tmp_path: Path, trusting: SSLContext
) -> None:
    caller = serve(tls_certificate=str(tmp_path / "both.pem"), requests=1)
    filler = "x" * (SIZE - len(HEALTH) - len("X: \r\n"))
    request = HEALTH.replace(b"\r\n\r\n", f"\r\nX: {filler}\r\n\r\n".encode())

    with trusting.wrap_socket(connect(caller.server), server_hostname="127.0.0.1") as client:
        client.sendall(request * COUNT)

        answers = b""
        while answers.count(b"HTTP/1.1 200 OK") < COUNT:
            piece = client.recv(65_536)
            assert piece, "the server has closed the connection"
            answers += piece


@pytest.mark.usefixtures("authority")
def test_an_answer_is_encrypted_after_the_server_has_ceased_to_take_requests(
    tmp_path: Path, trusting: SSLContext
) -> None:
    context = tls_context(replace(STILL, tls_certificate=str(tmp_path / "both.pem")))
    assert context is not None
    ours, theirs = socket.socketpair()
    with ThreadPoolExecutor(1) as pool:
        shaken = pool.submit(trusting.wrap_socket, theirs, server_hostname="127.0.0.1")
        secured = context.wrap_socket(ours, server_side=True)
    server = SimpleNamespace(peercreds_enabled=False, peercreds_resolve_enabled=False)
    connection = Connection(server, secured)
    with shaken.result() as client:
        connection.stop_reading()

        connection.wfile.write(b"well")
        connection.close()

        assert client.recv(100) == b"well"


def test_a_client_that_says_nothing_after_its_handshake_is_answered_when_it_does(
    serve: Serve, tmp_path: Path, trusting: SSLContext
) -> None:
    caller = serve(tls_certificate=str(tmp_path / "both.pem"), requests=1)
    with (
        trusting.wrap_socket(connect(caller.server), server_hostname="127.0.0.1") as silent,
        trusting.wrap_socket(connect(caller.server), server_hostname="127.0.0.1") as other,
    ):
        other.sendall(HEALTH)
        assert other.recv(65_536).startswith(b"HTTP/1.1 200 OK")

        silent.sendall(HEALTH)

        assert silent.recv(65_536).startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_is_slow_to_shake_hands_keeps_no_thread_and_is_answered(
    serve: Serve, tmp_path: Path, trusting: SSLContext
) -> None:
    caller = serve(tls_certificate=str(tmp_path / "both.pem"), requests=1)
    come, to_go = MemoryBIO(), MemoryBIO()
    slow = trusting.wrap_bio(come, to_go, server_hostname="127.0.0.1")
    with connect(caller.server) as wire:
        with pytest.raises(SSLWantReadError):
            slow.do_handshake()
        wire.sendall(to_go.read())
        with trusting.wrap_socket(connect(caller.server), server_hostname="127.0.0.1") as other:
            other.sendall(HEALTH)
            assert other.recv(65_536).startswith(b"HTTP/1.1 200 OK")

        come.write(wire.recv(65_536))
        slow.do_handshake()
        slow.write(HEALTH)
        wire.sendall(to_go.read())

        answer = b""
        while not answer and (piece := wire.recv(65_536)):
            come.write(piece)
            with suppress(SSLWantReadError):
                answer = slow.read()
        assert answer.startswith(b"HTTP/1.1 200 OK")
