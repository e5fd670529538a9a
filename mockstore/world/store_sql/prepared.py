"""Statements as a driver takes them: SQLAlchemy writes their text, once, and stands aside while they run.

What SQLAlchemy does around each execution takes longer than the driver, and on SQLite than the database.
"""

import json
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, BindParameter, ColumnElement, Dialect, Executable, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

Row = Any
"""What comes back: a tuple whose members have the names of the columns."""


class Prepared:
    """A statement in the words of one database, and the names of what it has to be given."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]  # all of ours have it
        named: Mapping[BindParameter[Any], str] = compiled.bind_names
        self.text = str(compiled)
        self._in_order: bool = compiled.positional
        self._names: Sequence[str] = compiled.positiontup if self._in_order else tuple(named.values())
        self._own = {name: parameter.value for parameter, name in named.items() if not parameter.required}
        self._ran = False
        self._row: Callable[[Sequence[Any]], Row] | None = None
        """Makes a row of what comes back; None: nothing does."""

    def run(self, cursor: Any, values: Mapping[str, Any]) -> list[Row]:  # noqa: ANN401 - the driver's own
        """Execute and return what comes back; raise `KeyError` for a value that is missing."""
        given = {**self._own, **values}
        if self._in_order:  # SQLite, which knows no lists
            cursor.execute(self.text, [_unlisted(given[name]) for name in self._names])
        else:
            cursor.execute(self.text, {name: given[name] for name in self._names})
        if not self._ran:  # the driver makes the names anew whenever it is asked
            self._row = None if cursor.description is None else _rows_of([column[0] for column in cursor.description])
            self._ran = True
        return [] if self._row is None else [self._row(row) for row in cursor.fetchall()]


def _rows_of(names: Sequence[str]) -> Callable[[Sequence[Any]], Row]:
    made: Any = namedtuple("Row", names)  # type: ignore[misc]  # noqa: PYI024 - the database says the names
    maker: Callable[[Sequence[Any]], Row] = made._make
    return maker


def _unlisted(value: Any) -> Any:  # noqa: ANN401 - anything that a column holds
    return json.dumps(value) if isinstance(value, list) else value


class Among(ColumnElement[bool]):
    """Tells whether a column is one of those that the list `name` holds; the text is the same for any number."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], name: str, *, negated: bool = False) -> None:
        self.column = column
        self.negated = negated
        self.listed: BindParameter[Any] = bindparam(name, required=True, type_=ARRAY(column.type))


@compiles(Among, "postgresql")
def _among_of_array(element: Among, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    compared = "<> ALL" if element.negated else "= ANY"
    return f"{compiler.process(element.column, **options)} {compared} ({compiler.process(element.listed, **options)})"


@compiles(Among, "sqlite")
def _among_of_json(element: Among, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    compared = "NOT IN" if element.negated else "IN"
    listed = f"SELECT value FROM json_each({compiler.process(element.listed, **options)})"  # noqa: S608 - a parameter
    return f"{compiler.process(element.column, **options)} {compared} ({listed})"
