"""YAML or JSON as values that know their lines. Pure: text in, nodes out; nothing but plain data is ever made.

Scalars are read as YAML 1.2 does (its core schema): `no`, `on`, `1:30` and `2025-01-06` stay the texts they are.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from mockstore.model import Json
from mockstore.scenario.mistakes import InvalidScenarioError, Mistake, cut
from mockstore.scenario.references import LARGEST, MOST_VALUES
from mockstore.signing import mask
from mockstore.signing.secrets import PREFIX

_LONGEST_PATH: Final = 200
"""Every value keeps its path, of which mistakes show no more than this."""
_LONGEST_MESSAGE: Final = 2000

_TAG: Final = "tag:yaml.org,2002:"
_PLAIN_TAGS: Final = frozenset(
    f"{_TAG}{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map", "timestamp", "value", "merge")
)
_SECRET: Final = re.compile(rf"{PREFIX}[^\s\"']+")
_WORDS: Final = {"null": None, "~": None, "": None, "true": True, "false": False}
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_NUMBER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,2})?")
_EXPONENT: Final = re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]+")
# A text that is not closed goes to the end: were it no match, the search would begin again at each later quote.
_TEXT_OR_TAB: Final = re.compile(r'"(?:\\.|[^"\\])*+(?:"|\\?\Z)|\t', re.DOTALL)


class Node(Struct, frozen=True):
    """A value with its place. In a mapping the members are nodes, in a list the items."""

    value: Any
    """None, a bool, a number, a text, `dict[str, Node]` or `list[Node]`."""
    line: int
    path: str

    def plain(self) -> Json:
        """Return the value without the places."""
        if isinstance(self.value, dict):
            return {name: node.plain() for name, node in self.value.items()}
        return [node.plain() for node in self.value] if isinstance(self.value, list) else self.value

    def mistake(self, message: str) -> Mistake:
        """Return a mistake at this place; a secret in the message is masked."""
        return Mistake(self.line, self.path, _masked(cut(message, _LONGEST_MESSAGE)))


def _masked(message: str) -> str:
    return _SECRET.sub(lambda match: mask(match[0]), message)


def nodes_of(text: str, source: str) -> Node:
    """Return the root of the document; raise `InvalidScenarioError` for what is neither YAML nor JSON."""
    import yaml  # noqa: PLC0415 - for who plays scenarios

    if len(text) > LARGEST:
        raise InvalidScenarioError(source, [Mistake(1, "", f"longer than the {LARGEST:,} characters that are read")])
    try:
        root = yaml.compose(_without_tabs(text), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise InvalidScenarioError(source, [_no_yaml(error)]) from None
    except (ValueError, OverflowError):  # `%YAML 999….1`, or the escape of a character that there is not
        raise InvalidScenarioError(source, [Mistake(1, "", "no YAML: a number in it is out of range")]) from None
    except yaml.YAMLError as error:  # a character that no text may have
        raise InvalidScenarioError(source, [Mistake(1, "", f"no YAML: {_one_line(str(error))}")]) from None
    except RecursionError:
        raise InvalidScenarioError(source, [Mistake(1, "", "nested too deeply")]) from None
    if root is None:
        raise InvalidScenarioError(source, [Mistake(1, "", "empty; a scenario has at least a name and steps")])
    return _Reading(source).node(root, "")


class _Reading:
    """Turns the nodes of PyYAML into ours."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._count = 0
        self._characters = 0
        self._open: set[int] = set()

    def node(self, found: Any, path: str) -> Node:  # noqa: ANN401 - PyYAML's nodes have no common type
        line = found.start_mark.line + 1
        self._count += 1
        if self._count > MOST_VALUES:
            raise self._refusal(line, path, f"more than {MOST_VALUES:,} values, aliases written out")
        if found.tag not in _PLAIN_TAGS:
            name = found.tag.replace(_TAG, "!!")
            raise self._refusal(line, path, f"the tag {name} is not read; write plain values")
        if id(found) in self._open:
            raise self._refusal(line, path, "an alias that contains itself")
        if found.id == "scalar":
            self._count_text(found, path)
            return Node(_scalar(found), line, path)
        self._open.add(id(found))
        try:
            inner = self._sequence(found, path) if found.id == "sequence" else self._mapping(found, path)
        except RecursionError:
            raise self._refusal(line, path, "nested too deeply") from None
        self._open.discard(id(found))
        return Node(inner, line, path)

    def _sequence(self, found: Any, path: str) -> list[Node]:  # noqa: ANN401 - PyYAML's
        return [self.node(item, path_below(path, f"[{at}]")) for at, item in enumerate(found.value)]

    def _mapping(self, found: Any, path: str) -> dict[str, Node]:  # noqa: ANN401 - PyYAML's
        members: dict[str, Node] = {}
        for key, value in found.value:
            line = key.start_mark.line + 1
            if key.id != "scalar":
                raise self._refusal(line, path, "a name is a text, found a mapping or a list")
            self._count_text(key, path)
            inner = path_below(path, f".{key.value}" if path else key.value)
            if key.value in members:
                raise self._refusal(line, inner, f"named twice; the first is at line {members[key.value].line}")
            members[key.value] = _at_its_name(self.node(value, inner), line)
        return members

    def _count_text(self, scalar: Any, path: str) -> None:  # noqa: ANN401 - PyYAML's
        self._characters += len(scalar.value)
        if self._characters > LARGEST:
            line = scalar.start_mark.line + 1
            raise self._refusal(line, path, f"more than {LARGEST:,} characters, aliases written out")

    def _refusal(self, line: int, path: str, message: str) -> InvalidScenarioError:
        return InvalidScenarioError(self._source, [Mistake(line, path, message)])


def path_below(path: str, step: str) -> str:
    """Return the path of what is at `step` (`.name` or `[3]`) below `path`; a very long one is cut."""
    return cut(path + step, _LONGEST_PATH)


def _at_its_name(node: Node, line: int) -> Node:
    """Return the node at the line of its name, where the eye looks for it."""
    return Node(node.value, line, node.path)


def _scalar(found: Any) -> Json:  # noqa: ANN401 - PyYAML's
    text: str = found.value
    if found.style is not None:
        return _joined(text)
    if found.tag == f"{_TAG}str" and not _EXPONENT.fullmatch(text):  # PyYAML takes 1e3, a number of JSON, for a text
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _joined(text: str) -> str:
    """Join the halves of surrogate pairs, as JSON escapes them; a half that stands alone becomes a question mark."""
    if not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _without_tabs(text: str) -> str:
    """Return JSON with spaces for the tabs around its values, which YAML does not know; YAML as it is."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    return "".join(_spaced(text))


def _spaced(text: str) -> Iterator[str]:
    done = 0
    for match in _TEXT_OR_TAB.finditer(text):
        yield text[done : match.start()]
        yield " " if match[0] == "\t" else match[0]
        done = match.end()
    yield text[done:]


def _no_yaml(error: Any) -> Mistake:  # noqa: ANN401 - PyYAML's error
    mark = error.problem_mark or error.context_mark
    context = f" {error.context}" if error.context else ""
    return Mistake(mark.line + 1, "", f"no YAML at column {mark.column + 1}: {_one_line(error.problem)}{context}")


def _one_line(text: str) -> str:
    return " ".join(text.split())
