"""Every request, valid or not, gets a documented response and never a 500 (contract 2)."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from mockstore.petstore.documents import certainly_valid, check, coerced, resolved_schema
from mockstore.petstore.operations import OPERATIONS

CALLS = sorted({(one.method, one.path) for one in OPERATIONS if one.tag != "Webhooks"})
QUIET = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

numbers = st.integers() | st.floats()
names = st.text(max_size=5) | st.sampled_from(
    ["name", "species", "price", "petId", "source", "object", "number", "criteria", "sort", "field", "pagination",
     "messages", "role", "content", "stream", "username", "password", "callbackUrl", "medicalInfo", "photos", "status"]
)  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text() | st.sampled_from(["DOG", "AVAILABLE", "card", "USD", "1.00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(names, values, max_size=6)


def _is_ours(answer: Any) -> bool:  # noqa: ANN401 - werkzeug's test response
    if answer.status_code >= 400:
        return answer.mimetype == "application/problem+json" and check("problem", answer.get_json()) == []
    return answer.mimetype in ("application/json", "text/event-stream", "image/png") or not answer.data


@pytest.mark.parametrize(("method", "path"), CALLS, ids=[f"{method} {path}" for method, path in CALLS])
@QUIET
@given(body=documents | values)
def test_any_json_gets_an_answer(client: Client, ids: dict[str, str], method: str, path: str, body: object) -> None:
    filled = path.format(petId=ids["pet"], orderId=ids["order"], userId=ids["user"], imageId=ids["image"])

    answer = client.open(f"/v1{filled}", method=method, data=json.dumps(body), content_type="application/json")

    assert answer.status_code < 500
    assert _is_ours(answer)


@QUIET
@given(body=st.binary(max_size=200), content_type=st.sampled_from(["application/json", "multipart/form-data", "", "x"]))
@pytest.mark.parametrize("path", ["pets", "pets/search", "orders", "users", "auth/tokens", "chat/completions"])
def test_any_bytes_get_an_answer(client: Client, path: str, body: bytes, content_type: str) -> None:
    answer = client.post(f"/v1/{path}", data=body, content_type=content_type)

    assert 400 <= answer.status_code < 500
    assert _is_ours(answer)


@QUIET
@given(
    body=st.binary(max_size=300), boundary=st.sampled_from(["", "; boundary=x", "; boundary=", '; boundary="\u00e9"'])
)
def test_any_form_gets_an_answer(client: Client, ids: dict[str, str], body: bytes, boundary: str) -> None:
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + body + b'"\r\n\r\n\r\n--x--\r\n'

    answer = client.post(f"/v1/pets/{ids['pet']}/images", data=form, content_type=f"multipart/form-data{boundary}")

    assert answer.status_code < 500
    assert _is_ours(answer)


@QUIET
@given(query=st.dictionaries(st.sampled_from(["species", "status", "page", "limit", "ageMin", "size", "x"]), st.text()))
def test_any_query_gets_an_answer(client: Client, query: dict[str, str]) -> None:
    for path in ("/v1/pets", "/v1/inventories"):
        answer = client.get(path, query_string={name: text.encode(errors="replace") for name, text in query.items()})

        assert answer.status_code in (200, 422)
        assert _is_ours(answer)


@QUIET
@given(path=st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=30))
def test_any_path_gets_an_answer(client: Client, path: str) -> None:
    answer = client.get("/v1/pets/" + path.replace("?", "").replace("#", ""))

    assert answer.status_code in (200, 404, 405)
    assert _is_ours(answer)


@QUIET
@given(
    texts=st.dictionaries(
        st.sampled_from(["species", "status", "size", "ageMin", "ageMax", "goodWithKids", "page", "limit"]),
        st.sampled_from(["DOG", "AVAILABLE", "LARGE", "true", "0", "1", "-1", "101", "9" * 30, ""]) | st.text(),
    )
)
@pytest.mark.parametrize("kind", ["pet-filters", "inventory-filters"])
def test_what_surely_fits_is_found_without_mistake(kind: str, texts: dict[str, str]) -> None:
    filters = coerced(kind, texts)

    assert certainly_valid(filters, resolved_schema(kind)) == (check(kind, filters) == [])


@QUIET
@given(query=documents)
def test_what_surely_fits_a_search_has_no_mistake(query: dict[str, object]) -> None:
    assert not certainly_valid(query, resolved_schema("pet-query")) or check("pet-query", query) == []
