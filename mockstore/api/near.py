"""Says which operations come close to one that does not exist. Pure."""

from collections.abc import Sequence
from difflib import SequenceMatcher, get_close_matches
from itertools import zip_longest

from mockstore.errors import InvalidInputError
from mockstore.petstore.operation import PARAMETER, Operation
from mockstore.petstore.operations import OPERATIONS, match, methods_of, operation

_NEAR = 0.6
"""How alike two paths are to be called near, from 0 to 1."""
_SHOWN = 3
_OTHER_METHOD = 0.1
"""How much another method takes away."""


def known_operation(id_: str) -> Operation:
    """Return the operation of this id; raise `InvalidInputError` that names the near ones."""
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
    """Say that there is no operation for this call, and which come nearest; `path` is below the base path."""
    methods = methods_of(path)
    if methods:
        there = [found[0] for one in methods if (found := match(one, path)) is not None]
        return f"{there[0].path} takes no {method}; it takes: {_listed(there)}"
    near = _nearest(method, path)
    if near:
        return f"there is nothing at {path or '/'}; nearest: {_listed(near)}"
    tops = dict.fromkeys(f"/{known.path.split('/')[1]}" for known in OPERATIONS)
    return f"there is nothing at {path or '/'}; all there is starts with: {', '.join(tops)}"


def _nearest(method: str, path: str) -> Sequence[Operation]:
    scored = [(_likeness(known, method, path), known) for known in OPERATIONS]
    best = sorted((one for one in scored if one[0] >= _NEAR), key=lambda one: -one[0])
    return [known for _, known in best[:_SHOWN]]


def _likeness(known: Operation, method: str, path: str) -> float:
    """Return how alike a call and an operation are; a parameter is like whatever stands in its place."""
    pairs = zip_longest(known.path.split("/"), path.split("/"))
    filled = [given or "" if PARAMETER.fullmatch(wanted or "") else wanted for wanted, given in pairs]
    likeness = SequenceMatcher(None, "/".join(part for part in filled if part is not None), path).ratio()
    return likeness if known.method == method else likeness - _OTHER_METHOD


def _listed(operations: Sequence[Operation]) -> str:
    return ", ".join(f"{known.id} ({known.method} {known.path})" for known in operations)
