"""What waiting callers are told, when, and that nobody waits for an announcement to end."""

import json
from pathlib import Path

import pytest

import media
from app.announcements import PROMPTS, Announcements, Band, band_of, spoken
from app.commands import SetAgentState
from app.configuration import MediaServer, Queue
from media.sounds import SoundLibrary
from queues.model import QueueConfig, QueueId
from tests.support.centre import Centre, agent, entry
from tests.support.virtual import Peer, sdp

EVERYTHING = Announcements(
    position=True, expected_wait=True, first_after_seconds=10, every_seconds=30, comfort=("a", "b")
)


@pytest.mark.parametrize(
    ("seconds", "band"),
    [
        (0.0, Band(0, 1)), (59.9, Band(0, 1)), (60.0, Band(1, 2)), (200.0, Band(3, 5)), (599.0, Band(5, 10)),
        (3599.0, Band(45, 60)), (3600.0, Band(60, None)), (1e9, Band(60, None)),
    ],
)  # fmt: skip
def test_the_expected_wait_is_announced_as_a_band(seconds: float, band: Band) -> None:
    assert band_of(seconds) == band


@pytest.mark.parametrize(
    ("position", "words"),
    [
        (1, "you-are-next"), (2, "you-are-number number-2 in-line"), (19, "you-are-number number-19 in-line"),
        (20, "you-are-number number-20 in-line"), (47, "you-are-number number-40 number-7 in-line"),
        (300, "you-are-number number-3 number-hundred in-line"),
        (815, "you-are-number number-8 number-hundred number-15 in-line"), (1000, ""),
    ],
)  # fmt: skip
def test_positions_in_words(position: int, words: str) -> None:
    assert " ".join(spoken(Announcements(position=True), 0, position, None)) == words


def test_the_wait_in_words() -> None:
    policy = Announcements(expected_wait=True)
    assert spoken(policy, 0, 1, 20.0) == ("expected-wait", "less-than-a-minute")
    assert spoken(policy, 0, 1, 700.0) == ("expected-wait", "number-10", "to", "number-15", "minutes")
    assert spoken(policy, 0, 1, 9000.0) == ("expected-wait", "more-than-an-hour")
    assert spoken(policy, 0, 1, None) == ()


def test_comfort_sounds_take_turns() -> None:
    policy = Announcements(comfort=("a", "b"))
    assert [spoken(policy, number, None, None) for number in range(3)] == [("a",), ("b",), ("a",)]


def test_every_prompt_is_a_sound_that_is_supplied() -> None:
    library = SoundLibrary([Path(media.__file__).parent / "sounds"])
    named: set[str] = set()
    for position in range(1, 1000):
        named.update(spoken(Announcements(position=True), 0, position, None))
    for minute in range(70):
        named.update(spoken(Announcements(expected_wait=True), 0, None, 60.0 * minute))
    assert named == set(PROMPTS)
    assert all(0.2 < library.get(name).seconds < 3 for name in named)


@pytest.mark.parametrize(
    ("now", "due"), [(0.0, (10.0, 0)), (9.9, (10.0, 0)), (10.0, (40.0, 1)), (39.0, (40.0, 1)), (100.0, (130.0, 4))]
)
def test_announcements_keep_their_beat(now: float, due: tuple[float, int]) -> None:
    assert EVERYTHING.due(0.0, now) == due


def test_once_is_once() -> None:
    once = Announcements(position=True, every_seconds=None)
    assert once.due(0.0, 3.0) == (15.0, 0)
    assert once.due(0.0, 15.0) is None


def played(centre: Centre) -> list[list[str]]:
    orders = [json.loads(event.request.body) for event in centre.media.requests("INFO")]
    return [order["play"] for order in orders if "play" in order]


def centre_with(policy: Announcements, **queue: object) -> tuple[Centre, Peer]:
    centre = Centre()
    phone = centre.peer(7001)
    routing = QueueConfig(QueueId("q-support"), "support")
    centre.add(
        Queue(routing, announcements=policy, **queue),  # type: ignore[arg-type]
        entry("1000"),
        agent("ana", phone, initial_status="paused"),
    )
    return centre, phone


def parked(centre: Centre, port: int = 6001) -> Peer:
    caller = centre.peer(port)
    caller.invite(sdp(30000))
    caller.ack(caller.responses(200)[-1])
    return caller


def list_ended(centre: Centre, peer: Peer) -> None:
    """The media server says that the list has ended."""
    peer.request("INFO", json.dumps({"finished": "list"}).encode(), "application/vnd.callyard.play+json")


