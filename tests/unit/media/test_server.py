"""The SIP side, in virtual time against a real endpoint: opening, refusing, playing by INFO, keys, owners, ends."""

import ipaddress
import json
from pathlib import Path

import pytest

from media.rtp import RtpSender
from media.settings import Settings
from sipcore.message.sdp import parse_sdp
from tests.unit.media.house import House, sdp

A, B, SILENCE = ord("a"), ord("b"), 0xD5
FOREVER = ";play=a;repeat=forever"


def described(response_body: bytes) -> tuple[int, list[str], str | None, int]:
    description = parse_sdp(response_body)
    (media,) = description.media
    return media.port, media.formats, media.direction, description.origin.version


# -- opening


def test_a_call_is_answered_with_the_offers_first_codec_and_hears_its_music(house: House) -> None:
    caller = house.call(FOREVER)
    port, formats, direction, _ = described(caller.response.body)
    assert (port, formats, direction) == (caller.sockets.port, ["8", "101"], "sendrecv")
    assert caller.response.content_type == "application/sdp"
    assert caller.heard(1.0) == {A}
    assert len(caller.sockets.sent) == 50
    assert {address for _, address in caller.sockets.sent} == {("192.168.1.5", 4000)}
    assert caller.request("BYE").status == 200
    assert house.server_is_empty()


def test_the_offers_order_decides(house: House) -> None:
    caller = house.call(FOREVER, body=sdp("18 0 8 101"))
    assert described(caller.response.body)[1] == ["0", "101"]
    house.run(0.1)
    assert {packet.payload_type for packet in caller.packets()} == {0}


def test_names_are_played_in_order_and_over_again_from_where_it_is_told(house: House) -> None:
    caller = house.call(";play=a,b.wav;repeat=forever;loop-from=1")
    assert [caller.heard(seconds) for seconds in (0.15, 0.1, 2.0)] == [{A}, {A, B}, {B}]


@pytest.mark.parametrize("play", [";play=a;repeat=2", ";play=a"])
def test_a_finite_announcement_ends_the_dialog(house: House, play: str) -> None:
    house.call(play)
    house.run(0.6)
    assert house.methods() == ["BYE"]
    assert house.server_is_empty()


def test_an_announcement_that_ends_before_the_ack_says_bye_after_it(house: House) -> None:
    caller = house.call(";play=a;repeat=1", ack=False)
    house.run(1.0)
    assert house.methods() == []
    caller.ack()
    assert house.methods() == ["BYE"]
    assert house.server_is_empty()


def test_without_play_the_session_is_silent_and_stays(house: House) -> None:
    caller = house.call()
    assert caller.heard(5.0) == {SILENCE}
    assert house.methods() == []


def test_without_an_offer_ours_is_in_the_answer_and_theirs_in_the_ack(house: House) -> None:
    caller = house.call(FOREVER, body=b"", answer=sdp("0 101"))
    assert sorted(described(caller.response.body)[1]) == ["0", "101", "8"]
    assert len(caller.heard()) == 1
    assert {packet.payload_type for packet in caller.packets()} == {0}


@pytest.mark.parametrize("answer", [b"", b"nonsense", sdp("18"), sdp(port=0)])
def test_an_ack_without_a_usable_answer_ends_the_session(house: House, answer: bytes) -> None:
    house.call(FOREVER, body=b"", answer=answer)
    assert house.methods() == ["BYE"]
    assert house.server_is_empty()


def test_a_call_that_is_never_acknowledged_is_ended(house: House) -> None:
    house.call(FOREVER, ack=False)
    house.run(33.0)
    assert house.methods() == ["BYE"]
    assert house.server_is_empty()


# -- refusing


@pytest.mark.parametrize(
    ("uri", "status", "word"),
    [
        ("sip:annc@h;play=nothing", 404, "'nothing'"),
        ("sip:annc@h;play=a,nothing;repeat=1", 404, "'nothing'"),
        ("sip:annc@h;play=../../etc/passwd", 404, "no sound named"),
        ("sip:annc@h;play=%2e%2e%2fa", 404, "no sound named"),
        ("sip:annc@h;play=file:///a.wav", 404, "no sound named"),
        ("sip:annc@h;play=stereo", 500, "cannot be played"),
        ("sip:annc@h;play=a;repeat=often", 400, "repeat"),
        ("sip:annc@h;play=a;repeat=0", 400, "repeat"),
        ("sip:annc@h;play=a;repeat=2;loop-from=1", 400, "loop-from"),
        ("sip:annc@h;play=" + ",".join("a" * 33), 400, "more than 32"),
        ("sip:conf@h", 404, "annc"),
        ("sip:h", 404, "annc"),
    ],
)
def test_what_cannot_be_played_is_refused_and_named(house: House, uri: str, status: int, word: str) -> None:
    response = house.refused(uri)
    assert response.status == status
    assert word in (response.get("Warning") or "")
    assert word in (response.get("Reason") or "")


