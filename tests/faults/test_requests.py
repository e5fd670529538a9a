"""Which bytes of the request each fault changes, and which it does not change."""

import gzip
import hmac
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from standardwebhooks import Webhook as OfficialVerifier
from standardwebhooks import WebhookVerificationError

from mockstore import Mockstore, Outgoing, faults
from mockstore.events import petstore_catalogue
from mockstore.model import Json

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SIGNATURE = "X-Webhook-Signature"
STANDARD = {"webhook-id", "webhook-timestamp", "webhook-signature"}
OPTIONAL = {"User-Agent", "X-Webhook-Id", "X-Webhook-Event", "X-Webhook-Attempt"}


def sent(*names: str | faults.Fault, event_type: str = "order.created", seed: int = 0) -> Outgoing:
    """Return the first request of a delivery with these faults."""
    seen: list[Outgoing] = []

    def receive(outgoing: Outgoing) -> None:
        seen.append(outgoing)

    with Mockstore.in_process(strict=False, seed=seed) as store:
        store.subscribe(receive, secret=SECRET)
        store.emit(event_type, fault=names)
    return seen[0]


def is_signed(outgoing: Outgoing) -> bool:
    found = dict(outgoing.headers).get(SIGNATURE, "")
    return found == "sha256=" + hmac.digest(SECRET.encode(), outgoing.body, "sha256").hex()


def changed_headers(outgoing: Outgoing) -> set[str]:
    return {name for name, _ in set(outgoing.headers) ^ set(sent().headers)}


@pytest.mark.parametrize(
    ("name", "body_changes", "headers_change"),
    [
        ("missing_signature", False, {SIGNATURE}),
        ("wrong_secret", False, {SIGNATURE}),
        ("old_secret", False, {SIGNATURE}),
        ("tampered_body", True, set()),
        ("signature_of_another_body", False, {SIGNATURE}),
        ("malformed_signature", False, {SIGNATURE}),
        ("empty_signature", False, {SIGNATURE}),
        ("non_ascii_signature", False, {SIGNATURE}),
        ("oversized_signature", False, {SIGNATURE}),
        ("stale_timestamp", False, {SIGNATURE, *STANDARD}),
        ("future_timestamp", False, {SIGNATURE, *STANDARD}),
        ("reserialised_body", True, set()),
        ("not_json", True, {SIGNATURE}),
        ("not_an_object", True, {SIGNATURE}),
        ("truncated_json", True, {SIGNATURE}),
        ("non_utf8", True, {SIGNATURE}),
        ("deeply_nested", True, {SIGNATURE}),
        ("huge", True, {SIGNATURE}),
        ("duplicate_keys", True, {SIGNATURE}),
        ("wrong_content_type", False, {"Content-Type"}),
        ("empty_body", True, {SIGNATURE}),
        ("unknown_member", True, {SIGNATURE}),
        ("unknown_event_type", True, {SIGNATURE, "X-Webhook-Event"}),
        ("new_enum_value", True, {SIGNATURE}),
        ("absent_optional_member", False, set()),
        ("absent_headers", False, OPTIONAL),
        ("other_key_order", True, {SIGNATURE}),
        ("escaped_unicode", True, {SIGNATURE}),
        ("gzip", True, {"Content-Encoding"}),
        ("duplicate", False, set()),
        ("duplicate_at_once", False, set()),
        ("ack_lost", False, set()),
        ("redelivery_after_success", False, set()),
        ("redelivery_after_enabling", False, set()),
    ],
)
def test_a_fault_changes_this_and_nothing_else(name: str, body_changes: bool, headers_change: set[str]) -> None:  # noqa: FBT001 - a column of the table
    genuine, faulty = sent(), sent(name)

    assert (faulty.body != genuine.body) is body_changes
    assert changed_headers(faulty) == headers_change
    assert (faulty.url, faulty.method, faulty.wire) == (genuine.url, genuine.method, None)


@pytest.mark.parametrize("fault", faults.MUST_REJECT)
def test_a_forgery_is_not_signed_in_the_petstores_way(fault: faults.Fault) -> None:
    assert not is_signed(sent(fault))


@pytest.mark.parametrize("fault", [*faults.MUST_NOT_CRASH, *faults.MUST_ACCEPT, *faults.MUST_DEDUPE])
def test_what_is_no_forgery_is_genuinely_signed(fault: faults.Fault) -> None:
    assert is_signed(sent(fault))