def test_a_parked_caller_hears_position_wait_and_comfort_between_the_music() -> None:
    centre, _ = centre_with(EVERYTHING)
    parked(centre)
    parked(centre, 6002)
    centre.wait(9)
    assert played(centre) == []
    centre.wait(2)
    assert played(centre) == [
        ["you-are-next", "expected-wait", "less-than-a-minute", "a"],
        ["you-are-number", "number-2", "in-line", "expected-wait", "less-than-a-minute", "a"],
    ]
    list_ended(centre, centre.media)
    assert played(centre)[2:] == [["music"]]
    centre.wait(30)
    assert [order[-1] for order in played(centre)[3:]] == ["b"], "who still hears the last one gets no other"


def test_an_announcement_is_cut_the_moment_an_agent_accepts() -> None:
    centre, phone = centre_with(EVERYTHING)
    caller = parked(centre)
    centre.wait(11)
    assert len(played(centre)) == 1
    centre.tell(SetAgentState("a-ana", "available"))
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    assert caller.requests("INVITE"), "moved to the agent at once, nobody asks whether the list has ended"
    centre.wait(60)
    assert len(played(centre)) == 1


def test_nothing_is_begun_while_an_agent_rings() -> None:
    centre, phone = centre_with(EVERYTHING)
    parked(centre)
    centre.tell(SetAgentState("a-ana", "available"))
    centre.wait(12)
    assert phone.requests("INVITE")
    assert played(centre) == []


def test_the_beat_goes_on_after_a_crash() -> None:
    centre, _ = centre_with(EVERYTHING)
    parked(centre)
    centre.wait(20)
    list_ended(centre, centre.media)
    before = len(played(centre))
    centre.crash()
    centre.wait(19)
    assert len(played(centre)) == before
    centre.wait(3)
    assert played(centre)[before:] == [["you-are-next", "expected-wait", "less-than-a-minute", "b"]]


def test_without_announcements_there_is_only_music() -> None:
    centre, _ = centre_with(Announcements())
    parked(centre)
    centre.wait(200)
    assert played(centre) == []


def foreign(policy: Announcements) -> tuple[Centre, Peer]:
    """A media server that is no more than that: it takes calls by Request-URI and knows nothing of ours."""
    centre = Centre(media=False)
    server = centre.peer(9100)
    server.answers_with = sdp(41000, session=78)
    centre.add(
        Queue(QueueConfig(QueueId("q-support"), "support"), announcements=policy),
        entry("1000"),
        MediaServer("m", "moh", "sip:annc@127.0.0.1:9100;play={sound};repeat={repeat}"),
    )
    return centre, server


def asked(server: Peer) -> list[str]:
    return [event.request.uri.partition(";")[2] for event in server.requests("INVITE")]


MUSIC, TOLD = "play=music;repeat=forever", "play=you-are-next;repeat=1"


def test_a_foreign_media_server_announces_in_a_call_of_its_own_and_hangs_up_at_the_end() -> None:
    """RFC 4240 §3: the server ends the call when it has played it as often as asked."""
    centre, server = foreign(Announcements(position=True, first_after_seconds=10, every_seconds=30))
    caller = parked(centre)
    centre.wait(11)
    assert asked(server) == [MUSIC, TOLD]
    server.request("BYE")
    assert asked(server) == [MUSIC, TOLD, MUSIC]
    centre.wait(30)
    assert asked(server)[3:] == [TOLD]
    caller.request("BYE")
    assert centre.left() == {}


@pytest.mark.parametrize("every", [None, 30.0])
def test_a_media_server_that_never_says_when_it_is_done_gets_the_music_back_all_the_same(every: float | None) -> None:
    centre, server = foreign(Announcements(position=True, first_after_seconds=10, every_seconds=every))
    caller = parked(centre)
    centre.wait(69)
    assert asked(server) == [MUSIC, TOLD], "who still hears the last one gets no other"
    centre.wait(2)
    assert asked(server)[:3] == [MUSIC, TOLD, MUSIC]
    caller.request("BYE")
    assert centre.left() == {}


def test_the_music_comes_back_after_a_crash_too() -> None:
    centre, server = foreign(Announcements(position=True, first_after_seconds=10, every_seconds=None))
    caller = parked(centre)
    centre.wait(20)
    centre.crash()
    centre.wait(61)
    assert asked(server)[-1] == MUSIC
    caller.request("BYE")
    assert centre.left() == {}


def test_callers_who_leave_in_an_announcement_leave_nothing() -> None:
    centre, _ = centre_with(Announcements(position=True, first_after_seconds=10, every_seconds=None))
    caller = parked(centre)
    centre.wait(11)
    caller.request("BYE")
    centre.wait(100)
    assert centre.core.centre._announcing._playing == {}
    assert centre.core.centre._announcing.next_deadline() is None
