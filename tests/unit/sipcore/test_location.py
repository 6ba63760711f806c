"""Bindings in memory: order of preference, atomic replacement, expiry by deadline."""

from dataclasses import replace

from sipcore.binding import Binding, BindingChange, BindingChanged, Cause, is_covered, is_newer, written_at
from sipcore.location import MemoryLocations
from sipcore.packets import Hop, Source

UDP = Source(Hop("UDP", "192.0.2.1", 5060))
ONE = Binding("sip:ana@callyard", "sip:ana@192.0.2.1:5060", 100.0, "call-1", 1, UDP)
TWO = replace(ONE, contact="sip:ana@192.0.2.2", expires_at=50.0, q=0.5)


def test_preferred_first_then_the_latest() -> None:
    store = MemoryLocations()
    late = replace(ONE, contact="sip:ana@192.0.2.3", expires_at=200.0)
    store.replace(ONE.aor, [TWO, ONE, late])
    assert list(store.bindings(ONE.aor)) == [late, ONE, TWO]
    assert len(store) == 3


def test_expiry_removes_exactly_what_is_due() -> None:
    store = MemoryLocations()
    store.replace(ONE.aor, [ONE, TWO])
    assert store.next_deadline() == 50.0
    assert store.expire(49.999) == []
    assert store.expire(50.0) == [TWO]
    assert store.next_deadline() == 100.0
    assert store.expire(1000.0) == [ONE]
    assert (store.next_deadline(), len(store), list(store.bindings(ONE.aor))) == (None, 0, [])


def test_refresh_moves_the_deadline() -> None:
    store = MemoryLocations()
    store.replace(ONE.aor, [ONE])
    store.replace(ONE.aor, [replace(ONE, expires_at=300.0)])
    assert store.expire(100.0) == []
    assert store.next_deadline() == 300.0


def test_replacing_by_nothing_forgets_the_user() -> None:
    store = MemoryLocations()
    store.replace(ONE.aor, [])
    store.replace(ONE.aor, [ONE])
    store.replace(ONE.aor, [])
    assert (store.next_deadline(), len(store)) == (None, 0)


def test_reach_follows_the_contact_unless_nat_or_a_stream_is_in_the_way() -> None:
    assert ONE.reach() == (None, 0)
    assert replace(ONE, contact="sip:ana@10.0.0.7:5060").reach() == (UDP.hop, 0)
    assert replace(ONE, contact="nonsense").reach() == (UDP.hop, 0)
    stream = Source(Hop("TCP", "192.0.2.1", 40000), 1, 7)
    assert replace(ONE, source=stream).reach() == (stream.hop, 7)
    ended = replace(stream, flow=0)
    assert replace(ONE, source=ended).reach() == (None, 0)
    assert replace(ONE, source=ended, contact="sip:ana@10.0.0.7").reach() == (stream.hop, 0)


def test_a_path_leads_unless_its_first_hop_is_a_name_that_we_cannot_resolve() -> None:
    assert replace(ONE, path=("<sip:192.0.2.9;lr>", "<sip:edge.example;lr>")).reach() == (None, 0)
    assert replace(ONE, path=("<sip:edge.example;lr>",)).reach() == (UDP.hop, 0)
    assert not replace(ONE, contact="sip:ana@10.0.0.7", path=("<sip:192.0.2.9;lr>",)).behind_nat()


def test_walk_is_in_order_and_goes_on_after_any_text() -> None:
    store = MemoryLocations()
    names = [f"sip:u{number:04d}@callyard" for number in range(3000)]
    for name in reversed(names):
        store.replace(name, [replace(ONE, aor=name)])
    assert [aor for aor, _ in store.walk()] == names
    assert next(store.walk("sip:u1499@callyard"))[0] == names[1500]
    for name in names[:2999]:
        store.replace(name, [])
    assert [aor for aor, _ in store.walk()] == names[2999:]
    assert list(store.walk(names[2999])) == []


