"""A delivery as text to copy: a curl command, an httpx call, a pytest file, a cassette, a scenario step. Pure.

None contains the secret. The curl command and the httpx call have the signature that was sent; the others sign anew.
"""

import json
from base64 import b64encode
from shlex import quote
from typing import Final

from msgspec import Struct

from mockstore.exporting import exported, recorded, redacted
from mockstore.model import DeliveryRecord, EventRecord, Json, Outgoing
from mockstore.source import parsed

_LONGEST: Final = 100_000
"""The longest body, in characters, that is included in a text."""


class Copy(Struct, frozen=True):
    """A delivery as one kind of text."""

    key: str
    name: str
    text: str


def copies(delivery: DeliveryRecord, event: EventRecord) -> list[Copy]:
    """Return the texts that exist for this delivery."""
    if len(event.body) > _LONGEST:
        return []
    found = []
    if delivery.attempts:
        sent = delivery.attempts[-1].request
        found = [Copy("curl", "curl", curl(sent)), Copy("httpx", "httpx", httpx(sent))]
    kept = [recorded(delivery, event)]
    return [
        *found,
        Copy("pytest", "pytest", exported(kept, "pytest")),
        Copy("cassette", "a cassette", exported(kept, "cassette")),
        Copy("step", "a scenario step", step(delivery, event)),
    ]


def curl(request: Outgoing) -> str:
    """Return the command that sends the request again, byte for byte."""
    fields = [f"-H {quote(f'{name}: {value}' if value else f'{name};')}" for name, value in request.headers]
    try:
        text = request.body.decode("utf-8", "strict")
        plain = "\0" not in text and len(request.body) <= _LONGEST
    except UnicodeDecodeError:
        text, plain = "", False
    if plain:
        lines = [f"curl -X {request.method} {quote(request.url)}", *fields, f"--data-binary {quote(text)}"]
        return " \\\n  ".join(lines)
    sent = b64encode(request.body).decode()
    lines = [f"printf %s {sent} | base64 -d | curl -X {request.method} {quote(request.url)}", *fields]
    return " \\\n  ".join([*lines, "--data-binary @-"])


def httpx(request: Outgoing) -> str:
    """Return the Python code that sends the request again, byte for byte."""
    fields = [f"        {field!r}," for field in request.headers]
    return "\n".join(
        [
            "import httpx",
            "",
            "answer = httpx.request(",
            f"    {request.method!r},",
            f"    {request.url!r},",
            "    headers=[",
            *fields,
            "    ],",
            f"    content={request.body!r},",
            ")",
            "print(answer.status_code, answer.text)",
        ]
    )


def step(delivery: DeliveryRecord, event: EventRecord) -> str:
    """Return the scenario step that emits the same event, as YAML, with personal data replaced."""
    faults = [_fault(name.name, name.attempts) for name in delivery.faults]
    members: dict[str, Json] = {"type": event.type}
    payload = parsed(redacted(event.body))
    data = payload.get("data") if isinstance(payload, dict) else None
    if event.fits is False or not isinstance(data, dict):
        members |= {"body": redacted(event.body).decode("utf-8", "replace"), "invalid": True}
        if event.content_type != "application/json":
            members["content_type"] = event.content_type
    else:
        members["set"] = data
    if faults:
        members["fault"] = faults[0] if len(faults) == 1 else faults
    inner = "\n".join(f"    {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in members.items())
    return f"- emit:\n{inner}\n"


def _fault(name: str, attempts: tuple[int, ...]) -> Json:
    return {"name": name, "attempts": list(attempts)} if attempts else name
