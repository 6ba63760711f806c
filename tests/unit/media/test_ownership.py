"""Who owns the sessions, and how long they live without being asked for: heartbeats, orphans, the session timer."""

from dataclasses import replace
from pathlib import Path

from media.settings import Settings
from sipcore.message import respond_to
from tests.unit.media.house import House, sdp

A = ord("a")
FOREVER = ";play=a;repeat=forever"


# -- owners


def test_options_tell_what_we_can_and_how_many_there_are(house: House) -> None:
    house.call()
    response = house.options()
    assert (response.status, response.get("X-Sessions"), response.body) == (200, "1", b"")
    assert "UPDATE" in response.get_all("Allow")
    assert response.get("Accept") == "application/sdp"


def test_it_ends_when_its_owner_is_gone(sounds: Path) -> None:
    house = House(sounds, Settings(idle_exit=300.0))
    house.call(FOREVER)
    house.run(200.0)
    house.options()
    house.run(299.0)
    assert house.log == []
    house.run(2.0)
    assert house.server.over
    assert house.log == ["the owner is gone"]
    house.server.close(house.now)
    house.run()
    assert "BYE" in house.methods()
    assert house.server_is_empty()


def test_without_an_idle_limit_it_stays(house: House) -> None:
    house.run(100_000.0)
    assert not house.server.over
    assert house.server.next_deadline() is None


def test_a_new_owner_claims_its_sessions_and_the_others_are_dropped(house: House) -> None:
    house.options(("X-Owner", "one"))
    claimed, _orphan = house.call(FOREVER), house.call(FOREVER)
    house.options(("X-Owner", "one"))
    house.run(61.0)
    assert len(house.server) == 2
    house.options(("X-Owner", "two"))
    newcomer = house.call(FOREVER)
    house.run(30.0)
    claimed.request("OPTIONS")
    house.run(31.0)
    assert len(house.server) == 2
    assert house.methods() == ["BYE"]
    assert claimed.heard() == newcomer.heard() == {A}


def test_owners_without_a_name_orphan_nobody(house: House) -> None:
    house.call(FOREVER)
    for _ in range(5):
        house.options()
        house.run(61.0)
    assert len(house.server) == 1


# -- the session timer


def test_a_peer_with_timer_refreshes_and_an_expired_session_ends(house: House) -> None:
    caller = house.call(FOREVER, headers=(("Supported", "timer"), ("Session-Expires", "120")))
    assert caller.response.get("Session-Expires") == "120;refresher=uac"
    assert caller.response.get("Require") == "timer"
    house.run(80.0)
    refreshed = caller.request("UPDATE", headers=(("Supported", "timer"), ("Session-Expires", "120;refresher=uac")))
    assert refreshed.get("Session-Expires") == "120;refresher=uac"
    house.run(80.0)
    assert len(house.server) == 1
    house.run(9.0)
    assert house.methods() == ["BYE"]
    assert house.server_is_empty()


def test_too_short_an_interval_gets_422(house: House) -> None:
    response = house.refused("sip:annc@h", headers=(("Supported", "timer"), ("Session-Expires", "60")))
    assert (response.status, response.get("Min-SE")) == (422, "90")


def test_a_peer_without_timer_is_refreshed_by_us_with_update_or_invite(sounds: Path) -> None:
    house = House(sounds, Settings(session_expires=100))
    house.answers["INFO"] = 200
    caller = house.call(FOREVER, headers=(("Allow", "INVITE, ACK, BYE, UPDATE"),))
    assert caller.response.get("Session-Expires") == "100;refresher=uas"
    assert caller.response.get("Require") is None
    house.run(1000.0)
    assert set(house.methods()) == {"UPDATE"}
    assert caller.heard() == {A}


def test_a_refresh_by_re_invite_says_what_was_said(sounds: Path) -> None:
    house = House(sounds, Settings(session_expires=100))
    caller = house.call(FOREVER)

    house.answers["INVITE"] = 488  # refused, but the peer is there
    house.run(1000.0)
    invites = [request for request in house.received if request.method == "INVITE"]
    assert len(invites) == 20
    assert {request.body for request in invites} == {caller.response.body}
    assert caller.heard() == {A}


def test_a_refresh_by_re_invite_is_acknowledged_and_its_answer_holds(sounds: Path) -> None:
    house = House(sounds, Settings(session_expires=100))
    caller = house.call(FOREVER)
    house.answering = lambda request: respond_to(
        request, 200, headers=[("Contact", "<sip:moved@127.0.0.1:5080>")], body=sdp(port=4200)
    )
    house.run(60.0)
    assert [request.method for request in house.received] == ["INVITE", "ACK"]
    assert house.received[1].uri == "sip:moved@127.0.0.1:5080"
    assert caller.heard() == {A}
    assert {address for _, address in caller.sockets.sent} == {("192.168.1.5", 4200)}


def test_a_refresh_below_the_peers_minimum_is_tried_again(sounds: Path) -> None:
    house = House(sounds, Settings(session_expires=100))
    house.call(FOREVER, headers=(("Allow", "UPDATE"),))
    statuses = iter([422])
    house.answering = lambda request: respond_to(request, next(statuses, 200), headers=[("Min-SE", "500")])
    house.run(51.0)
    assert [request.get("Session-Expires") for request in house.received] == ["100;refresher=uac", "500;refresher=uac"]
    house.run(200.0)
    assert len(house.server) == 1


def test_a_peer_that_does_not_answer_refreshes_is_given_until_the_end_of_the_interval(sounds: Path) -> None:
    house = House(sounds, replace(Settings(), session_expires=300))
    house.call(FOREVER)
    house.gone = True
    house.run(267.0)
    assert len(house.server) == 1
    house.run(2.0)
    assert house.server_is_empty()


def test_nothing_is_left_when_all_is_over(house: House) -> None:
    for _ in range(3):
        caller = house.call(FOREVER)
        caller.play(b'{"play": ["a"]}')
        house.run(1.0)
        caller.request("BYE")
    house.run(40.0)
    assert house.server_is_empty()
    assert house.server.next_deadline() is None
    assert house.endpoint.next_deadline() is None
    assert not any(house.endpoint.counts().values())
