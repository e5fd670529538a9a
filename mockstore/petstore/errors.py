"""What the shop refuses, and why. Part of the tree in `mockstore.errors`.

MockstoreError
    InvalidInputError
        ValidationError         a document breaks its schema or a rule of the shop
    ConflictError               the thing is in a state that does not allow this
    CredentialsError            no user has this name and password
    TokenError                  a bearer token is none of ours, or no longer good
"""

from collections.abc import Sequence

from msgspec import Struct

from mockstore.errors import InvalidInputError, MockstoreError


class FieldMistake(Struct, frozen=True):
    """One mistake: the member at fault as a dotted path (empty for the whole document), and what is wrong with it."""

    field: str
    message: str
    code: str

    def __str__(self) -> str:
        """Return both in one line."""
        return f"{self.field or 'the document'} {self.message}"


class ValidationError(InvalidInputError):
    """A document breaks its schema or a rule of the shop; `mistakes` are all of them."""

    mistakes: tuple[FieldMistake, ...]

    def __init__(self, mistakes: Sequence[FieldMistake]) -> None:
        self.mistakes = tuple(mistakes)
        first = self.mistakes[0]
        super().__init__("; ".join(map(str, self.mistakes)), field=first.field, code=first.code)


class ConflictError(MockstoreError):
    """The thing is in a state (`status`) that does not allow what was `wanted`; `allowed` is what it does allow."""

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
    """No user has this name and password; which of them is wrong stays unsaid."""

    def __init__(self) -> None:
        super().__init__("no user has this username and password; create one with POST /v1/users")


class TokenError(MockstoreError):
    """A bearer token is none of ours, has expired, or is that of a user who is gone."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the token {why}; get one with POST /v1/auth/tokens")
