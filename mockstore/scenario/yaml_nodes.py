"""Parses YAML or JSON into plain values with their lines. Pure; no other objects are ever created.

Scalars follow the core schema of YAML 1.2: `no`, `on`, `1:30` and `2025-01-06` are strings.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from mockstore.model import Json
from mockstore.scenario.mistakes import InvalidScenarioError, Mistake, cut
from mockstore.scenario.references import MOST_CHARACTERS, MOST_VALUES
from mockstore.signing import mask
from mockstore.signing.secrets import PREFIX

_LONGEST_PATH: Final = 200
"""The longest path that is stored, in characters."""
_LONGEST_MESSAGE: Final = 2000

_TAG: Final = "tag:yaml.org,2002:"
_PLAIN_TAGS: Final = frozenset(
    f"{_TAG}{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map", "timestamp", "value", "merge")
)
_SECRET: Final = re.compile(rf"{PREFIX}[^\s\"']+")
_LITERALS: Final = {"null": None, "~": None, "": None, "true": True, "false": False}
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_NUMBER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,2})?")
_EXPONENT: Final = re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]+")
# An unclosed string matches up to the end. Otherwise the search would restart at each later quote: quadratic time.
_TEXT_OR_TAB: Final = re.compile(r'"(?:\\.|[^"\\])*+(?:"|\\?\Z)|\t', re.DOTALL)


class Node(Struct, frozen=True):
    """A value with its line and path. The members of a mapping and the items of a list are nodes."""

    value: Any
    """None, a bool, a number, a string, `dict[str, Node]` or `list[Node]`."""
    line: int
    path: str

    def plain(self) -> Json:
        """Return the value without lines and paths."""
        if isinstance(self.value, dict):
            return {name: node.plain() for name, node in self.value.items()}
        return [node.plain() for node in self.value] if isinstance(self.value, list) else self.value

    def mistake(self, message: str) -> Mistake:
        """Return a mistake at this line and path; secrets in the message are masked."""
        return Mistake(self.line, self.path, _masked(cut(message, _LONGEST_MESSAGE)))


def _masked(message: str) -> str:
    return _SECRET.sub(lambda match: mask(match[0]), message)


def nodes_of(text: str, source: str) -> Node:
    """Return the root node of the document; raise `InvalidScenarioError` if it is neither YAML nor JSON."""
    import yaml  # noqa: PLC0415 - only scenarios need it

    if len(text) > MOST_CHARACTERS:
        raise InvalidScenarioError(
            source, [Mistake(1, "", f"longer than the {MOST_CHARACTERS:,} characters that are read")]
        )
    try:
        root = yaml.compose(_without_tabs(text), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise InvalidScenarioError(source, [_syntax_mistake(error)]) from None
    except (ValueError, OverflowError):  # `%YAML 999….1`, or the escape of a code point out of range
        raise InvalidScenarioError(source, [Mistake(1, "", "no YAML: a number in it is out of range")]) from None
    except yaml.YAMLError as error:  # a character that YAML forbids
        raise InvalidScenarioError(source, [Mistake(1, "", f"no YAML: {_one_line(str(error))}")]) from None
    except RecursionError:
        raise InvalidScenarioError(source, [Mistake(1, "", "nested too deeply")]) from None
    if root is None:
        raise InvalidScenarioError(source, [Mistake(1, "", "empty; a scenario has at least a name and steps")])
    return _Converter(source).node(root, "")


class _Converter:
    """Converts the nodes of PyYAML to `Node`, within limits."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._count = 0
        self._characters = 0
        self._open: set[int] = set()

    def node(self, found: Any, path: str) -> Node:  # noqa: ANN401 - PyYAML's nodes have no common type
        line = found.start_mark.line + 1
        self._count += 1
        if self._count > MOST_VALUES:
            raise self._error(line, path, f"more than {MOST_VALUES:,} values, aliases written out")
        if found.tag not in _PLAIN_TAGS:
            name = found.tag.replace(_TAG, "!!")
            raise self._error(line, path, f"the tag {name} is not read; write plain values")
        if id(found) in self._open:
            raise self._error(line, path, "an alias that contains itself")
        if found.id == "scalar":
            self._count_text(found, path)
            return Node(_scalar(found), line, path)
        self._open.add(id(found))
        try:
            inner = self._sequence(found, path) if found.id == "sequence" else self._mapping(found, path)
        except RecursionError:
            raise self._error(line, path, "nested too deeply") from None
        self._open.discard(id(found))
        return Node(inner, line, path)

    def _sequence(self, found: Any, path: str) -> list[Node]:  # noqa: ANN401 - PyYAML's
        return [self.node(item, path_below(path, f"[{at}]")) for at, item in enumerate(found.value)]

    def _mapping(self, found: Any, path: str) -> dict[str, Node]:  # noqa: ANN401 - PyYAML's
        members: dict[str, Node] = {}
        for key, value in found.value:
            line = key.start_mark.line + 1
            if key.id != "scalar":
                raise self._error(line, path, "a name is a text, found a mapping or a list")
            self._count_text(key, path)
            inner = path_below(path, f".{key.value}" if path else key.value)
            if key.value in members:
                raise self._error(line, inner, f"named twice; the first is at line {members[key.value].line}")
            members[key.value] = _at_line(self.node(value, inner), line)
        return members

    def _count_text(self, scalar: Any, path: str) -> None:  # noqa: ANN401 - PyYAML's
        self._characters += len(scalar.value)
        if self._characters > MOST_CHARACTERS:
            line = scalar.start_mark.line + 1
            raise self._error(line, path, f"more than {MOST_CHARACTERS:,} characters, aliases written out")

    def _error(self, line: int, path: str, message: str) -> InvalidScenarioError:
        return InvalidScenarioError(self._source, [Mistake(line, path, message)])


def path_below(path: str, step: str) -> str:
    """Return `path` followed by `step` (`.name` or `[3]`); a very long one is cut."""
    return cut(path + step, _LONGEST_PATH)


def _at_line(node: Node, line: int) -> Node:
    """Return the node with the line of its key: a reader looks for mistakes there."""
    return Node(node.value, line, node.path)


def _scalar(found: Any) -> Json:  # noqa: ANN401 - PyYAML's
    text: str = found.value
    if found.style is not None:
        return _with_pairs_joined(text)
    if found.tag == f"{_TAG}str" and not _EXPONENT.fullmatch(text):  # PyYAML reads 1e3, a JSON number, as a string
        return text
    if text.lower() in _LITERALS:
        return _LITERALS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _with_pairs_joined(text: str) -> str:
    """Return the text with surrogate pairs joined, which come from JSON escapes; a lone surrogate is replaced."""
    if not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _without_tabs(text: str) -> str:
    """Return JSON with spaces for the tabs between its values, which YAML forbids; return YAML unchanged."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    return "".join(_with_spaces(text))


def _with_spaces(text: str) -> Iterator[str]:
    done = 0
    for match in _TEXT_OR_TAB.finditer(text):
        yield text[done : match.start()]
        yield " " if match[0] == "\t" else match[0]
        done = match.end()
    yield text[done:]


def _syntax_mistake(error: Any) -> Mistake:  # noqa: ANN401 - PyYAML's error
    mark = error.problem_mark or error.context_mark
    context = f" {error.context}" if error.context else ""
    return Mistake(mark.line + 1, "", f"no YAML at column {mark.column + 1}: {_one_line(error.problem)}{context}")


def _one_line(text: str) -> str:
    return " ".join(text.split())
