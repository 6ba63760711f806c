"""Call reports as CSV (RFC 4180), row by row, so that a large export is never in memory at once."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Final

from app.db.engine import Database
from app.reports.filters import CallFilter
from app.reports.repository import every_call
from app.reports.schemas import CallReport

__all__ = ["COLUMNS", "calls_as_csv"]

_NUMBER: Final = frozenset("+-0123456789 ()./")
COLUMNS: Final = tuple(CallReport.model_fields)


async def calls_as_csv(database: Database, report: CallFilter) -> AsyncIterator[str]:
    """A header line, then every call that matches, newest first."""
    yield _lines([COLUMNS])
    async for rows in every_call(database, report):
        calls = [CallReport.of(row) for row in rows]
        yield _lines([[_cell(getattr(call, column)) for column in COLUMNS] for call in calls])


def _lines(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _cell(value: Any) -> str:  # noqa: ANN401 - any field of a report
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return _harmless(value) if isinstance(value, str) else str(value)


def _harmless(text: str) -> str:
    """A caller chooses its own name: no spreadsheet may take it for a formula (a phone number may begin with +)."""
    if text[:1] in {"=", "@", "\t", "\r"} or (text[:1] in {"+", "-"} and not _NUMBER.issuperset(text)):
        return "'" + text
    return text
