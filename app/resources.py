"""What the configuration slices have in common: finding, listing, creating, changing and deleting rows with versions.

A slice says what is its own (``Resource``: its columns, its relatives, what the live core is told); the rules that hold
for all are here: an object is addressed by its id or its unique name, names are unique, each change adds one to the
version, and the live core hears of a change after its commit, in the order of the commits.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.commands import Configure, LiveCommand, RefusedReply, Unconfigure
from app.configuration import ConfigObject, ObjectKind
from app.db.tables import ConfigRow
from app.problems import FieldError, Problem, field_errors, invalid, path_of
from app.services import Services

__all__ = ["Body", "Change", "Resource", "View", "changing", "resolve"]


class Body(BaseModel):
    """What a client sends to create or change an object; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class View(BaseModel):
    """What every configuration object shows besides its own fields."""

    id: str
    version: int
    created_at: datetime
    updated_at: datetime

    @staticmethod
    def common(row: ConfigRow) -> dict[str, Any]:
        """The common fields of a row, as arguments for a view."""
        created, updated = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (row.created_at, row.updated_at))
        return {"id": row.id, "version": row.version, "created_at": created, "updated_at": updated}


_PORTION: Final = 40
RowT = TypeVar("RowT", bound=ConfigRow)
BodyT = TypeVar("BodyT", bound=Body)
ViewT = TypeVar("ViewT", bound=View)


@dataclass(slots=True)
class Change:
    """A transaction on the configuration, and what the live core is told once it is committed.

    ``realm``: the digest realm that passwords are hashed for; ``now_ms``: milliseconds since the epoch. ``in_parts``: a
    reference may lead to an object of the same kind that is yet to come; ``Resource.complete`` follows.
    """

    session: AsyncSession
    realm: str
    now_ms: int
    commands: list[LiveCommand] = field(default_factory=list)
    touched: dict["Resource[Any, Any, Any]", list[Any]] = field(default_factory=dict)
    known: dict[tuple[type[ConfigRow], str], str] = field(default_factory=dict)
    in_parts: bool = False

    async def told(self) -> list[LiveCommand]:
        """What the live core is told: rows that were created or changed, in few queries, then the other commands."""
        items = [item for kind, rows in self.touched.items() for item in await kind.objects(self.session, rows)]
        return [*map(Configure, items), *self.commands]


@asynccontextmanager
async def changing(services: Services) -> AsyncIterator[Change]:
    """Change configuration: committed and told to the live core at the end of the block, or not at all if it raises."""
    async with services.configuring:
        try:
            async with services.database.write() as session:
                change = Change(session, services.settings.realm, int(services.clock() * 1000))
                yield change
                commands = await change.told()
        except IntegrityError as error:
            raise _conflict(error) from None
        services.keys.forget()
        for command in commands:
            await _tell(services, command)


def _conflict(error: IntegrityError) -> Problem:
    """Another transaction was faster (on SQLite there is only one at a time)."""
    reason = " ".join(str(error.orig).split())
    name = "in-use" if "foreign key" in reason.lower() else "name-taken"
    return Problem(name, f"Another change came first: {reason}")


async def _tell(services: Services, command: LiveCommand) -> None:
    reply = await services.gateway.submit(command)
    if isinstance(reply, RefusedReply) and not isinstance(command, Unconfigure):
        raise Problem("unavailable", f"It is stored, but the live core refused it: {reply.detail}")


async def resolve(change: Change, table: type[ConfigRow], refs: Mapping[str, Sequence[str | int]]) -> dict[str, str]:
    """Ids for references, each the id or name of a row of ``table``; ``refs`` says where each one stands in the body.

    Raises the ``validation`` problem, with one error for each reference that leads nowhere.
    """
    found = {ref: change.known[table, ref] for ref in refs if (table, ref) in change.known}
    wanted = refs.keys() - found.keys()
    if wanted:
        columns = table.__table__.c  # type: ignore[attr-defined]  # every ConfigRow subclass is a table
        query = select(columns.id, columns.name).where(or_(columns.name.in_(wanted), columns.id.in_(wanted)))
        rows = (await change.session.execute(query)).all()
        found |= {row.name: row.id for row in rows} | {row.id: row.id for row in rows}
    noun = str(table.__tablename__).removesuffix("s").replace("_", " ")
    errors = [FieldError(path_of(at), f"there is no {noun} {ref!r}") for ref, at in refs.items() if ref not in found]
    if errors:
        raise invalid(errors)
    change.known.update({(table, ref): found[ref] for ref in refs})
    return {ref: found[ref] for ref in refs}


