"""Importing a configuration document: objects are matched by name (entry points by user), created or changed.

Idempotent: fields that the document names are set, other fields and other objects stay untouched. All or nothing: one
transaction, and every error of a section is told before anything is given up.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from app.config_file.document import ConfigFileError, read_document
from app.config_slices import CONFIG_SLICES
from app.db.engine import Database
from app.db.tables import ConfigRow
from app.problems import FieldError, Problem, field_errors, invalid
from app.resources import Change, Resource
from app.settings import Settings

__all__ = ["ImportReport", "import_document", "import_file"]

_SECTIONS: Final[Mapping[str, Resource[Any, Any, Any]]] = {each.path.replace("-", "_"): each for each in CONFIG_SLICES}
# Fields that say how an object begins; an object that exists keeps what it has become.
_ONLY_NEW: Final[Mapping[str, frozenset[str]]] = {"agents": frozenset({"status"})}


class ImportReport(BaseModel):
    """How many objects were created, changed, or found as the document wants them."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0

    def __str__(self) -> str:
        return f"{self.created} created, {self.changed} changed, {self.unchanged} unchanged"


async def import_document(change: Change, document: Mapping[str, Any]) -> ImportReport:
    """Carry the document out within the change's transaction. Raises the ``validation`` problem, with paths such as
    ``queues[0].requirements[0].min_level``.
    """
    unknown = [FieldError(str(name), _no_section()) for name in document if name not in _SECTIONS]
    if unknown:
        raise invalid(unknown)
    change.in_parts = True
    report = ImportReport()
    for section, resource in _SECTIONS.items():
        entries = document.get(section)
        if entries is None:
            continue
        errors = await _import_section(change, section, resource, entries, report)
        if errors:
            raise invalid(errors)
    return report


async def import_file(database: Database, settings: Settings, path: Path) -> ImportReport:
    """Import into the database with no live core to tell: before the service starts. Raises ``ConfigFileError``."""
    document = read_document(path)
    try:
        async with database.write() as session:
            return await import_document(Change(session, settings.realm, time.time_ns() // 1_000_000), document)
    except Problem as problem:
        raise ConfigFileError.of(path, problem.errors or [FieldError("", problem.detail)]) from None


def _no_section() -> str:
    return f"there is no such section; known are {', '.join(_SECTIONS)}"


async def _import_section(
    change: Change, section: str, resource: Resource[Any, Any, Any], entries: object, report: ImportReport
) -> list[FieldError]:
    if not isinstance(entries, list):
        return [FieldError(section, "this is a list")]
    errors: list[FieldError] = []
    seen: set[str] = set()
    rows: list[tuple[str, ConfigRow]] = []
    for index, entry in enumerate(entries):
        place = f"{section}[{index}]"
        try:
            fields = _fields(section, resource, entry, seen)
            only_new = _ONLY_NEW.get(section, frozenset())
            rows.append((place, await _import_object(change, resource, fields, only_new, report)))
        except ValidationError as error:
            errors.extend(_below(place, found) for found in field_errors(error))
        except Problem as problem:
            found_errors = problem.errors or (FieldError("", problem.detail),)
            errors.extend(_below(place, found) for found in found_errors)
    return errors or await _complete(change, resource, rows)


async def _complete(
    change: Change, resource: Resource[Any, Any, Any], rows: Sequence[tuple[str, ConfigRow]]
) -> list[FieldError]:
    """Objects of a section may refer to later ones of it."""
    errors: list[FieldError] = []
    for place, row in rows:
        try:
            await resource.complete(change, row)
        except Problem as problem:
            errors.extend(_below(place, found) for found in problem.errors)
    return errors


def _fields(section: str, resource: Resource[Any, Any, Any], entry: object, seen: set[str]) -> dict[str, Any]:
    """The entry as fields; a skill may be its bare name. Raises ``validation``."""
    if section == "skills" and isinstance(entry, str):
        entry = {resource.key: entry}
    if not isinstance(entry, dict):
        raise invalid([FieldError("", f"this is an object with fields ({resource.key}: …)")])
    if not all(isinstance(name, str) for name in entry):
        raise invalid([FieldError("", "field names are text")])
    name = entry.get(resource.key)
    if not isinstance(name, str):
        raise invalid([FieldError(resource.key, "this field is required, as text (quote a number)")])
    if name.strip() in seen:
        raise invalid([FieldError(resource.key, f"{name!r} stands twice in this section")])
    seen.add(name.strip())
    return entry


async def _import_object(
    change: Change,
    resource: Resource[Any, Any, Any],
    fields: dict[str, Any],
    only_new: frozenset[str],
    report: ImportReport,
) -> ConfigRow:
    row: ConfigRow | None = await resource.named(change.session, str(fields[resource.key]).strip())
    if row is None:
        created: ConfigRow = await resource.create(change, resource.body.model_validate(fields))
        report.created += 1
        return created
    kept = {name: value for name, value in fields.items() if name not in only_new}
    if await resource.patch(change, row, kept):
        report.changed += 1
    else:
        report.unchanged += 1
    return row


def _below(place: str, error: FieldError) -> FieldError:
    return FieldError(f"{place}.{error.field}" if error.field else place, error.message)
