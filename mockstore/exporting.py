"""Exports deliveries as regression tests: as a pytest file, or as a cassette. Both are signed anew when run. Pure."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

from mockstore.errors import InvalidInputError
from mockstore.events import encode
from mockstore.faults import Expect, Fault, expectation, named
from mockstore.model import DeliveryRecord, EventRecord, Json

Form: TypeAlias = Literal["pytest", "cassette"]
"""The format of an export."""

_VERSION: Final = 1
_REPLACEMENTS: Final = {
    "email": "redacted@example.com",
    "phone": "+10000000000",
    "last4": "0000",
    "firstName": "Redacted",
    "lastName": "Redacted",
    "password": "redacted",
}
"""Replacements for personal data, by the member's name."""
_PEOPLE: Final = frozenset({"adopter", "customer", "owner", "user"})
"""Members whose objects describe a person, so that their `name` is replaced, too."""


_FACTORIES: Final = frozenset({"create_app", "make_app"})
"""Names of functions that return an app, by Flask's convention."""


class AppName(Struct, frozen=True):
    """Where to import an app from."""

    module: str
    name: str
    is_factory: bool
    """Whether `name` is a function that returns the app."""

    @property
    def expression(self) -> str:
        """The Python expression for the app."""
        return f"{self.name}()" if self.is_factory else self.name


def app_named(text: str) -> AppName:
    """Parse `shop.web:app` or, for a function that returns the app, `shop.web:create_app()`.

    The names `create_app` and `make_app` are functions also without the parentheses. Raise `InvalidInputError` for
    any other text.
    """
    module, colon, called = text.partition(":")
    name = called.removesuffix("()")
    if not colon or not name.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        raise InvalidInputError(
            f"{text!r} is no app; write for instance shop.web:app, or shop.web:create_app() for what makes it",
            field="app",
        )
    return AppName(module, name, called != name or name in _FACTORIES)


class Recorded(Struct, frozen=True):
    """One delivery as it is exported, without secrets, signatures and personal data."""

    event_type: str
    body: bytes
    content_type: str = "application/json"
    faults: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """The name of each fault, and the attempts that it applies to; no attempts mean all."""
    answers: tuple[str, ...] = ()
    """The answer to each attempt at the time of recording, for information only."""

    @property
    def fault(self) -> tuple[Fault, ...]:
        """The faults, to pass to `emit`."""
        return tuple(named(name).on(*attempts) if attempts else named(name) for name, attempts in self.faults)


def recorded(delivery: DeliveryRecord, event: EventRecord) -> Recorded:
    """Return a delivery for export, without secrets, signatures and personal data."""
    return Recorded(
        event_type=event.type,
        body=redacted(event.body),
        content_type=event.content_type,
        faults=tuple((one.name, one.attempts) for one in delivery.faults),
        answers=tuple(str(one.status or one.outcome) for one in delivery.attempts),
    )


def exported(found: Sequence[Recorded], as_: Form, *, app: str | None = None) -> str:
    """Return the text of the exported file; `app` names the app under test (see `app_named`), for a pytest file only.

    Raise `InvalidInputError` for an unknown form, an `app` that cannot be parsed, and without any deliveries.
    """
    if as_ not in get_args(Form):
        raise InvalidInputError(f"unknown form {as_!r}; allowed: {', '.join(get_args(Form))}", field="as")
    if not found:
        raise InvalidInputError("there is nothing to export: no delivery was sent", field="delivery")
    return _cassette(found) if as_ == "cassette" else _pytest(found, app)


