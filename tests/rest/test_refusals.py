"""The error responses that the OpenAPI document promises for every operation."""

import re

import pytest
from flask import Flask

from mockstore.errors import StoreUnavailableError
from mockstore.petstore.documents import check
from mockstore.petstore.operation import Operation
from mockstore.petstore.operations import OPERATIONS
from mockstore.settings import Settings
from mockstore.tenants import Tenant, Tenants
from mockstore.web.app import create_app

ONE_WEBHOOK = Settings(clock="virtual", webhooks=1)
SOME_ID = "019b4132-70aa-764f-b315-e2803d882a24"


class Unavailable(Tenants):
    """Tenants whose database is unavailable."""

    def tenant(self, tenant_id: str | None) -> Tenant:
        raise StoreUnavailableError(f"no database for {tenant_id}")


@pytest.fixture(scope="module")
def without_database() -> Flask:
    return create_app(Unavailable(ONE_WEBHOOK), ONE_WEBHOOK)


@pytest.mark.parametrize("known", OPERATIONS, ids=lambda known: known.id)
def test_without_its_database_every_operation_answers_503_as_promised(
    known: Operation, without_database: Flask
) -> None:
    path = re.sub(r"\{\w+\}", SOME_ID, known.path)

    answer = without_database.test_client().open(f"/v1{path}", method=known.method)

    promised = known.responses[503]
    assert answer.status_code == 503
    assert check("problem", answer.get_json()) == []
    assert [name for name in promised.headers if name not in answer.headers] == []
    assert {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} <= set(answer.headers.keys())


def test_a_webhook_too_many_is_a_conflict_that_says_so_in_a_word() -> None:
    with Tenants(ONE_WEBHOOK) as tenants:
        client = create_app(tenants, ONE_WEBHOOK).test_client()
        client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/", "events": ["*"]})

        answer = client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/", "events": ["*"]})

    problem = answer.get_json()
    assert (answer.status_code, problem["code"]) == (409, "too_many_webhooks")
    assert check("problem", problem) == []