class Resource(Generic[RowT, BodyT, ViewT]):
    """One kind of configuration object. Stateless: one instance serves every request."""

    noun: ClassVar[str]
    path: ClassVar[str]
    key: ClassVar[str] = "name"
    kind: ClassVar[ObjectKind | None] = None
    row: type[RowT]
    body: type[BodyT]
    shown: type[ViewT]
    write_only: ClassVar[frozenset[str]] = frozenset()

    async def views(self, _session: AsyncSession, rows: Sequence[RowT], /) -> list[ViewT]:
        """What clients see of the rows, in the same order: the columns that ``shown`` names."""
        names = self.shown.model_fields.keys() - View.model_fields.keys()
        return [
            self.shown.model_validate({**View.common(row), **{name: getattr(row, name) for name in names}})
            for row in rows
        ]

    async def columns(self, _change: Change, body: BodyT, _row: RowT | None, /) -> dict[str, Any]:
        """Column values for a body; the row is None for a new object. Raises ``validation`` for wrong references."""
        return body.model_dump()

    async def link(self, change: Change, row: RowT, body: BodyT) -> None:
        """Add the rows of other tables that belong to this one (requirements, skills …)."""

    async def unlink(self, change: Change, row: RowT) -> None:
        """Take away what ``link`` added."""

    async def complete(self, _change: Change, _row: RowT, /) -> None:
        """All objects that came with this one are there: references left open are resolved. Raises ``validation``."""

    async def objects(self, _session: AsyncSession, _rows: Sequence[RowT], /) -> Sequence[ConfigObject]:
        """The rows as the live core knows them; none where it does not."""
        return ()

    async def users(self, _session: AsyncSession, _row: RowT, /) -> list[str]:
        """What refers to the row and so keeps it from being deleted, in words."""
        return []

    async def before_delete(self, change: Change, row: RowT) -> None:
        """Tell the live core about others that the deletion changes."""

    async def after_create(self, change: Change, row: RowT, body: BodyT) -> None:
        """Further commands for a new object."""

    # The rules for all kinds.

    async def find(self, session: AsyncSession, ref: str, *, lock: bool = False) -> RowT:
        """By id, else by unique name. Raises 404."""
        key = getattr(self.row, self.key)
        query = select(self.row).where(or_(col(self.row.id) == ref, key == ref)).order_by(col(self.row.id) != ref)
        found = (await session.scalars(query.limit(1).with_for_update() if lock else query.limit(1))).first()
        if found is None:
            raise Problem("not-found", f"There is no {self.noun} {ref!r}.")
        return found

    async def named(self, session: AsyncSession, name: str) -> RowT | None:
        query = select(self.row).where(getattr(self.row, self.key) == name)
        return (await session.scalars(query)).one_or_none()

    async def page(self, session: AsyncSession, after: str, limit: int) -> list[ViewT]:
        """Up to ``limit`` objects whose ids come after ``after``, oldest first."""
        views: list[ViewT] = []
        while len(views) < limit:  # in portions, so that none of them holds the loop for long
            portion = min(_PORTION, limit - len(views))
            query = select(self.row).where(col(self.row.id) > after).order_by(col(self.row.id)).limit(portion)
            found = await self.views(session, (await session.scalars(query)).all())
            views += found
            if len(found) < portion:
                break
            after = found[-1].id
        return views

    async def view(self, session: AsyncSession, row: RowT) -> ViewT:
        return (await self.views(session, [row]))[0]

    async def create(self, change: Change, body: BodyT) -> RowT:
        await self._claim_name(change.session, body, None)
        now = change.now_ms
        row = self.row(**await self.columns(change, body, None), created_at=now, updated_at=now)
        change.session.add(row)
        await change.session.flush()
        await self.link(change, row, body)
        self._touch(change, row)
        await self.after_create(change, row, body)
        return row

    async def patch(self, change: Change, row: RowT, fields: Mapping[str, object]) -> bool:
        """Set the named fields, each as a whole; the rest stays. False (and no new version) where nothing changes."""
        before = (await self.view(change.session, row)).model_dump(include=set(self.body.model_fields))
        try:
            body = self.body.model_validate({**before, **fields})
        except ValidationError as error:
            raise invalid(field_errors(error)) from None
        await self._claim_name(change.session, body, row)
        columns = await self.columns(change, body, row)
        if not self._differs(row, columns, body, before):
            return False
        for name, value in columns.items():
            setattr(row, name, value)
        row.version += 1
        row.updated_at = change.now_ms
        await change.session.flush()
        await self.unlink(change, row)
        await self.link(change, row, body)
        self._touch(change, row)
        return True

    async def delete(self, change: Change, row: RowT) -> None:
        """Raises 409 where others refer to it."""
        users = await self.users(change.session, row)
        if users:
            errors = [FieldError("", user) for user in users]
            raise Problem("in-use", f"The {self.noun} cannot be deleted: {users[0]}.", errors=errors)
        await self.before_delete(change, row)
        await change.session.execute(delete(self.row).where(col(self.row.id) == row.id))
        if self.kind is not None:
            change.commands.insert(0, Unconfigure(self.kind, row.id))

    async def _claim_name(self, session: AsyncSession, body: BodyT, row: RowT | None) -> None:
        name = getattr(body, self.key)
        other = await self.named(session, name)
        if other is not None and (row is None or other.id != row.id):
            error = FieldError(self.key, "this is taken")
            raise Problem("name-taken", f"There is a {self.noun} {name!r} already.", errors=[error])

    def _differs(self, row: RowT, columns: Mapping[str, object], body: BodyT, before: Mapping[str, object]) -> bool:
        if any(getattr(row, name) != value for name, value in columns.items()):
            return True
        after = body.model_dump(include=set(before))
        return any(after[name] != value for name, value in before.items() if name not in self.write_only)

    def _touch(self, change: Change, row: RowT) -> None:
        change.touched.setdefault(self, []).append(row)
