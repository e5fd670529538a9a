"""Renders the requests that the API sends: events (contract 1.1 and 1.2) and the callback of an order. Pure."""

from typing import Final

from mockstore.events.catalogue import petstore_catalogue
from mockstore.model import Json
from mockstore.petstore.documents import schema
from mockstore.petstore.openapi_parts import event_ref, schema_ref
from mockstore.petstore.operation import JSON

_SIGNATURE: Final = "sha256=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd"
_ACKNOWLEDGED: Final = "The receiver acknowledges: any 2xx within 5 seconds. Everything else is tried again."


def webhooks() -> dict[str, Json]:
    """Return the member `webhooks` of the document: one entry for each event type, with the samples of its schema."""
    catalogue = petstore_catalogue()
    return {type_: {"post": _event(type_, catalogue.schema(type_))} for type_ in catalogue.types}


def order_processed() -> dict[str, Json]:
    """Return the `callbacks` entry of the operation `processOrder`."""
    examples = enumerate(schema("order-processed")["examples"], start=1)
    content = {
        "schema": schema_ref("order-processed"),
        "examples": {f"example{number}": {"value": value} for number, value in examples},
    }
    post = {
        "operationId": "orderProcessed",
        "summary": "Tells the outcome of processing an order.",
        "requestBody": {"required": True, "content": {JSON: content}},
        "responses": {"2XX": {"description": "The receiver acknowledges."}},
    }
    return {"{$request.body#/callbackUrl}": {"post": post}}


def _event(event_type: str, event_schema: Json) -> dict[str, Json]:
    samples = enumerate(event_schema["examples"], start=1)
    content = {
        "schema": event_ref(event_type),
        "examples": {f"sample{number}": {"value": sample} for number, sample in samples},
    }
    subject, change = event_type.split(".")
    return {
        "operationId": f"{subject}{''.join(word.capitalize() for word in change.split('_'))}",
        "tags": ["Webhooks"],
        "summary": event_schema["title"],
        "description": event_schema["description"],
        "security": [],
        "parameters": _headers(event_type),
        "requestBody": {"required": True, "content": {JSON: content}},
        "responses": {"2XX": {"description": _ACKNOWLEDGED}},
    }


def _headers(event_type: str) -> list[dict[str, Json]]:
    hexadecimal = {"type": "string", "pattern": "^sha256=[0-9a-f]{64}(?:,sha256=[0-9a-f]{64})*$"}
    return [
        _header("X-Webhook-Signature", "HMAC-SHA256 of the body with the webhook's secret.", hexadecimal, _SIGNATURE),
        _header("X-Webhook-Id", "Identifies the event; the same over all attempts.", schema_ref("uuid")),
        _header("X-Webhook-Event", "The type of the event.", {"const": event_type}),
        _header("X-Webhook-Attempt", "Which attempt this is, from 1.", {"type": "integer", "minimum": 1}),
    ]


def _header(name: str, text: str, of: Json, example: str | None = None) -> dict[str, Json]:
    shown = {} if example is None else {"example": example}
    return {"name": name, "in": "header", "required": True, "description": text, "schema": of, **shown}
