"""Bindings in memory: order of preference, atomic replacement, expiry by deadline."""

from dataclasses import replace

from sipcore.binding import Binding, BindingChange, BindingChanged, Cause
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
    ended = stream._replace(flow=0)
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
    store.replace(ONE.aor, [replace(over, source=stream._replace(flow=8)), TWO])
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
    assert store.withdraw(ONE.aor, "k-2", "", 51.0) is None  # it has registered since
    assert store.withdraw(ONE.aor, "", "sip:ana@192.0.2.77", 53.0) == BindingChanged(
        BindingChange.REMOVED, other, other, Cause.REPLICATION
    )
    assert store.withdraw(ONE.aor, "k-2", "", 60.0) is None
    assert [binding.ruid for binding in store.bindings(ONE.aor)] == ["k-1"]
