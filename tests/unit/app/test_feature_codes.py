"""Feature codes over the core in virtual time: who is meant, at which phone, what it hears; and who is kept out."""

import pytest

from app.agents.credentials import digest_hashes, hash_pin
from app.configuration import Agent, ConfigObject, FeatureAction, FeatureCode, Phone, Trunk
from app.facts import AgentEvent
from app.workplace import Workplace
from queues.model import AgentConfig, AgentId, AgentStatus
from queues.rules.agent_rules import PauseReason, PauseReasonId
from queues.views import AgentView
from tests.support.centre import Centre, agent, entry, queue
from tests.support.register import invite_as, register
from tests.support.virtual import Peer, sdp

FINISHED = b'{"finished": "list"}'
PLAY = "application/vnd.callyard.play+json"
CODES: list[ConfigObject] = [
    FeatureCode("f1", "*11", "log_in"),
    FeatureCode("f2", "*12", "log_out"),
    FeatureCode("f3", "*13", "pause", "lunch"),
    FeatureCode("f4", "*14", "available"),
    FeatureCode("f5", "*15", "toggle", None, "please-wait"),
    FeatureCode("f6", "*1", "log_out"),
]


def eva(**fields: object) -> Agent:
    """An agent without a phone of her own, number 1001."""
    return Agent(AgentConfig(AgentId("a-eva"), "eva"), "", number="1001", **fields)  # type: ignore[arg-type]


def centre_of(*items: ConfigObject) -> Centre:
    centre = Centre()
    centre.add(queue(), entry("1000"), *CODES, *items)
    return centre


def dial(centre: Centre, phone: Peer, user: str) -> str:
    """The phone dials and hears a sound to its end; its name."""
    phone.invite(sdp(32000), user)
    phone.ack(phone.responses(200)[-1])
    return hears(centre, phone)


def hears(centre: Centre, phone: Peer) -> str:
    before = len(phone.requests("BYE"))
    sound = centre.media.last_request("INVITE").request.uri.partition("play=")[2].partition(";")[0]
    centre.media.request("INFO", FINISHED, PLAY)
    assert len(phone.requests("BYE")) == before + 1
    return sound


def refused(phone: Peer, user: str, status: int) -> None:
    phone.invite(sdp(32000), user)
    assert phone.responses(status)
    phone.got.clear()


def view(centre: Centre, of: str = "a-eva") -> AgentView:
    found = centre.core.engine.agent_view(AgentId(of))
    assert found is not None
    return found


def talks(centre: Centre, phone: Peer, port: int = 6001) -> None:
    """A caller in the queue gets the agent at this phone."""
    caller = centre.peer(port)
    caller.invite(sdp(30000))
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    caller.ack(caller.responses(200)[-1])
    centre.wait(5)
    caller.request("BYE")
    assert centre.records()[-1].outcome == "answered"


def test_who_logs_in_at_a_desk_gets_calls_there() -> None:
    centre = centre_of(eva())
    desk = centre.peer(7012)
    assert dial(centre, desk, "*111001") == "agent-available"
    assert view(centre).status is AgentStatus.AVAILABLE
    assert centre.core.directory.desks == {"a-eva": "sip:caller@127.0.0.1:7012"}
    talks(centre, desk)
    assert centre.records()[-1].agent == "a-eva"
    centre.crash()
    talks(centre, desk, 6002)
    assert dial(centre, desk, "*12") == "agent-logged-out"
    assert view(centre).status is AgentStatus.LOGGED_OUT
    assert [fact.kind for fact in centre.facts if isinstance(fact, AgentEvent)] == ["desk_taken", "desk_left"]
    assert [record.called for record in centre.records()] == ["1000", "1000"], "feature codes are no calls"
    assert centre.left() == {}


