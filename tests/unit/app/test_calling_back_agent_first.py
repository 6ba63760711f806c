"""Callbacks that begin with the agent, over the core in virtual time: who is rung when, who is to blame, what is recorded."""

from dataclasses import replace

from app.callback_policy import CallbackPolicy
from app.commands import CancelCallback, Done, RefusedReply, RequestCallback, RequeueCall, SetAgentState
from app.facts import CallEvent
from queues.views import AgentView
from tests.support.centre import Centre, agent, entry, queue
from tests.support.virtual import Peer, port_of, sdp

POLICY = CallbackPolicy("sip:{number}@127.0.0.1:6009", shown="4930555", retry_seconds=60.0, first="agent")


def centre_with(*agents: str, policy: CallbackPolicy = POLICY, **routing: object) -> tuple[Centre, list[Peer], Peer]:
    """Available agents at 7001, 7002 …, and the gateway behind which the customer is."""
    centre = Centre()
    phones = [centre.peer(7001 + n) for n in range(len(agents))]
    support = queue(**routing)  # type: ignore[arg-type]  # fields by name
    object.__setattr__(support, "callback", policy)
    people = [agent(name, phone) for name, phone in zip(agents, phones, strict=True)]
    centre.add(support, entry("1000"), *people)
    return centre, phones, centre.peer(6009)


def ask(centre: Centre) -> None:
    assert centre.tell(RequestCallback("cb-1", "q-support", "+4930123")) == Done()


def answers(phone: Peer, port: int = 31000) -> None:
    """An agent takes the call, and hears music."""
    phone.reply(phone.last_request("INVITE"), 180, tag="agent")
    phone.reply(phone.last_request("INVITE"), 200, sdp(port), tag="agent")
    assert port_of(phone.last_request("ACK").request.body) == 40000


def told(centre: Centre) -> list[str]:
    return [f.kind for f in centre.facts if isinstance(f, CallEvent) and f.kind.startswith("callback_")]


def offers(centre: Centre) -> list[tuple[str, str | None, str | None]]:
    kinds = ("offered", "ringing", "offer_ended")
    return [(f.kind, f.agent, f.cause) for f in centre.facts if isinstance(f, CallEvent) and f.kind in kinds]


def view(centre: Centre, name: str = "ana") -> AgentView:
    found = centre.core.engine.agent_view(f"a-{name}")  # type: ignore[arg-type]  # ids are strings
    assert found is not None
    return found


def test_the_agent_is_rung_then_the_customer_and_they_talk() -> None:
    centre, (phone,), gateway = centre_with("ana")
    ask(centre)
    invite = phone.last_request("INVITE").request
    assert ("+4930123" in invite.from_.uri, invite.body) == (True, b"")
    phone.reply(phone.last_request("INVITE"), 180, tag="agent")
    assert view(centre).routing_state == "ringing"
    centre.wait(4)
    assert not gateway.requests("INVITE"), "the customer is not dialled before the agent is there"
    answers(phone)
    called = gateway.last_request("INVITE").request
    assert (called.uri, port_of(called.body)) == ("sip:+4930123@127.0.0.1:6009", 31000)
    assert "4930555" in called.from_.uri
    centre.wait(6)
    gateway.reply(gateway.last_request("INVITE"), 200, sdp(33000), tag="customer")
    assert port_of(phone.last_request("INVITE").request.body) == 33000
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000), tag="agent")
    assert centre.media.requests("BYE")
    assert view(centre).routing_state == "on_call"
    live = centre.core.centre.calls["cb-1"]
    assert (live.caller, live.agent, live.called) == ("+4930123", "a-ana", "support")
    centre.wait(20)
    phone.request("BYE")
    assert gateway.requests("BYE")
    (record,) = centre.records()
    assert (record.outcome, record.caller, record.agent, record.ended_by) == ("answered", "+4930123", "a-ana", "agent")
    assert (record.wait_ms, record.ring_ms, record.talk_ms, record.offers) == (0, 4_000, 20_000, 1)
    assert told(centre) == ["callback_taken", "callback_dialled", "callback_done"]
    assert offers(centre) == [("offered", "a-ana", None), ("ringing", "a-ana", None), ("ringing", "a-ana", None)]
    assert centre.left() == {}


