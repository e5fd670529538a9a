"""The log of a server: one line for each thing that happens, and nothing secret in it."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from datetime import timedelta

import pytest

from mockstore import Mockstore
from mockstore.provider import petstore
from mockstore.settings import LogFormat, LogLevel, Settings
from mockstore.web.logs import JsonFormatter, TextFormatter, masked, written
from mockstore.web.serve import serving

PATIENCE = timedelta(seconds=20)
HOSTILE = "a\n2026-01-01T00:00:00.000Z ERROR forged\x1b[2J"


@contextmanager
def logged(format_: LogFormat, level: LogLevel = "info") -> Iterator[tuple[Mockstore, io.StringIO]]:
    """Serve with a log; yield the shared Mockstore and what is written."""
    settings = Settings(port=0, clock="virtual", log_format=format_, log_level=level)
    with redirect_stderr(io.StringIO()) as stderr, written(settings), serving(settings) as (_, tenants):
        yield tenants.of(None), stderr


def test_an_attempt_is_one_line_without_secrets(nowhere: str) -> None:
    url = nowhere.replace("http://", "http://ada:lovelace@") + "?token=t0ken"

    with logged("json") as (mock, stderr):
        webhook = mock.subscribe(url, secret="whsec_c2VjcmV0LXRoYXQtbm9ib2R5LXNlZXM=")
        event = mock.emit("pet.adopted")
        mock.settle(PATIENCE)
    (line,) = stderr.getvalue().splitlines()
    document = json.loads(line)

    delivery = event.delivery.record
    assert document == {
        "time": document["time"],
        "level": "info",
        "logger": "mockstore.deliveries",
        "message": "attempt",
        "tenant": "shared",
        "delivery": delivery.id,
        "event": event.id,
        "type": "pet.adopted",
        "webhook": webhook.id,
        "url": nowhere.replace("http://", "http://***@") + "?***",
        "attempt": 1,
        "outcome": "unreachable",
        "status": None,
        "duration_ms": 0.0,
        "state": "pending",
        "next_due": "2025-01-06T12:01:00+00:00",
        "error": document["error"],
    }
    assert document["error"].startswith("connection refused by 127.0.0.1")
    assert not [secret for secret in ("lovelace", "t0ken", "whsec_", "sha256=") if secret in line]


def test_text_says_the_same_in_one_line(nowhere: str) -> None:
    with logged("text") as (mock, stderr):
        mock.subscribe(nowhere)
        mock.emit("pet.adopted")
        mock.settle(PATIENCE)
    (line,) = stderr.getvalue().splitlines()

    assert " INFO attempt tenant=shared delivery=" in line
    assert " type=pet.adopted webhook=" in line
    assert line.endswith('next_due=2025-01-06T12:01:00+00:00 error="connection refused by ' + nowhere[7:-6] + '"')


def test_a_disabled_webhook_is_a_warning_and_attempts_are_not(nowhere: str) -> None:
    with logged("text", "warning") as (mock, stderr):
        webhook = mock.subscribe(nowhere)
        mock.emit("pet.adopted")
        mock.advance(timedelta(days=1))
    (line,) = stderr.getvalue().splitlines()

    attempts = petstore().schedule.attempts
    assert f"WARNING webhook disabled tenant=shared webhook={webhook.id}" in line
    assert f"attempt {attempts} of {attempts} of one delivery failed" in line


def fail() -> None:
    raise ValueError(HOSTILE)


def test_what_strangers_write_forges_no_line() -> None:
    try:
        fail()
    except ValueError as error:
        record = logging.LogRecord(
            "mockstore", logging.ERROR, "", 1, "%s broke", (HOSTILE,), (type(error), error, error.__traceback__)
        )
    record.fields = {"path": HOSTILE}

    first, *others = TextFormatter().format(record).split("\n")
    document = JsonFormatter().format(record)

    assert first.count("forged") == 2
    assert all(one.startswith("  | ") for one in others)
    assert "\x1b" not in first + "".join(others) + document
    assert json.loads(document)["path"] == HOSTILE
    assert "\n" not in document


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://shop.test/hooks", "https://shop.test/hooks"),
        ("https://ada:pw@shop.test:8443/hooks", "https://***@shop.test:8443/hooks"),
        ("https://shop.test/hooks?token=1#x", "https://shop.test/hooks?***"),
        ("http://[::1", "***"),
    ],
    ids=["nothing secret", "password", "query", "no URL"],
)
def test_what_may_be_secret_in_a_url_is_masked(url: str, shown: str) -> None:
    assert masked(url) == shown


def test_afterwards_logging_is_as_before() -> None:
    log = logging.getLogger("mockstore")
    before = (log.level, log.propagate, list(log.handlers))

    with written(Settings(log_level="debug")):
        assert log.level == logging.DEBUG

    assert (log.level, log.propagate, log.handlers) == before
