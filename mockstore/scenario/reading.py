"""Parses and validates the text of a scenario, and reports every mistake with its line. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from mockstore.delivery.schedule import RetryPolicy, parse_duration
from mockstore.errors import InvalidInputError
from mockstore.events import Catalogue
from mockstore.faults.catalogue import ALL
from mockstore.model import Json
from mockstore.scenario.document import MOST_STEPS, Place, Rules, Scenario, Step, WebhookSpec, total_steps
from mockstore.scenario.forms import CONDITIONS, HEAD, MODIFIERS, RESOURCES, SETTINGS, VERBS, WEBHOOK, Form, Member
from mockstore.scenario.kinds import KnownNames
from mockstore.scenario.mistakes import MOST, InvalidScenarioError, Mistake, cut, unknown
from mockstore.scenario.references import filled, references_in
from mockstore.scenario.yaml_nodes import Node, nodes_of, path_below

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_WEBHOOK_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,40}")
_RESERVED: Final = ("n", "webhooks")
_MOST_NESTED_REPEATS: Final = 8
"""How many repeats may be nested."""


def read(text: str, source: str, catalogue: Catalogue, *, variables: Mapping[str, Json] | None = None) -> Scenario:
    """Return the scenario in `text`, YAML or JSON; `source` is the file name for messages.

    `variables` override those of the file. Raises `InvalidScenarioError` with all mistakes, or the first ones if there
    are very many.
    """
    return _Reader(source, catalogue, variables or {}).scenario(nodes_of(text, source))


def names_in(catalogue: Catalogue, webhooks: Sequence[str] = ()) -> KnownNames:
    """Return the names that a scenario may use with this catalogue."""
    return KnownNames(catalogue.types, catalogue.patterns, tuple(fault.name for fault in ALL), tuple(webhooks))


def step_mistakes(step: Step, arguments: Mapping[str, Json], known: KnownNames) -> list[Mistake]:
    """Return the mistakes in a step's arguments after their references are replaced."""
    members = VERBS[step.verb].members
    return [
        mistake
        for name, value in arguments.items()
        if name in members
        for mistake in members[name].kind.mistakes(_node(value, step.place.line, f"{step.place.path}.{name}"), known)
    ]


