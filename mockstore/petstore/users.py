"""The users of a shop: adding, reading, changing, removing, and signing in."""

from hmac import compare_digest

from mockstore.errors import NotFoundError
from mockstore.model import Json, Payload
from mockstore.petstore.catalogue import SEEDED_PASSWORD
from mockstore.petstore.context import ShopContext
from mockstore.petstore.documents import copied, demand, kept
from mockstore.petstore.errors import CredentialsError, FieldMistake, ValidationError
from mockstore.petstore.passwords import fits, hashed


class Users:
    """The users of one tenant. An unknown id raises `NotFoundError`, a bad document `ValidationError`."""

    def __init__(self, context: ShopContext) -> None:
        self._context = context
        self._shelf = context.shelf("user")

    def create(self, document: Payload) -> dict[str, Json]:
        """Add a user (schema `user-create`) and return it without the password; a taken username is a mistake."""
        demand("user-create", document)
        members = kept("user-create", document)
        password = members.pop("password")
        moment = self._context.moment()
        user = {"id": self._context.new_id(), **members, "createdAt": moment, "updatedAt": moment}
        with self._context.transaction():
            self._demand_free(user)
            self._shelf.put(user, {"password": hashed(password, self._context.new_id())})
            return self._shelf.get(user["id"])

    def get(self, user_id: str) -> dict[str, Json]:
        """Return the user."""
        return self._shelf.get(user_id)

    def update(self, user_id: str, changes: Payload) -> dict[str, Json]:
        """Set the members in `changes` (schema `user-update`) and return the user."""
        with self._context.transaction():
            record = self._shelf.record(user_id)
            demand("user-update", changes)
            changed = kept("user-update", changes)
            hidden = record.hidden
            if "password" in changed:
                hidden = {"password": hashed(changed.pop("password"), self._context.new_id())}
            user = {**record.document, **changed, "updatedAt": self._context.moment()}
            self._demand_free(user)
            self._shelf.put(user, hidden)
            return self._shelf.get(user_id)

    def remove(self, user_id: str) -> None:
        """Remove the user; from then on it is not found and cannot sign in."""
        with self._context.transaction():
            self._shelf.remove(user_id)

    def authenticate(self, credentials: Payload) -> dict[str, Json]:
        """Return the user of `credentials` (schema `token-request`); raise `CredentialsError` when they are wrong."""
        demand("token-request", credentials)
        try:
            user = self._named(credentials["username"])
        except NotFoundError:
            raise CredentialsError from None
        if not self._opens(user["id"], credentials["password"]):
            raise CredentialsError
        found: dict[str, Json] = copied(user)
        return found

    def _opens(self, user_id: str, password: str) -> bool:
        """Tell whether this is the user's password; those of the catalogue share one until they change it."""
        secret = self._shelf.record(user_id).hidden.get("password")
        if secret is None:
            return compare_digest(password.encode(), SEEDED_PASSWORD.encode())
        return fits(password, secret)

    def _named(self, username: str) -> Payload:
        for user in self._shelf.everything():
            if user["username"] == username:
                return user
        raise NotFoundError("user", username)

    def _demand_free(self, user: Payload) -> None:
        """Raise `ValidationError` when the username is another user's."""
        try:
            holder = self._named(user["username"])
        except NotFoundError:
            return
        if holder["id"] != user["id"]:
            raise ValidationError([FieldMistake("username", "is taken; choose another", "taken")])
