"""The errors that the shop raises. They are part of the tree in `mockstore.errors`.

MockstoreError
    InvalidInputError
        ValidationError         a document breaks its schema or a rule of the shop
    ConflictError               the status of the resource does not allow the change
    CredentialsError            no user has this name and password
    TokenError                  a bearer token is invalid or has expired
"""

from collections.abc import Sequence

from msgspec import Struct

from mockstore.errors import InvalidInputError, MockstoreError


class FieldMistake(Struct, frozen=True):
    """One mistake in a document."""

    field: str
    """The path of the wrong member, such as `medicalInfo.vaccinated`; empty for the document itself."""
    message: str
    code: str

    def __str__(self) -> str:
        """Return the field and the message as one line."""
        return f"{self.field or 'the document'} {self.message}"


class ValidationError(InvalidInputError):
    """A document breaks its schema or a rule of the shop; `mistakes` has every mistake."""

    mistakes: tuple[FieldMistake, ...]

    def __init__(self, mistakes: Sequence[FieldMistake]) -> None:
        self.mistakes = tuple(mistakes)
        first = self.mistakes[0]
        super().__init__("; ".join(map(str, self.mistakes)), field=first.field, code=first.code)


class ConflictError(MockstoreError):
    """The `status` of a resource does not allow the verb `wanted`; `allowed` has the verbs that it allows."""

    kind: str
    id: str
    status: str
    wanted: str
    allowed: tuple[str, ...]

    def __init__(self, kind: str, id_: str, *, status: str, wanted: str, allowed: Sequence[str]) -> None:
        self.kind = kind
        self.id = id_
        self.status = status
        self.wanted = wanted
        self.allowed = tuple(allowed)
        choice = ", ".join(self.allowed) or "nothing more"
        super().__init__(f"cannot {wanted}: {kind} {id_!r} is {status}, which allows: {choice}")


class CredentialsError(MockstoreError):
    """No user has this name and password; the error does not tell which of the two is wrong."""

    def __init__(self) -> None:
        super().__init__("no user has this username and password; create one with POST /v1/users")


class TokenError(MockstoreError):
    """A bearer token is invalid, has expired, or belongs to a user who was removed."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the token {why}; get one with POST /v1/auth/tokens")