def test_a_phone_that_hears_what_was_done_is_not_rung() -> None:
    centre = centre_of(eva())
    desk, caller = centre.peer(7012), centre.peer(6001)
    caller.invite(sdp(30000))
    caller.ack(caller.responses(200)[-1])
    desk.invite(sdp(32000), "*111001")
    desk.ack(desk.responses(200)[-1])
    assert not desk.requests("INVITE")
    assert view(centre).routing_state == "on_call"
    desk.request("BYE")
    desk.reply(desk.last_request("INVITE"), 200, sdp(31000))
    caller.request("BYE")
    assert centre.records()[-1].outcome == "answered"


def test_pause_available_and_toggle_at_one_s_own_phone() -> None:
    centre = centre_of()
    phone = centre.peer(7001)
    ana = Agent(AgentConfig(AgentId("a-ana"), "ana"), "sip:caller@127.0.0.1:7001")
    centre.add(ana)
    assert dial(centre, phone, "*11") == "agent-available"
    assert centre.core.directory.desks == {}, "it is her own"
    assert dial(centre, phone, "*13") == "agent-paused"
    assert (view(centre, "a-ana").status, view(centre, "a-ana").pause_reason) == (AgentStatus.PAUSED, "lunch")
    dial(centre, phone, "*14")
    assert view(centre, "a-ana").status is AgentStatus.AVAILABLE
    assert dial(centre, phone, "*15") == "please-wait"
    assert view(centre, "a-ana").status is AgentStatus.PAUSED
    dial(centre, phone, "*15")
    assert view(centre, "a-ana").status is AgentStatus.AVAILABLE
    dial(centre, phone, "*12")
    dial(centre, phone, "*15")
    assert view(centre, "a-ana").status is AgentStatus.AVAILABLE, "toggled back in"
    talks(centre, phone)


@pytest.mark.parametrize("user", ["*11", "*111002", "*121001*99", "*111001*", "*11x"])
def test_who_is_not_known_is_refused(user: str) -> None:
    centre = centre_of(eva(pin=hash_pin("4711")))
    refused(centre.peer(7012), user, 403 if user[-1].isdigit() else 404)
    assert view(centre).status is AgentStatus.LOGGED_OUT
    assert centre.left() == {}


def test_the_pin_is_asked_for_and_not_to_be_tried_out() -> None:
    centre = centre_of(eva(pin=hash_pin("4711")))
    desk = centre.peer(7012)
    refused(desk, "*111001", 403)
    assert dial(centre, desk, "*111001*4711") == "agent-available"
    dial(centre, desk, "*12")
    for guess in range(5):
        refused(desk, f"*111001*000{guess}", 403)
    refused(desk, "*111001*4711", 403)
    centre.wait(301)
    assert dial(centre, desk, "*111001*4711") == "agent-available"


def test_a_desk_that_is_taken_and_a_pause_that_is_full() -> None:
    bo = Agent(AgentConfig(AgentId("a-bo"), "bo"), "", number="1002")
    centre = centre_of(eva(), bo, PauseReason(PauseReasonId("r"), "lunch", max_agents=0))
    desk = centre.peer(7012)
    dial(centre, desk, "*111001")
    refused(desk, "*111002", 480)
    refused(desk, "*13", 480)
    assert view(centre).status is AgentStatus.AVAILABLE
    assert view(centre).outside_calls == 0
    dial(centre, desk, "*12")
    assert centre.left() == {}


def test_without_a_media_server_it_is_done_all_the_same() -> None:
    centre = Centre(media=False)
    centre.add(queue(), *CODES, eva())
    refused(centre.peer(7012), "*111001", 480)
    assert view(centre).status is AgentStatus.AVAILABLE


def test_a_media_server_that_says_nothing() -> None:
    centre = centre_of(eva())
    desk = centre.peer(7012)
    desk.invite(sdp(32000), "*111001")
    desk.ack(desk.responses(200)[-1])
    centre.wait(21)
    assert desk.requests("BYE")
    assert view(centre).routing_state == "idle"


def test_a_restart_ends_the_call_not_what_it_did() -> None:
    centre = centre_of(eva())
    desk = centre.peer(7012)
    desk.invite(sdp(32000), "*111001")
    desk.ack(desk.responses(200)[-1])
    centre.crash()
    assert desk.requests("BYE")
    assert view(centre).routing_state == "idle"
    dial(centre, desk, "*12")
    assert centre.left() == {}