def test_a_bad_file_is_logged_with_its_path(house: House, sounds: Path) -> None:
    house.refused("sip:annc@h;play=stereo")
    assert str(sounds / "stereo.wav") in house.log[0]


@pytest.mark.parametrize(
    "body",
    [sdp("18 3"), b"v=0\r\nnonsense", sdp(port=0), sdp(address="239.1.1.1"), sdp(address="no.ip.example")],
)
def test_an_offer_that_nothing_can_be_made_of_gets_488(house: House, body: bytes) -> None:
    assert house.refused("sip:annc@h;play=a", body=body).status == 488


def test_what_is_not_understood_is_refused(house: House) -> None:
    response = house.refused("sip:annc@h", headers=(("Require", "100rel, timer"),))
    assert (response.status, response.get("Unsupported")) == (420, "100rel")
    assert house.refused("sip:annc@h", kind="text/plain").status == 415
    assert house.request(house.outside("MESSAGE", "sip:annc@h")).status == 405
    assert house.request(house.outside("BYE", "sip:annc@h")).status == 481


def test_there_are_limits(sounds: Path) -> None:
    house = House(sounds, Settings(max_sessions=1))
    house.call()
    refused = house.request(house.outside("INVITE", "sip:annc@h", body=sdp()))
    assert (refused.status, refused.get("Retry-After")) == (503, "5")
    house = House(sounds, Settings(max_invites_a_second=2))
    house.call()
    house.call()
    assert house.request(house.outside("INVITE", "sip:annc@h", body=sdp())).status == 503
    house.run(1.0)
    house.call()


def test_without_ports_there_is_no_session(house: House) -> None:
    house.ports.limit = 0
    assert house.refused("sip:annc@h").status == 503


def test_only_peers_are_served(sounds: Path) -> None:
    stranger = House(sounds, host="192.0.2.9")
    assert stranger.refused("sip:annc@h").status == 403
    assert stranger.options().status == 403
    friend = House(sounds, Settings(peers=(ipaddress.ip_network("192.0.2.0/24"),)), host="192.0.2.9")
    assert friend.call(FOREVER).heard() == {A}


def test_a_dialog_that_is_not_known_gets_481(house: House) -> None:
    caller = house.call()
    caller.request("BYE")
    for method in ("INVITE", "UPDATE", "INFO", "OPTIONS", "BYE"):
        assert caller.request(method).status == 481


# -- within the dialog


def test_info_replaces_what_plays_at_once(house: House) -> None:
    caller = house.call(FOREVER)
    assert caller.play(b'{"play": ["b", "a"], "loop": true, "loop_from": 0}').status == 200
    assert caller.heard() == {B}
    assert caller.heard(0.5) == {A, B}
    assert caller.play(b'{"play": []}').status == 200
    assert caller.heard() == {SILENCE}
    assert house.methods() == []


def test_the_end_of_a_list_is_reported_and_silence_follows(house: House) -> None:
    caller = house.call(";play=a;repeat=1")
    caller.play(b'{"play": ["b"], "id": "greeting-7"}')
    house.run(1.0)
    (info,) = [request for request in house.received if request.method == "INFO"]
    assert info.content_type == "application/vnd.callyard.play+json"
    assert json.loads(info.body) == {"finished": "greeting-7"}
    assert info.uri == "sip:caller@127.0.0.1:5080"
    assert caller.heard() == {SILENCE}
    house.methods()
    caller.play(b'{"play": ["a"], "loop": true}')
    assert caller.heard(1.0) == {A}
    assert house.methods() == []


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"", 400, "JSON"),
        (b"[1]", 400, "object"),
        (b"[" * 4000, 400, "JSON"),
        (b'{"loop": true}', 400, "play"),
        (b'{"play": "a"}', 400, "play"),
        (b'{"play": [1]}', 400, "play"),
        (b'{"play": ["a"], "loop": "yes"}', 400, "loop"),
        (b'{"play": ["a"], "loop_from": 1}', 400, "loop_from"),
        (b'{"play": ["a"], "loop_from": true}', 400, "loop_from"),
        (b'{"play": ["a"], "id": 7}', 400, "id"),
        (b'{"play": ["a", "zz"]}', 404, "'zz'"),
        (b'{"play": ["a\\u0000\\r\\n"]}', 404, "no sound"),
        (b'{"play": ["' + b"a" * 5000 + b'"]}', 413, "large"),
    ],
)
def test_a_bad_order_is_refused_and_changes_nothing(house: House, body: bytes, status: int, word: str) -> None:
    caller = house.call(FOREVER)
    response = caller.play(body)
    assert response.status == status or (body == b"" and response.status == 200)
    assert word in (response.get("Warning") or "JSON")
    assert caller.heard() == {A}


