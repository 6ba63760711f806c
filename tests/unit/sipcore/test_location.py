"""Bindings in memory: order of preference, atomic replacement, expiry by deadline."""

from dataclasses import replace

from sipcore.location import Binding, MemoryLocations
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
