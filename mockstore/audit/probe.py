"""Where an audit reads the side effects of a consumer: a callable, a URL, or a command."""

import json
import shlex
import subprocess
from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeAlias

from mockstore.errors import DeliveryError, InvalidInputError
from mockstore.model import Json, Outgoing
from mockstore.world.seams import Transport

Probe: TypeAlias = Callable[[], Json]
"""Returns a number, or JSON with numbers in it: what the consumer has done so far.

It must see the work of an event once that was answered; with a queue behind the consumer, let the probe wait for it.
"""

PATIENCE: Final = timedelta(seconds=10)
"""How long a probe may take."""
_OK: Final = 200


def probe_of_url(url: str, transport: Transport) -> Probe:
    """Return a probe that asks `url` by GET; it raises `InvalidInputError` for anything but 200 with JSON."""

    def read() -> Json:
        try:
            reply = transport.send(Outgoing(url, (("Accept", "application/json"),), b"", method="GET"), PATIENCE)
        except DeliveryError as error:
            raise InvalidInputError(f"the probe cannot be read: {error}", field="probe") from None
        if reply.status != _OK:
            raise InvalidInputError(f"the probe {url} answered {reply.status}, expected 200", field="probe")
        return _parsed(reply.body, url)

    return read


def probe_of_command(command: str) -> Probe:
    """Return a probe that runs `command`, split as a shell does; it raises `InvalidInputError` when that fails."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise InvalidInputError(f"the probe {command!r} is no command: {error}", field="probe") from None
    if not words:
        raise InvalidInputError("the probe's command is empty", field="probe")

    def read() -> Json:
        limit = PATIENCE.total_seconds()
        try:
            done = subprocess.run(words, capture_output=True, check=True, timeout=limit)  # noqa: S603 - the user's own
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            why = f"ended with {error.returncode}{f': {said}' if said else ''}"
            raise InvalidInputError(f"the probe {words[0]} {why}", field="probe") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InvalidInputError(f"the probe {words[0]} cannot be run: {error}", field="probe") from None
        return _parsed(done.stdout, words[0])

    return read


def _parsed(content: bytes, source: str) -> Json:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise InvalidInputError(
            f"the probe {source} said {content[:40]!r}, expected a number or JSON", field="probe"
        ) from None
