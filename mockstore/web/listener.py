"""The listening socket: bound before any thread starts, so that the caller gets the error."""

import errno
import socket
import ssl
import sys
from typing import Final

from mockstore.errors import StartupError
from mockstore.settings import Settings

BACKLOG: Final = 128

_WILDCARDS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what to call instead of them


def listening_socket(settings: Settings) -> socket.socket:
    """Return a socket that listens at `host` and `port`; raise `StartupError` that says what to do instead."""
    host, port = settings.host, settings.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError):  # the latter for what no name can be: `a..b`
        raise StartupError(
            f"{host!r} is no address; choose another with --host, such as 127.0.0.1", field="host"
        ) from None
    listening = socket.socket(family, kind, protocol)
    try:
        if port and sys.platform != "win32":  # there it would let two servers share the port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the accepted ones inherit it
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise _refusal(error, host, port) from None
    return listening


def address_of(listening: socket.socket) -> tuple[str, int]:
    """Return the host and port at which the socket is reached from this machine."""
    host, port = listening.getsockname()[:2]
    return _WILDCARDS.get(host, host), port


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Return the TLS context; None without a certificate. Raise `StartupError` for files that cannot be used."""
    if settings.tls_certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, password=_no_password)
    except ssl.SSLError as error:
        files = " and ".join(filter(None, (settings.tls_certificate, settings.tls_key)))
        raise StartupError(
            f"{files}: no PEM certificate with its private key ({error.reason or error})", field="tls_certificate"
        ) from None
    except OSError as error:
        raise _unreadable(error, settings) from None
    return context


def _no_password() -> str:
    raise StartupError("the private key is encrypted; store it without a passphrase")


def _unreadable(error: OSError, settings: Settings) -> StartupError:
    """Return the error for the file that cannot be read; Python does not always name it."""
    files = {"tls_certificate": settings.tls_certificate, "tls_key": settings.tls_key}
    named = [name for name, file in files.items() if file is not None and not _opens(file)]
    field = next(iter(named), "tls_certificate")
    return StartupError(f"{files[field]}: {error.strerror}; it must be a readable PEM file", field=field)


def _opens(file: str) -> bool:
    try:
        with open(file, "rb"):  # noqa: PTH123 - as OpenSSL does, to which a path is a text
            return True
    except OSError:
        return False


def _refusal(error: OSError, host: str, port: int) -> StartupError:
    if error.errno == errno.EADDRINUSE:
        text = f"port {port} on {host} is taken; choose another with --port, or 0 for any"
        return StartupError(text, field="port")
    if error.errno == errno.EACCES:
        text = f"port {port} on {host} is not allowed here; choose one above 1023 with --port, or 0 for any"
        return StartupError(text, field="port")
    if error.errno == errno.EADDRNOTAVAIL:
        text = f"{host} is no address of this machine; choose another with --host, such as 127.0.0.1"
        return StartupError(text, field="host")
    return StartupError(f"cannot listen on {host}, port {port}: {error.strerror}")
