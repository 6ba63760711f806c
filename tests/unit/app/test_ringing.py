"""Several phones for one call, over the core in virtual time: SIP, facts and records."""

import pytest

from app.commands import SetAgentState
from app.configuration import Queue
from app.facts import CallEvent, CallRecord
from app.projections.live import LiveView
from sipcore.message import Request
from tests.support.centre import Centre, agent, entry, queue
from tests.support.virtual import Peer, port_of, sdp

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'


def centre_with(config: Queue, *phones: int, offer: str = "late", **more: object) -> tuple[Centre, list[Peer]]:
    centre = Centre()
    peers = [centre.peer(port) for port in phones]
    centre.add(config, entry("1000"), *[agent(f"n{peer.hop.port}", peer, offer=offer, **more) for peer in peers])
    return centre, peers


def invites(*phones: Peer) -> list[int]:
    return [len(phone.requests("INVITE")) for phone in phones]


def reason(phone: Peer) -> str | None:
    (cancel,) = phone.cancels()
    return cancel.request.get("Reason")


def bye(phone: Peer) -> Request:
    return phone.last_request("BYE").request


def record(centre: Centre) -> CallRecord:
    (found,) = centre.records()
    return found


def offers(centre: Centre) -> dict[str, list[tuple[str, str | None]]]:
    """By agent: kind and cause of what was said of its offers."""
    told: dict[str, list[tuple[str, str | None]]] = {}
    for fact in centre.facts:
        if isinstance(fact, CallEvent) and fact.kind in ("offered", "ringing", "offer_ended", "connected"):
            told.setdefault(fact.agent or "?", []).append((fact.kind, fact.cause))
    return told


def state(centre: Centre, name: str) -> str:
    view = centre.core.engine.agent_view(name)  # type: ignore[arg-type]  # an id is a str
    assert view is not None
    return view.routing_state


RING_ALL = queue(strategy="ring-all", ring_seconds=20.0, wrap_up_seconds=5.0)


def test_ring_all_straight_first_answer_wins_and_the_others_are_told_where() -> None:
    centre, (ana, bo, cleo) = centre_with(RING_ALL, 7001, 7002, 7003)
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    assert invites(ana, bo, cleo) == [1, 1, 1]
    assert not centre.media.requests("INVITE"), "straight: the caller hears ring-back"
    for phone in (ana, bo, cleo):
        assert port_of(phone.last_request("INVITE").request.body) == 30000
        phone.reply(phone.last_request("INVITE"), 180)
        centre.wait(1)
    assert len(caller.responses(180)) == 1
    bo.reply(bo.last_request("INVITE"), 200, sdp(31000))
    answer = caller.responses(200)[-1]
    assert port_of(answer.body) == 31000
    caller.ack(answer)
    assert [reason(phone) for phone in (ana, cleo)] == [ELSEWHERE, ELSEWHERE]
    assert [state(centre, f"a-n{port}") for port in (7001, 7002, 7003)] == ["idle", "on_call", "idle"]
    centre.wait(10)
    caller.request("BYE")
    assert bo.requests("BYE")
    made = record(centre)
    assert (made.outcome, made.agent, made.offers, made.ring_ms, made.wait_ms) == ("answered", "a-n7002", 3, 3000, 3000)
    lost = [("offered", None), ("ringing", None), ("offer_ended", "answered_elsewhere")]
    assert offers(centre) == {
        "a-n7001": lost, "a-n7002": [("offered", None), ("ringing", None), ("connected", None)], "a-n7003": lost,
    }  # fmt: skip
    assert centre.left() == {}


