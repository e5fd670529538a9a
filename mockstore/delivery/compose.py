"""Makes the request of an attempt: the headers and the signatures (contract 1.2). Pure."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from mockstore.faults.fault import Draft
from mockstore.model import Headers, Outgoing
from mockstore.provider import Provider
from mockstore.signing import scheme_named


def compose(draft: Draft, number: int, provider: Provider) -> Outgoing:
    """Return the request of attempt `number` as the provider sends it, signed by every scheme of the draft."""
    headers: Headers = (("Content-Type", draft.content_type),)
    if not draft.plain:
        headers += descriptive(draft.event_id, draft.event_type, number, provider)
    content = draft.body if draft.signed is None else draft.signed
    headers += signatures(content, draft.schemes, draft.secrets, draft.event_id, draft.signed_at)
    return Outgoing(draft.url, headers, draft.body)


def descriptive(event_id: str, event_type: str, number: int, provider: Provider) -> Headers:
    """Return the headers that say who sends what; a consumer must not need them."""
    fields = {"event_id": event_id, "event_type": event_type, "attempt": number}
    bare = {"{event_id}": event_id, "{event_type}": event_type, "{attempt}": str(number)}  # most are nothing else
    return (
        shared("User-Agent", provider.user_agent),
        *[
            (shared if "event_id" not in template else _pair)(name, bare.get(template) or template.format_map(fields))
            for name, template in provider.headers.items()
        ],
    )


def _pair(name: str, value: str) -> tuple[str, str]:
    return name, value


@lru_cache(maxsize=256)
def shared(name: str, value: str) -> tuple[str, str]:
    """Return the header field, the same object each time: what 100,000 pending deliveries keep is one."""
    return name, value


def signatures(content: bytes, schemes: Sequence[str], secrets: Sequence[str], event_id: str, at: datetime) -> Headers:
    """Return the headers that sign `content`, by every scheme and with every secret."""
    headers: Headers = ()
    for name in schemes:
        headers += scheme_named(name).sign(content, secrets=secrets, event_id=event_id, at=at)
    return headers