def redacted(body: bytes) -> bytes:
    """Return the body of an event with personal data replaced; a body that is not JSON stays as it is."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return body
    clean = _redacted(event, "")
    return body if clean == event else encode(clean)


def _redacted(value: Json, holder: str) -> Json:
    if isinstance(value, list):
        return [_redacted(one, holder) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _replaced(name, inner, holder) for name, inner in value.items()}


def _replaced(name: str, value: Json, holder: str) -> Json:
    if not isinstance(value, str):
        return _redacted(value, name)
    if name == "name" and holder in _PEOPLE:
        return "Redacted"
    return _REPLACEMENTS.get(name, value)


# ---- cassette -------------------------------------------------------------------------------


def _cassette(found: Iterable[Recorded]) -> str:
    document = {"cassette": _VERSION, "deliveries": [_delivery_document(one) for one in found]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _delivery_document(one: Recorded) -> dict[str, Json]:
    try:
        body: dict[str, Json] = {"body": one.body.decode()}
    except UnicodeDecodeError:
        body = {"bodyBase64": b64encode(one.body).decode()}
    faults = [{"name": name, "attempts": list(attempts)} for name, attempts in one.faults]
    head = {"eventType": one.event_type, "contentType": one.content_type}
    return {**head, **body, "faults": faults, "answers": list(one.answers)}


def read_cassette(text: str | bytes) -> list[Recorded]:
    """Return the deliveries of a cassette; raise `InvalidInputError` for a text that is not a cassette."""
    try:
        document = json.loads(text)
        if document["cassette"] != _VERSION:
            raise InvalidInputError(f"cassette version {document['cassette']!r} is unknown; known: {_VERSION}")
        return [_read(one) for one in document["deliveries"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidInputError(f"that is no cassette ({error}); make one: mockstore export ID --as cassette") from None


def _read(one: Json) -> Recorded:
    body = b64decode(one["bodyBase64"]) if "bodyBase64" in one else one["body"].encode()
    faults = tuple((fault["name"], tuple(fault["attempts"])) for fault in one["faults"])
    return Recorded(one["eventType"], body, one["contentType"], faults, tuple(one.get("answers", ())))


# ---- pytest ---------------------------------------------------------------------------------


_FIXTURE: Final = '''
@pytest.fixture
def consumer(mockstore):
    """Subscribe the app under test, with the secret that it verifies with."""
    return mockstore.subscribe({app}, secret=os.environ["WEBHOOK_SECRET"])
'''
_FIXTURE_EXAMPLE: Final = """
# The fixture `consumer` is yours, for instance in conftest.py:
#
#     @pytest.fixture
#     def consumer(mockstore):
#         return mockstore.subscribe(app, secret=SECRET)
"""


def _pytest(found: Sequence[Recorded], app: str | None) -> str:
    head = ['"""Deliveries that were sent once, told again: each is signed afresh."""', ""]
    if app is None:
        head.append(_FIXTURE_EXAMPLE.strip())
    else:
        found_in = app_named(app)
        head += [
            "import os",
            "",
            "import pytest",
            f"from {found_in.module} import {found_in.name}",
            "",
            _FIXTURE.format(app=found_in.expression).rstrip(),
        ]
    tests = [_test(number, one, several=len(found) > 1) for number, one in enumerate(found, start=1)]
    return "\n".join([*head, "", "", "\n\n\n".join(tests), ""])


def _test(number: int, one: Recorded, *, several: bool) -> str:
    expect = expectation(one.fault) or Expect.ACCEPT
    plain = "".join(letter if letter.isalnum() else "_" for letter in one.event_type)
    name = f"{plain}_{number}" if several else plain
    verb = {Expect.REJECT: "refused", Expect.SURVIVE: "survived"}.get(expect, "acknowledged")
    answered = f"  # was answered {', '.join(one.answers)}" if one.answers else ""
    lines = [
        f"    body = {one.body!r}",
        "    event = mockstore.emit(",
        f"        {one.event_type!r},",
        "        body=body,",
    ]
    if one.content_type != "application/json":
        lines.append(f"        content_type={one.content_type!r},")
    lines.append("        invalid=True,")
    lines.append("        to=consumer,")
    if one.faults:
        lines.append(f"        fault=[{', '.join(map(_fault, one.faults))}],")
    lines += [f"    ){answered}", "    mockstore.advance(hours=3)", f"    {_assertion(expect)}"]
    imported = ["    from mockstore import faults", ""] if one.faults else []
    return "\n".join([f"def test_{name}_is_{verb}(mockstore, consumer):", *imported, *lines])


def _fault(planned: tuple[str, tuple[int, ...]]) -> str:
    name, attempts = planned
    return f"faults.named({name!r})" + (f".on({', '.join(map(str, attempts))})" if attempts else "")


def _assertion(expect: Expect) -> str:
    if expect is Expect.REJECT:
        return "event.delivery.assert_rejected()"
    if expect is Expect.SURVIVE:
        return "assert all(one.status is not None and one.status < 500 for one in event.delivery.attempts)"
    return "event.assert_acknowledged()"
