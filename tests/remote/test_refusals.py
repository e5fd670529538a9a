"""An error on a server is raised here with the same class, text and members."""

import inspect
import json
from collections.abc import Iterator

import pytest
from flask import Flask

from mockstore import errors
from mockstore.errors import (
    AsyncConsumerError,
    AttemptExistsError,
    BrokenConnectionError,
    ConsumerError,
    DeliveryError,
    EndlessChainError,
    InvalidInputError,
    InvalidPayloadError,
    MockstoreError,
    NoServerError,
    NotFoundError,
    NotMountedError,
    ReceiverTimeoutError,
    SignatureError,
    StartupError,
    StoppingError,
    StoreUnavailableError,
    UnknownEventTypeError,
    UnknownPathError,
    UnreachableError,
)
from mockstore.petstore import errors as shop_errors
from mockstore.petstore.errors import ConflictError, CredentialsError, FieldMistake, TokenError, ValidationError
from mockstore.remote.refusals import refusal
from mockstore.scenario import InvalidScenarioError, Mistake
from mockstore.settings import Settings
from mockstore.tenants import Tenant, Tenants
from mockstore.web.app import create_app

EVERY = (
    MockstoreError("something"),
    InvalidInputError("no sense", field="url", code="invalid_url"),
    InvalidInputError("no sense of no member"),
    InvalidInputError("a conflict", code="too_many_webhooks"),
    UnknownEventTypeError("pet.adopte", ["pet.adopted", "order.created"]),
    UnknownPathError("pet.nme", ["pet.name", "pet.id"]),
    InvalidPayloadError("pet.adopted", ["data.pet: is missing", "id: is no UUID"]),
    NotFoundError("webhook", "it's 'w'"),
    SignatureError("mismatch", "no signature matches"),
    DeliveryError("no answer"),
    ReceiverTimeoutError("too late"),
    UnreachableError("refused"),
    NotMountedError("a.test", ["b.test", "c.test"]),
    BrokenConnectionError("reset"),
    ConsumerError("LookupError: no such shelf"),
    EndlessChainError("more than 10000"),
    AsyncConsumerError("await it"),
    StartupError("the port is taken", field="port"),
    NoServerError("nobody is there"),
    StoreUnavailableError("locked"),
    StoppingError(),
    AttemptExistsError("d-1", 2),
    ValidationError([FieldMistake("price", "must be a text", "type"), FieldMistake("", "is empty", "required")]),
    ConflictError("order", "o-1", status="SHIPPED", wanted="cancel", allowed=["deliver"]),
    ConflictError("order", "o-2", status="DELIVERED", wanted="ship", allowed=[]),
    CredentialsError(),
    TokenError("has expired"),
    InvalidScenarioError("shop.yaml", [Mistake(3, "steps[0].emit", "unknown"), Mistake(4, "", "is empty")]),
)


class Refusing(Tenants):
    """Answers every request for a tenant with an error."""

    def __init__(self, error: MockstoreError) -> None:
        super().__init__(Settings())
        self._error = error

    def tenant(self, tenant_id: str | None) -> Tenant:  # noqa: ARG002 - whoever it is
        raise self._error


@pytest.fixture
def app(error: MockstoreError) -> Iterator[Flask]:
    with Refusing(error) as tenants:
        yield create_app(tenants, Settings())


@pytest.mark.parametrize("error", EVERY, ids=lambda error: f"{type(error).__name__}: {error}"[:40])
def test_an_error_comes_back_as_itself(app: Flask, error: MockstoreError) -> None:
    problem = json.loads(app.test_client().get("/_mockstore/records/webhooks").text)

    again = refusal(problem)

    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_every_class_of_the_tree_is_among_them() -> None:
    tree = {
        one
        for module in (errors, shop_errors)
        for one in vars(module).values()
        if inspect.isclass(one) and issubclass(one, MockstoreError)
    }

    assert tree - {type(error) for error in EVERY} == set()


@pytest.mark.parametrize("error", EVERY[:1], ids=["any"])
def test_only_the_control_routes_tell_the_class(app: Flask) -> None:
    assert "error" not in app.test_client().get("/v1/webhooks").get_json()


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({}, id="a problem without an error"),
        pytest.param({"error": {"class": "EndlessWaitError", "members": {}}}, id="a class that is not known here"),
        pytest.param({"error": {"class": "get_close_matches", "members": {}}}, id="what is no class"),
        pytest.param({"error": {"class": "Sequence", "members": {}}}, id="what is no error"),
    ],
)
def test_whatever_else_is_refused_makes_no_sense(told: dict[str, object]) -> None:
    again = refusal({"title": "Not Found", "detail": "there is nothing at /x"} | told)

    assert type(again) is InvalidInputError
    assert str(again) == "there is nothing at /x"
