"""The pets of a shop: every verb that contract 2 has for them, and the events that their changes cause."""

from collections.abc import Mapping
from types import MappingProxyType

from mockstore.errors import NotFoundError
from mockstore.events.rules import STAFF_REASON
from mockstore.model import Json, Payload
from mockstore.petstore import matching, transitions
from mockstore.petstore.context import ShopContext
from mockstore.petstore.documents import demand, kept
from mockstore.petstore.images import Upload, image_of, packed
from mockstore.petstore.paging import page_of
from mockstore.petstore.people import adopter, open_orders

_NEW: Mapping[str, str] = MappingProxyType({"currency": "USD", "status": "AVAILABLE"})
_STATUSES = ("AVAILABLE", "PENDING", "ADOPTED", "NOT_AVAILABLE")


class Pets:
    """The pets that one tenant sees. An unknown id raises `NotFoundError`, a bad document `ValidationError`."""

    def __init__(self, context: ShopContext) -> None:
        self._context = context
        self._shelf = context.shelf("pet")

    def add(self, document: Payload) -> dict[str, Json]:
        """Add a pet (schema `pet-create`) and return it; unknown members are dropped, no event follows."""
        demand("pet-create", document)
        moment = self._context.moment()
        pet = {"id": self._context.new_id(), **_NEW, **kept("pet-create", document)}
        if self._context.tenant is not None:
            pet["tenantId"] = self._context.tenant
        pet |= {"createdAt": moment, "updatedAt": moment}
        self._shelf.put(pet)
        return self._shelf.get(pet["id"])

    def get(self, pet_id: str) -> dict[str, Json]:
        """Return the pet."""
        return self._shelf.get(pet_id)

    def find(self, filters: Payload) -> dict[str, Json]:
        """Return a page of the pets that fit `filters` (schema `pet-filters`); only AVAILABLE ones by default."""
        if filters:
            demand("pet-filters", filters)
        return page_of(matching.found(self._shelf.everything(), matching.criteria_of(filters)), filters)

    def query(self, body: Payload) -> dict[str, Json]:
        """Return a page of the pets that meet the criteria of `body` (schema `pet-query`), sorted as it says."""
        demand("pet-query", body)
        pets = matching.found(self._shelf.everything(), body.get("criteria", {}))
        return page_of(matching.in_order(pets, body.get("sort")), body.get("pagination", {}))

    def update(self, pet_id: str, changes: Payload) -> dict[str, Json]:
        """Set the members in `changes` (schema `pet-update`) and return the pet; a change of status is told.

        This is what staff do: from any status to any other (contract 2).
        """
        with self._context.transaction():
            record = self._shelf.record(pet_id)
            demand("pet-update", changes)
            changed = kept("pet-update", changes)
            after = {**record.document, **changed, "updatedAt": self._context.moment()}
            unmoved = after["status"] == record.document["status"]
            self._shelf.put(after, record.hidden if unmoved else None)
            if not unmoved:
                holders = open_orders(self._context, pet_id)
                self._tell(record.document, after, STAFF_REASON, holders[-1]["userId"] if holders else None)
            return self._shelf.get(pet_id)

    def remove(self, pet_id: str) -> None:
        """Remove the pet; from then on it is not found."""
        with self._context.transaction():
            self._shelf.remove(pet_id)

    def adopt(self, pet_id: str, by: str | Payload | None = None) -> dict[str, Json]:
        """Let the pet be adopted, with no order, and return it.

        `by` is a user's id, or any of `id`, `name` and `email`. Raises `ConflictError` when it cannot be had.
        """
        return self.move(pet_id, "adopt", "Adoption completed", by=by)

    def move(
        self, pet_id: str, verb: str, reason: str, *, by: str | Payload | None = None, through: str | None = None
    ) -> dict[str, Json]:
        """Move the pet on by a verb of the table, tell it, and return the pet; `through` is the id of its order."""
        with self._context.transaction():
            record = self._shelf.record(pet_id)
            before = record.document
            status = transitions.after("pet", pet_id, before["status"], verb)
            if status != before["status"]:
                after = {**before, "status": status, "updatedAt": self._context.moment()}
                self._shelf.put(after, {"through": through})
                self._tell(before, after, reason, by)
            return self._shelf.get(pet_id)

    def pass_on(self, pet_id: str, *, through: str) -> None:
        """Let the pet stay adopted, from now on through another order."""
        with self._context.transaction():
            record = self._shelf.record(pet_id)
            self._shelf.put(record.document, {"through": through})

    def adopted_through(self, pet_id: str) -> str | None:
        """Return the id of the order through which the pet was adopted, or None."""
        record = self._shelf.record(pet_id)
        return record.hidden.get("through") if record.document["status"] == "ADOPTED" else None

    def add_image(self, pet_id: str, upload: Upload) -> dict[str, Json]:
        """Keep a photo of the pet and return what is known of it (schema `image`); its URL joins the pet's photos.

        Raises `ValidationError` when the file is empty or no picture.
        """
        with self._context.transaction():
            record = self._shelf.record(pet_id)
            image = image_of(upload, self._context, pet_id)
            self._context.shelf("image").put(image, packed(upload))
            photos = [*record.document.get("photos", ()), image["url"]]
            self._shelf.put({**record.document, "photos": photos, "updatedAt": image["createdAt"]}, record.hidden)
            return self._context.shelf("image").get(image["id"])

    def image(self, pet_id: str, image_id: str) -> Upload:
        """Return a photo of the pet as it was uploaded."""
        self._shelf.record(pet_id)
        record = self._context.shelf("image").record(image_id)
        if record.document["petId"] != pet_id:
            raise NotFoundError("image", image_id)
        return Upload.unpacked(record)

    def inventories(self, filters: Payload) -> dict[str, int]:
        """Return how many pets there are of each status, or of those in `filters` (schema `inventory-filters`)."""
        if filters:
            demand("inventory-filters", filters)
        counts = dict.fromkeys(filters.get("status", _STATUSES), 0)
        for pet in self._shelf.everything():
            if pet["status"] in counts:
                counts[pet["status"]] += 1
        return counts

    def _tell(self, before: Payload, after: Payload, reason: str, by: str | Payload | None) -> None:
        change = {"petId": after["id"], "oldStatus": before["status"], "newStatus": after["status"], "reason": reason}
        self._context.announce("pet.status_changed", change)
        if after["status"] == "ADOPTED":
            pet = {name: after[name] for name in ("id", "name", "species", "status")}
            day = self._context.moment()[: len("2025-01-06")]
            adoption = {"pet": pet, "adopter": adopter(self._context, by), "adoptionDate": day}
            self._context.announce("pet.adopted", adoption)
