"""Ships facts from the journal's outbox to the database: in batches, idempotent, in the journal until they are stored.

An outage of the database loses nothing: facts wait in the journal, the writer tries again with growing pauses. A fact
that the database refuses for what it says (not for being away) is left in the journal with its turn, counted and logged,
and does not hold up the others; the next start tries it again.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

import msgspec
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from app.db.engine import Database
from app.db.fact_batch import Batch, Item, items_of
from app.db.fact_rows import FactStore
from app.facts import decode, instant_of
from app.journal.port import Journal

__all__ = ["FactsWriter"]

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 30.0
_REFUSED: Final = (DataError, IntegrityError, OverflowError)
_AT_ONCE: Final = 200  # facts read, made rows, or struck from the journal before the loop turns: a third of 1 ms
_AWAY: Final = (SQLAlchemyError, OSError, TimeoutError)
_CALL: Final = 2  # the place of the call among a wrap-up's values
_RECORDED: Final = 1  # and among a record's


class FactsWriter:
    """``start`` it on the loop, ``stop`` it at the end. ``counters`` only grow: stored, refused, failures, outages.

    ``batch``: facts in one transaction; a transaction costs about 2 ms, and the more rows it has, the fewer times a page of
    an index is written. ``interval``: seconds between two looks at the outbox. ``clock``: seconds since the epoch.
    """

    def __init__(
        self,
        journal: Journal,
        database: Database,
        clock: Callable[[], float],
        *,
        batch: int = 500,
        interval: float = 0.2,
    ) -> None:
        self._journal = journal
        self._database = database
        self._store = FactStore(database.engine.dialect)
        self._clock = clock
        self._batch = batch
        self._interval = interval
        self._after = 0
        self._early: dict[str, Item] = {}  # wrap-ups whose call has no record yet, by call
        self._refused: set[int] = set()  # turns with a fact that the database does not take
        self._failing = 0
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.counters = {"stored": 0, "refused": 0, "failures": 0, "outages": 0}

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="facts-writer")

    async def stop(self) -> None:
        """Ship what is there, as far as the database lets us; the rest stays in the journal."""
        self._stopping.set()
        if self._task is not None:
            await self._task
            self._task = None

    def backlog(self) -> tuple[int, float]:
        """(turns in the outbox, age of the oldest in seconds)."""
        size = self._journal.counts()["outbox"]
        oldest = self._journal.outbox(0, 1)
        if not oldest:
            return 0, 0.0
        try:
            return size, max(0.0, self._clock() - instant_of(decode(oldest[0][1])[0]))
        except msgspec.MsgspecError:
            return size, 0.0

    def pause(self) -> float:
        """Seconds to wait before the next attempt."""
        if not self._failing:
            return self._interval
        return min(_FIRST_PAUSE * 2.0 ** min(self._failing - 1, 10), _LONGEST_PAUSE)

    async def ship(self) -> bool:
        """One batch. False when there is nothing more to do now: all of it was read, or the database is away."""
        items, last, complete = await self._read()
        if last == self._after:
            return False
        try:
            try:
                stored = await self._write(items)
            except _REFUSED:
                stored = await self._apart(items)
        except _AWAY as error:
            self._failed(error)
            return False
        await self._settle(stored)
        self._recovered()
        self._after = last
        return not complete

    async def _read(self) -> tuple[list[Item], int, bool]:
        """Whole turns from the outbox, up to a batch; the last sequence number looked at; whether that was all."""
        items: list[Item] = []
        after = self._after
        while len(items) < self._batch:
            wanted = min(self._batch - len(items), _AT_ONCE)
            raw = self._journal.outbox(after, wanted)
            if raw:
                items += self._decoded(raw)
                after = raw[-1][0]
            if len(raw) < wanted:
                return items, after, True
            await asyncio.sleep(0)
        return items, after, False

    async def _run(self) -> None:
        while True:
            try:
                while await self.ship():
                    pass  # every batch waits for the database, so that the loop turns
            except Exception as error:  # noqa: BLE001 - a defect must not end the shipping; the journal has the facts
                self._failed(error, defect=True)
            if self._stopping.is_set():
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self.pause())

    def _decoded(self, raw: Sequence[tuple[int, bytes]]) -> list[Item]:
        try:
            return [item for sequence, data in raw for item in items_of(sequence, data)]
        except msgspec.MsgspecError:
            return self._readable(raw)

    def _readable(self, raw: Sequence[tuple[int, bytes]]) -> list[Item]:
        items: list[Item] = []
        for sequence, data in raw:
            try:
                items += items_of(sequence, data)
            except msgspec.MsgspecError as error:
                self._refuse(sequence, error)
        return items

    async def _write(self, items: Sequence[Item]) -> list[Item]:
        """Store them in one transaction. Returns those that are stored now."""
        batch = Batch()
        for part in _parts(items):
            batch.take(part)
            await asyncio.sleep(0)
        early = self._early_for(items) if self._early else []
        batch.take(early)
        orphans = await self._database.transact(partial(self._store.write, batch=batch))
        if not orphans:
            return [*early, *items]
        stored = early
        for item in items:
            _, kind, values = item
            if kind == "wrap_up" and values[_CALL] in orphans:
                self._early[values[_CALL]] = item
            else:
                stored.append(item)
        return stored

    def _early_for(self, items: Sequence[Item]) -> list[Item]:
        calls = {values[_RECORDED] for _, kind, values in items if kind == "call_record"}
        return [self._early[call] for call in calls & self._early.keys()]

    async def _apart(self, items: Sequence[Item]) -> list[Item]:
        """The database refused them: find out which fact it cannot take, by halves. Returns as ``_write``."""
        waiting = [items]
        stored: list[Item] = []
        while waiting:
            some = waiting.pop()
            try:
                stored += await self._write(some)
            except _REFUSED as error:
                if len(some) == 1:
                    self._refuse(some[0][0], error)
                else:
                    middle = len(some) // 2
                    waiting += [some[middle:], some[:middle]]
        return stored

    async def _settle(self, stored: Sequence[Item]) -> None:
        """Strike the turns all of whose facts are stored."""
        for _, kind, values in stored:
            if kind == "wrap_up":
                self._early.pop(values[_CALL], None)
        held = self._refused.union(item[0] for item in self._early.values())
        for part in _parts(sorted({item[0] for item in stored} - held)):
            self._journal.shipped(part)
            await asyncio.sleep(0)
        self.counters["stored"] += len(stored)

    def _refuse(self, sequence: int, error: Exception) -> None:
        self.counters["refused"] += 1
        self._refused.add(sequence)
        _log.error("a fact of turn %d cannot be stored and stays in the journal: %s", sequence, error)

    def _failed(self, error: Exception, *, defect: bool = False) -> None:
        self.counters["failures"] += 1
        if not self._failing:
            self.counters["outages"] += 1
            trace = error if defect else None
            text = "database %s: facts wait in the journal: %s"
            _log.warning(text, self._database.shown, _line(error), exc_info=trace)
        self._failing += 1

    def _recovered(self) -> None:
        if self._failing:
            _log.warning("database %s: back after %d failed attempts", self._database.shown, self._failing)
        self._failing = 0


def _parts(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for at in range(0, len(values), _AT_ONCE):
        yield values[at : at + _AT_ONCE]


def _line(error: Exception) -> str:
    return " ".join(str(getattr(error, "orig", None) or error).split())
