"""Starts a server from its settings, or runs one for the command until a signal to stop."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import socket, socketpair
from typing import Final

from mockstore.model import Observation
from mockstore.parts import standalone_rules
from mockstore.provider import Provider
from mockstore.settings import Settings
from mockstore.tenants import Tenants
from mockstore.web.app import create_app
from mockstore.web.fast_path import EmitFastPath
from mockstore.web.logs import note, written
from mockstore.web.server import Server
from mockstore.web.site import site_of
from mockstore.web.tally import Tally

_STOPPING: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def serving(settings: Settings, provider: Provider | None = None) -> Iterator[tuple[Server, Tenants]]:
    """Run a server inside the block. At its end, requests and attempts under way are finished, and no new ones begin.

    `provider` has the rules; by default, those of the Petstore with the changes in `settings`.
    """
    rules = provider or standalone_rules(settings)
    tally = Tally(rules.catalogue.types)

    def observe(tenant_id: str | None, seen: Observation) -> None:
        tally.observe(seen)
        note(tenant_id, seen)

    with Tenants(settings, rules, observe) as tenants:
        app = create_app(tenants, settings, tally)
        with Server(app, settings, EmitFastPath(site_of(app))) as server:
            try:
                yield server, tenants
            finally:
                tenants.stop()  # before the server waits for requests that wait for `closing`


def run(settings: Settings, on_ready: Callable[[Server], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; call `on_ready` as soon as connections are accepted.

    Must be called on the main thread, which alone gets signals. Raises `StartupError` when it cannot listen.
    """
    with written(settings), _signals() as heard, serving(settings) as (server, _):
        on_ready(server)
        heard.recv(1)


@contextmanager
def _signals() -> Iterator[socket]:
    """Yield a socket that gets a byte for each signal to stop, instead of an exception anywhere in the process."""
    receiver, sender = socketpair()
    sender.setblocking(False)  # noqa: FBT003 - the standard library's signature
    before = {number: signal.signal(number, _note) for number in _STOPPING}
    former = signal.set_wakeup_fd(sender.fileno())
    try:
        yield receiver
    finally:
        signal.set_wakeup_fd(former)
        for number, handler in before.items():
            signal.signal(number, handler)
        receiver.close()
        sender.close()


def _note(_number: int, _frame: object) -> None:
    """Do nothing: the wake-up file descriptor has got the byte."""
