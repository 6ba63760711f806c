"""Whole days in virtual time: the engine's queueing is what theory says, and no call is lost in a mixed day."""

from math import exp, factorial

import pytest

from queues.model import AgentConfig, AgentId, QueueConfig, QueueId, Requirement, RoutingState
from queues.outputs import TicketResult
from tests.simulation.day import Behaviour, Day


def erlang_c(servers: int, load: float) -> float:
    """The probability that a call has to wait, for Poisson arrivals offering ``load`` erlangs to patient queueing."""
    top = load**servers / factorial(servers) * servers / (servers - load)
    return top / (sum(load**number / factorial(number) for number in range(servers)) + top)


def test_a_day_of_patient_callers_is_erlang_c() -> None:
    """12 agents at 80 %: share of callers who wait, ASA, service level and occupancy (M/M/c, 15,000 calls)."""
    servers, talk, rho = 12, 180.0, 0.8
    load = servers * rho
    agents = [AgentConfig(AgentId(f"agent{number}"), f"agent{number}") for number in range(servers)]
    day = Day(Behaviour(talk=talk), seed=42)
    day.open([QueueConfig(QueueId("support"), "support", max_wait=None)], agents)
    day.arrivals(QueueId("support"), 15_000, load / talk)
    day.run()
    day.close(agents)

    waits = [caller.wait for caller in day.callers.values()]
    assert {caller.result for caller in day.callers.values()} == {TicketResult.COMPLETED}
    waiting = erlang_c(servers, load)
    drain = (servers - load) / talk
    assert sum(wait > 0 for wait in waits) / len(waits) == pytest.approx(waiting, rel=0.07)
    assert sum(waits) / len(waits) == pytest.approx(waiting / drain, rel=0.12)
    assert sum(wait <= 20 for wait in waits) / len(waits) == pytest.approx(1 - waiting * exp(-20 * drain), abs=0.02)
    busy = day.spent[RoutingState.ON_CALL]
    assert busy / (busy + day.spent[RoutingState.IDLE]) == pytest.approx(rho, abs=0.02)
    in_order = sorted(day.callers.values(), key=lambda caller: caller.sequence)
    answered = [caller.answered_at or 0.0 for caller in in_order]
    assert answered == sorted(answered), "first come, first served"


def test_a_mixed_day_loses_nobody() -> None:
    """Skills, impatience, phones that ring out or refuse, wrap-up, max_wait: every call ends once, all adds up."""
    queues = [
        QueueConfig(QueueId("support"), "support", (Requirement("billing", 3),), wrap_up_seconds=15, max_wait=240),
        QueueConfig(QueueId("sales"), "sales", (Requirement("french"),), priority=2, wrap_up_seconds=5, max_wait=90),
        QueueConfig(QueueId("rare"), "rare", (Requirement("klingon"),), max_wait=60),
    ]
    skills = [{"billing": 5}, {"billing": 3, "french": 2}, {"french": 7}]
    agents = [
        AgentConfig(AgentId(f"agent{number}"), f"agent{number}", skills[number % 3], capacity=1 + number % 2)
        for number in range(15)
    ]
    day = Day(Behaviour(talk=120.0, answer=6.0, patience=150.0, failing=0.15), seed=7)
    day.open(queues, agents)
    day.arrivals(QueueId("support"), 2000, 1 / 14)
    day.arrivals(QueueId("sales"), 1500, 1 / 18)
    day.arrivals(QueueId("rare"), 100, 1 / 250)
    day.run()
    day.close(agents)

    results = [caller.result for caller in day.callers.values()]
    counted = {result: results.count(result) for result in TicketResult}
    assert sum(counted.values()) == len(results) == 3600
    assert counted[TicketResult.WITHDRAWN] == 0
    assert min(counted[result] for result in TicketResult if result is not TicketResult.WITHDRAWN) > 50
    assert not any(caller.answered_at for caller in day.callers.values() if caller.queue == "rare")
    assert day.offers > counted[TicketResult.COMPLETED]
    assert max(caller.wait for caller in day.callers.values() if caller.queue == "rare") <= 60
    assert day.engine.counts() == {
        "tickets_waiting": 0, "tickets_offered": 0, "tickets_connected": 0, "offers": 0, "agents": 15, "deadlines": 0,
    }  # fmt: skip
    assert {table for table, _ in day.rows} == {"agent", "waits"}
    span = day.now - min(caller.joined_at for caller in day.callers.values())
    assert sum(day.spent.values()) == pytest.approx(15 * span, rel=0.01), "intervals cover the day without gaps"


def test_the_same_seed_is_the_same_day() -> None:
    def once() -> list[tuple[str, float | None]]:
        agents = [AgentConfig(AgentId(f"agent{number}"), f"agent{number}") for number in range(3)]
        day = Day(Behaviour(talk=60.0, answer=4.0, patience=40.0, failing=0.1), seed=5)
        day.open([QueueConfig(QueueId("support"), "support", wrap_up_seconds=5)], agents)
        day.arrivals(QueueId("support"), 200, 1 / 20)
        day.run()
        return [(ticket, caller.left_at) for ticket, caller in day.callers.items()]

    assert once() == once()
