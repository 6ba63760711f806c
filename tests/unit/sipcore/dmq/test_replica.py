"""The channel ``usrloc``: what is told to whom and when, and what is asked."""

from dataclasses import replace

import pytest

from sipcore.binding import BindingChange, BindingChanged, Cause
from sipcore.dmq.usrloc import REMOVE, SYNC_REQUEST, UPDATE
from tests.unit.sipcore.dmq.replica_desk import NOW, THERE, Desk, body_of, bound, one


def test_every_peer_is_told_what_happens_here() -> None:
    desk = Desk(sync=False)
    first, second = desk.peer(1), desk.peer(2)
    binding = bound()
    desk.register(binding)
    assert desk.settle() == [one(first, (UPDATE, "ana-0")), one(second, (UPDATE, "ana-0"))]
    desk.register(replace(binding, cseq=2))
    desk.remove(binding)
    assert desk.settle()[-2:] == [one(first, (REMOVE, "ana-0")), one(second, (REMOVE, "ana-0"))]
    assert first.counters == {"told": 3, "confirmed": 3}


def test_what_a_node_told_and_what_time_does_is_not_told() -> None:
    desk = Desk(sync=False)
    teller, _ = desk.peer(1), desk.peer(2)
    desk.hear(body_of(bound()), teller)
    assert [each.ruid for each in desk.store.bindings("sip:ana@callyard")] == ["ana-0"]
    desk.replica.note(BindingChanged(BindingChange.EXPIRED, bound("bo"), bound("bo"), Cause.TIME), NOW)
    desk.hear(body_of(bound(), action=REMOVE), teller)
    assert (len(desk), desk.settle(), desk.answers) == (0, [], [200, 200])


@pytest.mark.parametrize("cause", [Cause.SILENCE, Cause.FLOW, Cause.OPERATOR])
def test_a_removal_is_told_whatever_its_cause(cause: Cause) -> None:
    desk = Desk(sync=False)
    peer = desk.peer()
    desk.register(bound(source=THERE))
    desk.settle()
    desk.remove(bound(source=THERE), cause=cause)
    assert desk.settle() == [one(peer, (REMOVE, "ana-0"))]


def test_beyond_the_window_changes_collect_and_leave_together() -> None:
    desk = Desk(sync=False, window=2)
    peer = desk.peer()
    desk.register(*[bound(f"u{number}") for number in range(6)])
    assert desk.told() == [one(peer, (UPDATE, "u0-0")), one(peer, (UPDATE, "u1-0"))]
    lag = desk.replica.lag(peer, NOW + 3)
    assert lag is not None
    assert (lag.waiting, lag.seconds) == (6, 3.0)
    done = desk.waiting[0]
    assert done is not None
    done(200, NOW + 4)
    assert desk.told() == [one(peer, *[(UPDATE, f"u{number}-0") for number in range(2, 6)])]


def test_no_change_overtakes_another_of_the_same_user() -> None:
    desk = Desk(sync=False)
    peer = desk.peer()
    desk.register(bound())
    desk.remove(bound())
    desk.register(bound(number=1))
    assert desk.told() == [one(peer, (UPDATE, "ana-0"))]
    (done,) = desk.waiting
    assert done is not None
    done(200, NOW)
    assert desk.told() == [one(peer, (REMOVE, "ana-0"), (UPDATE, "ana-1"))]


def test_what_is_not_answered_is_told_again_as_it_is_by_then() -> None:
    desk = Desk(sync=False)
    peer = desk.peer()
    desk.register(bound(), bound("bo"))
    desk.remove(bound())
    desk.answer(None)
    told = [change for _, changes in desk.told() for change in changes]
    assert sorted(told) == [(UPDATE, "bo-0"), (REMOVE, "ana-0")]
    assert peer.counters["unanswered"] == 2


def test_a_peer_without_the_channel_is_left_in_peace() -> None:
    desk = Desk()
    peer = desk.peer()
    desk.answer(404)
    desk.register(bound())
    assert (desk.told(), desk.replica.lag(peer, NOW)) == ([], None)


def test_one_contact_a_request_where_batches_are_not_wanted() -> None:
    desk = Desk(batch_msg_contacts=1)
    desk.store.replace("sip:ana@callyard", [bound(number=number) for number in range(3)])
    peer = desk.peer()
    assert [len(contacts) for address, contacts in desk.settle() if address == peer.address] == [1, 1, 1, 1]


# ------------------------------------------------------------------ syncs