@pytest.mark.parametrize("mode", ["late", "caller"])
def test_two_answer_at_the_same_time(mode: str) -> None:
    """The later 200 crosses our CANCEL: it is ACKed and hung up, with the reason."""
    centre, (ana, bo) = centre_with(RING_ALL, 7001, 7002, offer=mode)
    for phone in (ana, bo):
        phone.answers_cancels = False
    caller = centre.peer(6001)
    centre.tell(SetAgentState("a-n7001", "paused"))
    centre.tell(SetAgentState("a-n7002", "paused"))
    caller.invite(sdp(30000))
    caller.ack(caller.responses(200)[-1])
    centre.tell(SetAgentState("a-n7001", "available"))
    centre.tell(SetAgentState("a-n7002", "available"))
    assert invites(ana, bo) == [1, 1]
    for phone in (ana, bo):
        phone.reply(phone.last_request("INVITE"), 180)
    ana.reply(ana.last_request("INVITE"), 200, sdp(31000))
    assert port_of(caller.last_request("INVITE").request.body) == 31000
    assert reason(bo) == ELSEWHERE
    bo.reply(bo.last_request("INVITE"), 200, sdp(32000))
    assert bo.requests("ACK")
    assert bye(bo).get("Reason") == ELSEWHERE
    assert [state(centre, f"a-n{port}") for port in (7001, 7002)] == ["on_call", "idle"]
    caller.request("BYE")
    assert bye(ana).get("Reason") is None
    assert (record(centre).agent, record(centre).offers) == ("a-n7001", 2)
    assert centre.left() == {}


def test_one_of_several_fails_and_the_others_ring_on() -> None:
    centre, (ana, bo, cleo) = centre_with(RING_ALL, 7001, 7002, 7003)
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    ana.reply(ana.last_request("INVITE"), 486)
    assert not centre.media.requests("INVITE"), "the caller goes on hearing the others ring"
    assert not bo.cancels()
    centre.wait(11)
    assert invites(ana, bo, cleo) == [2, 1, 1], "after the delay for busy it rings again"
    bo.reply(bo.last_request("INVITE"), 480)
    ana.reply(ana.last_request("INVITE"), 603)
    assert not centre.media.requests("INVITE")
    cleo.reply(cleo.last_request("INVITE"), 486)
    assert centre.media.requests("INVITE"), "nobody rings: parked"
    caller.ack(caller.responses(200)[-1])
    centre.wait(10.5)
    ana.reply(ana.last_request("INVITE"), 200, sdp(31000))
    caller.request("BYE")
    assert (record(centre).outcome, record(centre).agent) == ("answered", "a-n7001")
    assert centre.left() == {}


def test_ring_all_times_out_phone_by_phone_and_parks() -> None:
    centre, (ana, bo) = centre_with(RING_ALL, 7001, 7002)
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    for phone in (ana, bo):
        phone.reply(phone.last_request("INVITE"), 180)
    centre.wait(20.1)
    assert ana.cancels()
    assert bo.cancels()
    assert ana.cancels()[0].request.get("Reason") is None
    assert centre.media.requests("INVITE")
    caller.ack(caller.responses(200)[-1])
    centre.wait(15.5)
    assert invites(ana, bo) == [2, 2]
    caller.request("BYE")
    assert record(centre).outcome == "abandoned"
    assert record(centre).ring_ms == 600, "from the second round's beginning"
    assert centre.left() == {}


def test_who_becomes_free_joins_the_ringing() -> None:
    centre, (ana, bo) = centre_with(RING_ALL, 7001, 7002)
    centre.tell(SetAgentState("a-n7002", "paused"))
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    ana.reply(ana.last_request("INVITE"), 180)
    assert invites(ana, bo) == [1, 0]
    centre.wait(4)
    centre.tell(SetAgentState("a-n7002", "available"))
    assert invites(ana, bo) == [1, 1]
    assert port_of(bo.last_request("INVITE").request.body) == 30000, "straight still"
    centre.wait(3)
    bo.reply(bo.last_request("INVITE"), 200, sdp(31000))
    caller.ack(caller.responses(200)[-1])
    assert reason(ana) == ELSEWHERE
    caller.request("BYE")
    made = record(centre)
    assert (made.agent, made.ring_ms, made.wait_ms, made.offers) == ("a-n7002", 3000, 7000, 2)
    assert centre.left() == {}


def test_ring_progressively_adds_a_phone_at_each_step() -> None:
    config = queue(strategy="ring-progressively", ring_step_seconds=4.0, ring_at_most=3)
    centre, phones = centre_with(config, 7001, 7002, 7003, 7004)
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    seen = []
    for _ in range(4):
        for phone in phones:
            for event in phone.requests("INVITE")[-1:]:
                phone.reply(event, 180)
        seen.append(invites(*phones))
        centre.wait(4.0)
    assert seen == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 0]]
    phones[2].reply(phones[2].last_request("INVITE"), 200, sdp(31000))
    caller.ack(caller.responses(200)[-1])
    assert [reason(phone) for phone in phones[:2]] == [ELSEWHERE, ELSEWHERE]
    caller.request("BYE")
    assert (record(centre).agent, record(centre).offers, record(centre).ring_ms) == ("a-n7003", 3, 8000)
    assert centre.left() == {}


