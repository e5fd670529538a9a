"""The hotline's web app: routes to adopt a pet and to ask for one, and the webhook."""

import json
from typing import Any

import httpx
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel
from standardwebhooks import Webhook, WebhookVerificationError

from fastapi_shop.board import Board
from fastapi_shop.petstore import Petstore


class Adoption(BaseModel):
    """The body of a request to adopt a pet."""

    pet_id: str
    user_id: str
    card: dict[str, Any]


def make_app(secret: str, petstore: Petstore, board: Board) -> FastAPI:
    """Return the app; `secret` is the one that the webhook, signed by Standard Webhooks, was registered with."""
    app = FastAPI()
    signatures = Webhook(secret)

    @app.post("/adoptions", status_code=201)
    async def adopt(wanted: Adoption) -> dict[str, str]:
        try:
            order_id = await petstore.order(wanted.pet_id, wanted.user_id)
            return {"order": order_id, "payment": await petstore.pay(order_id, wanted.card)}
        except httpx.HTTPStatusError as error:
            raise HTTPException(error.response.status_code, "the Petstore refused") from error

    @app.get("/pets/{pet_id}")
    async def pet(pet_id: str) -> dict[str, str]:
        status = board.status(pet_id)
        if status is None:
            raise HTTPException(404, "never heard of it")
        return {"status": status}

    @app.post("/webhooks/petstore", status_code=204)
    async def petstore_calls(request: Request) -> None:
        body = await request.body()
        try:
            signatures.verify(body, dict(request.headers), json_parse=False)
        except (WebhookVerificationError, ValueError) as error:  # a malformed signature raises a ValueError
            raise HTTPException(401, "wrong signature") from error
        board.take(read(body))

    return app


def read(body: bytes) -> dict[str, Any]:
    """Return the event in the body; raise `HTTPException` 400 or 422 when there is none."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "no JSON") from error
    if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
        raise HTTPException(422, "no event")
    return event
