"""A caller comes back to the agent it talked with, also after a restart; and whom the service remembers."""

import pytest

from app.callcenter.memory import LastTalks, Memory, Talk
from app.callers import caller_number, is_number
from queues.rules.sticky import StickyPolicy, StickyScope
from sipcore.message import Request
from tests.support.centre import Centre, agent, entry, queue
from tests.support.virtual import Peer, sdp

OWN = StickyPolicy(100.0)
ANY = StickyPolicy(100.0, scope=StickyScope.ANY)


def talk(centre: Centre, caller: Peer, user: str, phones: list[Peer]) -> str:
    """The caller calls ``user``, is answered by whoever rings, and hangs up. Returns that agent's id."""
    rung = [len(phone.requests("INVITE")) for phone in phones]
    caller.invite(sdp(30000), user=user)
    (phone,) = [each for each, before in zip(phones, rung, strict=True) if len(each.requests("INVITE")) > before]
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    caller.ack(caller.responses(200)[-1])
    centre.wait(10)
    caller.request("BYE")
    return centre.records()[-1].agent or ""


@pytest.mark.parametrize(("policy", "comes_back"), [(StickyPolicy(600.0, 5.0), True), (None, False)])
def test_a_caller_comes_back_to_its_agent(policy: StickyPolicy | None, comes_back: bool) -> None:
    centre = Centre()
    phones = [centre.peer(port) for port in (7001, 7002)]
    agents = [agent(f"n{phone.hop.port}", phone) for phone in phones]
    centre.add(queue(sticky=policy), queue("sales"), entry("1000"), entry("2000", "sales"), *agents)
    caller = centre.peer(6001)
    first = talk(centre, caller, "1000", phones)
    centre.wait(5)
    centre.crash()
    assert (talk(centre, caller, "1000", phones) == first) is comes_back
    if policy is not None:
        assert centre.steps().count("reserved") == 1
        centre.wait(601)
        assert talk(centre, caller, "1000", phones) != first, "the period is over, the strategy decides again"
    assert [name for name in centre.left() if name != "last_talk"] == []


def test_what_is_remembered_of_a_caller() -> None:
    memory = Memory(10)
    assert memory.last_agent("491", "q1", OWN, 0.0) is None
    memory.talked("491", "q1", "ana", 10.0, keep=100.0)
    memory.talked("491", "q2", "bo", 20.0, keep=100.0)
    assert memory.last_agent("491", "q1", OWN, 110.0) == "ana"
    assert memory.last_agent("491", "q1", OWN, 110.1) is None
    assert memory.last_agent("491", "q1", ANY, 110.1) == "bo"
    assert memory.last_agent("491", "q3", OWN, 30.0) is None
    memory.talked("491", "q1", "cleo", 115.0, keep=100.0)
    assert memory.get("491") == LastTalks((Talk("q2", "bo", 20.0), Talk("q1", "cleo", 115.0)))


def test_memory_is_bounded_in_number_and_time() -> None:
    memory = Memory(2)
    for at, caller in enumerate(("1", "2", "1", "3")):
        memory.talked(caller, "q1", "ana", float(at), keep=100.0)
    assert (len(memory), memory.get("2")) == (2, None)
    assert list(memory.dirty) == ["1", "2", "3"]
    memory.talked("4", "q1", "ana", 500.0, keep=100.0)
    assert len(memory) == 1
    for number in range(20):
        memory.talked("4", f"q{number}", "ana", 500.0, keep=100.0)
    known = memory.get("4")
    assert known is not None
    assert len(known.talks) == 8
    nothing = Memory(0)
    nothing.talked("1", "q1", "ana", 0.0, keep=100.0)
    assert len(nothing) == 0
    again = Memory(1)
    again.restore({"2": LastTalks((Talk("q", "b", 2.0),)), "1": LastTalks((Talk("q", "a", 1.0),))})
    assert (again.get("1"), list(again.dirty)) == (None, ["1"])


@pytest.mark.parametrize(
    ("user", "asserted", "trusted", "number"),
    [
        ("+4930123", [], True, "+4930123"),
        ("anonymous", ["<sip:+4930123@carrier>"], True, "+4930123"),
        ("anonymous", ["<sip:+4930123@carrier>"], False, ""),
        ("ana", ['"Ana" <sip:x y@carrier>', "<tel:+491>"], True, "+491"),
        ("ana", ["<"], True, "ana"),
        ("a;b", [], True, ""),
        ("", [], True, ""),
        ("1" * 65, [], True, ""),
    ],
)
def test_who_calls(user: str, asserted: list[str], trusted: bool, number: str) -> None:
    request = Request("INVITE", "sip:1000@us", [("P-Asserted-Identity", each) for each in asserted])
    assert caller_number(request, user, trusted=trusted) == number


@pytest.mark.parametrize("text", ["", "1 2", "1@host", "1;x=1", "sip:1", "%31", "ä"])
def test_what_is_no_number(text: str) -> None:
    assert not is_number(text)
