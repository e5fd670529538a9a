"""Renders OpenAPI links: the operations that can follow a response, and the parameters they take from it. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct, field

from mockstore.model import Json

_ID: Final = "$response.body#/id"


class _Link(Struct, frozen=True):
    """A link to the operation `target`; parameters and members of its body are runtime expressions."""

    target: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] | None = None


def _with_id(parameter: str, *targets: str) -> tuple[_Link, ...]:
    return tuple(_Link(target, MappingProxyType({parameter: _ID})) for target in targets)


def _below_parent(parent: str, parameter: str, *targets: str) -> tuple[_Link, ...]:
    """Return links to operations on a sub-resource; the id of its parent comes from the path of the request."""
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
        "createPet": (*_with_id("petId", *_PET), _Link("createOrder", body={"petId": _ID})),
        "uploadPetImage": _below_parent("petId", "imageId", "getPetImage"),
        "createOrder": _with_id("orderId", *_ORDER),
        "createUser": (*_with_id("userId", *_USER), _Link("createOrder", body={"userId": _ID})),
        "createWebhook": _with_id("webhookId", *_WEBHOOK),
        "testWebhook": _below_parent("webhookId", "deliveryId", *_DELIVERY),
    }
)
"""By the id of the operation whose successful response has the links."""


def links(operation_id: str) -> dict[str, Json]:
    """Return the `links` of the successful response of an operation; empty when it has none."""
    return {link.target: _rendered(link) for link in _LINKS.get(operation_id, ())}


def _rendered(link: _Link) -> dict[str, Json]:
    rendered: dict[str, Json] = {"operationId": link.target}
    if link.parameters:
        rendered["parameters"] = dict(link.parameters)
    if link.body is not None:
        rendered["requestBody"] = dict(link.body)
    return rendered
