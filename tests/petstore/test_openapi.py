import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV32SpecValidator

from mockstore.events.catalogue import petstore_catalogue
from mockstore.model import Json
from mockstore.petstore.documents import check, kinds
from mockstore.petstore.openapi import document
from mockstore.petstore.operations import OPERATIONS

URL = "http://127.0.0.1:8080/v1"
SAMPLES = [
    json.loads(line) for line in Path(__file__).parents[1].joinpath("events", "samples.jsonl").read_text().splitlines()
]
NO_BODIES = {"adopter", "delivery-filters", "inventory-filters", "page-filters", "pet-filters"}
"""Kinds that are never a body: they are query parameters, or exist in Python only."""


def references(value: Json) -> Iterator[str]:
    """Yield each reference (`$ref`), except those in examples."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield item
            elif key not in {"examples", "example"}:
                yield from references(item)


def follow(reference: str) -> Json:
    found: Json = document(URL)
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def media_types(value: Json) -> Iterator[tuple[str, Json]]:
    """Yield name and value of each media type object, except those in examples and in `schemas`."""
    if isinstance(value, list):
        for item in value:
            yield from media_types(item)
    if isinstance(value, dict):
        for key, item in value.items():
            if key in {"example", "examples"}:
                continue
            if key == "content":
                yield from item.items()
            if key != "schemas":
                yield from media_types(item)


def test_the_document_is_valid() -> None:
    assert list(OpenAPIV32SpecValidator(document(URL)).iter_errors()) == []


def test_the_document_is_that_of_its_address() -> None:
    assert document(URL)["servers"][0]["url"] == URL
    assert document("https://petstore.example/api")["servers"][0]["url"] == "https://petstore.example/api"


def test_the_document_is_json_and_the_same_each_time() -> None:
    fresh = document.__wrapped__(URL)

    assert json.dumps(fresh) == json.dumps(document(URL))
    assert json.loads(json.dumps(fresh)) == fresh


@pytest.mark.parametrize("reference", sorted(set(references(document(URL)))))
def test_every_reference_leads_somewhere(reference: str) -> None:
    assert follow(reference)


def test_every_schema_is_used() -> None:
    whole = document(URL)
    used = {reference.rpartition("/")[2] for reference in references(whole)}

    assert set(whole["components"]["schemas"]) <= used
    assert len(whole["components"]["schemas"]) == len(set(kinds()) - NO_BODIES) + len(SAMPLES)


@pytest.mark.parametrize("known", OPERATIONS, ids=lambda known: known.id)
def test_every_status_of_an_operation_is_documented(known: Json) -> None:
    rendered = document(URL)["paths"][known.path][known.method.lower()]

    assert rendered["operationId"] == known.id
    assert list(rendered["responses"]) == [str(status) for status in known.responses]


@pytest.mark.parametrize(
    "answer", document(URL)["components"]["responses"].values(), ids=lambda each: each["description"]
)
def test_refusals_are_problems(answer: Json) -> None:
    assert list(answer["content"]) == ["application/problem+json"]
    assert check("problem", answer["content"]["application/problem+json"]["example"]) == []


def test_every_answer_has_the_rate_limit_headers() -> None:
    whole = document(URL)
    answers = [
        follow(answer["$ref"]) if "$ref" in answer else answer
        for item in whole["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
        for answer in operation["responses"].values()
    ]

    missing = [
        answer
        for answer in answers
        if not {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} <= set(answer["headers"])
    ]

    assert missing == []


def test_the_examples_of_requests_and_answers_are_valid() -> None:
    names = {f"#/components/schemas/{''.join(word.capitalize() for word in kind.split('-'))}": kind for kind in kinds()}
    mistakes = [
        mistake
        for _, media in media_types(document(URL))
        for example in [*(each["value"] for each in media.get("examples", {}).values()), media.get("example")]
        if example is not None and media["schema"].get("$ref") in names
        for mistake in check(names[media["schema"]["$ref"]], example)
    ]

    assert mistakes == []


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["eventType"])
def test_the_samples_of_the_guide_are_examples_of_the_webhooks(sample: Json) -> None:
    post = document(URL)["webhooks"][sample["eventType"]]["post"]

    assert post["requestBody"]["content"]["application/json"]["examples"]["sample1"]["value"] == sample


def test_there_is_a_webhook_for_each_type_of_event() -> None:
    assert tuple(document(URL)["webhooks"]) == petstore_catalogue().types


def test_the_method_query_and_the_stream_are_said_as_3_2_says_them() -> None:
    paths = document(URL)["paths"]
    stream = paths["/chat/completions"]["post"]["responses"]["201"]["content"]["text/event-stream"]

    assert paths["/pets"]["query"]["operationId"] == "queryPets"
    assert stream["itemSchema"]["properties"]["data"]["anyOf"][0] == {"const": "[DONE]"}


def test_the_callback_of_an_order_is_documented() -> None:
    callbacks = document(URL)["paths"]["/orders/{orderId}"]["post"]["callbacks"]
    post = callbacks["orderProcessed"]["{$request.body#/callbackUrl}"]["post"]

    assert post["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/OrderProcessed"
    }


def test_links_lead_to_operations_with_their_own_parameters() -> None:
    known = {each.id: set(each.parameters) for each in OPERATIONS}
    led = {
        (link["operationId"], *link.get("parameters", {}))
        for item in document(URL)["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    }

    assert led
    assert [one for one in led if known[one[0]] != set(one[1:])] == []
