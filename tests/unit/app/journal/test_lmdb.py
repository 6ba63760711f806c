"""What only the LMDB journal can do: survive a kill, grow, refuse a place that it cannot use."""

import os
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import lmdb
import pytest

from app.journal.lmdb import LmdbJournal
from app.journal.port import JournalError, Row, Turn

# Says each turn on stdout once it is acknowledged, and never stops by itself.
WRITER = """
import itertools, sys
from pathlib import Path
from app.journal.lmdb import LmdbJournal
from app.journal.port import Row, Turn
journal = LmdbJournal(Path(sys.argv[1]), map_size=1 << 16)
for n in itertools.count(1):
    text = str(n).encode()
    journal.append(Turn([Row("calls", str(n), text), Row("latest", "x", text)], [text]))
    if n % 7 == 0:
        journal.shipped([n - 1])
    print(n, flush=True)
"""


def test_every_acknowledged_turn_survives_sigkill(tmp_path: Path) -> None:
    place = tmp_path / "journal"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(place)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    with writer.stdout:
        for line in writer.stdout:
            if int(line) >= 400:
                break
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
    writer.wait()
    acknowledged = int(rest[-1]) if rest else 400

    journal = LmdbJournal(place)
    rows = {(row.table, row.key): row.value for row in journal.load()}
    last = int(rows["latest", "x"] or b"")
    assert last in (acknowledged, acknowledged + 1)  # a turn is there whole, acknowledged or not
    assert {key for table, key in rows if table == "calls"} == {str(n) for n in range(1, last + 1)}
    facts = dict(journal.outbox(0, last + 10))
    missing = set(range(1, last + 1)) - facts.keys()
    assert missing <= {n for n in range(1, last + 1) if n % 7 == 6}
    assert all(int(fact) == sequence for sequence, fact in facts.items())
    journal.append(Turn([], [b"next"]))
    assert journal.outbox(last, 1) == [(last + 1, b"next")]
    journal.close()


def test_sequence_numbers_go_on_after_everything_was_shipped(tmp_path: Path) -> None:
    first = LmdbJournal(tmp_path)
    first.append(Turn([], [b"a", b"b"]))
    first.shipped([1, 2])
    first.close()
    second = LmdbJournal(tmp_path)
    second.append(Turn([], [b"c"]))
    assert second.outbox(0, 10) == [(3, b"c")]
    second.close()


def test_map_grows_and_nothing_is_lost(tmp_path: Path) -> None:
    journal = LmdbJournal(tmp_path, map_size=1 << 16)
    for n in range(100):
        journal.append(Turn([Row("calls", str(n), bytes(5000))], [bytes(3000)]))
    assert journal.counts() == {"rows": 100, "outbox": 100}
    assert sum(len(row.value or b"") for row in journal.load()) == 500_000
    journal.close()
    reopened = LmdbJournal(tmp_path, map_size=1 << 16)
    assert [sequence for sequence, _ in reopened.outbox(0, 200)] == list(range(1, 101))
    reopened.close()


def test_load_reads_in_pages_and_allows_appends_between(tmp_path: Path) -> None:
    journal = LmdbJournal(tmp_path)
    journal.append(Turn([Row("calls", f"{n:05}", b"x") for n in range(1200)], [b"fact"]))
    seen = 0
    for row in journal.load():
        journal.append(Turn([row._replace(value=None)], []))
        seen += 1
    assert seen == 1200
    assert journal.counts() == {"rows": 0, "outbox": 1}
    journal.close()


def test_a_turn_that_fails_changes_nothing(tmp_path: Path) -> None:
    journal = LmdbJournal(tmp_path)
    journal.append(Turn([Row("calls", "1", b"old")], [b"one"]))
    with pytest.raises(TypeError):
        journal.append(Turn([Row("calls", "1", b"new"), Row("calls", "2", "no bytes")], [b"two"]))  # type: ignore[arg-type]
    assert list(journal.load()) == [Row("calls", "1", b"old")]
    assert journal.counts() == {"rows": 1, "outbox": 1}
    journal.close()


