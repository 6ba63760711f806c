"""The journal on LMDB: one write transaction a turn, single writer, survives ``kill -9`` in full.

One B-tree holds three key spaces, told apart by the first byte (one tree costs half of what three named ones cost per
commit, since every tree that a turn touches has its path copied):

- ``m…`` notes about the journal itself: its format, the highest sequence number ever shipped;
- ``s<key>\\0<table>`` live rows: those of one call side by side, so that a turn touches few pages, each of which is copied
  and written (format 1 had them by table, ``r<table>\\0<key>``: they are moved when it is opened);
- ``\\xff<8 bytes, big-endian>`` the outbox, in order of its sequence numbers, at the end of the tree.

With ``sync=False`` a commit is in the kernel's page cache when ``append`` returns: nothing is lost when the process
dies, the last turns may be when the machine does. ``sync=True`` waits for the disk at every turn.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

import lmdb

from app.journal.lock import OwnerLock
from app.journal.port import JournalError, Row, Turn

__all__ = ["FORMAT", "LmdbJournal"]

FORMAT: Final = 2
_FORMAT_KEY: Final = b"mformat"
_SHIPPED_KEY: Final = b"mshipped"
_NOTES: Final = (_FORMAT_KEY, _SHIPPED_KEY)
_ROWS: Final = b"s"
_ROWS_END: Final = b"t"
_ROWS_BY_TABLE: Final = b"r"  # format 1
_ROWS_BY_TABLE_END: Final = b"s"
_OUTBOX: Final = b"\xff"
_LONG: Final = b"\xff"  # no UTF-8 text starts with it: marks a row key kept by its hash
_MAX_KEY: Final = 511  # LMDB's own limit
_PAGE_OF_ROWS: Final = 500
_T = TypeVar("_T")
_DUPLICATES: Final = True  # these three by position: their names would double what it costs to say them
_OVERWRITE: Final = True
_AT_THE_END: Final = True


class LmdbJournal:
    """``app.journal.port.Journal`` in the folder ``path``. ``map_size`` is where the map starts; it doubles when full.

    Raises ``JournalError`` where the place cannot be used: taken by another process, not writable, damaged, or written
    by a later release.
    """

    def __init__(self, path: Path, *, sync: bool = False, map_size: int = 1 << 28) -> None:
        self._path = path
        self._ends: dict[str, bytes] = {}  # of the keys of a table's rows
        self._lock = OwnerLock(path)
        try:
            self._env = self._open(path, sync=sync, map_size=map_size)
            try:
                self._check_format()
                self._outbox_size, self._last = self._survey()
            except lmdb.Error as error:
                self._env.close()
                raise self._failure("cannot be read", error) from error
            except JournalError:
                self._env.close()
                raise
        except JournalError:
            self._lock.release()
            raise
        self._closed = False

    def append(self, turn: Turn) -> None:
        rows, facts = turn
        if not rows and not facts:
            return
        while True:
            try:
                self._append(turn)
            except lmdb.MapFullError:
                self._grow()
            except lmdb.Error as error:
                raise self._failure("cannot be written", error) from error
            else:
                return

    def _append(self, turn: Turn) -> None:
        rows, facts = turn
        last = self._last
        txn = self._env.begin(write=True)
        try:
            for table, key, value in rows:
                raw = self._address(table, key)
                if len(raw) > _MAX_KEY:
                    raw, value = _hashed(table, key, value)  # noqa: PLW2901 - the row as it is stored
                if value is None:
                    txn.delete(raw)
                else:
                    txn.put(raw, value)
            for fact in facts:
                last += 1
                txn.put(_OUTBOX + last.to_bytes(8, "big"), fact, _DUPLICATES, _OVERWRITE, _AT_THE_END)
            txn.commit()
        except BaseException:
            with suppress(lmdb.Error):  # a commit that failed has ended the transaction by itself
                txn.abort()
            raise
        self._outbox_size += last - self._last
        self._last = last

    def _address(self, table: str, key: str) -> bytes:
        """Where the row is, unless that is too long."""
        end = self._ends.get(table)
        if end is None:
            end = self._ends[table] = b"\0" + table.encode()
        try:
            return _ROWS + key.encode() + end
        except UnicodeEncodeError:
            return _ROWS + key.encode(errors="surrogatepass") + end

    def load(self) -> Iterator[Row]:
        position = _ROWS
        while True:
            page = self._page(position, _ROWS_END)
            for raw, value in page:
                yield _row(raw, value)
            if len(page) < _PAGE_OF_ROWS:
                return
            position = page[-1][0] + b"\0"  # the smallest key above the last one

    def _page(self, position: bytes, end: bytes) -> list[tuple[bytes, bytes]]:
        page: list[tuple[bytes, bytes]] = []
        with self._env.begin() as txn, txn.cursor() as cursor:
            if not cursor.set_range(position):
                return page
            for raw, value in cursor.iternext(keys=True, values=True):
                if raw >= end or len(page) == _PAGE_OF_ROWS:
                    break
                page.append((raw, value))
        return page

    def outbox(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        facts: list[tuple[int, bytes]] = []
        with self._env.begin() as txn, txn.cursor() as cursor:
            if limit <= 0 or not cursor.set_range(_OUTBOX + (after + 1).to_bytes(8, "big")):
                return facts
            for raw, value in cursor.iternext(keys=True, values=True):
                facts.append((int.from_bytes(raw[1:], "big"), value))
                if len(facts) == limit:
                    break
        return facts

    def shipped(self, sequences: Iterable[int]) -> None:
        wanted = sorted(set(sequences))
        if wanted:
            self._written(self._forget, wanted)

    def _written(self, write: Callable[[list[_T]], None], what: list[_T]) -> None:
        while True:
            try:
                write(what)
            except lmdb.MapFullError:
                self._grow()
            except lmdb.Error as error:
                raise self._failure("cannot be written", error) from error
            else:
                return

    def _forget(self, sequences: list[int]) -> None:
        with self._env.begin(write=True) as txn:
            gone = sum(txn.delete(_OUTBOX + sequence.to_bytes(8, "big")) for sequence in sequences)
            if gone:
                # Numbers go on after a restart even when the outbox is empty then.
                txn.put(_SHIPPED_KEY, self._last.to_bytes(8, "big"))
        self._outbox_size -= gone

    def counts(self) -> dict[str, int]:
        with self._env.begin() as txn:
            notes = sum(txn.get(key) is not None for key in _NOTES)
        entries = int(self._env.stat()["entries"])
        return {"rows": entries - notes - self._outbox_size, "outbox": self._outbox_size}

    def close(self) -> None:
        """Flush to disk and let go of the folder. May be called twice."""
        if self._closed:
            return
        self._closed = True
        try:
            self._env.sync(True)  # noqa: FBT003 - LMDB's own signature: force
        except lmdb.Error as error:
            raise self._failure("cannot be written", error) from error
        finally:
            self._env.close()
            self._lock.release()

    def _open(self, path: Path, *, sync: bool, map_size: int) -> lmdb.Environment:
        try:
            # No writemap: it would be faster still, but a full disk would then be a SIGBUS instead of an error.
            env = lmdb.open(str(path), map_size=map_size, max_dbs=0, sync=sync, metasync=sync, max_readers=8)
        except (lmdb.Error, OSError) as error:
            raise self._failure("cannot be opened", error) from error
        needed = (env.info()["last_pgno"] + 1) * env.stat()["psize"]
        actual = (path / "data.mdb").stat().st_size
        if actual < needed and env.info()["last_txnid"] > 0:
            env.close()
            raise JournalError(f"journal {path} is damaged: data.mdb has {actual} bytes, {needed} are in use")
        return env

    def _check_format(self) -> None:
        with self._env.begin() as txn:
            stored = txn.get(_FORMAT_KEY)
        if stored is None:
            if self._env.stat()["entries"]:
                raise JournalError(f"journal {self._path} is not one of ours: it has entries but no format number")
            with self._env.begin(write=True) as txn:
                txn.put(_FORMAT_KEY, str(FORMAT).encode())
        elif not stored.isdigit() or int(stored) > FORMAT:
            found = stored.decode(errors="replace")
            raise JournalError(f"journal {self._path} has format {found}, this release knows formats up to {FORMAT}")
        elif int(stored) < FORMAT:
            self._regroup()

    def _regroup(self) -> None:
        """From format 1. Some rows at a time: should it be interrupted, the next start goes on with what is left."""
        while page := self._page(_ROWS_BY_TABLE, _ROWS_BY_TABLE_END):
            self._written(self._move, page)
        with self._env.begin(write=True) as txn:
            txn.put(_FORMAT_KEY, str(FORMAT).encode())

    def _move(self, page: list[tuple[bytes, bytes]]) -> None:
        with self._env.begin(write=True) as txn:
            for raw, value in page:
                table, _, key = raw[1:].partition(b"\0")
                txn.put(_ROWS + key + b"\0" + table, value)
                txn.delete(raw)

    def _survey(self) -> tuple[int, int]:
        """The outbox's size and the last sequence number given out: counted once, then kept."""
        size = 0
        with self._env.begin() as txn, txn.cursor() as cursor:
            last = int.from_bytes(txn.get(_SHIPPED_KEY, b""), "big")
            if cursor.set_range(_OUTBOX):
                for raw in cursor.iternext(keys=True, values=False):
                    size += 1
                    last = max(last, int.from_bytes(raw[1:], "big"))
        return size, last

    def _grow(self) -> None:
        size = self._env.info()["map_size"] * 2
        try:
            self._env.set_mapsize(size)
        except (lmdb.Error, OSError) as error:
            raise self._failure(f"cannot grow to {size} bytes", error) from error

    def _failure(self, what: str, error: Exception) -> JournalError:
        return JournalError(f"journal {self._path} {what}: {error}")


def _hashed(table: str, key: str, value: bytes | None) -> tuple[bytes, bytes | None]:
    """A key above LMDB's limit (a peer chose a very long Call-ID) is stored by its hash, the key before the value."""
    name = key.encode(errors="surrogatepass")
    raw = _ROWS + _LONG + sha256(name).digest() + b"\0" + table.encode()
    return raw, None if value is None else len(name).to_bytes(4, "big") + name + value


def _row(raw: bytes, value: bytes) -> Row:
    key, _, table = raw[1:].rpartition(b"\0")
    if key[:1] == _LONG:
        end = 4 + int.from_bytes(value[:4], "big")
        key, value = value[4:end], value[end:]
    return Row(table.decode(), key.decode(errors="surrogatepass"), value)