@pytest.mark.parametrize("answered", [False, True])
def test_the_caller_leaves_while_several_ring(*, answered: bool) -> None:
    centre, (ana, bo) = centre_with(RING_ALL, 7001, 7002)
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    for phone in (ana, bo):
        phone.reply(phone.last_request("INVITE"), 180)
    centre.wait(2)
    if answered:
        ana.reply(ana.last_request("INVITE"), 200)  # no description: no call comes of it
    caller.cancel()
    assert bo.cancels()
    assert reason(bo) is None
    made = record(centre)
    assert (made.outcome, made.ring_ms, made.agent) == ("abandoned", 2000, None)
    assert centre.left() == {}


def test_an_agent_who_answers_and_drops_gives_the_call_back_to_all() -> None:
    centre, (ana, bo) = centre_with(RING_ALL, 7001, 7002)
    centre.tell(SetAgentState("a-n7001", "paused"))
    centre.tell(SetAgentState("a-n7002", "paused"))
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    caller.ack(caller.responses(200)[-1])
    caller.sdp = b""  # it does not answer the re-INVITE yet
    for name in ("a-n7001", "a-n7002"):
        centre.tell(SetAgentState(name, "available"))
    ana.reply(ana.last_request("INVITE"), 200, sdp(31000))
    bo.reply(bo.last_request("INVITE"), 180)
    ana.request("BYE")
    assert invites(ana, bo) == [1, 2], "bo, whose offer was withdrawn, rings again at once"
    caller.reply(caller.last_request("INVITE"), 200, sdp(30000))
    bo.reply(bo.last_request("INVITE"), 200, sdp(32000))
    caller.request("BYE")
    assert (record(centre).outcome, record(centre).agent) == ("answered", "a-n7002")
    assert centre.left() == {}


def test_a_crash_while_several_ring() -> None:
    centre, (ana, bo) = centre_with(RING_ALL, 7001, 7002)
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    for phone in (ana, bo):
        phone.reply(phone.last_request("INVITE"), 180)
    centre.crash()
    assert ana.cancels()
    assert bo.cancels()
    assert invites(ana, bo) == [2, 2], "re-offered to both"
    ana.reply(ana.last_request("INVITE"), 200, sdp(31000))
    caller.ack(caller.responses(200)[-1])
    caller.request("BYE")
    assert record(centre).outcome == "answered"
    assert centre.left() == {}


def test_the_live_picture_of_several_phones() -> None:
    """It shows the phone that rings longest, then the next, then who has the call."""
    centre, (ana, bo) = centre_with(RING_ALL, 7001, 7002)
    view = LiveView(centre.now)
    for item in centre.items:
        view.configure(item)
    told = 0

    def shown() -> tuple[str, str | None]:
        nonlocal told
        for fact in centre.facts[told:]:
            view.apply(fact)
        told = len(centre.facts)
        (call,) = view.calls(centre.now)
        return call.state, call.agent

    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    bo.reply(bo.last_request("INVITE"), 180)
    assert shown() == ("offered", "a-n7001")
    ana.reply(ana.last_request("INVITE"), 486)
    assert shown() == ("offered", "a-n7002")
    bo.reply(bo.last_request("INVITE"), 200, sdp(31000))
    caller.ack(caller.responses(200)[-1])
    assert shown() == ("bridged", "a-n7002")
    caller.request("BYE")
    assert centre.left() == {}


def test_calls_go_round_robin_over_the_agents_also_after_a_crash() -> None:
    centre, phones = centre_with(queue(strategy="round-robin"), 7001, 7002, 7003)
    caller = centre.peer(6001)
    taken = []
    for number in range(5):
        before = invites(*phones)
        caller.invite(sdp(30000))
        (rung,) = [at for at, (old, new) in enumerate(zip(before, invites(*phones), strict=True)) if new > old]
        taken.append(rung)
        phone = phones[rung]
        phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
        caller.ack(caller.responses(200)[-1])
        centre.wait(5)
        caller.request("BYE")
        centre.wait(1)
        if number == 1:
            centre.crash()
    assert taken == [0, 1, 2, 0, 1]
    assert centre.left() == {}