def test_second_owner_is_told_who_has_it(tmp_path: Path) -> None:
    journal = LmdbJournal(tmp_path)
    with pytest.raises(JournalError, match=f"already in use by pid {os.getpid()}"):
        LmdbJournal(tmp_path)
    journal.close()
    journal.close()
    LmdbJournal(tmp_path).close()


def test_place_that_is_a_file(tmp_path: Path) -> None:
    place = tmp_path / "journal"
    place.write_text("")
    with pytest.raises(JournalError, match="cannot be opened: File exists"):
        LmdbJournal(place)


def test_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "data.mdb").write_bytes(b"garbage" * 2000)
    with pytest.raises(JournalError, match=r"cannot be opened.*INVALID"):
        LmdbJournal(tmp_path)
    with pytest.raises(JournalError, match="cannot be opened"):  # and the lock was let go of
        LmdbJournal(tmp_path)


def test_truncated_file(tmp_path: Path) -> None:
    journal = LmdbJournal(tmp_path)
    journal.append(Turn([Row("calls", str(n), bytes(1000)) for n in range(100)], []))
    journal.close()
    data = tmp_path / "data.mdb"
    os.truncate(data, data.stat().st_size // 2)
    with pytest.raises(JournalError, match=r"damaged: data\.mdb has"):
        LmdbJournal(tmp_path)


def test_later_format(tmp_path: Path) -> None:
    with lmdb.open(str(tmp_path)) as env, env.begin(write=True) as txn:
        txn.put(b"mformat", b"3")
    with pytest.raises(JournalError, match="has format 3, this release knows formats up to 2"):
        LmdbJournal(tmp_path)


def test_format_1_is_read(tmp_path: Path) -> None:
    """Its rows lay by table. Some had been moved when the first start of this release was killed."""
    long = "k" * 600
    with lmdb.open(str(tmp_path), map_size=1 << 24) as env, env.begin(write=True) as txn:
        txn.put(b"mformat", b"1")
        txn.put(b"mshipped", (6).to_bytes(8, "big"))
        txn.put(b"\xff" + (7).to_bytes(8, "big"), b"fact")
        for n in range(1200):
            txn.put(b"rcalls\0%05d" % n, b"%d" % n)
        txn.put(b"rcalls\0a\0b", b"nul")
        txn.put(b"rcalls\0\xff" + sha256(long.encode()).digest(), (600).to_bytes(4, "big") + long.encode() + b"long")
        txn.put(b"sgone\0agents", b"moved")
    journal = LmdbJournal(tmp_path, map_size=1 << 16)
    rows = {(row.table, row.key): row.value for row in journal.load()}
    assert len(rows) == 1203
    assert rows["calls", "00700"] == b"700"
    assert (rows["calls", "a\0b"], rows["calls", long], rows["agents", "gone"]) == (b"nul", b"long", b"moved")
    assert journal.counts() == {"rows": 1203, "outbox": 1}
    journal.append(Turn([Row("calls", "00700", None), Row("calls", long, None)], [b"next"]))
    journal.close()
    again = LmdbJournal(tmp_path)
    assert again.counts() == {"rows": 1201, "outbox": 2}
    assert again.outbox(7, 9) == [(8, b"next")]
    again.close()


def test_somebody_elses_file(tmp_path: Path) -> None:
    with lmdb.open(str(tmp_path)) as env, env.begin(write=True) as txn:
        txn.put(b"x", b"y")
    with pytest.raises(JournalError, match="not one of ours"):
        LmdbJournal(tmp_path)


def test_sync_mode(tmp_path: Path) -> None:
    journal = LmdbJournal(tmp_path, sync=True)
    journal.append(Turn([Row("calls", "1", b"v")], []))
    assert list(journal.load()) == [Row("calls", "1", b"v")]
    journal.close()
