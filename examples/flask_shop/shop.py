"""The shop's web app: routes to buy a pet and to ask for an order, and the webhook."""

import hashlib
import hmac
import json
import sqlite3

import requests
from flask import Flask, request
from flask.typing import ResponseReturnValue

from flask_shop.books import STEPS, Books
from flask_shop.petstore import Petstore

MEGABYTE = 1024 * 1024


def make_shop(secret: str, petstore: Petstore, books: Books) -> Flask:
    """Return the app; `secret` is the one that the webhook was registered with."""
    shop = Flask(__name__)
    shop.config["MAX_CONTENT_LENGTH"] = MEGABYTE

    @shop.post("/buy/<pet_id>")
    def buy(pet_id: str) -> ResponseReturnValue:
        customer = request.get_json()
        try:
            order_id = petstore.order(pet_id, customer["userId"])
            paid = petstore.pay(order_id, customer["card"])
        except requests.HTTPError as error:
            return {"error": "the Petstore refused"}, error.response.status_code
        return {"order": order_id, "paid": paid}, 201

    @shop.get("/orders/<order_id>")
    def order(order_id: str) -> ResponseReturnValue:
        for step, paid, problem in books.query("SELECT step, paid, problem FROM orders WHERE id = ?", order_id):
            return {"status": STEPS[step], "paid": bool(paid), "problem": problem}
        return {"error": "no such order"}, 404

    @shop.post("/webhooks/petstore")
    def petstore_calls() -> ResponseReturnValue:
        body = request.get_data()
        if not is_genuine(body, request.headers.get("X-Webhook-Signature", ""), secret):
            return "wrong signature", 401
        try:
            event = json.loads(body)
        except (ValueError, RecursionError):
            return "no JSON", 400
        if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
            return "no event", 422
        try:
            books.book(event)
        except sqlite3.OperationalError:
            return "the books are busy, please try again", 503
        return "", 204

    return shop


def is_genuine(body: bytes, signature: str, secret: str) -> bool:
    """Return whether the Petstore signed exactly these bytes; signatures are compared in constant time."""
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    signatures = signature.split(",")  # two while the secret is rotated
    return any(
        hmac.compare_digest(expected.encode(), one.encode()) for one in signatures
    )  # bytes: a text may be non-ASCII
