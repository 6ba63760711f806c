"""The LMDB journal and its twin in memory behave alike, over restarts too."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.journal.lmdb import LmdbJournal
from app.journal.memory import MemoryJournal
from app.journal.port import Row, Turn

TABLES = st.sampled_from(["calls", "call_parts", "agents"])
KEYS = st.sampled_from(["", "a", "a\0b", "b", "ü", "\ud800", "k" * 600, "k" * 600 + "2"])
ROWS = st.lists(st.builds(Row, TABLES, KEYS, st.one_of(st.none(), st.binary(max_size=50))), max_size=5)
FACTS = st.lists(st.binary(min_size=1, max_size=20), max_size=4)


class Twins(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "journal"

    @initialize()
    def start(self) -> None:
        self.memory = MemoryJournal()
        self.lmdb = LmdbJournal(self.path, map_size=1 << 16)

    @rule(rows=ROWS, facts=FACTS)
    def append(self, rows: list[Row], facts: list[bytes]) -> None:
        turn = Turn(rows, facts)
        self.memory.append(turn)
        self.lmdb.append(turn)

    @rule(skip=st.integers(0, 3), limit=st.integers(0, 5))
    def ship(self, skip: int, limit: int) -> None:
        batch = self.memory.outbox(skip, limit)
        assert self.lmdb.outbox(skip, limit) == batch
        sequences = [sequence for sequence, _ in batch] + [999]
        self.memory.shipped(sequences)
        self.lmdb.shipped(sequences)

    @rule()
    def restart(self) -> None:
        self.lmdb.close()
        self.lmdb = LmdbJournal(self.path, map_size=1 << 16)

    @invariant()
    def alike(self) -> None:
        if not hasattr(self, "lmdb"):
            return
        assert sorted(self.lmdb.load()) == sorted(self.memory.load())
        assert self.lmdb.outbox(0, 10_000) == self.memory.outbox(0, 10_000)
        assert self.lmdb.counts() == self.memory.counts()

    def teardown(self) -> None:
        if hasattr(self, "lmdb"):
            self.lmdb.close()
        self.folder.cleanup()


Twins.TestCase.settings = settings(max_examples=30, stateful_step_count=15, deadline=None, derandomize=True)
TestTwins = Twins.TestCase
