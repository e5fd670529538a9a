"""The table of all operations of the API, and the match of a request to one (contract 1.4 and 2). Pure."""

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

from mockstore.petstore.need import Auth
from mockstore.petstore.operation import EVENT_STREAM, FORM, IMAGES, JSON, PARAMETER, Answer, Body, Operation

_FREE, _OPTIONAL, _BEARER = Auth.NONE, Auth.OPTIONAL, Auth.BEARER


def _json(kind: str, *, required: bool = True) -> Body:
    return Body(MappingProxyType({JSON: kind}), required)


def _shows(kind: str, text: str, status: int = 200) -> Mapping[int, Answer]:
    return MappingProxyType({status: Answer(text, MappingProxyType({JSON: kind}))})


def _creates(kind: str, text: str) -> Mapping[int, Answer]:
    return MappingProxyType({201: Answer(text, MappingProxyType({JSON: kind}), ("Location",))})


_REMOVES: Final[Mapping[int, Answer]] = MappingProxyType({204: Answer("Done; there is nothing to show.")})
_ADVICE: Final = Answer(
    "The answer: in pieces as they come when `stream` is true, which is the default; else in one piece.",
    MappingProxyType({JSON: "chat-completion", EVENT_STREAM: "chat-chunk"}),
)
_PICTURE: Final = Answer("The picture.", MappingProxyType(dict.fromkeys(IMAGES)))

_PETS: Final = (
    Operation(
        "listPets", "GET", "/pets", "Pets", "List pets; without a status, those that are available.", _FREE,
        _shows("pet-page", "A page of pets."), filters="pet-filters",
    ),
    Operation(
        "createPet", "POST", "/pets", "Pets", "Add a pet.", _BEARER,
        _creates("pet", "The new pet."), _json("pet-create"),
    ),
    Operation(
        "queryPets", "QUERY", "/pets", "Pets", "Search for pets by criteria in the body.", _FREE,
        _shows("pet-page", "A page of the pets that were found."), _json("pet-query"),
    ),
    Operation(
        "searchPets", "POST", "/pets/search", "Pets", "Search for pets, for clients that have no QUERY.", _FREE,
        _shows("pet-page", "A page of the pets that were found."), _json("pet-query"),
    ),
    Operation("getPet", "GET", "/pets/{petId}", "Pets", "Read a pet.", _FREE, _shows("pet", "The pet.")),
    Operation(
        "updatePet", "PUT", "/pets/{petId}", "Pets", "Change a pet; a part of its members will do.", _BEARER,
        _shows("pet", "The pet as it is now."), _json("pet-update"),
    ),
    Operation("deletePet", "DELETE", "/pets/{petId}", "Pets", "Remove a pet.", _BEARER, _REMOVES),
    Operation(
        "uploadPetImage", "POST", "/pets/{petId}/images", "Pets", "Add a photo of a pet.", _BEARER,
        _creates("image", "What is known of the photo."), Body(MappingProxyType({FORM: "image-upload"})),
    ),
    Operation(
        "getPetImage", "GET", "/pets/{petId}/images/{imageId}", "Pets", "Fetch a photo of a pet.", _FREE,
        MappingProxyType({200: _PICTURE}),
    ),
)  # fmt: skip
_ORDERS: Final = (
    Operation(
        "createOrder", "POST", "/orders", "Orders", "Order a pet.", _OPTIONAL,
        _creates("order", "The new order."), _json("order-create"), refusals=(404, 409),
    ),
    Operation(
        "getOrder", "GET", "/orders/{orderId}", "Orders", "Read an order.", _OPTIONAL, _shows("order", "The order."),
    ),
    Operation(
        "deleteOrder", "DELETE", "/orders/{orderId}", "Orders",
        "Cancel an order that has not been shipped; it can still be read.", _OPTIONAL, _REMOVES, refusals=(409,),
    ),
    Operation(
        "processOrder", "POST", "/orders/{orderId}", "Orders",
        "Ask for an order to be processed; the outcome is posted to `callbackUrl`.", _FREE,
        _shows("order-processing", "It is being processed.", 201), _json("order-request"),
    ),
    Operation(
        "payOrder", "POST", "/orders/{orderId}/payment", "Orders",
        "Pay an order; the card's number decides the outcome.", _OPTIONAL,
        _shows("payment", "The payment, be it SUCCEEDED or FAILED.", 201), _json("payment-create"), refusals=(409,),
    ),
)  # fmt: skip
_OTHERS: Final = (
    Operation(
        "getInventory", "GET", "/inventories", "Inventory", "Count the pets by status.", _OPTIONAL,
        _shows("inventory", "How many pets there are of each status."), filters="inventory-filters",
    ),
    Operation(
        "createUser", "POST", "/users", "Users", "Register a user.", _FREE,
        _creates("user", "The new user."), _json("user-create"),
    ),
    Operation(
        "getUser", "GET", "/users/{userId}", "Users", "Read a user.", _OPTIONAL, _shows("user", "The user."),
    ),
    Operation(
        "updateUser", "PUT", "/users/{userId}", "Users", "Change a user.", _OPTIONAL,
        _shows("user", "The user as it is now."), _json("user-update"),
    ),
    Operation("deleteUser", "DELETE", "/users/{userId}", "Users", "Remove a user.", _OPTIONAL, _REMOVES),
    Operation(
        "createToken", "POST", "/auth/tokens", "Auth", "Sign in.", _FREE,
        _shows("token", "A token, and whose it is."), _json("token-request"), refusals=(401,),
    ),
    Operation(
        "createChatCompletion", "POST", "/chat/completions", "Chat", "Ask the pet adviser.", _BEARER,
        MappingProxyType({201: _ADVICE}), _json("chat-request"),
    ),
)  # fmt: skip
_WEBHOOKS: Final = (
    Operation(
        "listWebhooks", "GET", "/webhooks", "Webhooks", "List the webhooks, oldest first.", _OPTIONAL,
        _shows("webhook-page", "A page of webhooks, their secrets masked."), filters="page-filters",
    ),
    Operation(
        "createWebhook", "POST", "/webhooks", "Webhooks", "Register a webhook.", _OPTIONAL,
        _creates("webhook", "The new webhook with its whole secret."), _json("webhook-create"), refusals=(409,),
    ),
    Operation(
        "getWebhook", "GET", "/webhooks/{webhookId}", "Webhooks", "Read a webhook.", _OPTIONAL,
        _shows("webhook", "The webhook, its secret masked."),
    ),
    Operation(
        "replaceWebhook", "PUT", "/webhooks/{webhookId}", "Webhooks",
        "Change a webhook; it merges as PATCH does: a member that is not named stays as it is.", _OPTIONAL,
        _shows("webhook", "The webhook as it is now."), _json("webhook-update"),
    ),
    Operation(
        "updateWebhook", "PATCH", "/webhooks/{webhookId}", "Webhooks",
        "Change a webhook; a member that is not named stays as it is.", _OPTIONAL,
        _shows("webhook", "The webhook as it is now."), _json("webhook-update"),
    ),
    Operation(
        "deleteWebhook", "DELETE", "/webhooks/{webhookId}", "Webhooks",
        "Delete a webhook; its pending deliveries are discarded.", _OPTIONAL, _REMOVES,
    ),
    Operation(
        "testWebhook", "POST", "/webhooks/{webhookId}/test", "Webhooks", "Send a sample event to a webhook.", _OPTIONAL,
        _shows("delivery", "The delivery of the sample.", 202), _json("webhook-test", required=False), refusals=(409,),
    ),
    Operation(
        "rotateWebhookSecret", "POST", "/webhooks/{webhookId}/rotate-secret", "Webhooks",
        "Give a webhook a new secret.", _OPTIONAL,
        _shows("webhook", "The webhook with its whole new secret."), _json("secret-rotation", required=False),
    ),
    Operation(
        "recoverWebhook", "POST", "/webhooks/{webhookId}/recover", "Webhooks",
        "Send again what failed or was discarded since a time.", _OPTIONAL,
        _shows("delivery-list", "What is sent again.", 202), _json("recovery", required=False), refusals=(409,),
    ),
    Operation(
        "listWebhookDeliveries", "GET", "/webhooks/{webhookId}/deliveries", "Webhooks",
        "List what was sent to a webhook, oldest first.", _OPTIONAL,
        _shows("delivery-page", "A page of deliveries."), filters="delivery-filters",
    ),
    Operation(
        "getWebhookDelivery", "GET", "/webhooks/{webhookId}/deliveries/{deliveryId}", "Webhooks",
        "Read a delivery with every attempt.", _OPTIONAL, _shows("delivery", "The delivery."),
    ),
    Operation(
        "redeliver", "POST", "/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver", "Webhooks",
        "Send a delivery again.", _OPTIONAL,
        _shows("delivery", "The delivery, on its way again.", 202), refusals=(409,),
    ),
)  # fmt: skip