def test_other_infos(house: House) -> None:
    caller = house.call()
    response = caller.request("INFO", body=b"Signal=1", kind="application/dtmf-relay")
    assert (response.status, response.get("Accept")) == (415, "application/vnd.callyard.play+json")
    assert caller.request("INFO").status == 200
    assert caller.request("OPTIONS").status == 200
    assert caller.request("MESSAGE", body=b"x", kind="text/plain").status == 405


def test_a_key_is_reported_once(house: House) -> None:
    caller = house.call(FOREVER)
    for packet in RtpSender(5, 5, 5).key("#", 101):
        caller.press(packet)
    (info,) = [request for request in house.received if request.method == "INFO"]
    assert info.content_type == "application/dtmf-relay"
    assert info.body == b"Signal=#\r\nDuration=100\r\n"
    assert caller.sockets.only == 101


def test_hold_and_resume(house: House) -> None:
    caller = house.call(FOREVER)
    first = parse_sdp(caller.response.body).origin
    held = caller.request("INVITE", body=sdp(more="a=sendonly\r\n"))
    assert described(held.body)[2:] == ("recvonly", first.version + 1)
    assert parse_sdp(held.body).origin.sess_id == first.sess_id
    assert caller.heard(1.0) == set()
    same = caller.request("UPDATE", body=sdp(more="a=sendonly\r\n"))
    assert described(same.body)[2:] == ("recvonly", first.version + 1)
    resumed = caller.request("UPDATE", body=sdp())
    assert described(resumed.body)[2:] == ("sendrecv", first.version + 2)
    assert caller.heard() == {A}


def test_hold_by_an_address_of_zeros(house: House) -> None:
    caller = house.call(FOREVER)
    held = caller.request("INVITE", body=sdp(address="0.0.0.0"))
    assert described(held.body)[2] == "recvonly"
    assert caller.heard() == set()


def test_a_new_address_and_codec(house: House) -> None:
    caller = house.call(FOREVER)
    caller.request("INVITE", body=sdp("0 101", address="192.168.1.6", port=4100))
    caller.heard()
    assert {address for _, address in caller.sockets.sent} == {("192.168.1.6", 4100)}
    assert {packet.payload_type for packet in caller.packets()} == {0}


def test_a_re_invite_that_is_no_good_changes_nothing(house: House) -> None:
    caller = house.call(FOREVER)
    assert caller.request("INVITE", body=sdp("18")).status == 488
    assert caller.heard() == {A}


def test_a_re_invite_without_offer_gets_ours(house: House) -> None:
    caller = house.call(FOREVER)
    offered = caller.request("INVITE")
    assert set(described(offered.body)[1]) == {"0", "8", "101"}
    assert house.methods() == ["BYE"]  # this caller's ACK has no answer in it


def test_every_m_line_is_answered_in_its_place(house: House) -> None:
    video = sdp(more="m=video 5000 RTP/AVP 96\r\n")
    caller = house.call(FOREVER, body=video)
    assert [(media.kind, bool(media.port)) for media in parse_sdp(caller.response.body).media] == [
        ("audio", True),
        ("video", False),
    ]
    offered = caller.request("INVITE")
    assert [(media.kind, bool(media.port)) for media in parse_sdp(offered.body).media] == [
        ("audio", True),
        ("video", False),
    ]


def test_requests_out_of_order_are_refused(house: House) -> None:
    caller = house.call()
    caller.request("OPTIONS")
    caller.dialog.local_cseq -= 2
    assert caller.request("INFO").status == 500


def test_a_peer_that_forgot_the_dialog_ends_the_session(house: House) -> None:
    caller = house.call(FOREVER)
    house.answers["INFO"] = 481
    caller.play(b'{"play": ["a"], "id": "1"}')
    house.run(1.0)
    assert house.server_is_empty()
    assert house.methods() == ["INFO"]


def test_a_dead_owner_does_not_stop_the_music(house: House) -> None:
    caller = house.call(FOREVER)
    house.gone = True
    house.run(200.0)
    assert caller.heard() == {A}
