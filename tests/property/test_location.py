"""The location store against a plain model: a list of bindings that is searched from end to end."""

from dataclasses import replace
from itertools import islice

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sipcore.binding import Binding, BindingChange
from sipcore.location import MemoryLocations
from sipcore.packets import Hop, Source

AORS = st.sampled_from([f"sip:{name}@callyard" for name in ("ana", "bo", "cy", "di")])
RUIDS = st.integers(0, 5)
FLOWS = st.sampled_from([0, 0, 1, 2])
EXPIRIES = st.integers(1, 50)
AGES = st.integers(0, 3)


class Locations(RuleBasedStateMachine):
    """``model`` holds bindings by (AoR, ruid); a ruid has one contact, so that names and contacts say the same."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryLocations()
        self.model: dict[tuple[str, str], Binding] = {}
        self.now = 100.0
        self.cursor: str | None = None  # of a walk that is under way, a slice at a time
        self.seen: list[str] = []
        self.throughout: set[str] = set()  # those that have been there since it began

    def binding(self, aor: str, number: int, expires: int, flow: int, age: int, q: float = 1.0) -> Binding:
        source = Source(Hop("TCP" if flow else "UDP", "192.0.2.1", 5000 + number), 0, flow)
        return Binding(
            aor, f"sip:x@192.0.2.1:{5000 + number}", self.now + expires, "c", 1, source, q, ruid=f"r{number}",
            updated_at=self.now - age,
        )  # fmt: skip

    def of(self, aor: str) -> list[Binding]:
        return [binding for (owner, _), binding in self.model.items() if owner == aor]

    @rule(
        aor=AORS,
        numbers=st.lists(RUIDS, unique=True, max_size=4),
        expires=EXPIRIES,
        flow=FLOWS,
        q=st.sampled_from([0.5, 1.0]),
    )
    def replaces(self, aor: str, numbers: list[int], expires: int, flow: int, q: float) -> None:
        bindings = [self.binding(aor, number, expires + number, flow, 0, q) for number in numbers]
        self.store.replace(aor, bindings)
        self.model = {key: each for key, each in self.model.items() if key[0] != aor}
        self.model |= {(aor, each.ruid): each for each in bindings}

    @rule(aor=AORS, number=RUIDS, expires=EXPIRIES, flow=FLOWS, age=AGES, cseq=st.integers(0, 2))
    def applies(self, aor: str, number: int, expires: int, flow: int, age: int, cseq: int) -> None:
        binding = replace(self.binding(aor, number, expires, flow, age), cseq=cseq)
        before = self.model.get((aor, binding.ruid))
        newer = before is None or (binding.updated_at, binding.cseq) > (before.updated_at, before.cseq)
        change = self.store.apply(binding)
        assert (change is not None) == newer
        if change is not None:
            assert change.change is (BindingChange.ADDED if before is None else BindingChange.REFRESHED)
            self.model[aor, binding.ruid] = binding

    @rule(aor=AORS, number=RUIDS, age=AGES, by_contact=st.booleans())
    def withdraws(self, aor: str, number: int, age: int, by_contact: bool) -> None:
        before = self.model.get((aor, f"r{number}"))
        gone = before is not None and before.updated_at <= self.now - age
        ruid = "" if by_contact else f"r{number}"
        change = self.store.withdraw(replace(self.binding(aor, number, 1, 0, age), ruid=ruid, cseq=9))
        assert (change is not None) == gone
        if gone:
            del self.model[aor, f"r{number}"]

    @rule(aor=AORS, number=RUIDS, expires=EXPIRIES, flow=FLOWS)
    def renews(self, aor: str, number: int, expires: int, flow: int) -> None:
        """A phone that is there refreshes, perhaps over another stream."""
        before = self.model.get((aor, f"r{number}"))
        if before is not None:
            binding = self.model[aor, before.ruid] = self.binding(aor, number, expires, flow, 0, before.q)
            self.store.renew(before, binding)

    @rule(size=st.integers(1, 2))
    def walks_on(self, size: int) -> None:
        """Everything in slices, the store changing between them, as replication and REST do it."""
        if self.cursor is None:
            self.cursor, self.seen, self.throughout = "", [], {aor for aor, _ in self.model}
        walked = [aor for aor, _ in islice(self.store.walk(self.cursor), size)]
        self.seen += walked
        self.cursor = walked[-1] if len(walked) == size else None
        if self.cursor is None:
            assert self.seen == sorted(set(self.seen))
            assert self.throughout <= set(self.seen)

    @rule(seconds=st.integers(1, 20))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds
        gone = {(each.aor, each.ruid) for each in self.store.expire(self.now)}
        assert gone == {key for key, each in self.model.items() if each.expires_at <= self.now}
        self.model = {key: each for key, each in self.model.items() if key not in gone}

    @invariant()
    def agrees(self) -> None:
        self.throughout &= {aor for aor, _ in self.model}
        assert len(self.store) == len(self.model)
        walked = list(self.store.walk())
        assert [aor for aor, _ in walked] == sorted({aor for aor, _ in self.model})
        for aor, bindings in walked:
            assert tuple(bindings) == tuple(self.store.bindings(aor))
            assert sorted(bindings, key=_name) == sorted(self.of(aor), key=_name)
            preference = [(-each.q, -each.expires_at) for each in bindings]
            assert preference == sorted(preference)
        assert self.store.next_deadline() == min((each.expires_at for each in self.model.values()), default=None)
        for flow in (1, 2):
            found = sorted(self.store.of_flow(flow), key=_name)
            assert found == sorted([each for each in self.model.values() if each.source.flow == flow], key=_name)


def _name(binding: Binding) -> tuple[str, str]:
    return binding.aor, binding.ruid


TestLocations = Locations.TestCase
TestLocations.settings = settings(max_examples=100, stateful_step_count=40)