def test_the_customers_bye_is_the_callers() -> None:
    centre, (phone,), gateway = centre_with("ana")
    ask(centre)
    talking(phone, gateway)
    gateway.request("BYE")
    assert phone.requests("BYE")
    assert centre.records()[-1].ended_by == "caller"
    assert centre.left() == {}


def talking(phone: Peer, gateway: Peer) -> None:
    answers(phone)
    gateway.reply(gateway.last_request("INVITE"), 200, sdp(33000), tag="customer")
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000), tag="agent")


def test_such_a_call_cannot_go_back_into_line() -> None:
    centre, (phone,), gateway = centre_with("ana")
    ask(centre)
    talking(phone, gateway)
    reply = centre.tell(RequeueCall("cb-1"))
    assert isinstance(reply, RefusedReply)
    assert "agent's phone" in reply.detail
    phone.request("BYE")
    assert centre.left() == {}


def test_a_busy_customer_frees_the_agent_and_is_dialled_again_later() -> None:
    centre, (phone,), gateway = centre_with("ana", pause_after_misses=1)
    ask(centre)
    answers(phone)
    gateway.reply(gateway.last_request("INVITE"), 486, tag="customer")
    assert phone.requests("BYE")
    assert view(centre).routing_state == "idle", "no blame, and no delay"
    assert offers(centre)[-1] == ("offer_ended", "a-ana", "cancelled")
    centre.wait(58)
    assert len(phone.requests("INVITE")) == 1
    centre.wait(2)
    talking(phone, gateway)
    assert centre.core.centre.calls["cb-1"].agent == "a-ana"
    gateway.request("BYE")
    assert told(centre) == [
        "callback_taken", "callback_dialled", "callback_missed", "callback_dialled", "callback_done",
    ]  # fmt: skip
    assert centre.left() == {}


def test_an_agent_keeps_its_place_when_the_customer_is_busy() -> None:
    centre, phones, gateway = centre_with("ana", "bob")
    ask(centre)
    (first,) = [phone for phone in phones if phone.requests("INVITE")]
    answers(first)
    gateway.reply(gateway.last_request("INVITE"), 486, tag="customer")
    first.got.clear()
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    assert first.requests("INVITE"), "who was idle for the longest time before is so still"
    first.reply(first.last_request("INVITE"), 200, sdp(31000), tag="again")
    caller.ack(caller.responses(200)[-1])
    caller.request("BYE")
    assert centre.tell(CancelCallback("cb-1")) == Done()
    assert centre.left() == {}


def test_a_customer_who_does_not_answer_is_given_up_in_the_end() -> None:
    centre, (phone,), gateway = centre_with("ana", policy=replace(POLICY, attempts=2))
    ask(centre)
    for _ in range(2):
        answers(phone)
        gateway.reply(gateway.last_request("INVITE"), 180)
        centre.wait(30)
        assert gateway.cancels()
        assert phone.requests("BYE")
        centre.wait(61)
    assert told(centre)[-2:] == ["callback_missed", "callback_failed"]
    assert len(gateway.requests("INVITE")) == 2
    assert centre.left() == {}


def test_an_agent_who_does_not_answer_is_followed_by_the_next() -> None:
    centre, (first, second), gateway = centre_with("ana", "bob", ring_seconds=10.0)
    ask(centre)
    first.reply(first.last_request("INVITE"), 180)
    centre.wait(9)
    assert not second.requests("INVITE")
    centre.wait(1)
    assert first.cancels()
    assert view(centre).routing_state == "not_responding", "a missed offer as any other"
    talking(second, gateway)
    assert centre.core.centre.calls["cb-1"].agent == "a-bob"
    assert [cause for kind, _, cause in offers(centre) if kind == "offer_ended"] == ["no_answer"]
    second.request("BYE")
    assert told(centre) == ["callback_taken", "callback_dialled", "callback_done"]
    assert centre.left() == {}


def test_a_busy_agent_is_followed_by_the_next_and_one_phone_rings_at_a_time() -> None:
    centre, (first, second), gateway = centre_with("ana", "bob", strategy="ring-all")
    ask(centre)
    rung, other = (first, second) if first.requests("INVITE") else (second, first)
    assert not other.requests("INVITE")
    rung.reply(rung.last_request("INVITE"), 486)
    assert [cause for kind, _, cause in offers(centre) if kind == "offer_ended"] == ["busy"]
    talking(other, gateway)
    gateway.request("BYE")
    assert centre.left() == {}