OPERATIONS: Final = (*_PETS, *_ORDERS, *_OTHERS, *_WEBHOOKS)
"""Every operation of the API."""


def operation(id_: str) -> Operation:
    """Return the operation with this id; raise `LookupError` for an unknown id."""
    for known in OPERATIONS:
        if known.id == id_:
            return known
    raise LookupError(f"no operation {id_!r}; there are: {', '.join(known.id for known in OPERATIONS)}")


def match(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """Return the operation that matches a request, and its decoded path parameters; None when no operation matches.

    `path` is the part after the base path, still percent-encoded, without the query. `method` is case-sensitive.
    """
    for found, known in _operations_at(path):
        if known.method == method:
            return known, {name: unquote(text) for name, text in found.groupdict().items()}
    return None


def methods_of(path: str) -> tuple[str, ...]:
    """Return the methods of the operations at a path (as in `match`), sorted."""
    return tuple(sorted(known.method for _, known in _operations_at(path)))


def _operations_at(path: str) -> list[tuple[re.Match[str], Operation]]:
    """Return the operations at a path; a literal path such as `/pets/search` takes precedence over `/pets/{petId}`."""
    found = [(fit, known) for pattern, known in _patterns() if (fit := pattern.fullmatch(path)) is not None]
    return [(fit, known) for fit, known in found if known.path == found[0][1].path]


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Operation], ...]:
    """Return each operation with the pattern of its path, those with the fewest parameters first."""
    ordered = sorted(OPERATIONS, key=lambda known: len(known.parameters))
    return tuple((re.compile(PARAMETER.sub(r"(?P<\1>[^/]+)", known.path)), known) for known in ordered)
