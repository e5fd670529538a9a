"""What is known of one attempt: request and response as text, and the result of the signature check. Pure."""

import json
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from mockstore.events import Catalogue
from mockstore.model import Attempt, EventRecord, WebhookRecord
from mockstore.signing import verify
from mockstore.source import parsed

LONGEST: Final = 20_000
"""How many characters of a body are shown."""


class Body(Struct, frozen=True):
    """A body as text: formatted if it is JSON, and unchanged."""

    size: int
    text: str
    raw: str
    cut: bool = False
    """Whether the body is longer than what is shown."""

    @property
    def is_laid_out(self) -> bool:
        """Whether the text shown was formatted."""
        return self.text != self.raw


class Check(Struct, frozen=True):
    """The result of a check."""

    name: str
    ok: bool | None
    """None when the check was not possible."""
    message: str


def body(content: bytes) -> Body:
    """Return the body as text; bytes that are not UTF-8 are shown as U+FFFD."""
    raw = content[: LONGEST * 4].decode("utf-8", "replace")[:LONGEST]
    cut = len(content) > LONGEST
    return Body(len(content), raw if cut else _laid_out(content, raw), raw, cut)


def _laid_out(content: bytes, raw: str) -> str:
    value = parsed(content)
    if not isinstance(value, dict | list):
        return raw
    try:
        return json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "replace").decode()
    except (RecursionError, ValueError):
        return raw


def signature_checks(
    attempt: Attempt, event: EventRecord, webhook: WebhookRecord | None, provided: Sequence[str]
) -> list[Check]:
    """Check what was sent by each scheme that signs for the webhook; `provided` are the provider's own schemes."""
    if webhook is None:
        return [Check("signature", None, "The webhook was deleted, and its secret with it: this cannot be judged.")]
    schemes = provided if webhook.signatures is None else webhook.signatures
    if not schemes:
        return [Check("signature", None, "Nothing was to be signed.")]
    request, old = attempt.request, tuple(one.secret for one in webhook.old_secrets)
    verdicts = [
        verify(request.body, request.headers, webhook.secret, scheme=scheme, old_secrets=old, sent_body=event.body)
        for scheme in schemes
    ]
    return [Check(one.scheme, one.ok, one.message) for one in verdicts]


def schema_check(event: EventRecord, catalogue: Catalogue) -> tuple[Check, list[tuple[str, str]]]:
    """Check the event against its schema; the result lists each mistake with its path."""
    payload = parsed(event.body)
    if payload is None:
        return Check("schema", ok=False, message="The body is not JSON."), []
    mistakes = [(mistake.path or "the event", mistake.message) for mistake in catalogue.mistakes(payload)]
    if mistakes:
        return Check("schema", ok=False, message="The event does not fit its schema."), mistakes
    return Check("schema", ok=True, message=f"The event fits the schema of {event.type}."), []
