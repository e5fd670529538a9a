"""The result of verifying a signature: a reason for code and a sentence for people."""

from enum import StrEnum

from msgspec import Struct

from mockstore.errors import SignatureError


class Reason(StrEnum):
    """Why a signature is valid or not."""

    VALID = "valid"

    MISSING_HEADER = "missing_header"
    DUPLICATE_HEADER = "duplicate_header"
    WRONG_SCHEME = "wrong_scheme"
    WRONG_LENGTH = "wrong_length"
    NOT_HEX = "not_hex"
    NOT_BASE64 = "not_base64"
    UPPER_CASE_HEX = "upper_case_hex"

    EMPTY_SECRET = "empty_secret"  # noqa: S105 - the word for a mistake, not a secret
    SECRET_DECODED = "secret_decoded"  # noqa: S105 - the word for a mistake, not a secret
    SECRET_NOT_DECODED = "secret_not_decoded"  # noqa: S105 - the word for a mistake, not a secret
    SECRET_WITHOUT_PREFIX = "secret_without_prefix"  # noqa: S105 - the word for a mistake, not a secret
    SECRET_WHITESPACE = "secret_whitespace"  # noqa: S105 - the word for a mistake, not a secret
    OLD_SECRET = "old_secret"  # noqa: S105 - the word for a mistake, not a secret
    WRONG_SECRET = "wrong_secret"  # noqa: S105 - the word for a mistake, not a secret

    TRAILING_NEWLINE = "trailing_newline"
    BODY_RESERIALISED = "body_reserialised"
    BODY_CHANGED = "body_changed"

    MISMATCH = "mismatch"
    """The secret or the body is another one; it is not known which."""

    MALFORMED_TIMESTAMP = "malformed_timestamp"
    STALE_TIMESTAMP = "stale_timestamp"
    FUTURE_TIMESTAMP = "future_timestamp"


class Finding(Struct, frozen=True):
    """A reason with its sentence, not yet with the name of the scheme."""

    reason: Reason
    message: str


class Verdict(Struct, frozen=True):
    """Whether a signature is genuine, and if not, why. As a condition it is True when the signature is genuine.

    `message` is one sentence that says what was found, what was expected and what to do. Secrets in it are masked and
    signatures abbreviated, so it is safe to log.
    """

    reason: Reason
    message: str
    scheme: str

    @property
    def ok(self) -> bool:
        """Whether the signature is genuine and, if `now` was given, its timestamp within the tolerance."""
        return self.reason is Reason.VALID

    def __bool__(self) -> bool:
        return self.ok

    def require(self) -> None:
        """Raise `SignatureError` with reason and message unless the verdict is ok."""
        if not self.ok:
            raise SignatureError(self.reason, self.message)
