import pytest

from mockstore.model import Json
from mockstore.scenario import InvalidScenarioError
from mockstore.scenario.references import MOST_CHARACTERS
from mockstore.scenario.yaml_nodes import nodes_of


def _plain(text: str) -> Json:
    return nodes_of(text, "shop.yaml").plain()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("1", 1, id="a whole number"),
        pytest.param("-2.5", -2.5, id="a number"),
        pytest.param("1e3", 1000.0, id="a number with an exponent"),
        pytest.param("true", True, id="true"),
        pytest.param("null", None, id="null"),
        pytest.param("~", None, id="a tilde"),
        pytest.param("no", "no", id="no is no boolean"),
        pytest.param("on", "on", id="on is no boolean"),
        pytest.param("1:30", "1:30", id="no sexagesimal number"),
        pytest.param("2025-01-06", "2025-01-06", id="a date stays text"),
        pytest.param("0123", "0123", id="digits after a zero stay text"),
        pytest.param("4000000000000002", 4000000000000002, id="a card number"),
        pytest.param("1_000", "1_000", id="no underscores in numbers"),
        pytest.param(".inf", ".inf", id="no infinity"),
        pytest.param("'5'", "5", id="a quoted number is text"),
        pytest.param("!!str 5", "5", id="a number that is said to be text"),
        pytest.param('"\\ud83d\\ude00"', "\U0001f600", id="a surrogate pair of JSON"),
        pytest.param('"\\ud83d"', "�", id="half a surrogate pair"),
        pytest.param("a: &x [1]\nb: *x", {"a": [1], "b": [1]}, id="an alias"),
        pytest.param('{\n\t"a":\t[1,\t"b\\tc"]\n}', {"a": [1, "b\tc"]}, id="JSON with tabs"),
    ],
)
def test_values_are_those_of_yaml_1_2_and_json(text: str, value: Json) -> None:
    assert _plain(text) == value


def test_each_value_knows_its_line_and_path() -> None:
    root = nodes_of("name: x\nsteps:\n  - emit:\n      type: pet.adopted\n", "shop.yaml")

    node = root.value["steps"].value[0].value["emit"].value["type"]
    assert (node.line, node.path, node.value) == (4, "steps[0].emit.type", "pet.adopted")


NESTED = "[" * 1200 + "]" * 1200
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "\n".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 10)}]"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "a: [1",
            "shop.yaml:1: no YAML at column 6: expected ',' or ']', but got '<stream end>' "
            "while parsing a flow sequence",
            id="not closed",
        ),
        pytest.param(
            "a: 1\nb: c: d", "shop.yaml:2: no YAML at column 5: mapping values are not allowed here", id="two colons"
        ),
        pytest.param(
            "a: 1\n\tb: 2",
            "shop.yaml:2: no YAML at column 1: found character '\\t' that cannot start any "
            "token while scanning for the next token",
            id="a tab",
        ),
        pytest.param("", "shop.yaml:1: empty; a scenario has at least a name and steps", id="nothing"),
        pytest.param("a: 1\nb: 2\na: 3", "shop.yaml:3: a: named twice; the first is at line 1", id="a name twice"),
        pytest.param(
            "a:\n  b: !!python/name:os.system x",
            "shop.yaml:2: a.b: the tag !!python/name:os.system is not read; write plain values",
            id="an object of Python",
        ),
        pytest.param("!!binary aGk=", "shop.yaml:1: the tag !!binary is not read; write plain values", id="binary"),
        pytest.param("? [a]\n: 1", "shop.yaml:1: a name is a text, found a mapping or a list", id="a list for a name"),
        pytest.param("a: &x [*x]", "shop.yaml:1: a[0]: an alias that contains itself", id="an endless alias"),
        pytest.param(
            "a: 1\n---\nb: 2",
            "shop.yaml:2: no YAML at column 1: but found another document expected a single document in the stream",
            id="two documents",
        ),
        pytest.param(NESTED, "shop.yaml:1: nested too deeply", id="very deep"),
        pytest.param(LAUGHS, "more than 100,000 values, aliases written out", id="aliases of aliases"),
        pytest.param(
            f"%YAML {'9' * 5000}.1\n---\na: 1", "shop.yaml:1: no YAML: a number in it is out of range", id="a version"
        ),
        pytest.param('a: "\\UFFFFFFFF"', "shop.yaml:1: no YAML: a number in it is out of range", id="no character"),
        pytest.param("a: \x00", "shop.yaml:1: no YAML: unacceptable character", id="a character no text has"),
        pytest.param(
            "x" * (MOST_CHARACTERS + 1),
            "shop.yaml:1: longer than the 1,048,576 characters that are read",
            id="very long",
        ),
    ],
)
def test_what_is_no_plain_document_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InvalidScenarioError) as refusal:
        _plain(text)

    assert message in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"name":"' + '\\"' * 150_000, id="escaped quotes"),
        pytest.param("{" + '"\\' * 150_000, id="escapes after quotes"),
        pytest.param("{" + '"\\' * 150_000 + "\\", id="an escape of nothing at the end"),
    ],
)
def test_a_text_that_is_never_closed_is_refused_at_once(text: str) -> None:
    with pytest.raises(InvalidScenarioError, match="no YAML"):
        nodes_of(text, "shop.yaml")