def test_an_agent_who_hangs_up_while_the_customer_rings() -> None:
    centre, (first, second), gateway = centre_with("ana", "bob")
    ask(centre)
    answers(first)
    gateway.reply(gateway.last_request("INVITE"), 180)
    first.request("BYE")
    assert gateway.cancels()
    assert ("offer_ended", "a-ana", "rejected") in offers(centre)
    ticket = centre.core.engine.ticket_view("cb-1")  # type: ignore[arg-type]  # ids are strings
    assert ticket is not None
    assert ticket.joined_at == centre.now, "it keeps its place, and is the next agent's at once"
    gateway.reply(gateway.last_request("INVITE"), 487)
    gateway.got.clear()
    talking(second, gateway)
    gateway.request("BYE")
    assert centre.records()[-1].agent == "a-bob"
    (missed,) = [f for f in centre.facts if isinstance(f, CallEvent) and f.kind == "callback_missed"]
    assert (missed.cause, missed.position) == ("agent_left", 0), "it does not count as an attempt"
    assert centre.left() == {}


def test_the_same_agent_is_rung_again_after_its_rest() -> None:
    centre, (phone,), gateway = centre_with("ana")
    ask(centre)
    phone.reply(phone.last_request("INVITE"), 486)
    centre.wait(10)
    assert len(phone.requests("INVITE")) == 2
    talking(phone, gateway)
    gateway.request("BYE")
    assert centre.left() == {}


def test_an_agent_that_is_gone_while_it_is_rung() -> None:
    centre, (phone,), _ = centre_with("ana")
    ask(centre)
    phone.reply(phone.last_request("INVITE"), 180)
    centre.tell(SetAgentState("a-ana", "logged_out"))
    assert view(centre).pending_status is not None or phone.cancels()
    assert centre.tell(CancelCallback("cb-1")) == Done()
    assert phone.cancels()
    assert centre.left() == {}


def test_cancelled_while_the_customer_rings() -> None:
    centre, (phone,), gateway = centre_with("ana")
    ask(centre)
    answers(phone)
    gateway.reply(gateway.last_request("INVITE"), 180)
    assert centre.tell(CancelCallback("cb-1")) == Done()
    assert gateway.cancels()
    assert phone.requests("BYE")
    assert view(centre).routing_state == "idle"
    assert told(centre) == ["callback_taken", "callback_dialled", "callback_cancel"]
    assert centre.left() == {}


def test_no_media_server_is_no_fault_of_the_customers() -> None:
    centre, (phone,), gateway = centre_with("ana")
    ask(centre)
    centre.media.answers_with = b""
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000), tag="agent")
    centre.media.reply(centre.media.last_request("INVITE"), 503)
    assert not gateway.requests("INVITE")
    assert offers(centre)[-1] == ("offer_ended", "a-ana", "connect_failed")
    assert centre.tell(CancelCallback("cb-1")) == Done()
    assert centre.left() == {}


def test_a_restart_while_the_agent_rings_and_while_the_customer_rings() -> None:
    for customer_rings in (False, True):
        centre, (phone,), gateway = centre_with("ana")
        ask(centre)
        phone.reply(phone.last_request("INVITE"), 180, tag="agent")
        if customer_rings:
            answers(phone)
            gateway.reply(gateway.last_request("INVITE"), 180)
        centre.crash()
        assert phone.requests("BYE") or phone.cancels()
        phone.got.clear()
        gateway.got.clear()
        centre.wait(39)
        assert not phone.requests("INVITE")
        centre.wait(2)
        talking(phone, gateway)
        gateway.request("BYE")
        assert [(record.outcome, record.agent) for record in centre.records()] == [("answered", "a-ana")]
        assert centre.left() == {}


def test_a_restart_in_the_midst_of_the_talk() -> None:
    centre, (phone,), gateway = centre_with("ana")
    ask(centre)
    talking(phone, gateway)
    centre.wait(10)
    centre.crash()
    centre.wait(10)
    phone.request("BYE")
    (record,) = centre.records()
    assert (record.ended_by, record.talk_ms) == ("agent", 20_000)
    assert centre.left() == {}
