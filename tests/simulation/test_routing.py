"""Skills, relaxation, tiers and priority with whole SIP calls through the core, in virtual time."""

from dataclasses import replace

from app.configuration import PriorityRule
from queues.model import AgentConfig, AgentId, Requirement
from queues.rules.requirements import Membership, RelaxationStep, TierRules
from tests.support.centre import Centre, agent, entry, queue
from tests.support.virtual import Peer, sdp


def rung(*phones: Peer) -> list[int]:
    """How often each phone was rung."""
    return [len(phone.requests("INVITE")) for phone in phones]


def talk(caller: Peer, phone: Peer) -> None:
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    caller.ack(caller.responses(200)[-1])


def test_a_call_is_offered_to_whom_its_entry_point_asks_for() -> None:
    centre = Centre()
    low, high = centre.peer(7001), centre.peer(7002)
    centre.add(
        queue(),
        entry("1000"),
        replace(entry("1001"), requirements=(Requirement("french", 5),)),
        replace(agent("low", low), routing=AgentConfig(AgentId("a-low"), "low", {"french": 2})),
        replace(agent("high", high), routing=AgentConfig(AgentId("a-high"), "high", {"french": 6})),
    )
    callers = [centre.peer(6001 + number) for number in range(3)]
    callers[0].invite(sdp(30000), user="1001")
    assert rung(low, high) == [0, 1]
    callers[1].invite(sdp(30002), user="1001")
    assert rung(low, high) == [0, 1], "nobody else speaks that well"
    callers[2].invite(sdp(30004), user="1000")
    assert rung(low, high) == [1, 1], "who comes later is not held up"


def test_a_caller_who_waits_long_is_offered_to_the_less_able_even_after_a_crash() -> None:
    steps = (RelaxationStep(20, (Requirement("billing", 2),)), RelaxationStep(40, drop=frozenset({"french"})))
    centre = Centre()
    phone = centre.peer(7001)
    centre.add(
        queue(requirements=(Requirement("billing", 5),), relaxation=steps),
        replace(entry("1000"), requirements=(Requirement("french", 3),)),
        replace(agent("ana", phone), routing=AgentConfig(AgentId("a-ana"), "ana", {"billing": 3})),
    )
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    caller.ack(caller.responses(200)[-1])
    centre.wait(30)
    centre.crash()
    assert rung(phone) == [0]
    centre.wait(9)
    assert rung(phone) == [0]
    centre.wait(1.5)
    assert rung(phone) == [1]
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    centre.wait(3)
    caller.request("BYE")
    assert (centre.records()[-1].outcome, centre.records()[-1].wait_ms // 1000) == ("answered", 40)
    assert centre.left() == {}


def test_a_second_tier_is_rung_when_the_first_has_had_its_time() -> None:
    centre = Centre()
    first, second = centre.peer(7001), centre.peer(7002)
    config = queue(tier_rules=TierRules(open_after_seconds=15))
    backup = AgentConfig(AgentId("a-two"), "two", members={config.routing.id: Membership(penalty=1)})
    centre.add(config, entry("1000"), agent("one", first), replace(agent("two", second), routing=backup))
    early, late = centre.peer(6001), centre.peer(6002)
    early.invite(sdp(30000))
    talk(early, first)
    late.invite(sdp(30002))
    centre.wait(14)
    assert rung(first, second) == [1, 0]
    centre.wait(1.5)
    assert rung(first, second) == [1, 1]


def test_known_callers_and_marked_calls_are_served_first() -> None:
    centre = Centre()
    phone = centre.peer(7001)
    centre.add(
        queue(),
        entry("1000"),
        agent("ana", phone),
        PriorityRule("r1", "vip", 5, caller="vip"),
        PriorityRule("r2", "gold", 9, header="X-Tier", value="gold"),
    )
    callers = {name: centre.peer(6001 + number) for number, name in enumerate(("first", "plain", "vip", "gold"))}
    for name, caller in callers.items():
        caller.name = name
        caller.invite(sdp(30000), headers=(("X-Tier", "gold"),) if name == "gold" else ())
        centre.wait(1)
        if name == "first":
            talk(caller, phone)
        else:
            caller.ack(caller.responses(200)[-1])
    for name in ("first", "gold", "vip"):
        callers[name].request("BYE")
        centre.wait(1)
        phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
        centre.wait(1)
    served = [(record.caller, record.priority) for record in centre.records()]
    assert served == [("first", 0), ("gold", 9), ("vip", 5)]
