"""The channel ``usrloc``: what is told to whom and when, what is asked, how requests of peers are applied and answered."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from sipcore.binding import Binding, BindingChange, BindingChanged, Cause
from sipcore.dmq.channel import Done
from sipcore.dmq.feed import Change, Feed
from sipcore.dmq.graves import Graves
from sipcore.dmq.peer import Peer
from sipcore.dmq.replica import Replica, ReplicaConfig
from sipcore.dmq.usrloc import REMOVE, SYNC_REQUEST, UPDATE, Usrloc, UsrlocConfig, batch
from sipcore.location import MemoryLocations
from sipcore.message import Request
from sipcore.packets import ANY_LISTENER, Hop, Source

USRLOC: Final = UsrlocConfig(("callyard",))
UDP: Final = Source(Hop("UDP", "192.0.2.1", 5060))
THERE: Final = Source(Hop("UDP", "192.0.2.1", 5060), ANY_LISTENER)
NOW: Final = 1000.0


def bound(user: str = "ana", number: int = 0, **more: Any) -> Binding:
    fields: dict[str, Any] = {"ruid": f"{user}-{number}", "updated_at": 900.0, **more}
    contact = f"sip:{user}@192.0.2.1:{5060 + number}"
    return Binding(f"sip:{user}@callyard", contact, 5000.0, f"call-{user}", 1, fields.pop("source", UDP), **fields)


class Desk:
    """A replica with a store, between peers that say nothing by themselves: what it sends waits in ``sent``."""

    def __init__(self, **config: Any) -> None:
        self.store = MemoryLocations()
        self.sent: list[tuple[Peer, bytes, Done | None, bool]] = []
        self.answers: list[int] = []
        self.replica = Replica(ReplicaConfig(**config), USRLOC, self, self)

    # a Sender

    def send(
        self, peer: Peer, channel: str, content_type: str, body: bytes, now: float, *, done: Done | None = None,
        once: bool = False,
    ) -> None:  # fmt: skip
        assert (channel, content_type) == ("usrloc", "application/json")
        self.sent.append((peer, body, done, once))

    def active(self) -> Sequence[Peer]:
        return []

    # Bindings

    def apply(self, binding: Binding, now: float) -> bool:
        return self._told(self.store.apply(binding), now)

    def withdraw(self, binding: Binding, now: float) -> bool:
        return self._told(self.store.withdraw(binding), now)

    def _told(self, change: BindingChanged | None, now: float) -> bool:
        if change is not None:
            self.replica.note(change, now)
        return change is not None

    def bindings(self, aor: str) -> Sequence[Binding]:
        return self.store.bindings(aor)

    def walk(self, after: str = "") -> Iterator[tuple[str, Sequence[Binding]]]:
        return self.store.walk(after)

    def __len__(self) -> int:
        return len(self.store)

    # what tests do

    def peer(self, number: int = 1, *, now: float = NOW) -> Peer:
        peer = Peer(f"sip:192.0.2.{number}:5060", Hop("UDP", f"192.0.2.{number}", 5060))
        self.replica.joined(peer, now)
        return peer

    def register(self, *bindings: Binding, now: float = NOW) -> None:
        for binding in bindings:
            before = [each for each in self.store.bindings(binding.aor) if each.ruid == binding.ruid]
            others = [each for each in self.store.bindings(binding.aor) if each.ruid != binding.ruid]
            self.store.replace(binding.aor, [*others, binding])
            change = BindingChange.REFRESHED if before else BindingChange.ADDED
            self.replica.note(BindingChanged(change, binding, before[0] if before else None), now)

    def remove(self, binding: Binding, now: float = NOW, cause: Cause = Cause.REGISTER) -> None:
        self.store.replace(
            binding.aor, [each for each in self.store.bindings(binding.aor) if each.ruid != binding.ruid]
        )
        self.replica.note(BindingChanged(BindingChange.REMOVED, binding, binding, cause), now)

    def hear(self, body: bytes, peer: Peer | None, now: float = NOW) -> None:
        request = Request("KDMQ", "sip:usrloc@192.0.2.9", [], body)
        self.replica.take(request, peer, lambda answer, _: self.answers.append(answer.status), now)

    def told(self) -> list[tuple[str, list[tuple[int, str]]]]:
        """Peer, and (action, ruid) of each contact of what was sent since the last look; 0, "" asks for all."""
        found = []
        for peer, body, _, once in self.sent:
            if body == SYNC_REQUEST:
                assert once
                found.append((peer.address, [(0, "")]))
                continue
            whole = json.loads(body)
            members = whole["multi"].values() if "multi" in whole else [whole]
            found.append((peer.address, [(member["action"], member["ruid"]) for member in members]))
        self.waiting = [done for _, body, done, _ in self.sent if body != SYNC_REQUEST]
        self.sent = []
        return found

    def answer(self, status: int | None = 200, now: float = NOW) -> None:
        """All that was sent and waits."""
        waiting, self.sent = self.sent, []
        for _, _, done, _ in waiting:
            assert done is not None
            done(status, now)

    def settle(self, now: float = NOW) -> list[tuple[str, list[tuple[int, str]]]]:
        """Whatever is left to do is done, and answered; all that was sent."""
        found = []
        while self.sent or self.replica.next_deadline() == 0.0:
            sent = list(self.sent)
            found += self.told()
            self.sent = sent
            self.answer(now=now)
            if self.replica.next_deadline() == 0.0:
                self.replica.expire(now)
        return found


def one(peer: Peer, *changes: tuple[int, str]) -> tuple[str, list[tuple[int, str]]]:
    return peer.address, list(changes)


def body_of(*bindings: Binding, action: int = UPDATE) -> bytes:
    codec = Usrloc(USRLOC)
    return batch([codec.contact(binding, action) for binding in bindings], 60_000)[0]


# ------------------------------------------------------------------ telling


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


# ------------------------------------------------------------------ being told


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
