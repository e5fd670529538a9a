"""Checks that a delivery which is saved again keeps its recorded attempts. Pure."""

from mockstore.errors import AttemptExistsError
from mockstore.model import DeliveryRecord


def check_attempts(before: DeliveryRecord | None, after: DeliveryRecord) -> None:
    """Raise `AttemptExistsError` unless `after` begins with the attempts of `before` and numbers new ones higher."""
    recorded = () if before is None else before.attempts
    fresh = after.attempts[len(recorded) :]
    if recorded and after.attempts[: len(recorded)] != recorded:
        raise AttemptExistsError(after.id, len(recorded))
    if recorded and fresh and fresh[0].number <= recorded[-1].number:
        raise AttemptExistsError(after.id, fresh[0].number)
