"""Finds operations that are similar to one that does not exist. Pure."""

from collections.abc import Sequence
from difflib import SequenceMatcher, get_close_matches
from itertools import zip_longest

from mockstore.errors import InvalidInputError
from mockstore.petstore.operation import PARAMETER, Operation
from mockstore.petstore.operations import OPERATIONS, match, methods_of, operation

_NEAR = 0.6
"""The least similarity of paths to suggest, from 0 to 1."""
_SHOWN = 3
_OTHER_METHOD = 0.1
"""How much another method reduces the similarity."""


def known_operation(id_: str) -> Operation:
    """Return the operation with this id; raise `InvalidInputError` with similar ones."""
    __tracebackhide__ = True
    try:
        return operation(id_)
    except LookupError:
        pass
    lowered = {known.id.lower(): known.id for known in OPERATIONS}
    near = [lowered[one] for one in get_close_matches(id_.lower(), lowered, n=_SHOWN, cutoff=_NEAR)]
    hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    raise InvalidInputError(
        f"no operation {id_!r}: {hint}operations: {', '.join(known.id for known in OPERATIONS)}", field="operation"
    )


def unknown_call(method: str, path: str) -> str:
    """Return a text with the operations most similar to an unknown call; `path` is relative to the base path."""
    methods = methods_of(path)
    if methods:
        others = [found[0] for one in methods if (found := match(one, path)) is not None]
        return f"{others[0].path} takes no {method}; it takes: {_listed(others)}"
    near = _nearest(method, path)
    if near:
        return f"there is nothing at {path or '/'}; nearest: {_listed(near)}"
    tops = dict.fromkeys(f"/{known.path.split('/')[1]}" for known in OPERATIONS)
    return f"there is nothing at {path or '/'}; all there is starts with: {', '.join(tops)}"


def _nearest(method: str, path: str) -> Sequence[Operation]:
    scored = [(_similarity(known, method, path), known) for known in OPERATIONS]
    best = sorted((one for one in scored if one[0] >= _NEAR), key=lambda one: -one[0])
    return [known for _, known in best[:_SHOWN]]


def _similarity(known: Operation, method: str, path: str) -> float:
    """Return the similarity of a call and an operation; a path parameter matches any value."""
    pairs = zip_longest(known.path.split("/"), path.split("/"))
    filled = [given or "" if PARAMETER.fullmatch(wanted or "") else wanted for wanted, given in pairs]
    similarity = SequenceMatcher(None, "/".join(part for part in filled if part is not None), path).ratio()
    return similarity if known.method == method else similarity - _OTHER_METHOD


def _listed(operations: Sequence[Operation]) -> str:
    return ", ".join(f"{known.id} ({known.method} {known.path})" for known in operations)
