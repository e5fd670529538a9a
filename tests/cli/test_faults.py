"""`mockstore faults`, and `mockstore emit --fault`."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from click.testing import Result

from mockstore import faults
from mockstore.answers import answers
from mockstore.cli.receiver import Scripted
from mockstore.signing import verify

if TYPE_CHECKING:
    from tests.cli.conftest import Listening

Run = Callable[..., Result]
Listen = Callable[..., "Listening"]

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_every_fault_is_listed(run: Run) -> None:
    result = run("faults")

    assert result.exit_code == 0
    for fault in faults.ALL:
        assert f"  {fault.name} " in result.stdout
        assert f"→ {fault.good_consumer}" in result.stdout


@pytest.mark.parametrize("group", faults.Group)
def test_one_group_is_listed(group: faults.Group, run: Run) -> None:
    document = json.loads(run("faults", "--group", str(group), "--json").stdout)

    assert [one["name"] for one in document["data"]] == [fault.name for fault in faults.ALL if fault.group is group]


@pytest.mark.parametrize(
    ("status", "code"), [pytest.param("401", 0, id="refused"), pytest.param("204", 1, id="accepted")]
)
def test_a_forgery_is_well_when_it_is_refused(status: str, code: int, run: Run, listening: Listen) -> None:
    shop = listening(Scripted(answers(status)))

    options = ("--fault", "wrong_secret", "--fault", "unknown_member")
    result = run("emit", "order.created", "--to", shop.url, "--secret", SECRET, *options)

    assert result.exit_code == code
    (received,) = shop.received
    assert not verify(received.outgoing.body, received.outgoing.headers, SECRET)
    assert "introducedLater" in received.event


def test_a_fault_that_takes_time_needs_a_running_mock(run: Run) -> None:
    result = run("emit", "order.created", "--to", "http://127.0.0.1:1/", "--fault", "ack_lost")

    assert result.exit_code != 0
    assert "ack_lost takes more than one attempt: leave --to out, and ask a running mock" in result.stderr


def test_an_unknown_fault_gets_the_nearest(run: Run) -> None:
    result = run("emit", "order.created", "--to", "http://127.0.0.1:1/", "--fault", "wrong_secrt")

    assert result.exit_code != 0
    assert "unknown fault 'wrong_secrt': did you mean 'wrong_secret'" in result.stderr


def test_a_running_mock_is_told_the_faults(at_server: Run, listening: Listen) -> None:
    shop = listening(Scripted(answers("401")))
    at_server("webhooks", "add", shop.url)

    result = at_server("emit", "order.created", "--fault", "missing_signature", "--json")

    (event,) = json.loads(result.stdout)["data"]
    (delivery,) = event["deliveries"]
    assert delivery["state"] == "failed"
    assert "X-Webhook-Signature" not in dict(delivery["attempts"][0]["request"]["headers"])
