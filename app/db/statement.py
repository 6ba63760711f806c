"""Core statements for many rows, without Core's cost for each."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.sql.compiler import SQLCompiler

__all__ = ["Statement", "Values"]

Values = tuple[str | int | float | None, ...]
"""A row's values in the order of its table's columns."""


class Statement:
    """A Core statement compiled once for the dialect, executed by position for many rows.

    Going through Core's parameter processing for every row would cost more than all else that the loop does for a fact;
    the columns are integers, texts and booleans, which both drivers take as they are. ``names``: of a row's values.
    """

    def __init__(self, statement: sa.Insert | sa.Update | sa.Delete, dialect: sa.Dialect, names: Sequence[str]) -> None:
        keys = list(names) if isinstance(statement, sa.Insert) else []
        compiled = statement.compile(dialect=dialect, column_keys=keys)
        assert isinstance(compiled, SQLCompiler)
        self._sql = str(compiled)
        wanted = list(compiled.positiontup or ())
        # None: the rows have the statement's order already.
        self._places = None if wanted == list(names) else [names.index(name) for name in wanted]

    def many(self, connection: sa.Connection, rows: Iterable[Values]) -> None:
        places = self._places
        values = list(rows) if places is None else [tuple([row[place] for place in places]) for row in rows]
        if values:
            connection.exec_driver_sql(self._sql, values)
