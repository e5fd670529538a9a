"""From text to a checked scenario, or to every mistake with its line. Pure: text and words in, a value out."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from mockstore.delivery.schedule import RetryPolicy, parse_duration
from mockstore.errors import InvalidInputError
from mockstore.events import Catalogue
from mockstore.faults.catalogue import ALL
from mockstore.model import Json
from mockstore.scenario.document import MOST_STEPS, Place, Rules, Scenario, Step, WebhookSpec, length
from mockstore.scenario.forms import CONDITIONS, HEAD, MODIFIERS, RESOURCES, SETTINGS, VERBS, WEBHOOK, Form, Member
from mockstore.scenario.kinds import Words
from mockstore.scenario.mistakes import MOST, InvalidScenarioError, Mistake, cut, unknown
from mockstore.scenario.references import filled, references_in
from mockstore.scenario.yaml_nodes import Node, nodes_of, path_below

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_WEBHOOK_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,40}")
_RESERVED: Final = ("n", "webhooks")
_DEEPEST: Final = 8
"""How many repeats may stand in each other."""


def read(text: str, source: str, catalogue: Catalogue, *, variables: Mapping[str, Json] | None = None) -> Scenario:
    """Return the scenario that `text`, YAML or JSON, describes; `source` is what mistakes call it.

    `variables` go over those of the file. Raises `InvalidScenarioError` with every mistake, each with its line; of very
    many with the first ones.
    """
    return _Reader(source, catalogue, variables or {}).scenario(nodes_of(text, source))


def words_of(catalogue: Catalogue, webhooks: Sequence[str] = ()) -> Words:
    """Return the words that a scenario may use under this catalogue."""
    return Words(catalogue.types, catalogue.patterns, tuple(fault.name for fault in ALL), tuple(webhooks))


def step_mistakes(step: Step, told: Mapping[str, Json], words: Words) -> list[Mistake]:
    """Return what is wrong with what a step says once its references are filled."""
    members = VERBS[step.verb].members
    return [
        mistake
        for name, value in told.items()
        if name in members
        for mistake in members[name].kind.mistakes(_node(value, step.place.line, f"{step.place.path}.{name}"), words)
    ]


class _Reader:
    """Reads one document, and collects what is wrong with it."""

    def __init__(self, source: str, catalogue: Catalogue, variables: Mapping[str, Json]) -> None:
        self._source = source
        self._words = words_of(catalogue)
        self._given = variables
        self._mistakes: list[Mistake] = []
        self._names: set[str] = set()

    def scenario(self, root: Node) -> Scenario:
        head = self._mapping(root, HEAD, "a scenario")
        variables = self._variables(head.get("variables"))
        self._names = {*variables, "webhooks"}
        webhooks = self._webhooks(head.get("webhooks"), variables)
        self._words = replace(self._words, webhooks=tuple(webhook.name for webhook in webhooks))
        rules = self._rules(head.get("settings"))
        steps = tuple(self._steps(head["steps"], frozenset())) if "steps" in head else ()
        if (count := length(steps)) > MOST_STEPS and not self._mistakes:
            self._note(head["steps"], f"{count:,} steps, repeats written out; {MOST_STEPS:,} may be played")
        if self._mistakes:
            raise InvalidScenarioError(self._source, self._sorted_mistakes())
        said = {name: head[name].plain() for name in ("name", "description", "seed", "clock") if name in head}
        return Scenario(source=self._source, rules=rules, variables=variables, webhooks=webhooks, steps=steps, **said)

    # ---- the head ---------------------------------------------------------------------------

    def _mapping(self, node: Node, members: Mapping[str, Member], what: str) -> dict[str, Node]:
        """Return the members of a mapping; note what is unknown, missing or of a wrong kind."""
        if not isinstance(node.value, dict):
            self._note(node, f"{what} is a mapping of {', '.join(members)}")
            return {}
        self._check_members(node, members)
        return {name: inner for name, inner in node.value.items() if name in members}

    def _check_members(self, node: Node, members: Mapping[str, Member], *, is_open: bool = False) -> None:
        for name, inner in node.value.items():
            if name in members:
                self._add(members[name].kind.mistakes(inner, self._words))
            elif not is_open:
                self._note(inner, unknown("member", name, members))
        for name, member in members.items():
            if member.required and name not in node.value:
                self._note(node, f"{name} is missing: {member.kind.words}")

    def _variables(self, node: Node | None) -> dict[str, Json]:
        told = node.value if node is not None and isinstance(node.value, dict) else {}
        for name, inner in told.items():
            self._check_name(inner, name)
        strangers = [name for name in self._given if name not in told]
        if strangers:
            line = node.line if node is not None else 1
            self._add([Mistake(line, "variables", unknown("variable", strangers[0], told))])
        return {name: inner.plain() for name, inner in told.items()} | dict(self._given)

    def _webhooks(self, node: Node | None, variables: Mapping[str, Json]) -> tuple[WebhookSpec, ...]:
        if node is None or not isinstance(node.value, dict):
            return ()
        return tuple(self._webhook(name, inner, variables) for name, inner in node.value.items())

    def _webhook(self, name: str, node: Node, variables: Mapping[str, Json]) -> WebhookSpec:
        if not _WEBHOOK_NAME.fullmatch(name):
            self._note(
                node, f"{cut(name)!r} is no name for a webhook: small letters, digits and hyphens, a letter first"
            )
        full = self._filled(node, variables)
        if full.value is None:
            full = replace(full, value={})
        told = {key: inner.plain() for key, inner in self._mapping(full, WEBHOOK, "a webhook").items()}
        for other in ("answers", "verifies"):
            if "to" in told and other in told:
                self._note(full.value[other], f"{other} is for receivers, and {name} is a live consumer (to)")
        for key in ("events", "answers", "signatures"):
            if key in told:
                told[key] = tuple(_listed(told[key]))
        return WebhookSpec(name, Place(node.line, node.path), **told)

    def _filled(self, node: Node, variables: Mapping[str, Json]) -> Node:
        """Return the node with the variables in it filled; other names are not known yet."""
        try:
            return _node(filled(node.plain(), variables), node.line, node.path, node)
        except InvalidInputError as error:
            self._note(node, str(error))
            return replace(node, value={})

    def _rules(self, node: Node | None) -> Rules:
        if node is None:
            return Rules()
        before = len(self._mistakes)
        told = {name: inner.plain() for name, inner in self._mapping(node, SETTINGS, "settings").items()}
        if len(self._mistakes) > before:
            return Rules()
        if "schedule" in told:
            told["schedule"] = RetryPolicy(tuple(parse_duration(str(wait)) for wait in told["schedule"]))
        if "timeout" in told:
            told["timeout"] = parse_duration(str(told["timeout"]))
        if "signatures" in told:
            told["signatures"] = tuple(_listed(told["signatures"]))
        return Rules(**told)

    # ---- the steps --------------------------------------------------------------------------

    def _steps(self, node: Node, counters: frozenset[str], depth: int = 0) -> Iterator[Step]:
        if not isinstance(node.value, list):
            return
        for item in node.value:
            step = self._step(item, counters, depth)
            if step is not None:
                yield step

    def _step(self, node: Node, counters: frozenset[str], depth: int) -> Step | None:
        if isinstance(node.value, str):  # a bare verb
            place = path_below(node.path, f".{node.value}")
            node = Node({node.value: Node(None, node.line, place)}, node.line, node.path)
        if not isinstance(node.value, dict):
            self._note(node, "a step is a mapping of one verb, such as `emit: pet.adopted`")
            return None
        verbs = [name for name in node.value if name not in MODIFIERS]
        if len(verbs) != 1 or verbs[0] not in VERBS:
            self._note_verbs(node, verbs)
            self._names |= {str(node.value[name].value) for name in ("as",) if name in node.value}
            return None
        return self._told(verbs[0], node, counters, depth)

    def _note_verbs(self, node: Node, verbs: list[str]) -> None:
        strangers = [name for name in verbs if name not in VERBS]
        if strangers:
            self._note(node.value[strangers[0]], unknown("verb", strangers[0], VERBS))
        elif verbs:
            self._note(node, f"two verbs, {verbs[0]} and {verbs[1]}: write two steps")
        else:
            self._note(node, f"no verb; allowed: {', '.join(VERBS)}")

    def _told(self, verb: str, node: Node, counters: frozenset[str], depth: int) -> Step:
        form, place = VERBS[verb], node.value[verb]
        told = self._saying(form, place, verb)
        self._check_modifiers(node, form, verb)
        self._check_rules(verb, place, told)
        inner: tuple[Step, ...] = ()
        if verb == "repeat" and depth >= _DEEPEST:
            self._note(place, f"more than {_DEEPEST} repeats in each other")
        elif verb == "repeat":
            inner = tuple(self._steps(told.pop("steps", Node([], 0, "")), counters | {"n"}, depth + 1))
        self._check_references(told, counters)
        said = {name: node.value[name].plain() for name in MODIFIERS if name in node.value}
        if "as" in said:
            self._names.add(str(said["as"]))
        plain = {name: one.plain() for name, one in told.items()}
        return Step(verb, plain, Place(place.line, place.path), said.get("as"), said.get("note"), inner)

    def _saying(self, form: Form, node: Node, verb: str) -> dict[str, Node]:
        """Return what a step says, by member; the short way of saying it is written out."""
        if node.value is None and form.may_be_bare:
            return {}
        if not isinstance(node.value, dict):
            if form.short is None:
                listed = "members of the document" if form.is_open else ", ".join(form.members)
                self._note(node, f"{verb} takes a mapping of {listed}")
                return {}
            node = Node({form.short: node}, node.line, node.path)
        self._check_members(node, form.members, is_open=form.is_open)
        return dict(node.value)

    def _check_modifiers(self, node: Node, form: Form, verb: str) -> None:
        for name, member in MODIFIERS.items():
            if name in node.value:
                self._add(member.kind.mistakes(node.value[name], self._words))
        if "as" in node.value and isinstance(node.value["as"].value, str):
            self._check_name(node.value["as"], node.value["as"].value)
            if form.keeps is None:
                self._note(node.value["as"], f"{verb} has no outcome to name")

    def _check_rules(self, verb: str, node: Node, told: Mapping[str, Node]) -> None:
        """Note what the single members cannot show."""
        if "webhook" in VERBS[verb].members and verb not in ("expect", "redeliver") and "webhook" not in told:
            self._check_only_webhook(node)
        if verb == "expect":
            self._check_expectation(node, told)
        if verb == "emit" and "body" in told and "set" in told:
            self._note(told["set"], "a body is sent as it stands: leave set out")
        if verb == "order.pay" and "card" in told and "source" in told:
            self._note(told["source"], "a card or a source, not both")

    def _check_only_webhook(self, node: Node) -> None:
        names = self._words.webhooks
        if len(names) != 1:
            choice = f"name one of {', '.join(names)}" if names else "the file has no webhooks"
            self._note(node, f"webhook is missing: {choice}")

    def _check_expectation(self, node: Node, told: Mapping[str, Node]) -> None:
        things = [name for name in RESOURCES if name in told]
        if not any(name in told for name in CONDITIONS):
            self._note(node, f"nothing is expected; allowed: {', '.join(CONDITIONS)}")
        if len(things) > 1:
            self._note(told[things[1]], f"{things[0]} and {things[1]} are two expectations: write two steps")
        if bool(things) != ("has" in told):
            missing = "has: members" if things else f"one of {', '.join(RESOURCES)}"
            self._note(node, f"{'has' if 'has' in told else things[0]} goes with {missing}")
        if "status" in told and "webhook" not in told and len(self._words.webhooks) != 1:
            self._check_only_webhook(node)

    def _check_name(self, node: Node, name: str) -> None:
        if not _NAME.fullmatch(name):
            self._note(node, f"{cut(name)!r} is no name: small letters, digits and underscores, a letter first")
        elif name in _RESERVED:
            self._note(node, f"the name {name!r} is taken: {' and '.join(_RESERVED)} have their own meaning")

    def _check_references(self, told: Mapping[str, Node], counters: frozenset[str]) -> None:
        for node in told.values():
            for inner in _leaves(node):
                for path in references_in(inner.value):
                    name = path.partition(".")[0]
                    if name not in self._names and name not in counters:
                        self._note(inner, f"${{{cut(path)}}}: {unknown('name', name, sorted(self._names | counters))}")

    # ---- the mistakes -----------------------------------------------------------------------

    def _note(self, node: Node, message: str) -> None:
        self._add([node.mistake(message)])

    def _add(self, found: Iterable[Mistake]) -> None:
        """Keep what was found; raise `InvalidScenarioError` at once when there are more than anyone would read."""
        for mistake in found:
            if len(self._mistakes) == MOST:
                last = Mistake(mistake.line, mistake.path, f"more mistakes; the first {MOST} are listed")
                raise InvalidScenarioError(self._source, [*self._sorted_mistakes(), last])
            self._mistakes.append(mistake)

    def _sorted_mistakes(self) -> list[Mistake]:
        return sorted(self._mistakes, key=lambda mistake: mistake.line)


def _leaves(node: Node) -> Iterator[Node]:
    if isinstance(node.value, dict | list):
        for inner in node.value.values() if isinstance(node.value, dict) else node.value:
            yield from _leaves(inner)
    else:
        yield node


def _listed(value: Json) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _node(value: Json, line: int, path: str, like: Node | None = None) -> Node:
    """Return a plain value as nodes; each at the line of the node in its place in `like`, if there is one."""
    if like is not None:
        line, path = like.line, like.path
    if isinstance(value, Mapping):
        known = like.value if like is not None and isinstance(like.value, dict) else {}
        return Node(
            {name: _node(inner, line, path_below(path, f".{name}"), known.get(name)) for name, inner in value.items()},
            line,
            path,
        )
    if isinstance(value, list | tuple):
        items = like.value if like is not None and isinstance(like.value, list) else []
        return Node(
            [
                _node(inner, line, path_below(path, f"[{at}]"), items[at] if at < len(items) else None)
                for at, inner in enumerate(value)
            ],
            line,
            path,
        )
    return Node(value, line, path)
