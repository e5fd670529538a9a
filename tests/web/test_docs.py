import re

import pytest
from flask.testing import FlaskClient

from mockstore.petstore.openapi import document
from tests.web.conftest import MakeClient


def test_the_document_speaks_of_the_address_that_was_asked(make_client: MakeClient) -> None:
    answer = make_client(allowed_hosts=("petstore.example",)).get(
        "/v1/openapi.json", base_url="https://petstore.example:8443"
    )

    assert answer.mimetype == "application/json"
    assert answer.get_json() == document("https://petstore.example:8443/v1")


def test_where_every_call_needs_a_token_the_document_says_so(make_client: MakeClient) -> None:
    paths = make_client(auth="strict").get("/v1/openapi.json").get_json()["paths"]
    observed = make_client().get("/v1/openapi.json").get_json()["paths"]

    assert paths["/orders"]["post"]["security"] == [{"bearer": []}]
    assert paths["/pets"]["get"]["security"] == []
    assert observed["/orders"]["post"]["security"] == [{}, {"bearer": []}]


@pytest.mark.parametrize("path", [pytest.param("/v1/docs", id="plain"), pytest.param("/v1/docs/", id="with a slash")])
def test_all_that_the_page_needs_comes_from_here(client: FlaskClient, path: str) -> None:
    page = client.get(path)
    needed = re.findall(r'(?:src|href|data-document)="([^"]*)"', page.text)

    assert page.mimetype == "text/html"
    assert len(needed) == 6
    assert [(address, client.get(address).status_code) for address in needed] == [(each, 200) for each in needed]


def test_the_page_may_reach_no_other_host(client: FlaskClient) -> None:
    policy = client.get("/v1/docs").headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        pytest.param("swagger-ui-bundle.js", "text/javascript", id="script"),
        pytest.param("swagger-ui.css", "text/css", id="style"),
        pytest.param("start.js", "text/javascript", id="our script"),
    ],
)
def test_a_file_says_what_it_is(client: FlaskClient, name: str, media_type: str) -> None:
    assert client.get(f"/v1/docs/{name}").mimetype == media_type


@pytest.mark.parametrize("name", ["swagger-ui.js", "VERSION", "..%2F__init__.py"])
def test_no_other_file_is_given_out(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/v1/docs/{name}")

    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
