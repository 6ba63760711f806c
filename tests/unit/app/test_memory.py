"""The whole core leaves no reference cycles: with automatic collection off, as in the service, what is over is freed."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.commands import HangUp
from bench.core_call import Bench
from tests.support.centre import Centre, agent, entry, queue
from tests.support.virtual import sdp

ROUNDS = 4
FORGOTTEN = 64 * 0.5 + 32  # seconds: no transaction remembers a call any longer


@pytest.fixture
def collected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Yard(Centre):
    """One queue, one phone, one caller, who forget what they heard after each call."""

    def __init__(self) -> None:
        super().__init__()
        self.phone, self.caller = self.peer(7001), self.peer(6001)
        self.add(queue(wrap_up_seconds=1, ring_seconds=5), entry("1000"), agent("ana", self.phone))

    def arrive(self) -> None:
        self.caller.invite(sdp(30000))
        self.wait(1)

    def acknowledge(self) -> None:
        self.caller.ack(self.caller.responses(200)[-1])
        self.wait(1)

    def answer(self) -> None:
        self.phone.reply(self.phone.last_request("INVITE"), 180)
        self.wait(1)
        self.phone.reply(self.phone.last_request("INVITE"), 200, sdp(31000))
        self.wait(1)

    def forget(self) -> None:
        self.wait(FORGOTTEN)
        self.facts.clear()
        for peer in (self.phone, self.caller, self.media):
            peer.got.clear()


def served(yard: Yard) -> None:
    yard.arrive()
    yard.answer()
    yard.acknowledge()
    yard.caller.request("BYE")


def ended_by_a_supervisor(yard: Yard) -> None:
    yard.arrive()
    yard.answer()
    yard.acknowledge()
    yard.tell(HangUp(next(iter(yard.core.centre.calls))))


def refused_parked_and_served(yard: Yard) -> None:
    yard.arrive()
    yard.phone.reply(yard.phone.last_request("INVITE"), 486)
    yard.wait(1)
    yard.acknowledge()
    yard.wait(10)
    yard.answer()
    yard.caller.request("BYE")


def unanswered_and_abandoned(yard: Yard) -> None:
    yard.arrive()
    yard.phone.reply(yard.phone.last_request("INVITE"), 180)
    yard.wait(7)
    yard.acknowledge()
    yard.caller.request("BYE")


def cancelled(yard: Yard) -> None:
    yard.arrive()
    yard.phone.reply(yard.phone.last_request("INVITE"), 180)
    yard.caller.cancel()


def restarted_while_waiting(yard: Yard) -> None:
    yard.arrive()
    yard.phone.reply(yard.phone.last_request("INVITE"), 486)
    yard.wait(1)
    yard.acknowledge()
    yard.crash()
    yard.wait(5)
    yard.caller.request("BYE")


@pytest.mark.parametrize(
    "call", [served, ended_by_a_supervisor, refused_parked_and_served, unanswered_and_abandoned, cancelled]
)
def test_a_call_leaves_nothing_to_the_garbage_collector(call: Callable[[Yard], None], collected: None) -> None:
    yard = Yard()
    gc.collect()  # the core that was started without configuration
    for _ in range(ROUNDS):
        call(yard)
        yard.forget()
    assert len(yard.core.centre.calls) == 0
    assert gc.collect() == 0


def test_a_call_taken_over_after_a_crash_leaves_nothing_either(collected: None) -> None:
    """What the core before the crash held is not looked at: a process ends with it."""
    yard = Yard()
    restarted_while_waiting(yard)
    gc.collect()
    yard.forget()
    assert len(yard.core.centre.calls) == 0
    assert gc.collect() == 0


def test_the_runtime_and_the_projections_leave_nothing(tmp_path: Path, collected: None) -> None:
    bench = Bench(tmp_path, agents=1)
    gc.collect()
    for _ in range(ROUNDS):
        first, second = bench.call(), bench.call()
        bench.end(first)
        bench.end(second)
    assert gc.collect() == 0
    bench.close()
