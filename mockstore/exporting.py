"""What was delivered as a regression test: a pytest file, or a cassette that is signed afresh when replayed. Pure."""

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
"""What a delivery is exported as."""

_VERSION: Final = 1
_STAND_INS: Final = {
    "email": "redacted@example.com",
    "phone": "+10000000000",
    "last4": "0000",
    "firstName": "Redacted",
    "lastName": "Redacted",
    "password": "redacted",
}
"""What takes the place of a person's data, by the member's name."""
_PEOPLE: Final = frozenset({"adopter", "customer", "owner", "user"})
"""Objects whose `name` is that of a person."""


_FACTORIES: Final = frozenset({"create_app", "make_app"})
"""Functions that return the app, by Flask's convention."""


class AppName(Struct, frozen=True):
    """Where an app is imported from, and whether that is a function which makes it."""

    module: str
    name: str
    is_factory: bool

    @property
    def expression(self) -> str:
        """What stands for the app in code."""
        return f"{self.name}()" if self.is_factory else self.name


def app_named(text: str) -> AppName:
    """Read `shop.web:app`, or `shop.web:create_app()` for what makes it; raise `InvalidInputError`.

    `create_app` and `make_app` make an app without the parentheses, too.
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
    """One delivery as it is exported: no secret, no signature, no data of a person."""

    event_type: str
    body: bytes
    content_type: str = "application/json"
    faults: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """What went wrong on purpose: the fault's name, and the attempts that it befell."""
    answers: tuple[str, ...] = ()
    """What each attempt was answered when it was recorded; for the reader only."""

    @property
    def fault(self) -> tuple[Fault, ...]:
        """The faults as `emit` takes them."""
        return tuple(named(name).on(*attempts) if attempts else named(name) for name, attempts in self.faults)


def recorded(delivery: DeliveryRecord, event: EventRecord) -> Recorded:
    """Return a delivery without what nobody else may know."""
    return Recorded(
        event_type=event.type,
        body=redacted(event.body),
        content_type=event.content_type,
        faults=tuple((one.name, one.attempts) for one in delivery.faults),
        answers=tuple(str(one.status or one.outcome) for one in delivery.attempts),
    )


def exported(found: Sequence[Recorded], as_: Form, *, app: str | None = None) -> str:
    """Return the text of a file; `app` names what is under test: `shop.web:app`, or `shop.web:create_app()`.

    Raises `InvalidInputError` for a form that there is not, an app that is none, and for nothing to export.
    """
    if as_ not in get_args(Form):
        raise InvalidInputError(f"unknown form {as_!r}; allowed: {', '.join(get_args(Form))}", field="as")
    if not found:
        raise InvalidInputError("there is nothing to export: no delivery was sent", field="delivery")
    return _cassette(found) if as_ == "cassette" else _pytest(found, app)


def redacted(body: bytes) -> bytes:
    """Return the event without the data of people; a body that is no JSON, sent so on purpose, stays as it is."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return body
    clean = _clean(event, "")
    return body if clean == event else encode(clean)


def _clean(value: Json, holder: str) -> Json:
    if isinstance(value, list):
        return [_clean(one, holder) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _stand_in(name, inner, holder) for name, inner in value.items()}


def _stand_in(name: str, value: Json, holder: str) -> Json:
    if not isinstance(value, str):
        return _clean(value, name)
    if name == "name" and holder in _PEOPLE:
        return "Redacted"
    return _STAND_INS.get(name, value)


# ---- cassette -------------------------------------------------------------------------------


def _cassette(found: Iterable[Recorded]) -> str:
    document = {"cassette": _VERSION, "deliveries": [_written(one) for one in found]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _written(one: Recorded) -> dict[str, Json]:
    try:
        body: dict[str, Json] = {"body": one.body.decode()}
    except UnicodeDecodeError:
        body = {"bodyBase64": b64encode(one.body).decode()}
    faults = [{"name": name, "attempts": list(attempts)} for name, attempts in one.faults]
    head = {"eventType": one.event_type, "contentType": one.content_type}
    return {**head, **body, "faults": faults, "answers": list(one.answers)}


def read_cassette(text: str | bytes) -> list[Recorded]:
    """Return the deliveries of a cassette; raise `InvalidInputError` for a text that is none."""
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


_SUBSCRIBED: Final = '''
@pytest.fixture
def consumer(mockstore):
    """Subscribe the app under test, with the secret that it verifies with."""
    return mockstore.subscribe({app}, secret=os.environ["WEBHOOK_SECRET"])
'''
_ASKED: Final = """
# The fixture `consumer` is yours, for instance in conftest.py:
#
#     @pytest.fixture
#     def consumer(mockstore):
#         return mockstore.subscribe(app, secret=SECRET)
"""


def _pytest(found: Sequence[Recorded], app: str | None) -> str:
    head = ['"""Deliveries that were sent once, told again: each is signed afresh."""', ""]
    if app is None:
        head.append(_ASKED.strip())
    else:
        found_in = app_named(app)
        head += [
            "import os",
            "",
            "import pytest",
            f"from {found_in.module} import {found_in.name}",
            "",
            _SUBSCRIBED.format(app=found_in.expression).rstrip(),
        ]
    tests = [_test(number, one, several=len(found) > 1) for number, one in enumerate(found, start=1)]
    return "\n".join([*head, "", "", "\n\n\n".join(tests), ""])


def _test(number: int, one: Recorded, *, several: bool) -> str:
    expect = expectation(one.fault) or Expect.ACCEPT
    plain = "".join(letter if letter.isalnum() else "_" for letter in one.event_type)
    name = f"{plain}_{number}" if several else plain
    verb = {Expect.REJECT: "refused", Expect.SURVIVE: "survived"}.get(expect, "acknowledged")
    answered = f"  # was answered {', '.join(one.answers)}" if one.answers else ""
    told = [
        f"    body = {one.body!r}",
        "    event = mockstore.emit(",
        f"        {one.event_type!r},",
        "        body=body,",
    ]
    if one.content_type != "application/json":
        told.append(f"        content_type={one.content_type!r},")
    told.append("        invalid=True,")
    told.append("        to=consumer,")
    if one.faults:
        told.append(f"        fault=[{', '.join(map(_fault, one.faults))}],")
    told += [f"    ){answered}", "    mockstore.advance(hours=3)", f"    {_claim(expect)}"]
    imported = ["    from mockstore import faults", ""] if one.faults else []
    return "\n".join([f"def test_{name}_is_{verb}(mockstore, consumer):", *imported, *told])


def _fault(told: tuple[str, tuple[int, ...]]) -> str:
    name, attempts = told
    return f"faults.named({name!r})" + (f".on({', '.join(map(str, attempts))})" if attempts else "")


def _claim(expect: Expect) -> str:
    if expect is Expect.REJECT:
        return "event.delivery.assert_rejected()"
    if expect is Expect.SURVIVE:
        return "assert all(one.status is not None and one.status < 500 for one in event.delivery.attempts)"
    return "event.assert_acknowledged()"
