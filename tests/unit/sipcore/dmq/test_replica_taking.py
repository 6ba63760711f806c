"""The channel ``usrloc``: how requests of peers are applied and answered, and its parts."""

from dataclasses import replace

import pytest

from sipcore.dmq.feed import Change, Feed
from sipcore.dmq.graves import Graves
from sipcore.dmq.peer import Peer
from sipcore.dmq.usrloc import REMOVE, UPDATE
from tests.unit.sipcore.dmq.replica_desk import NOW, Desk, body_of, bound, one


@pytest.mark.parametrize("body", [b"", b"{", b'{"action":9}', b"[]"])
def test_what_cannot_be_read_is_refused(body: bytes) -> None:
    desk = Desk()
    desk.hear(body, desk.peer())
    assert (desk.answers, desk.replica.counters["bad_bodies"]) == ([400], 1)


def test_an_odd_contact_is_counted_and_the_others_are_taken() -> None:
    desk = Desk(sync=False)
    peer = desk.peer()
    desk.hear(body_of(bound(), replace(bound("bo"), contact="nonsense"), bound("cy")), peer)
    assert (desk.answers, len(desk)) == ([200], 2)
    assert peer.counters == {"applied": 2, "bad_contacts": 1}


def test_many_are_applied_in_slices_and_answered_when_they_are() -> None:
    desk = Desk(sync=False, slice=30)
    peer = desk.peer()
    for start in range(0, 100, 50):
        desk.hear(body_of(*[bound(f"u{number:02d}") for number in range(start, start + 50)]), peer)
    sizes = [len(desk)]
    while desk.replica.next_deadline() == 0.0:
        desk.replica.expire(NOW)
        sizes.append(len(desk))
    assert sizes == [30, 60, 90, 100]
    assert desk.answers == [200, 200]


def test_more_than_there_is_room_for_is_refused() -> None:
    desk = Desk(sync=False, slice=1, waiting_bytes=20_000)
    peer = desk.peer()
    body = body_of(*[bound(f"u{number:02d}") for number in range(40)])
    for _ in range(3):
        desk.hear(body, peer)
    assert desk.answers == [503] * (3 - 20_000 // len(body))
    while desk.replica.next_deadline() == 0.0:
        desk.replica.expire(NOW)
    desk.hear(body, peer, NOW + 1)
    assert desk.answers.count(503) == 3 - 20_000 // len(body)


def test_no_more_bindings_than_we_hold() -> None:
    desk = Desk(sync=False, max_bindings=2, max_contacts=2)
    peer = desk.peer()
    desk.hear(body_of(bound(), bound("bo"), bound("cy"), replace(bound(), updated_at=950.0)), peer)
    assert peer.counters == {"applied": 3, "full": 1}


def test_what_was_removed_does_not_come_back_with_a_late_word() -> None:
    """A sync that was under way; the removal is told again, because others may have it from there by now."""
    desk = Desk(sync=False)
    peer, other = desk.peer(1), desk.peer(2)
    binding = bound()
    desk.register(binding)
    desk.remove(binding)
    desk.settle()
    desk.hear(body_of(binding), peer)
    assert len(desk) == 0
    assert desk.settle() == [one(peer, (REMOVE, "ana-0")), one(other, (REMOVE, "ana-0"))]
    desk.hear(body_of(replace(binding, updated_at=950.0)), peer)  # it has registered there since
    assert (len(desk), desk.settle()) == (1, [])


def test_a_contact_that_two_nodes_named_goes_under_both_names() -> None:
    desk = Desk(sync=False)
    peer = desk.peer()
    desk.register(bound(updated_at=990.0))
    desk.remove(bound(updated_at=990.0))
    desk.settle()
    desk.hear(body_of(replace(bound(), ruid="uloc-1")), peer)
    assert (len(desk), desk.settle()) == (0, [one(peer, (REMOVE, "uloc-1"))])
    desk.hear(body_of(replace(bound(), ruid="uloc-2", updated_at=991.0)), peer)
    assert len(desk) == 1


def test_a_removal_that_comes_before_its_update() -> None:
    desk = Desk(sync=False)
    peer = desk.peer()
    desk.hear(body_of(bound(), action=REMOVE), peer)
    desk.hear(body_of(bound()), peer)
    assert len(desk) == 0


def test_a_peer_that_has_an_older_state_is_told_ours() -> None:
    desk = Desk(sync=False)
    peer = desk.peer()
    desk.register(bound(updated_at=950.0))
    desk.settle()
    desk.hear(body_of(bound(updated_at=940.0)), peer)
    assert desk.settle() == [one(peer, (UPDATE, "ana-0"))]
    desk.hear(body_of(bound(updated_at=950.0)), peer)  # our own word, come back
    assert desk.settle() == []


# ------------------------------------------------------------------ the parts


def test_graves_are_forgotten_in_time_and_beyond_their_number() -> None:
    graves = Graves(60.0, 2)
    for number in range(3):
        graves.bury(bound(f"u{number}"), NOW + number)
    assert [graves.find(bound(f"u{number}")) is not None for number in range(3)] == [False, True, True]
    graves.bury(bound("late"), NOW + 61.5)
    assert (graves.find(bound("u1")), len(graves)) == (None, 2)


def test_of_one_user_more_than_a_request_takes_wait_for_the_first() -> None:
    feed = Feed(Peer("sip:192.0.2.1:5060", None))
    for number in range(5):
        feed.note(UPDATE, bound(number=number), NOW)
    taken = feed.take_changes(3)
    assert ([change.binding.ruid for change in taken], feed.waiting) == (["ana-0", "ana-1", "ana-2"], 2)
    feed.restore([Change(UPDATE, bound(number=4), NOW)])
    assert feed.waiting == 2
