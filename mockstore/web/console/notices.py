"""Notices about the form that was sent last. The URL holds only a notice's name, so nobody can inject a text. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NOTICES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "emitted": "Emitted {n}.",
        "redelivered": "Sent again: the ladder starts anew.",
        "changed": "Saved.",
        "enabled": "The webhook is enabled.",
        "disabled": "The webhook is disabled; what it still had to get is discarded.",
        "deleted": "The webhook is deleted.",
        "recovered": "Sent again: {n} that had failed or were discarded.",
        "advanced": "The clock was moved on; what fell due on the way was sent.",
        "frozen": "The clock stands still.",
        "running": "The clock runs.",
        "holding": "New deliveries are held back from now on.",
        "released": "Released {n}.",
        "stopped": "The play ends with the step that is being done.",
        "reset": "Everything is forgotten; time starts anew.",
    }
)


def notice_of(query: Mapping[str, str]) -> str:
    """Return the text of the notice that the URL names; an empty text for none, or for an unknown name."""
    text = NOTICES.get(query.get("notice", ""), "")
    count = query.get("n", "")
    return text.replace("{n}", count if count.isdecimal() and count.isascii() and len(count) <= 9 else "some")  # noqa: PLR2004 - far more than any count