# --- phones with passwords


def strangers(*items: ConfigObject) -> Centre:
    """No address is trusted."""
    centre = Centre(networks=())
    ha1 = digest_hashes("desk12", "callyard", "s3cret")
    centre.add(queue(), entry("1000"), *CODES, eva(), Phone("p1", "desk12", ha1), *items)
    return centre


def test_a_desk_phone_registers_and_dials_with_its_password() -> None:
    centre = strangers(Trunk("t", "carrier", ("127.0.0.0/8",)))
    desk = centre.peer(7012)
    assert register(desk, "desk12", "wrong") == 401
    invite_as(desk, sdp(32000), "*111001", "desk12", "s3cret")
    assert desk.responses(480), "it is not registered"
    assert register(desk, "desk12", "s3cret") == 200
    invite_as(desk, sdp(32000), "*111001", "desk12", "s3cret")
    desk.ack(desk.responses(200)[-1])
    assert hears(centre, desk) == "agent-available"
    assert centre.core.directory.desks == {"a-eva": "sip:desk12@callyard"}
    talks(centre, desk)
    register(desk, "desk12", "s3cret", expires=0)
    assert view(centre).routing_state == "unreachable"
    register(desk, "desk12", "s3cret")
    assert view(centre).routing_state == "idle"
    centre.crash()
    assert view(centre).routing_state == "idle"
    talks(centre, desk, 6002)


def test_who_is_at_a_registered_phone_and_calls_is_on_a_call() -> None:
    centre = strangers()
    desk = centre.peer(7012)
    register(desk, "desk12", "s3cret")
    invite_as(desk, sdp(32000), "*111001", "desk12", "s3cret")
    desk.ack(desk.responses(200)[-1])
    hears(centre, desk)
    invite_as(desk, sdp(32000), "1000", "desk12", "s3cret")
    assert (view(centre).routing_state, view(centre).outside_calls) == ("on_call", 1)
    desk.ack(desk.responses(200)[-1])
    desk.request("BYE")
    assert view(centre).routing_state == "idle"


def test_a_trunk_may_not_dial_feature_codes() -> None:
    centre = strangers(Trunk("t", "carrier", ("127.0.0.0/8",)))
    trunk = centre.peer(6001)
    trunk.invite(sdp(30000), "*111001")
    assert trunk.responses(401)
    assert not trunk.responses(200)
    assert view(centre).status is AgentStatus.LOGGED_OUT


# --- what was dialled


@pytest.mark.parametrize(
    ("user", "found"),
    [
        ("*11", ("log_in", "", None)),
        ("*111001", ("log_in", "1001", None)),
        ("*111001*47", ("log_in", "1001", "47")),
        ("*11*47", ("log_in", "", "47")),
        ("*19", ("log_out", "9", None)),
        ("*1", ("log_out", "", None)),
        ("*2", None),
        ("*111001#", None),
        ("1000", None),
        ("", None),
    ],
)
def test_the_longest_code_that_fits(user: str, found: tuple[FeatureAction, str, str | None] | None) -> None:
    workplace = Workplace()
    for code in CODES:
        assert isinstance(code, FeatureCode)
        workplace.put(code)
    dialled = workplace.dialled(user)
    assert (dialled and (dialled.code.action, dialled.number, dialled.pin)) == found
    workplace.drop("f6")
    assert workplace.dialled("*19") is None


def test_a_number_that_is_given_to_another_agent_is_that_one_s() -> None:
    centre = Centre()
    phone = centre.peer(7001)
    directory = centre.core.directory
    directory.put(agent("ana", phone, number="1001"))
    assert directory.numbered("1001") is not None
    directory.put(agent("ana", phone, number="1002"), agent("bo", phone, number="1001"))
    found = directory.numbered("1001")
    assert found is not None
    assert found.routing.name == "bo"
    directory.drop("agent", "a-bo")
    assert directory.numbered("1001") is None