def test_a_peer_that_joins_is_asked_and_told_what_is_ours() -> None:
    desk = Desk()
    desk.store.replace("sip:ana@callyard", [bound(), bound(number=1, source=THERE)])
    desk.store.replace("sip:bo@callyard", [bound("bo", source=THERE)])
    peer = desk.peer()
    assert desk.settle() == [one(peer, (0, "")), one(peer, (UPDATE, "ana-0"))]
    lag = desk.replica.lag(peer, NOW)
    assert lag is not None
    assert (lag.pulled, lag.walked, lag.waiting) == (True, None, 0)


def test_without_sync_nobody_is_asked() -> None:
    desk = Desk(sync=False)
    desk.store.replace("sip:ana@callyard", [bound()])
    desk.peer()
    assert desk.settle() == []


def test_a_peer_that_asks_is_told_all_but_what_it_told_itself() -> None:
    """A Kamailio that is told its own contact takes it for another's, and tells nobody when its phone is gone."""
    desk = Desk(sync=False)
    first, second = desk.peer(1), desk.peer(2)
    desk.register(bound("ours"))
    desk.settle()
    desk.hear(body_of(bound("theirs")), first)
    desk.hear(SYNC_REQUEST, first)
    assert desk.settle() == [one(first, (UPDATE, "ours-0"))]
    desk.hear(SYNC_REQUEST, second)
    assert desk.settle() == [one(second, (UPDATE, "ours-0"), (UPDATE, "theirs-0"))]
    desk.register(bound("theirs", updated_at=950.0))  # the phone came to us
    desk.settle()
    desk.hear(SYNC_REQUEST, first)
    assert desk.settle() == [one(first, (UPDATE, "ours-0"), (UPDATE, "theirs-0"))]
    desk.replica.left(first, NOW)
    desk.replica.joined(first, NOW)
    desk.hear(SYNC_REQUEST, first)
    assert len(desk.settle()) == 1


def test_a_sync_goes_on_while_everything_changes() -> None:
    desk = Desk(batch_msg_contacts=10, window=2, slice=4)
    for number in range(500):
        desk.store.replace(f"sip:u{number:03d}@callyard", [bound(f"u{number:03d}")])
    peer = desk.peer()
    told: set[str] = set()
    number = 0
    while desk.sent or desk.replica.next_deadline() == 0.0:
        number += 1
        sent = list(desk.sent)
        told |= {ruid for _, contacts in desk.told() for _, ruid in contacts}
        desk.sent = sent
        desk.answer()
        if number < 40:
            desk.register(bound(f"u{number * 7 % 500:03d}", 1), bound(f"v{number}"), bound(f"a{number}"))
        desk.replica.expire(NOW)
    kept = {each.ruid for _, bindings in desk.store.walk() for each in bindings}
    assert kept <= told
    assert peer.counters["confirmed"] >= len(kept)


def test_a_sync_pauses_as_kamailio_s_does() -> None:
    desk = Desk(batch_msg_contacts=10, batch_size=20, batch_usleep=50_000)
    for number in range(50):
        desk.store.replace(f"sip:u{number:02d}@callyard", [bound(f"u{number:02d}")])
    peer = desk.peer()
    now = NOW
    slices = []
    while (due := desk.replica.next_deadline()) is not None:
        slices.append(sum(len(contacts) for _, contacts in desk.settle(now) if contacts != [(0, "")]))
        due = desk.replica.next_deadline()
        if due is None:
            break
        assert due == pytest.approx(now + 0.05)
        now = due
        desk.replica.expire(now)
    slices.append(sum(len(contacts) for _, contacts in desk.settle(now)))
    assert [each for each in slices if each] == [20, 20, 10]
    assert peer.counters["told"] == 50


def test_a_request_for_all_that_nothing_came_of_is_repeated() -> None:
    desk = Desk(ask_again=5.0, asks=3)
    peer = desk.peer()
    asked = [NOW]
    while (due := desk.replica.next_deadline()) is not None:
        desk.replica.expire(due)
        asked.append(due)
    assert [each - NOW for each in asked] == [0, 5, 15]
    assert desk.told() == [one(peer, (0, ""))] * 3
    spoken = desk.peer(2)
    desk.hear(body_of(bound()), spoken)
    assert desk.replica.next_deadline() is None


def test_who_asks_without_being_known_is_answered_and_no_more() -> None:
    desk = Desk()
    desk.hear(SYNC_REQUEST, None)
    assert (desk.answers, desk.sent, desk.replica.counters["syncs_of_strangers"]) == ([200], [], 1)


def test_what_was_removed_lately_is_told_to_who_joins() -> None:
    """A third node may tell it the contact, which has not heard of its end."""
    desk = Desk(sync=False)
    desk.register(bound(), bound("bo"))
    desk.remove(bound(), NOW)
    desk.remove(bound("bo"), NOW + 100)
    peer = desk.peer(now=NOW + 150)
    assert desk.settle(NOW + 150) == [one(peer, (REMOVE, "bo-0"))]
