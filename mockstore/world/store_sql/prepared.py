"""Statements compiled once by SQLAlchemy and then executed directly with the driver.

SQLAlchemy's work around each execution takes longer than the driver's, and on SQLite longer than the database's.
"""

import json
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, BindParameter, ColumnElement, Dialect, Executable, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

Row = Any
"""A row of a result: a named tuple with the names of the columns."""


class Prepared:
    """A statement compiled for one database, with the names of its parameters."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]  # all our statements have it
        named: Mapping[BindParameter[Any], str] = compiled.bind_names
        self.text = str(compiled)
        self._is_positional: bool = compiled.positional
        self._names: Sequence[str] = compiled.positiontup if self._is_positional else tuple(named.values())
        self._defaults = {name: parameter.value for parameter, name in named.items() if not parameter.required}
        self._ran = False
        self._row: Callable[[Sequence[Any]], Row] | None = None
        """Makes a `Row` from the driver's tuple; None when the statement returns no rows."""

    def run(self, cursor: Any, values: Mapping[str, Any]) -> list[Row]:  # noqa: ANN401 - the driver's own
        """Execute and return the rows; raise `KeyError` when a parameter's value is missing."""
        given = {**self._defaults, **values}
        if self._is_positional:  # SQLite, which does not take lists
            cursor.execute(self.text, [_list_as_json(given[name]) for name in self._names])
        else:
            cursor.execute(self.text, {name: given[name] for name in self._names})
        if not self._ran:  # the driver builds `description` again at each access
            self._row = None if cursor.description is None else _rows_of([column[0] for column in cursor.description])
            self._ran = True
        return [] if self._row is None else [self._row(row) for row in cursor.fetchall()]


def _rows_of(names: Sequence[str]) -> Callable[[Sequence[Any]], Row]:
    made: Any = namedtuple("Row", names)  # type: ignore[misc]  # noqa: PYI024 - the names come from the database
    maker: Callable[[Sequence[Any]], Row] = made._make
    return maker


def _list_as_json(value: Any) -> Any:  # noqa: ANN401 - anything that a column holds
    return json.dumps(value) if isinstance(value, list) else value


class Among(ColumnElement[bool]):
    """The condition that a column's value is in the list parameter `name`; its SQL does not depend on the length."""

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
