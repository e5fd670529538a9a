"""Where an answer of the API leads: which operations can follow, and what of the answer they need. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct, field

from mockstore.model import Json

_ID: Final = "$response.body#/id"


class _Link(Struct, frozen=True):
    """A next operation, its parameters, and members of its body, as runtime expressions."""

    target: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] | None = None


def _with(parameter: str, *targets: str) -> tuple[_Link, ...]:
    return tuple(_Link(target, MappingProxyType({parameter: _ID})) for target in targets)


def _below(parent: str, parameter: str, *targets: str) -> tuple[_Link, ...]:
    """Return links to things below the one that the request was about."""
    known = MappingProxyType({parent: f"$request.path.{parent}", parameter: _ID})
    return tuple(_Link(target, known) for target in targets)


_PET: Final = ("getPet", "updatePet", "deletePet", "uploadPetImage")
_ORDER: Final = ("getOrder", "deleteOrder", "processOrder", "payOrder")
_USER: Final = ("getUser", "updateUser", "deleteUser")
_WEBHOOK: Final = (
    "getWebhook",
    "replaceWebhook",
    "updateWebhook",
    "deleteWebhook",
    "testWebhook",
    "rotateWebhookSecret",
    "recoverWebhook",
    "listWebhookDeliveries",
)
_DELIVERY: Final = ("getWebhookDelivery", "redeliver")

_LINKS: Final[Mapping[str, tuple[_Link, ...]]] = MappingProxyType(
    {
        "createPet": (*_with("petId", *_PET), _Link("createOrder", body={"petId": _ID})),
        "uploadPetImage": _below("petId", "imageId", "getPetImage"),
        "createOrder": _with("orderId", *_ORDER),
        "createUser": (*_with("userId", *_USER), _Link("createOrder", body={"userId": _ID})),
        "createWebhook": _with("webhookId", *_WEBHOOK),
        "testWebhook": _below("webhookId", "deliveryId", *_DELIVERY),
    }
)
"""By the operation whose success leads there."""


def links(operation_id: str) -> dict[str, Json]:
    """Return the `links` of what an operation answers when it succeeds; nothing when it leads nowhere."""
    return {link.target: _rendered(link) for link in _LINKS.get(operation_id, ())}


def _rendered(link: _Link) -> dict[str, Json]:
    rendered: dict[str, Json] = {"operationId": link.target}
    if link.parameters:
        rendered["parameters"] = dict(link.parameters)
    if link.body is not None:
        rendered["requestBody"] = dict(link.body)
    return rendered