def test_what_came_over_a_stream_is_found_by_it() -> None:
    store = MemoryLocations()
    stream = Source(Hop("TCP", "192.0.2.1", 40000), 1, 7)
    over = replace(ONE, source=stream)
    store.replace(ONE.aor, [over, TWO])
    assert store.of_flow(7) == [over]
    store.replace(ONE.aor, [replace(over, source=replace(stream, flow=8)), TWO])
    assert (store.of_flow(7), len(store.of_flow(8))) == ([], 1)
    store.replace(ONE.aor, [])
    assert store.of_flow(8) == []


def test_another_node_s_word_counts_where_it_is_newer() -> None:
    store = MemoryLocations()
    mine = replace(ONE, ruid="m-1", updated_at=50.0)
    store.replace(ONE.aor, [mine])
    assert store.apply(replace(mine, updated_at=49.0, expires_at=400.0)) is None
    assert store.apply(replace(mine, ruid="k-1", cseq=1)) is None  # the same second, the same request
    change = store.apply(replace(mine, ruid="k-1", updated_at=51.0, expires_at=300.0))
    assert change is not None
    assert (change.change, change.cause, change.before) == (BindingChange.REFRESHED, Cause.REPLICATION, mine)
    other = replace(ONE, contact="sip:ana@192.0.2.77", ruid="k-2", updated_at=52.0)
    added = store.apply(other)
    assert added is not None
    assert added.change is BindingChange.ADDED
    assert store.withdraw(replace(other, updated_at=51.0)) is None  # it has registered since
    assert store.withdraw(replace(other, ruid="k-7", contact="sip:ana@192.0.2.78", updated_at=53.0)) is None
    assert store.withdraw(replace(other, ruid="k-7")) == BindingChanged(
        BindingChange.REMOVED, other, other, Cause.REPLICATION
    )
    assert store.withdraw(replace(other, updated_at=60.0)) is None
    assert [binding.ruid for binding in store.bindings(ONE.aor)] == ["k-1"]


def test_of_two_states_every_node_takes_the_same() -> None:
    """Whole seconds, as the bus tells them; then the CSeq of one Call-ID; of two Call-IDs always the same one."""
    state = replace(ONE, updated_at=50.9, cseq=5)
    assert is_newer(replace(state, updated_at=51.0, cseq=1), state)
    assert not is_newer(replace(state, updated_at=50.0), state)
    assert is_newer(replace(state, updated_at=50.0, cseq=6), state)
    other = replace(state, call_id="call-2", cseq=1)
    assert (is_newer(other, state), is_newer(state, other)) == (True, False)


def test_a_removal_takes_what_is_not_newer_than_what_was_removed() -> None:
    state = replace(ONE, updated_at=50.9, cseq=5)
    assert is_covered(replace(state, updated_at=50.0), state)
    assert is_covered(replace(state, updated_at=49.0, cseq=9), state)
    assert not is_covered(replace(state, updated_at=51.0), state)
    assert not is_covered(replace(state, cseq=6), state)
    assert is_covered(replace(state, call_id="call-2", cseq=6), state)


def test_what_replaces_another_state_is_newer_for_every_node() -> None:
    """Also where another node's clock is ahead of ours, or a phone starts anew within the second."""
    before = replace(ONE, updated_at=50.2, cseq=5)
    for call_id, cseq, now in (
        ("call-1", 6, 50.9),
        ("a", 1, 50.9),
        ("z", 1, 50.1),
        ("a", 1, 47.0),
        ("call-1", 6, 47.0),
        ("a", 1, 90.0),
    ):
        after = replace(before, call_id=call_id, cseq=cseq, updated_at=written_at(before, call_id, now))
        assert is_newer(after, before)
        assert not is_newer(before, after)
    assert written_at(before, "call-1", 50.9) == 50.9
    assert written_at(before, "a", 90.0) == 90.0
