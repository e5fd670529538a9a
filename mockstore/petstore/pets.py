"""The pets of a shop: all operations of contract 2 on pets, and the events that their changes emit."""

from collections.abc import Mapping
from types import MappingProxyType

from mockstore.errors import NotFoundError
from mockstore.events.rules import STAFF_REASON
from mockstore.model import Json, Payload
from mockstore.petstore import matching, transitions
from mockstore.petstore.context import ShopContext
from mockstore.petstore.documents import require_valid, writable_members
from mockstore.petstore.images import Upload, encoded_content, new_image
from mockstore.petstore.paging import page_of
from mockstore.petstore.people import adopter, open_orders

_NEW: Mapping[str, str] = MappingProxyType({"currency": "USD", "status": "AVAILABLE"})
_STATUSES = ("AVAILABLE", "PENDING", "ADOPTED", "NOT_AVAILABLE")


class Pets:
    """The pets of one tenant. Raises `NotFoundError` for an unknown id, `ValidationError` for a bad document."""

    def __init__(self, context: ShopContext) -> None:
        self._context = context
        self._resources = context.resources("pet")

    def add(self, document: Payload) -> dict[str, Json]:
        """Add a pet (schema `pet-create`) and return it. Drop unknown members; emit no event."""
        require_valid("pet-create", document)
        moment = self._context.moment()
        pet = {"id": self._context.new_id(), **_NEW, **writable_members("pet-create", document)}
        if self._context.tenant is not None:
            pet["tenantId"] = self._context.tenant
        pet |= {"createdAt": moment, "updatedAt": moment}
        self._resources.put(pet)
        return self._resources.get(pet["id"])

    def get(self, pet_id: str) -> dict[str, Json]:
        """Return the document of the pet (schema `pet`)."""
        return self._resources.get(pet_id)

    def find(self, filters: Payload) -> dict[str, Json]:
        """Return a page of the pets that match `filters` (schema `pet-filters`); by default, only AVAILABLE ones."""
        if filters:
            require_valid("pet-filters", filters)
        return page_of(matching.filtered(self._resources.everything(), matching.criteria_of(filters)), filters)

    def query(self, body: Payload) -> dict[str, Json]:
        """Return a page of the pets that meet the criteria in `body` (schema `pet-query`), sorted as it says."""
        require_valid("pet-query", body)
        pets = matching.filtered(self._resources.everything(), body.get("criteria", {}))
        return page_of(matching.ordered(pets, body.get("sort")), body.get("pagination", {}))

    def update(self, pet_id: str, changes: Payload) -> dict[str, Json]:
        """Set the members in `changes` (schema `pet-update`), emit events for a new status, and return the pet.

        Any change of status is allowed, because it is made by staff (contract 2).
        """
        with self._context.transaction():
            record = self._resources.record(pet_id)
            require_valid("pet-update", changes)
            changed = writable_members("pet-update", changes)
            after = {**record.document, **changed, "updatedAt": self._context.moment()}
            same_status = after["status"] == record.document["status"]
            self._resources.put(after, record.hidden if same_status else None)
            if not same_status:
                holders = open_orders(self._context, pet_id)
                self._announce_change(record.document, after, STAFF_REASON, holders[-1]["userId"] if holders else None)
            return self._resources.get(pet_id)

    def remove(self, pet_id: str) -> None:
        """Remove the pet; its orders remain."""
        with self._context.transaction():
            self._resources.remove(pet_id)

    def adopt(self, pet_id: str, by: str | Payload | None = None) -> dict[str, Json]:
        """Make the pet ADOPTED without an order, and return it.

        `by` is the id of a user, or a document with any of `id`, `name` and `email`. Raise `ConflictError` unless the
        pet is AVAILABLE or PENDING.
        """
        return self.move(pet_id, "adopt", "Adoption completed", by=by)

    def move(
        self, pet_id: str, verb: str, reason: str, *, by: str | Payload | None = None, through: str | None = None
    ) -> dict[str, Json]:
        """Apply a verb of `transitions.TABLE`, emit events if the status changes, and return the pet.

        `reason` and `by` (as in `adopt`) are for the events; `through` is the id of the order that adopts the pet.
        """
        with self._context.transaction():
            record = self._resources.record(pet_id)
            before = record.document
            status = transitions.next_status("pet", pet_id, before["status"], verb)
            if status != before["status"]:
                after = {**before, "status": status, "updatedAt": self._context.moment()}
                self._resources.put(after, {"through": through})
                self._announce_change(before, after, reason, by)
            return self._resources.get(pet_id)

    def reassign(self, pet_id: str, *, through: str) -> None:
        """Record that an adopted pet now belongs to the order `through`; its status does not change."""
        with self._context.transaction():
            record = self._resources.record(pet_id)
            self._resources.put(record.document, {"through": through})

    def adopted_through(self, pet_id: str) -> str | None:
        """Return the id of the order that adopted the pet; None when it is not ADOPTED, or has no such order."""
        record = self._resources.record(pet_id)
        return record.hidden.get("through") if record.document["status"] == "ADOPTED" else None

    def add_image(self, pet_id: str, upload: Upload) -> dict[str, Json]:
        """Store a photo of the pet, add its URL to the pet's `photos`, and return its document (schema `image`).

        Raise `ValidationError` when the file is empty or not an image.
        """
        with self._context.transaction():
            record = self._resources.record(pet_id)
            image = new_image(upload, self._context, pet_id)
            self._context.resources("image").put(image, encoded_content(upload))
            photos = [*record.document.get("photos", ()), image["url"]]
            self._resources.put({**record.document, "photos": photos, "updatedAt": image["createdAt"]}, record.hidden)
            return self._context.resources("image").get(image["id"])

    def image(self, pet_id: str, image_id: str) -> Upload:
        """Return an uploaded photo of the pet."""
        self._resources.record(pet_id)
        record = self._context.resources("image").record(image_id)
        if record.document["petId"] != pet_id:
            raise NotFoundError("image", image_id)
        return Upload.from_record(record)

    def inventories(self, filters: Payload) -> dict[str, int]:
        """Return the number of pets by status, for all statuses or those in `filters` (schema `inventory-filters`)."""
        if filters:
            require_valid("inventory-filters", filters)
        counts = dict.fromkeys(filters.get("status", _STATUSES), 0)
        for pet in self._resources.everything():
            if pet["status"] in counts:
                counts[pet["status"]] += 1
        return counts

    def _announce_change(self, before: Payload, after: Payload, reason: str, by: str | Payload | None) -> None:
        change = {"petId": after["id"], "oldStatus": before["status"], "newStatus": after["status"], "reason": reason}
        self._context.announce("pet.status_changed", change)
        if after["status"] == "ADOPTED":
            pet = {name: after[name] for name in ("id", "name", "species", "status")}
            day = self._context.moment()[: len("2025-01-06")]
            adoption = {"pet": pet, "adopter": adopter(self._context, by), "adoptionDate": day}
            self._context.announce("pet.adopted", adoption)
