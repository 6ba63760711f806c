"""Writes registrations behind: what changed since the last time goes to the database in batches, in one transaction each.

The dirty set has one entry a binding, however often it was refreshed, so that an outage of the database costs no more
memory than the bindings themselves; when the database is back, it gets each as it is by then.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Final

from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from app.db.engine import FAILURES, Database
from app.registrations.store import RegistrationStore, row_of
from sipcore.binding import Binding, BindingChange, BindingChanged

__all__ = ["RegistrationWriter"]

_log = logging.getLogger(__name__)

_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 15.0
_REFUSED: Final = (DataError, IntegrityError, OverflowError, UnicodeError)
_AWAY: Final[tuple[type[Exception], ...]] = (SQLAlchemyError, OSError, TimeoutError, *FAILURES)
_GONE: Final = (BindingChange.REMOVED, BindingChange.EXPIRED)


class RegistrationWriter:
    """``note`` changes, ``start`` it on the loop, ``stop`` it at the end. ``counters`` only grow.

    ``interval``: seconds between two looks at what is dirty; ``batch``: rows in one transaction.
    """

    def __init__(self, database: Database, *, batch: int = 500, interval: float = 0.5) -> None:
        self._database = database
        self._store = RegistrationStore(database.engine.dialect)
        self._batch = batch
        self._interval = interval
        # By ruid, in the order in which they got dirty: the binding as it is now, None for one that is gone.
        self._dirty: dict[str, Binding | None] = {}
        self._unstored: set[str] = set()  # those of them that the database has never heard of
        self._under_way = 0  # rows in the transaction that is open now
        self._failing = 0
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.counters = {"stored": 0, "deleted": 0, "refused": 0, "failures": 0, "outages": 0}

    def __len__(self) -> int:
        """How many bindings are not known to be written."""
        return len(self._dirty) + self._under_way

    def note(self, change: BindingChanged, _now: float = 0.0) -> None:
        """A binding is not any more as it is stored."""
        binding = change.binding
        ruid = binding.ruid
        if change.change not in _GONE:
            if change.before is None:
                self._unstored.add(ruid)
            elif change.before.ruid != ruid:  # another node's name for it has won
                self._note_gone(change.before.ruid)
            self._dirty[ruid] = binding
        else:
            self._note_gone(ruid)

    def _note_gone(self, ruid: str) -> None:
        if ruid in self._unstored:
            self._unstored.discard(ruid)
            self._dirty.pop(ruid, None)
        else:
            self._dirty[ruid] = None

    async def load(self, now: float) -> list[Binding]:
        """What is stored and has not expired; what has is deleted."""
        await self._database.transact(partial(self._store.forget_expired, now=now))
        return [binding async for batch in self._store.load(self._database) for binding in batch]

    async def store(self, bindings: Iterable[Binding]) -> None:
        """At start: write these now."""
        for binding in bindings:
            self.note(BindingChanged(BindingChange.ADDED, binding))
        while self._dirty:
            await self._write(self._taken())
        self._under_way = 0

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="registration-writer")

    async def stop(self) -> None:
        """Write what is dirty, as far as the database lets us."""
        self._stopping.set()
        if self._task is not None:
            await self._task
            self._task = None

    def pause(self) -> float:
        """Seconds to wait before the next attempt."""
        if not self._failing:
            return self._interval
        return min(_FIRST_PAUSE * 2.0 ** min(self._failing - 1, 10), _LONGEST_PAUSE)

    async def flush(self) -> bool:
        """One batch. False when there is nothing more to do now: all is written, or the database is away."""
        if not self._dirty:
            return False
        batch = self._taken()
        try:
            try:
                await self._write(batch)
            except _REFUSED:
                await self._one_by_one(batch)
        except _AWAY as error:
            self._put_back(batch)
            self._failed(error)
            return False
        except BaseException:
            self._put_back(batch)
            raise
        self._under_way = 0
        self._recovered()
        return True

    async def _run(self) -> None:
        while True:
            try:
                while await self.flush():
                    pass  # every batch waits for the database, so that the loop turns
            except Exception as error:  # noqa: BLE001 - a defect must not end the writing
                self._failed(error, defect=True)
            if self._stopping.is_set():
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self.pause())

    def _taken(self) -> dict[str, Binding | None]:
        """The next batch: no longer dirty, and (for all we know) stored, so that a removal is written from now on."""
        batch = dict(islice(self._dirty.items(), self._batch))
        for ruid in batch:
            del self._dirty[ruid]
        self._unstored.difference_update(batch)
        self._under_way = len(batch)
        return batch

    def _put_back(self, batch: dict[str, Binding | None]) -> None:
        """Before what came later; what changed meanwhile stands as it is now."""
        self._dirty = {**batch, **self._dirty}
        self._under_way = 0

    async def _write(self, batch: dict[str, Binding | None]) -> None:
        kept = [row_of(binding) for binding in batch.values() if binding is not None]
        gone = [ruid for ruid, binding in batch.items() if binding is None]
        await self._database.transact(partial(self._store.write, kept=kept, gone=gone))
        self.counters["stored"] += len(kept)
        self.counters["deleted"] += len(gone)

    async def _one_by_one(self, batch: dict[str, Binding | None]) -> None:
        """The database refused the batch: find out which binding it cannot take. That one stays in memory alone."""
        left = dict(batch)
        try:
            for ruid, binding in batch.items():
                try:
                    await self._write({ruid: binding})
                except _REFUSED as error:
                    self.counters["refused"] += 1
                    _log.error("the registration %s cannot be stored: %s", ruid, _line(error))
                del left[ruid]
        finally:
            for ruid in batch.keys() - left.keys():
                del batch[ruid]

    def _failed(self, error: Exception, *, defect: bool = False) -> None:
        self.counters["failures"] += 1
        if not self._failing:
            self.counters["outages"] += 1
            trace = error if defect else None
            text = "database %s: registrations wait in memory: %s"
            _log.warning(text, self._database.shown, _line(error), exc_info=trace)
        self._failing += 1

    def _recovered(self) -> None:
        if self._failing:
            _log.warning("database %s: takes registrations again, %d wait", self._database.shown, len(self._dirty))
        self._failing = 0


def _line(error: Exception) -> str:
    return " ".join(str(getattr(error, "orig", None) or error).split())
