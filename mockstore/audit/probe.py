"""Probes, which read the side effects of a consumer: a callable, a URL, or a command."""

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
"""Returns what the consumer has done so far: a number, or JSON that contains numbers.

The work of an event must be visible once the event is answered. If a queue does the work, the probe must wait for it.
"""

PROBE_TIMEOUT: Final = timedelta(seconds=10)
"""The time limit for one reading."""
_OK: Final = 200


def probe_of_url(url: str, transport: Transport) -> Probe:
    """Return a probe that sends GET to `url`; it raises `InvalidInputError` for any answer but 200 with JSON."""

    def read() -> Json:
        try:
            reply = transport.send(Outgoing(url, (("Accept", "application/json"),), b"", method="GET"), PROBE_TIMEOUT)
        except DeliveryError as error:
            raise InvalidInputError(f"the probe cannot be read: {error}", field="probe") from None
        if reply.status != _OK:
            raise InvalidInputError(f"the probe {url} answered {reply.status}, expected 200", field="probe")
        return _parsed(reply.body, url)

    return read


def probe_of_command(command: str) -> Probe:
    """Return a probe that runs `command` and parses its output as JSON.

    The command is split into words as a shell does. The probe raises `InvalidInputError` when it fails; so does this
    function for a command that is empty or cannot be split.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise InvalidInputError(f"the probe {command!r} is no command: {error}", field="probe") from None
    if not words:
        raise InvalidInputError("the probe's command is empty", field="probe")

    def read() -> Json:
        limit = PROBE_TIMEOUT.total_seconds()
        try:
            done = subprocess.run(words, capture_output=True, check=True, timeout=limit)  # noqa: S603 - the user's own
        except subprocess.CalledProcessError as error:
            last_line = error.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            why = f"ended with {error.returncode}{f': {last_line}' if last_line else ''}"
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
