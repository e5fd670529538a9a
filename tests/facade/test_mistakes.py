"""Wrong arguments that are easily passed are refused by the call itself, with a message that says what is allowed."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from mockstore import Mockstore
from mockstore.errors import InvalidInputError
from mockstore.model import Json


@pytest.fixture
def mockstore() -> Iterator[Mockstore]:
    with Mockstore.in_process(strict=False) as opened:
        yield opened


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        pytest.param(
            {"falt": "wrong_secret"},
            "emit() has no keyword 'falt': did you mean 'fault'? its keywords: body, content_type, invalid, to, fault",
            id="a slip",
        ),
        pytest.param(
            {"qqq": 1},
            "emit() has no keyword 'qqq': its keywords: body, content_type, invalid, to, fault",
            id="a stranger",
        ),
    ],
)
def test_emit_knows_its_keywords(mockstore: Mockstore, keywords: dict[str, Json], message: str) -> None:
    with pytest.raises(TypeError) as refused:
        mockstore.emit("pet.adopted", **keywords)

    assert str(refused.value) == message
    assert len(mockstore.events) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda mockstore: mockstore.emit(None),
            "None is no event type; write a text, such as 'pet.adopted'",
            id="no type",
        ),
        pytest.param(
            lambda mockstore: mockstore.emit(["pet.adopted"]),
            "['pet.adopted'] is no event type; write a text, such as 'pet.adopted'",
            id="a list of types",
        ),
        pytest.param(
            lambda mockstore: mockstore.emit("pet.adopted", "Rex"),
            "'Rex' overrides nothing; write a dict, such as {'pet.name': 'Rex'}",
            id="overrides that are none",
        ),
        pytest.param(
            lambda mockstore: mockstore.clock.advance("5m"),
            "cannot advance by '5m'; say a timedelta, or for instance minutes=5",
            id="a duration as text",
        ),
        pytest.param(
            lambda mockstore: mockstore.clock.advance(5),
            "cannot advance by 5; say a timedelta, or for instance minutes=5",
            id="a number without a unit",
        ),
        pytest.param(
            lambda mockstore: mockstore.clock.advance(minute=5),
            "there is no unit 'minute'; known units: weeks, days, hours, minutes, seconds, milliseconds, microseconds",
            id="no unit",
        ),
    ],
)
def test_a_verb_says_what_it_takes(mockstore: Mockstore, call: Callable[[Json], object], message: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        call(mockstore)

    assert str(refused.value) == message
    assert len(mockstore.events) == 0


@pytest.mark.parametrize(
    ("keyword", "value", "message"),
    [
        ("strict", "no", "strict is 'no'; it must be True or False"),
        ("raise_errors", 0, "raise_errors is 0; it must be True or False"),
        ("start", "2026-01-01", "start is '2026-01-01'; it must be a datetime with a time zone"),
        ("signatures", "pgp", "unknown signature scheme 'pgp'; known schemes: petstore, standard-webhooks"),
    ],
)
def test_a_keyword_of_the_constructor_is_refused_by_its_name(keyword: str, value: Json, message: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        Mockstore.in_process(**{keyword: value})

    assert (refused.value.field, str(refused.value)) == (keyword, message)


@pytest.mark.parametrize(("path", "method"), [("/hooks", "POST"), ("/webhooks/petstore", "GET")], ids=["404", "405"])
def test_a_failure_asks_for_the_endpoint_where_none_was_found(mockstore: Mockstore, path: str, method: str) -> None:
    app = Flask("consumer")
    app.add_url_rule(path, view_func=lambda: "", methods=[method])
    mockstore.subscribe(app)

    with pytest.raises(AssertionError) as failed:
        mockstore.emit("pet.adopted").assert_acknowledged()

    assert str(failed.value).splitlines()[-1] == (
        "path: does the consumer take a POST at /webhooks/petstore? subscribe(app, path=…) says where its endpoint is"
    )
