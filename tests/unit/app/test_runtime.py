"""Turns: what is journalled before what is said, which commits may wait, and the one timer."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from app.commands import Done, SetAgentState
from app.configuration import Queue
from app.events.hub import EventHub, Interest
from app.journal.memory import MemoryJournal
from app.journal.port import JournalError, Turn
from app.projections.live import LiveView
from app.runtime import Runtime
from sipcore.packets import Send, Source
from tests.support.centre import Centre, agent, entry, queue
from tests.support.virtual import Peer, sdp


class _Alarm:
    """A timer of the loop that is run by hand."""

    def __init__(self, when: float, callback: Callable[[], None]) -> None:
        self.when, self.callback, self.cancelled = when, callback, False

    def cancel(self) -> None:
        self.cancelled = True


class _Journal(MemoryJournal):
    """Counts commits, and fails when it is told to."""

    commits = 0
    broken = False

    def append(self, turn: Turn) -> None:
        if self.broken:
            raise JournalError("the disk is full")
        self.commits += 1
        super().append(turn)


class _Running(Centre):
    """The call centre under a real runtime: its timers and its network are the test's."""

    def __init__(self, config: Queue) -> None:
        super().__init__()
        self.journal = self.kept = _Journal()
        self.phone = self.peer(7001)
        self.out: list[Send] = []
        self.alarms: list[_Alarm] = []
        self.items = [config, entry("1000"), agent("ana", self.phone)]
        self.start()
        self.run()

    def run(self) -> None:
        self.view = LiveView(self.now)
        self.hub = EventHub(self.view, history=100, new_id=lambda: "h", clock=lambda: self.now)
        self.runtime = Runtime(self.core, self.journal, self.codec, self.view, self.hub, lambda: self.now, self)
        self.runtime.network = self
        self.runtime.turn(self.now)

    def crash(self) -> None:
        self.alarms.clear()
        self.out.clear()
        self.start()
        self.run()

    # the loop's and the network's part

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        return self._alarm(self.now + delay, callback)

    def call_at(self, when: float, callback: Callable[[float], None], when_due: float) -> asyncio.TimerHandle:
        return self._alarm(when, lambda: callback(when_due))

    def _alarm(self, when: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        alarm = _Alarm(when, callback)
        self.alarms.append(alarm)
        return cast("asyncio.TimerHandle", alarm)

    def send(self, send: Send) -> None:
        self.out.append(send)

    # the wire's hooks

    def receive(self, data: bytes, source: Source) -> None:
        self.runtime.packets([(data, source)])

    def expire(self) -> None:
        for alarm in [each for each in self.alarms if each.when <= self.now]:
            self.alarms.remove(alarm)
            if not alarm.cancelled:
                alarm.callback()

    def deadlines(self) -> list[float | None]:
        return [alarm.when for alarm in self.alarms if not alarm.cancelled]

    def take_sends(self) -> list[Send]:
        if not hasattr(self, "runtime"):
            return super().take_sends()
        sends, self.out = self.out, []
        return sends


@pytest.fixture
def centre() -> _Running:
    return _Running(queue(wrap_up_seconds=5.0))


def bridged(centre: _Running, port: int = 6001) -> Peer:
    caller = centre.peer(port)
    caller.invite(sdp(30000))
    centre.phone.reply(centre.phone.last_request("INVITE"), 180)
    centre.phone.reply(centre.phone.last_request("INVITE"), 200, sdp(31000))
    caller.ack(caller.responses(200)[-1])
    return caller


def calls(centre: _Running) -> int:
    """Those that the journal has."""
    return sum(row.table == "call" for row in centre.kept.load())


def ended(centre: _Running) -> None:
    """The caller has hung up, and the agent's 200 to our BYE is the last word: it calls for no answer."""
    centre.phone.answer_requests = False
    bridged(centre).request("BYE")
    assert calls(centre) == 1
    centre.phone.reply(centre.phone.last_request("BYE"), 200)


def test_what_says_nothing_is_committed_with_what_says_something_next(centre: _Running) -> None:
    ended(centre)
    assert calls(centre) == 1
    centre.peer(6002).invite(sdp(30002))
    assert calls(centre) == 1  # the new one


def test_a_commit_put_off_is_made_by_the_timer(centre: _Running) -> None:
    ended(centre)
    before = centre.kept.commits
    centre.wait(0.05)
    assert centre.kept.commits == before + 1
    assert calls(centre) == 0


def test_a_stop_commits_what_is_owed(centre: _Running) -> None:
    ended(centre)
    centre.runtime.stop()
    assert calls(centre) == 0


def test_listeners_hear_nothing_before_the_journal_has_it(centre: _Running) -> None:
    bridged(centre).request("BYE")
    centre.wait(4.5)
    listener = centre.hub.subscribe(Interest(frozenset({"agent"})))
    listener.take()
    facts = centre.kept.counts()["outbox"]
    centre.now += 0.52
    centre.expire()  # the wrap-up is over, and nobody is to be told by SIP
    assert not listener.take()
    assert centre.kept.counts()["outbox"] == facts
    centre.wait(0.05)
    assert centre.kept.counts()["outbox"] > facts
    assert any(b"wrap_up_ended" in frame for frame in listener.take())


async def test_a_reply_waits_for_its_commit(centre: _Running) -> None:
    before = centre.kept.commits
    assert await centre.runtime.submit(SetAgentState("a-ana", "paused")) == Done()
    assert centre.kept.commits == before + 1


def test_a_crash_before_the_commit_is_as_if_the_last_word_were_under_way(centre: _Running) -> None:
    ended(centre)
    said = len(centre.phone.requests("BYE"))
    centre.crash()
    centre.deliver()
    assert len(centre.phone.requests("BYE")) > said  # asked again: the answer may never have come
    centre.phone.reply(centre.phone.last_request("BYE"), 481)
    centre.wait(64)
    assert {row.table for row in centre.kept.load()} <= {"agent", "waits"}


def test_nothing_is_said_that_could_not_be_journalled(centre: _Running) -> None:
    centre.kept.broken = True
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    assert not caller.got
    assert not centre.phone.got
    assert centre.runtime.failure is not None


def test_deadlines_that_are_close_share_a_tick(centre: _Running) -> None:
    for number in range(20):
        caller = centre.peer(6100 + number)
        caller.invite(sdp(30000))
        centre.now += 0.0005
    assert len([alarm for alarm in centre.alarms if not alarm.cancelled]) == 1
    turns = centre.runtime.turns
    centre.now += 0.6
    centre.expire()
    assert centre.runtime.turns == turns + 1


def test_that_a_phone_rings_is_said_before_it_is_journalled(centre: _Running) -> None:
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    before = centre.kept.commits
    centre.phone.reply(centre.phone.last_request("INVITE"), 180)
    assert caller.responses(180)
    assert centre.kept.commits == before
    centre.wait(0.05)
    assert centre.kept.commits == before + 1


def test_projections_are_told_of_several_turns_at_once(centre: _Running) -> None:
    bridged(centre)
    assert not list(centre.view.calls(centre.now))
    centre.wait(0.05)
    assert [call.state for call in centre.view.calls(centre.now)] == ["bridged"]


async def test_what_a_reply_tells_of_is_shown(centre: _Running) -> None:
    bridged(centre)
    assert await centre.runtime.submit(SetAgentState("a-ana", "paused")) == Done()
    assert [call.state for call in centre.view.calls(centre.now)] == ["bridged"]
    shown = centre.view.agent("a-ana")
    assert shown is not None
    assert shown.pending_status == "paused"


def test_a_stop_tells_what_is_left(centre: _Running) -> None:
    bridged(centre)
    centre.runtime.stop()
    assert [call.state for call in centre.view.calls(centre.now)] == ["bridged"]
