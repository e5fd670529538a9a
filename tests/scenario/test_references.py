import pytest

from mockstore.errors import InvalidInputError
from mockstore.model import Json
from mockstore.scenario.references import filled, references_in

SCOPE = {"n": 3, "order": {"id": "o-1", "items": [{"price": 29.99}], "gift": True, "note": None}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("${n}", 3, id="a text that is one reference is the value itself"),
        pytest.param("number ${n}", "number 3", id="within a text"),
        pytest.param("${ order.id }", "o-1", id="with spaces"),
        pytest.param("${order.items.0.price}", 29.99, id="into a list"),
        pytest.param("${order}", SCOPE["order"], id="a whole document"),
        pytest.param("gift: ${order.gift}, ${order.note}", "gift: true, null", id="words of JSON in a text"),
        pytest.param({"a": ["${n}"]}, {"a": [3]}, id="at any depth"),
        pytest.param("$${n} stays", "${n} stays", id="escaped"),
        pytest.param("$$${n}", "$${n}", id="escaped after a dollar"),
        pytest.param("$n", "$n", id="no braces, no reference"),
    ],
)
def test_references_are_filled(value: Json, expected: Json) -> None:
    assert filled(value, SCOPE) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param(
            "${ordr.id}", "${ordr.id}: unknown name 'ordr': did you mean 'order'? allowed: n, order", id="a name"
        ),
        pytest.param(
            "${order.ids}",
            "${order.ids}: unknown name 'ids': did you mean 'id'? allowed: id, items, gift, note",
            id="a member",
        ),
        pytest.param(
            f"${{order.items.{'9' * 5000}}}",
            f"${{order.items.{'9' * 5000}}}: unknown name '{'9' * 59}…': allowed: none",
            id="no index of a list",
        ),
        pytest.param("${n.id}", "${n.id}: unknown name 'id': allowed: none", id="a member of a number"),
        pytest.param("${order.items.7}", "${order.items.7}: unknown name '7': allowed: none", id="past the end"),
    ],
)
def test_what_there_is_not_is_named_with_the_nearest(value: Json, message: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        filled(value, SCOPE)

    assert str(refusal.value) == message


def test_references_are_found_at_any_depth() -> None:
    assert list(references_in({"a": "${x.id} and ${y}", "b": [{"c": "${z}"}, "$${no}"], "d": 1})) == ["x.id", "y", "z"]
