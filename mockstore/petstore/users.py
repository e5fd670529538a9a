"""The users of a shop: adding, reading, changing, removing and authenticating them."""

from hmac import compare_digest

from mockstore.errors import NotFoundError
from mockstore.model import Json, Payload
from mockstore.petstore.catalogue import SEEDED_PASSWORD
from mockstore.petstore.context import ShopContext
from mockstore.petstore.documents import copied, require_valid, writable_members
from mockstore.petstore.errors import CredentialsError, FieldMistake, ValidationError
from mockstore.petstore.passwords import hashed, matches


class Users:
    """The users of one tenant. Raises `NotFoundError` for an unknown id, `ValidationError` for a bad document."""

    def __init__(self, context: ShopContext) -> None:
        self._context = context
        self._resources = context.resources("user")

    def create(self, document: Payload) -> dict[str, Json]:
        """Add a user (schema `user-create`) and return it; raise `ValidationError` for a taken username."""
        require_valid("user-create", document)
        members = writable_members("user-create", document)
        password = members.pop("password")
        moment = self._context.moment()
        user = {"id": self._context.new_id(), **members, "createdAt": moment, "updatedAt": moment}
        with self._context.transaction():
            self._require_free_username(user)
            self._resources.put(user, {"password": hashed(password, self._context.new_id())})
            return self._resources.get(user["id"])

    def get(self, user_id: str) -> dict[str, Json]:
        """Return the document of the user (schema `user`), without the password."""
        return self._resources.get(user_id)

    def update(self, user_id: str, changes: Payload) -> dict[str, Json]:
        """Set the members in `changes` (schema `user-update`) and return the user."""
        with self._context.transaction():
            record = self._resources.record(user_id)
            require_valid("user-update", changes)
            changed = writable_members("user-update", changes)
            hidden = record.hidden
            if "password" in changed:
                hidden = {"password": hashed(changed.pop("password"), self._context.new_id())}
            user = {**record.document, **changed, "updatedAt": self._context.moment()}
            self._require_free_username(user)
            self._resources.put(user, hidden)
            return self._resources.get(user_id)

    def remove(self, user_id: str) -> None:
        """Remove the user, who can no longer sign in."""
        with self._context.transaction():
            self._resources.remove(user_id)

    def authenticate(self, credentials: Payload) -> dict[str, Json]:
        """Return the user of `credentials` (schema `token-request`); raise `CredentialsError` when they are wrong."""
        require_valid("token-request", credentials)
        try:
            user = self._user_named(credentials["username"])
        except NotFoundError:
            raise CredentialsError from None
        if not self._has_password(user["id"], credentials["password"]):
            raise CredentialsError
        found: dict[str, Json] = copied(user)
        return found

    def _has_password(self, user_id: str, password: str) -> bool:
        """Tell whether this is the user's password; a seeded user has `SEEDED_PASSWORD` until it is changed."""
        secret = self._resources.record(user_id).hidden.get("password")
        if secret is None:
            return compare_digest(password.encode(), SEEDED_PASSWORD.encode())
        return matches(password, secret)

    def _user_named(self, username: str) -> Payload:
        for user in self._resources.everything():
            if user["username"] == username:
                return user
        raise NotFoundError("user", username)

    def _require_free_username(self, user: Payload) -> None:
        """Raise `ValidationError` when another user has the username."""
        try:
            holder = self._user_named(user["username"])
        except NotFoundError:
            return
        if holder["id"] != user["id"]:
            raise ValidationError([FieldMistake("username", "is taken; choose another", "taken")])