class _Reader:
    """Parses one document and collects its mistakes."""

    def __init__(self, source: str, catalogue: Catalogue, variables: Mapping[str, Json]) -> None:
        self._source = source
        self._known = names_in(catalogue)
        self._given_variables = variables
        self._mistakes: list[Mistake] = []
        self._names: set[str] = set()

    def scenario(self, root: Node) -> Scenario:
        head = self._mapping(root, HEAD, "a scenario")
        variables = self._variables(head.get("variables"))
        self._names = {*variables, "webhooks"}
        webhooks = self._webhooks(head.get("webhooks"), variables)
        self._known = replace(self._known, webhooks=tuple(webhook.name for webhook in webhooks))
        rules = self._rules(head.get("settings"))
        steps = tuple(self._steps(head["steps"], frozenset())) if "steps" in head else ()
        if (count := total_steps(steps)) > MOST_STEPS and not self._mistakes:
            self._note(head["steps"], f"{count:,} steps, repeats written out; {MOST_STEPS:,} may be played")
        if self._mistakes:
            raise InvalidScenarioError(self._source, self._sorted_mistakes())
        plain = {name: head[name].plain() for name in ("name", "description", "seed", "clock") if name in head}
        return Scenario(source=self._source, rules=rules, variables=variables, webhooks=webhooks, steps=steps, **plain)

    # ---- the head ---------------------------------------------------------------------------

    def _mapping(self, node: Node, members: Mapping[str, Member], what: str) -> dict[str, Node]:
        """Return the known members of a mapping; note unknown, missing and wrong ones."""
        if not isinstance(node.value, dict):
            self._note(node, f"{what} is a mapping of {', '.join(members)}")
            return {}
        self._check_members(node, members)
        return {name: inner for name, inner in node.value.items() if name in members}

    def _check_members(self, node: Node, members: Mapping[str, Member], *, is_open: bool = False) -> None:
        for name, inner in node.value.items():
            if name in members:
                self._add(members[name].kind.mistakes(inner, self._known))
            elif not is_open:
                self._note(inner, unknown("member", name, members))
        for name, member in members.items():
            if member.required and name not in node.value:
                self._note(node, f"{name} is missing: {member.kind.description}")

    def _variables(self, node: Node | None) -> dict[str, Json]:
        members = node.value if node is not None and isinstance(node.value, dict) else {}
        for name, inner in members.items():
            self._check_name(inner, name)
        unknown_names = [name for name in self._given_variables if name not in members]
        if unknown_names:
            line = node.line if node is not None else 1
            self._add([Mistake(line, "variables", unknown("variable", unknown_names[0], members))])
        return {name: inner.plain() for name, inner in members.items()} | dict(self._given_variables)

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
        values = {key: inner.plain() for key, inner in self._mapping(full, WEBHOOK, "a webhook").items()}
        for other in ("answers", "verifies"):
            if "to" in values and other in values:
                self._note(full.value[other], f"{other} is for receivers, and {name} is a live consumer (to)")
        for key in ("events", "answers", "signatures"):
            if key in values:
                values[key] = tuple(_listed(values[key]))
        return WebhookSpec(name, Place(node.line, node.path), **values)

    def _filled(self, node: Node, variables: Mapping[str, Json]) -> Node:
        """Return the node with its variables replaced; no other references are allowed here."""
        try:
            return _node(filled(node.plain(), variables), node.line, node.path, node)
        except InvalidInputError as error:
            self._note(node, str(error))
            return replace(node, value={})

    def _rules(self, node: Node | None) -> Rules:
        if node is None:
            return Rules()
        before = len(self._mistakes)
        values = {name: inner.plain() for name, inner in self._mapping(node, SETTINGS, "settings").items()}
        if len(self._mistakes) > before:
            return Rules()
        if "schedule" in values:
            values["schedule"] = RetryPolicy(tuple(parse_duration(str(wait)) for wait in values["schedule"]))
        if "timeout" in values:
            values["timeout"] = parse_duration(str(values["timeout"]))
        if "signatures" in values:
            values["signatures"] = tuple(_listed(values["signatures"]))
        return Rules(**values)

    # ---- the steps --------------------------------------------------------------------------

    def _steps(self, node: Node, local_names: frozenset[str], depth: int = 0) -> Iterator[Step]:
        if not isinstance(node.value, list):
            return
        for item in node.value:
            step = self._step(item, local_names, depth)
            if step is not None:
                yield step

    def _step(self, node: Node, local_names: frozenset[str], depth: int) -> Step | None:
        if isinstance(node.value, str):  # a verb without arguments
            place = path_below(node.path, f".{node.value}")
            node = Node({node.value: Node(None, node.line, place)}, node.line, node.path)
        if not isinstance(node.value, dict):
            self._note(node, "a step is a mapping of one verb, such as `emit: pet.adopted`")
            return None
        verbs = [name for name in node.value if name not in MODIFIERS]
        if len(verbs) != 1 or verbs[0] not in VERBS:
            self._note_wrong_verbs(node, verbs)
            self._names |= {str(node.value[name].value) for name in ("as",) if name in node.value}
            return None
        return self._parsed_step(verbs[0], node, local_names, depth)

    def _note_wrong_verbs(self, node: Node, verbs: list[str]) -> None:
        unknown_names = [name for name in verbs if name not in VERBS]
        if unknown_names:
            self._note(node.value[unknown_names[0]], unknown("verb", unknown_names[0], VERBS))
        elif verbs:
            self._note(node, f"two verbs, {verbs[0]} and {verbs[1]}: write two steps")
        else:
            self._note(node, f"no verb; allowed: {', '.join(VERBS)}")

    def _parsed_step(self, verb: str, node: Node, local_names: frozenset[str], depth: int) -> Step:
        form, place = VERBS[verb], node.value[verb]
        arguments = self._arguments(form, place, verb)
        self._check_modifiers(node, form, verb)
        self._check_rules(verb, place, arguments)
        inner: tuple[Step, ...] = ()
        if verb == "repeat" and depth >= _MOST_NESTED_REPEATS:
            self._note(place, f"more than {_MOST_NESTED_REPEATS} repeats in each other")
        elif verb == "repeat":
            inner = tuple(self._steps(arguments.pop("steps", Node([], 0, "")), local_names | {"n"}, depth + 1))
        self._check_references(arguments, local_names)
        modifiers = {name: node.value[name].plain() for name in MODIFIERS if name in node.value}
        if "as" in modifiers:
            self._names.add(str(modifiers["as"]))
        plain = {name: one.plain() for name, one in arguments.items()}
        return Step(verb, plain, Place(place.line, place.path), modifiers.get("as"), modifiers.get("note"), inner)

    def _arguments(self, form: Form, node: Node, verb: str) -> dict[str, Node]:
        """Return the arguments of a step by name; a short form such as `emit: pet.adopted` is expanded."""
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
                self._add(member.kind.mistakes(node.value[name], self._known))
        if "as" in node.value and isinstance(node.value["as"].value, str):
            self._check_name(node.value["as"], node.value["as"].value)
            if form.keeps is None:
                self._note(node.value["as"], f"{verb} has no outcome to name")

    def _check_rules(self, verb: str, node: Node, arguments: Mapping[str, Node]) -> None:
        """Note mistakes that concern several arguments together."""
        if "webhook" in VERBS[verb].members and verb not in ("expect", "redeliver") and "webhook" not in arguments:
            self._check_only_webhook(node)
        if verb == "expect":
            self._check_expectation(node, arguments)
        if verb == "emit" and "body" in arguments and "set" in arguments:
            self._note(arguments["set"], "a body is sent as it stands: leave set out")
        if verb == "order.pay" and "card" in arguments and "source" in arguments:
            self._note(arguments["source"], "a card or a source, not both")

    def _check_only_webhook(self, node: Node) -> None:
        names = self._known.webhooks
        if len(names) != 1:
            choice = f"name one of {', '.join(names)}" if names else "the file has no webhooks"
            self._note(node, f"webhook is missing: {choice}")

    def _check_expectation(self, node: Node, arguments: Mapping[str, Node]) -> None:
        resources = [name for name in RESOURCES if name in arguments]
        if not any(name in arguments for name in CONDITIONS):
            self._note(node, f"nothing is expected; allowed: {', '.join(CONDITIONS)}")
        if len(resources) > 1:
            self._note(
                arguments[resources[1]], f"{resources[0]} and {resources[1]} are two expectations: write two steps"
            )
        if bool(resources) != ("has" in arguments):
            missing = "has: members" if resources else f"one of {', '.join(RESOURCES)}"
            self._note(node, f"{'has' if 'has' in arguments else resources[0]} goes with {missing}")
        if "status" in arguments and "webhook" not in arguments and len(self._known.webhooks) != 1:
            self._check_only_webhook(node)

    def _check_name(self, node: Node, name: str) -> None:
        if not _NAME.fullmatch(name):
            self._note(node, f"{cut(name)!r} is no name: small letters, digits and underscores, a letter first")
        elif name in _RESERVED:
            self._note(node, f"the name {name!r} is taken: {' and '.join(_RESERVED)} have their own meaning")

    def _check_references(self, arguments: Mapping[str, Node], local_names: frozenset[str]) -> None:
        for node in arguments.values():
            for inner in _leaves(node):
                for path in references_in(inner.value):
                    name = path.partition(".")[0]
                    if name not in self._names and name not in local_names:
                        self._note(
                            inner, f"${{{cut(path)}}}: {unknown('name', name, sorted(self._names | local_names))}"
                        )

    # ---- the mistakes -----------------------------------------------------------------------

    def _note(self, node: Node, message: str) -> None:
        self._add([node.mistake(message)])

    def _add(self, found: Iterable[Mistake]) -> None:
        """Collect mistakes; raise `InvalidScenarioError` at once when there are more than `MOST`."""
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
    """Return a plain value as nodes; each has the line and path of the node at its position in `like`, if any."""
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
