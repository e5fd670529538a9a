"""The background threads of a database continue after any error; if one has ended, the health check reports it."""

import logging
from datetime import timedelta
from threading import Event

import pytest

from mockstore.durable import Rounds
from mockstore.settings import Settings
from mockstore.tenants import Tenants
from mockstore.web.app import create_app

OFTEN = timedelta(milliseconds=1)
SECONDS = 20


def test_an_error_is_logged_and_does_not_end_the_rounds(caplog: pytest.LogCaptureFixture) -> None:
    closing, again, errors = Event(), Event(), [RuntimeError("can't start new thread")]

    def work() -> None:
        if errors:
            raise errors.pop()
        again.set()

    with caplog.at_level(logging.ERROR, logger="mockstore.durable"):
        rounds = Rounds(work, "mockstore-test", until=closing, every=OFTEN)
        went_on = again.wait(SECONDS)

    assert (went_on, rounds.broken) == (True, False)
    assert "can't start new thread" in caplog.text
    closing.set()
    rounds.join()
    assert not rounds.broken, "it ended when it should"


def ended() -> Rounds:
    """Return rounds whose thread has ended too early."""

    def leave() -> None:
        raise SystemExit

    rounds = Rounds(leave, "mockstore-test", until=Event(), every=OFTEN)
    rounds.join()
    return rounds


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("which", ["the watch", "the heartbeat"])
def test_a_thread_that_has_ended_is_seen_in_the_health(sqlite: str, which: str) -> None:
    settings = Settings(port=0, database=sqlite)
    with Tenants(settings) as tenants:
        client = create_app(tenants, settings).test_client()
        well = client.get("/_mockstore/health")
        watching, records = tenants._watching, tenants._records  # noqa: SLF001 - a thread cannot be ended from outside
        assert watching is not None
        assert records is not None

        if which == "the watch":
            tenants._watching = ended()  # noqa: SLF001 - likewise
        else:
            records.beating, beating = ended(), records.beating
        ill = client.get("/_mockstore/health")

        tenants._watching = watching  # noqa: SLF001 - likewise
        if which == "the heartbeat":
            records.beating = beating
    assert (well.status_code, ill.status_code) == (200, 503)
    assert ill.get_json()["detail"] == "a thread that looks after the database has ended (mockstore-test): start anew"