BODIES: dict[str, Callable[[bytes], bool]] = {
    "tampered_body": lambda body: sum(one != other for one, other in zip(body, sent().body, strict=True)) == 1,
    "reserialised_body": lambda body: body == json.dumps(json.loads(sent().body)).encode(),
    "not_json": lambda body: body.startswith(b"<html>"),
    "not_an_object": lambda body: not isinstance(json.loads(body), dict),
    "truncated_json": lambda body: 0 < len(body) < len(sent().body) and sent().body.startswith(body),
    "non_utf8": lambda body: body.replace(b"\xff\xfe", b"") == sent().body,
    "deeply_nested": lambda body: b'"data":' + b"[" * 100_000 + b"]" * 100_000 in body,
    "huge": lambda body: len(body) > 4 * 1024 * 1024 and json.loads(body).items() >= json.loads(sent().body).items(),
    "duplicate_keys": lambda body: (
        body.count(b'"id":"00000000-0000-7000-8000-000000000000"') == 1 and body.endswith(sent().body[1:])
    ),
    "empty_body": lambda body: body == b"",
    "unknown_member": lambda body: (
        petstore_catalogue().extras(json.loads(body)) == ["data.introducedLater", "introducedLater"]
    ),
    "unknown_event_type": lambda body: (
        json.loads(body) == json.loads(sent().body) | {"eventType": "order.introduced_later"}
    ),
    "new_enum_value": lambda body: (
        [mistake.path for mistake in petstore_catalogue().mistakes(json.loads(body))] == ["data.order.status"]
    ),
    "other_key_order": lambda body: list(json.loads(body)) == ["data", "timestamp", "eventType", "id"],
    "escaped_unicode": lambda body: set(body) <= set(b'\\u0123456789abcdef{}[]":,.') and same(body),
    "gzip": lambda body: gzip.decompress(body) == sent().body,
}


def same(body: bytes) -> bool:
    return bool(json.loads(body) == json.loads(sent().body))


@pytest.mark.parametrize("name", BODIES)
def test_the_body_of_a_fault_is_as_its_sentence_says(name: str) -> None:
    assert BODIES[name](sent(name).body)


@pytest.mark.parametrize("name", ["tampered_body", "reserialised_body", "other_key_order", "escaped_unicode"])
@pytest.mark.parametrize("event_type", petstore_catalogue().types)
def test_a_changed_body_is_still_json(name: str, event_type: str) -> None:
    for seed in range(20):
        assert json.loads(sent(name, event_type=event_type, seed=seed).body)


@pytest.mark.parametrize("event_type", petstore_catalogue().types)
def test_every_type_of_event_has_a_value_that_may_be_new(event_type: str) -> None:
    event = json.loads(sent("new_enum_value", event_type=event_type).body)

    assert len(petstore_catalogue().mistakes(event)) == 1


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        pytest.param("malformed_signature", lambda value: len(value) < 71 and value.strip(), id="malformed"),
        pytest.param("empty_signature", lambda value: value == "", id="empty"),
        pytest.param("non_ascii_signature", lambda value: not value.isascii() and value.encode("latin-1"), id="é"),
        pytest.param("oversized_signature", lambda value: len(value) == 16 * 1024, id="oversized"),
    ],
)
def test_a_broken_signature_is_broken_in_its_own_way(name: str, fits: Callable[[str], object]) -> None:
    assert fits(dict(sent(name).headers)[SIGNATURE])


@pytest.mark.parametrize(("name", "text"), [("stale_timestamp", "too old"), ("future_timestamp", "too new")])
def test_a_moved_timestamp_is_signed_genuinely_and_refused_by_the_official_package(name: str, text: str) -> None:
    outgoing = sent(name)

    with pytest.raises(WebhookVerificationError, match=text):
        OfficialVerifier(SECRET).verify(outgoing.body, dict(outgoing.headers))


OPTIONAL_NOTE: Json = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "properties": {
        "eventType": {"const": "toy.sold"},
        "data": {
            "type": "object",
            "required": ["toy"],
            "properties": {"toy": {"type": "string"}, "note": {"type": "string"}},
        },
    },
    "examples": [
        {
            "id": "019b4132-70aa-764f-b315-e2803d882a24",
            "eventType": "toy.sold",
            "timestamp": "2025-01-06T12:00:00Z",
            "data": {"toy": "ball", "note": "red"},
        }
    ],
}


