"""What an audit finds: a careful consumer passes every rule, a careless one fails exactly those that it should."""

import json
from contextlib import ExitStack
from typing import Any

import pytest

from mockstore import Outgoing
from mockstore.audit import Verdict, auditing, probe_of_url, rules
from mockstore.audit.bench import arranged
from mockstore.errors import InvalidInputError, UnknownEventTypeError, UnreachableError
from mockstore.world.transports import Router
from tests.audit.conftest import SECRET, Consumer, served

CARELESS_FAILS = {
    "signature.missing_signature",
    "signature.malformed_signature",
    "signature.empty_signature",
    "signature.non_ascii_signature",
    "signature.reserialised_body",
    "rotation.new_secret_first",
    "rotation.new_secret_second",
    "duplicates.duplicate",
    "duplicates.duplicate_at_once",
    "duplicates.ack_lost",
    "duplicates.redelivery_after_success",
    "duplicates.redelivery_after_enabling",
    "order.reversed",
    "order.out_of_order",
    "order.late_and_stale",
    "hostile_bodies.not_json",
    "hostile_bodies.not_an_object",
    "hostile_bodies.truncated_json",
    "hostile_bodies.non_utf8",
    "hostile_bodies.deeply_nested",
    "hostile_bodies.empty_body",
    "drift.escaped_unicode",
    "content_type.gzip",
    "methods.reading",
    "methods.writing",
}
HAS_NO_TIME = {"replay_window.stale_timestamp", "replay_window.future_timestamp"}


def test_the_careful_consumer_passes_every_rule(careful_one: Consumer) -> None:
    with auditing(careful_one.app, secret=SECRET, probe=careful_one.effects, seed=1) as auditor:
        audit = auditor.run()

    assert [(one.rule.id, one.reason) for one in audit.findings if not one.passed] == []
    assert [one.rule for one in audit.findings] == list(rules())
    assert audit.passed


def test_the_careless_consumer_fails_exactly_the_expected_rules(careless_one: Consumer) -> None:
    with auditing(careless_one.app, secret=SECRET, probe=careless_one.effects, seed=1) as auditor:
        audit = auditor.run()

    assert {one.rule.id for one in audit.failed} == CARELESS_FAILS
    assert {one.rule.id for one in audit.of(Verdict.NOT_JUDGED)} == HAS_NO_TIME
    assert not audit.passed


@pytest.mark.parametrize("name", ["careful_one", "careless_one"])
def test_over_http_the_findings_are_the_same(name: str, request: pytest.FixtureRequest) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(served(request.getfixturevalue(name)))
        router = Router.standalone()
        stack.callback(router.close)
        probe = probe_of_url(f"{url}/effects", router)
        audit = stack.enter_context(auditing(f"{url}/hooks", secret=SECRET, probe=probe, router=router)).run()

    failed = {one.rule.id for one in audit.failed}
    assert failed == (set() if name == "careful_one" else CARELESS_FAILS)


def test_without_a_probe_only_what_has_to_be_counted_is_not_judged(careful_one: Consumer) -> None:
    with auditing(careful_one.app, secret=SECRET, seed=1) as auditor:
        audit = auditor.run()

    assert audit.passed
    assert {one.rule.area for one in audit.of(Verdict.NOT_JUDGED)} == {"duplicates", "order"}


def test_a_consumer_that_refuses_everything_does_not_pass_for_its_refusals() -> None:
    with auditing(lambda _: 401, secret=SECRET, rules=["signature.genuine", "signature.wrong_secret"]) as auditor:
        audit = auditor.run()

    assert audit["signature.genuine"].verdict is Verdict.FAILED
    assert audit["signature.wrong_secret"].verdict is Verdict.NOT_JUDGED


def test_a_consumer_that_refuses_and_works_all_the_same_is_found_by_its_effects() -> None:
    effects: list[bytes] = []

    def two_faced(outgoing: Outgoing) -> int:
        effects.append(outgoing.body)
        return 204 if "X-Webhook-Signature" in dict(outgoing.headers) else 401

    with auditing(
        two_faced, secret=SECRET, probe=lambda: len(effects), rules=["signature.missing_signature"]
    ) as auditor:
        finding = auditor.run()["signature.missing_signature"]

    assert finding.verdict is Verdict.FAILED
    assert "its work was done all the same" in finding.reason


def test_a_probe_that_never_moves_proves_nothing(careful_one: Consumer) -> None:
    with auditing(
        careful_one.app, secret=SECRET, probe=lambda: 0, rules=["signature.genuine", "duplicates.ack_lost"]
    ) as auditor:
        audit = auditor.run()

    assert "the probe did not move" in audit["signature.genuine"].reason
    assert audit["duplicates.ack_lost"].verdict is Verdict.NOT_JUDGED


def test_the_event_that_is_counted_is_one_that_always_has_an_effect() -> None:
    effects: list[str] = []

    def now_and_then(outgoing: Outgoing) -> int:
        event = json.loads(outgoing.body)
        kind = event["eventType"]
        if kind == "payment.succeeded" or (kind == "order.created" and len(effects) < 4):
            effects.append(kind)
        return 204

    with auditing(now_and_then, secret=SECRET, probe=lambda: len(effects), rules=["signature.genuine"]) as auditor:
        audit = auditor.run()

    assert audit.event_type == "payment.succeeded"


def test_nobody_there_is_no_verdict() -> None:
    with (
        auditing("http://127.0.0.1:9/webhooks", secret=SECRET) as auditor,
        pytest.raises(UnreachableError, match="refused"),
    ):
        auditor.run()


@pytest.mark.parametrize(
    ("told", "error"),
    [
        pytest.param(
            {"rules": ["signature.none"]}, "unknown rule 'signature.none'; rules: signature.genuine", id="rule"
        ),
        pytest.param({"secret": ""}, "the secret must be", id="secret"),
        pytest.param({"signatures": "md5"}, "md5", id="signature"),
        pytest.param({"target": "not a url"}, "is no URL to deliver to", id="target"),
    ],
)
def test_what_makes_no_sense_is_refused(told: dict[str, Any], error: str) -> None:
    keywords: dict[str, Any] = {"target": lambda _: 204, "secret": SECRET, **told}

    with pytest.raises(InvalidInputError, match=error), auditing(keywords.pop("target"), **keywords):
        pass


def test_an_unknown_event_type_is_refused() -> None:
    with pytest.raises(UnknownEventTypeError), auditing(lambda _: 204, secret=SECRET, event_type="pet.sold"):
        pass


@pytest.mark.parametrize(
    ("order_of", "count", "positions"),
    [
        pytest.param("causal", 3, [0, 1, 2], id="causal"),
        pytest.param("reversed", 3, [2, 1, 0], id="reversed"),
        pytest.param("first comes last", 3, [1, 2, 0], id="first last"),
        pytest.param("neighbours", 4, [1, 0, 3, 2], id="neighbours of an even number"),
        pytest.param("neighbours", 5, [0, 2, 1, 4, 3], id="neighbours of an odd number"),
    ],
)
def test_an_order_has_a_name(order_of: str, count: int, positions: list[int]) -> None:
    assert list(arranged(count, order_of)) == positions
