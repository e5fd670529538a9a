"""Every error is answered with a problem document (RFC 9457)."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from mockstore.model import Json
from tests.web.conftest import MakeClient

WEBHOOKS = "/v1/webhooks"
POSTS = [
    WEBHOOKS,
    "/_mockstore/emit",
    "/_mockstore/clock/advance",
    "/_mockstore/clock/freeze",
    "/_mockstore/settle",
    "/_mockstore/hold",
    "/_mockstore/release",
    "/_mockstore/reset",
]
DELIVERING_NOTHING = "http://127.0.0.1:1/"


def problem(answer: TestResponse) -> dict[str, Any]:
    document = answer.get_json()
    assert answer.mimetype == "application/problem+json"
    assert isinstance(document, dict)
    assert document["status"] == answer.status_code
    assert document["type"].startswith("https://petstoreapi.com/errors/")
    assert document["title"]
    assert document["detail"]
    return document


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        pytest.param(
            b'{"url": }', "the body is no JSON: Expecting value at line 1, column 9", id="malformed on the first line"
        ),
        pytest.param(
            b'{\n  "url": "a"\n  "events": 1}',
            "the body is no JSON: Expecting ',' delimiter at line 3, column 3",
            id="malformed on the third line",
        ),
        pytest.param(b"{}{}", "the body is no JSON: Extra data at line 1, column 3", id="two documents"),
        pytest.param(b"", "the body is empty; send a JSON object", id="empty"),
        pytest.param(b"  \n", "the body is empty; send a JSON object", id="blank"),
        pytest.param(b'{"url": "\xff"}', "the body is no JSON: byte 10 is not UTF-8", id="not UTF-8"),
        pytest.param(b'{"url": NaN}', "the body is no JSON: NaN is no number", id="not a number"),
        pytest.param(
            b'{"url": "\\ud800"}',
            "the body is no JSON that can be kept: half of a surrogate pair stands alone",
            id="half a character",
        ),
        pytest.param(b"[" * 65 + b"]" * 65, "the body is nested too deeply: 64 levels are allowed", id="deep"),
        pytest.param(b"[" * 200_000, "the body is nested too deeply: 64 levels are allowed", id="beyond the stack"),
    ],
)
def test_a_body_that_is_no_json_is_a_bad_request_that_says_where(
    client: FlaskClient, content: bytes, detail: str
) -> None:
    found = problem(client.post(WEBHOOKS, data=content, content_type="application/json"))

    assert (found["status"], found["type"]) == (400, "https://petstoreapi.com/errors/bad-request")
    assert found["detail"] == detail


@pytest.mark.parametrize("content", [b"[]", b"7", b'"text"', b"null", b"true", b"1.5"])
def test_a_body_that_is_no_object_is_refused(client: FlaskClient, content: bytes) -> None:
    found = problem(client.post(WEBHOOKS, data=content, content_type="application/json"))

    assert found["status"] == 422
    assert found["errors"][0]["field"] == ""
    assert "must be a JSON object, found" in found["errors"][0]["message"]


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_another_media_type_is_not_supported(client: FlaskClient, path: str, media_type: str) -> None:
    found = problem(client.post(path, data=b"{}", content_type=media_type))

    assert (found["status"], found["type"]) == (415, "https://petstoreapi.com/errors/unsupported-media-type")
    assert media_type in found["detail"]


@pytest.mark.parametrize("media_type", ["application/json", "application/json; charset=utf-8", "application/a+json"])
def test_any_media_type_of_json_will_do(client: FlaskClient, media_type: str) -> None:
    assert client.post("/_mockstore/settle", data=b"{}", content_type=media_type).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", WEBHOOKS, {"GET", "HEAD", "OPTIONS", "POST"}),
        ("POST", f"{WEBHOOKS}/x", {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"}),
        ("GET", f"{WEBHOOKS}/x/test", {"POST", "OPTIONS"}),
        ("GET", f"{WEBHOOKS}/x/recover", {"POST", "OPTIONS"}),
        ("POST", f"{WEBHOOKS}/x/deliveries", {"GET", "HEAD", "OPTIONS"}),
        ("GET", "/_mockstore/emit", {"POST", "OPTIONS"}),
        ("DELETE", "/_mockstore/clock", {"GET", "HEAD", "OPTIONS"}),
        ("PATCH", "/_mockstore/inbox", {"GET", "HEAD", "OPTIONS", "POST", "DELETE"}),
    ],
)
def test_another_method_is_refused_with_those_allowed(
    client: FlaskClient, method: str, path: str, allow: set[str]
) -> None:
    answer = client.open(path, method=method)

    found = problem(answer)
    assert (found["status"], found["type"]) == (405, "https://petstoreapi.com/errors/method-not-allowed")
    assert set(answer.headers["Allow"].split(", ")) == allow
    assert f"{path} does not take {method}" in found["detail"]


@pytest.mark.parametrize(
    "path", ["/", "/v1/nothing", "/v1//webhooks", "/v2/webhooks", "/favicon.ico", "/v1/web%00hooks"]
)
def test_where_nothing_is_nothing_is_found(client: FlaskClient, path: str) -> None:
    found = problem(client.get(path))

    assert (found["status"], found["type"]) == (404, "https://petstoreapi.com/errors/not-found")


def test_a_slash_at_the_end_makes_no_difference(client: FlaskClient) -> None:
    assert client.get(f"{WEBHOOKS}/").status_code == 200


@pytest.mark.parametrize("path", [WEBHOOKS, "/v1/nothing", "/_mockstore/emit", "/_mockstore/inbox"])
def test_a_body_over_the_limit_is_refused_wherever_it_goes(make_client: MakeClient, path: str) -> None:
    client = make_client(body_limit=100)

    found = problem(client.post(path, data=b"x" * 101, content_type="application/json"))

    assert (found["status"], found["type"]) == (413, "https://petstoreapi.com/errors/content-too-large")
    assert found["detail"] == "the body is larger than the 100 bytes that are allowed"


def test_what_goes_wrong_here_is_an_internal_error_and_the_log_has_it(
    make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client()

    def broken() -> Json:
        raise ZeroDivisionError("by nothing")

    client.application.add_url_rule("/v1/broken", view_func=broken)

    answer = client.get("/v1/broken")

    found = problem(answer)
    assert (found["status"], found["type"]) == (500, "https://petstoreapi.com/errors/internal-server-error")
    assert "ZeroDivisionError" in found["detail"]
    assert "by nothing" not in answer.text
    assert "by nothing" in caplog.text
    assert answer.headers["RateLimit-Remaining"]


@pytest.mark.parametrize("path", [WEBHOOKS, "/v1/nothing", f"{WEBHOOKS}/x"])
def test_every_answer_of_the_api_tells_the_allowance(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers

    assert int(headers["RateLimit-Remaining"]) <= int(headers["RateLimit-Limit"])
    assert int(headers["RateLimit-Reset"]) == 60
    assert "Retry-After" not in headers


def test_the_control_routes_have_no_allowance(client: FlaskClient) -> None:
    assert "RateLimit-Limit" not in client.get("/_mockstore/health").headers


def test_a_limit_refuses_until_the_tenants_clock_has_moved_on(make_client: MakeClient) -> None:
    client = make_client(rate_limit=2)
    client.post("/_mockstore/clock/advance", json={"seconds": 50})

    calls = [client.get(WEBHOOKS) for _ in range(3)]
    calls.append(client.get(WEBHOOKS, headers={"X-Tenant-ID": "019b4132-70aa-764f-b315-e2803d882a24"}))
    client.post("/_mockstore/clock/advance", json={"seconds": 10})
    calls.append(client.get(WEBHOOKS))

    told = [(call.status_code, call.headers["RateLimit-Remaining"]) for call in calls]
    assert told == [(200, "1"), (200, "0"), (429, "0"), (200, "1"), (200, "1")]
    third = calls[2]
    assert problem(third)["type"] == "https://petstoreapi.com/errors/rate-limit-exceeded"
    assert (third.headers["Retry-After"], third.headers["RateLimit-Limit"]) == ("10", "2")


@pytest.mark.parametrize(
    ("auth", "header", "status"),
    [
        ("observed", {}, 200),
        ("observed", {"Authorization": "Bearer any"}, 200),
        ("strict", {}, 401),
        ("strict", {"Authorization": "Bearer "}, 401),
        ("strict", {"Authorization": "Basic YTpi"}, 401),
    ],
)
def test_managing_webhooks_needs_a_token_in_strict_mode_only(
    make_client: MakeClient, auth: str, header: dict[str, str], status: int
) -> None:
    answer = make_client(auth=auth).get(WEBHOOKS, headers=header)

    assert answer.status_code == status
    if status == 401:
        assert problem(answer)["type"] == "https://petstoreapi.com/errors/unauthorized"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


MEMBERS = """url events secret description signatures status type overrides body bodyBase64 contentType invalid to by
    seconds order timeoutSeconds eventType since overlapSeconds answers strange"""
NAMES = st.sampled_from(MEMBERS.split())
NEARLY_RIGHT: st.SearchStrategy[Json] = st.sampled_from(
    ["pet.adopted", "*", ["*"], "active", DELIVERING_NOTHING, "5m", [0], "petstore", "2025-01-06T12:00:00Z", 503, True]
)
ANYTHING: st.SearchStrategy[Json] = NEARLY_RIGHT | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
BODIES = st.dictionaries(NAMES, ANYTHING, max_size=5)
ROUTES = [
    *(("POST", path) for path in POSTS),
    ("PUT", "{webhook}"),
    ("PATCH", "{webhook}"),
    ("POST", "{webhook}/test"),
    ("POST", "{webhook}/rotate-secret"),
    ("POST", "{webhook}/recover"),
    ("PUT", "/_mockstore/inbox/answers"),
    ("POST", "/_mockstore/inbox"),
]


def answer_to(client: FlaskClient, method: str, path: str, sent: dict[str, Any]) -> TestResponse:
    made = client.post(WEBHOOKS, json={"url": DELIVERING_NOTHING, "events": ["payment.failed"]}).get_json()
    return client.open(path.format(webhook=f"{WEBHOOKS}/{made['id']}"), method=method, **sent)


@pytest.mark.parametrize(("method", "path"), ROUTES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
def test_any_document_gets_an_answer_that_is_no_crash(
    client: FlaskClient, method: str, path: str, body: dict[str, Json]
) -> None:
    answer = answer_to(client, method, path, {"json": body})

    assert answer.status_code < 500 or answer.status_code in (502, 504), answer.text
    if answer.status_code >= 400:
        problem(answer)


@pytest.mark.parametrize(("method", "path"), ROUTES)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=50), media_type=st.sampled_from(["application/json", "text/plain", ""]))
def test_any_bytes_get_an_answer_that_is_no_crash(
    client: FlaskClient, method: str, path: str, content: bytes, media_type: str
) -> None:
    answer = answer_to(client, method, path, {"data": content, "content_type": media_type})

    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        problem(answer)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.text(max_size=30), method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "QUERY", "BREW"]))
def test_any_path_gets_an_answer_that_is_no_crash(client: FlaskClient, path: str, method: str) -> None:
    answer = client.open(f"/v1/{path}", method=method)

    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        problem(answer)


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/"])
def test_who_looks_at_a_front_door_is_told_where_things_are(client: FlaskClient, path: str) -> None:
    found = problem(client.get(path))

    assert found["status"] == 404
    assert found["detail"] == (
        f"there is nothing at {path}; the API is below /v1, described at /v1/docs, and the page to watch and cause "
        f"deliveries is /_mockstore/"
    )