def test_what_a_schema_does_not_require_may_be_absent(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("schemas")
    (folder / "toy.sold.json").write_text(json.dumps(OPTIONAL_NOTE))
    with Mockstore.in_process(strict=False, schemas=[folder]) as store:
        inbox = store.open_inbox()

        store.emit("toy.sold", fault="absent_optional_member")

    assert inbox[0].data == {"toy": "ball"}


# ---- old secrets ----


def signed_by(store: Mockstore, secret: str) -> bool:
    (attempt,) = store.deliveries.last.attempts
    expected = "sha256=" + hmac.digest(secret.encode(), attempt.request.body, "sha256").hex()
    return dict(attempt.request.headers)[SIGNATURE] == expected


def test_after_a_rotation_the_secret_before_it_signs(store: Mockstore) -> None:
    webhook = store.subscribe(lambda _: 401)
    first = webhook.secret
    store.rotate_secret(webhook)
    second = webhook.secret
    store.rotate_secret(webhook)

    store.emit("pet.adopted", fault="old_secret")

    assert (signed_by(store, second), signed_by(store, first), signed_by(store, webhook.secret)) == (True, False, False)


def test_while_the_overlap_lasts_the_secret_before_is_no_old_one(store: Mockstore) -> None:
    webhook = store.subscribe(lambda _: 401)
    first = webhook.secret
    store.rotate_secret(webhook, overlap=timedelta(hours=1))

    store.emit("pet.adopted", fault="old_secret")
    during = signed_by(store, first)
    store.advance(hours=1)
    store.emit("pet.adopted", fault="old_secret")

    assert (during, signed_by(store, first)) == (False, True)


def test_a_secret_that_was_rotated_out_without_overlap_signs_nothing_else(store: Mockstore) -> None:
    webhook = store.subscribe(lambda _: 204)
    store.rotate_secret(webhook)

    store.emit("pet.adopted")

    assert signed_by(store, webhook.secret)


# ---- together ----


def test_faults_add_up_a_drift_is_signed_and_then_forged() -> None:
    outgoing = sent("unknown_member", "tampered_body")

    assert petstore_catalogue().extras(json.loads(outgoing.body))
    assert not is_signed(outgoing)


def test_the_order_in_which_they_are_named_is_the_order_in_which_they_are_applied() -> None:
    escaped_last, reversed_last = sent("other_key_order", "escaped_unicode"), sent("escaped_unicode", "other_key_order")

    assert json.loads(escaped_last.body) == json.loads(reversed_last.body)
    assert (escaped_last.body.startswith(b'{"\\u'), reversed_last.body.startswith(b'{"data')) == (True, True)


@pytest.mark.parametrize(
    "fault", [fault for fault in faults.ALL if fault.compose or (fault.alter and not fault.needs_socket)]
)
def test_the_same_seed_makes_the_same_bytes(fault: faults.Fault) -> None:
    first, second = sent(fault, seed=7), sent(fault, seed=7)

    assert first.body == second.body
    assert {pair for pair in first.headers if pair[0] not in STANDARD} == {
        pair for pair in second.headers if pair[0] not in STANDARD
    }


def test_another_seed_tampers_with_another_place() -> None:
    def place(seed: int) -> int:
        pairs = zip(sent(seed=seed).body, sent("tampered_body", seed=seed).body, strict=True)
        return next(at for at, (one, other) in enumerate(pairs) if one != other)

    assert len({place(seed) for seed in range(5)}) > 1


def test_a_fault_takes_no_dice_from_a_run_without_it() -> None:
    def bodies(*names: str) -> list[bytes]:
        with Mockstore.in_process(strict=False) as store:
            store.subscribe(lambda _: 204)
            return [store.emit("pet.adopted", fault=names).body, store.emit("pet.adopted").body]

    assert bodies()[0] == bodies("tampered_body")[0]


def test_every_attempt_is_changed_in_the_same_way(store: Mockstore) -> None:
    store.subscribe(lambda _: 503)

    event = store.emit("order.created", fault=["new_enum_value", "unknown_member"])
    store.advance(minutes=6)

    bodies = {attempt.request.body for attempt in event.delivery.attempts}
    assert len(event.delivery.attempts) == 3
    assert len(bodies) == 1


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b'"', b"{}", b"null", b"0"], ids=repr)
@pytest.mark.parametrize("fault", [fault for fault in faults.ALL if not fault.needs_socket])
def test_any_body_can_be_befallen(fault: faults.Fault, body: bytes) -> None:
    with Mockstore.in_process(strict=False) as store:
        store.subscribe(lambda _: 204, signatures=["petstore", "standard-webhooks"])

        event = store.emit("pet.adopted", body=body, invalid=True, fault=fault)
        store.advance(hours=3)

        assert all(delivery.attempts for delivery in event.deliveries)
