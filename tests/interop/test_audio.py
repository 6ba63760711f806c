"""Who hears whom, by real RTP: the queue's music while waiting, then each the other's tone, for every way to connect."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest
import yaml

from media.g711 import decode_alaw
from media.sounds import load_sound
from tests.interop.conftest import nothing_left, records
from tests.support.baresip import Baresip
from tests.support.phone import Phone
from tests.support.service import Service, wait_until
from tests.support.tone import share_of

pytestmark = pytest.mark.interop

SOUNDS: Final = Path(__file__).parents[2] / "media" / "sounds"
GRID: Final = range(120, 1000, 10)  # Hz: where the music has its strength
CALLER, AGENT = 440.0, 620.0
WAYS: Final = [(offer, early) for offer in ("late", "caller") for early in (False, True)]


def queue_of(offer: str, *, early: bool = False) -> str:
    return f"{offer}-early" if early else offer


@pytest.fixture(scope="module")
def phones() -> Iterator[dict[str, Phone]]:
    """An agent for each ``offer`` mode. They answer whatever comes; their proxy is set when the service is known."""
    with Phone("late", AGENT, ("", 0)) as late, Phone("caller", AGENT, ("", 0)) as caller:
        yield {"late": late, "caller": caller}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, phones: dict[str, Phone]) -> Iterator[Service]:
    """A queue for every way to wait, an agent for every way to connect, and one with a password for a real phone."""
    queues = [{"name": queue_of(offer, early=early), "early_media": early} for offer, early in WAYS]
    agents = [
        {"name": name, "address": phone.contact, "offer": name, "queues": [name, f"{name}-early"], "status": "paused"}
        for name, phone in phones.items()
    ]
    real = {
        "name": "bare",
        "address": "sip:bare@callyard",
        "password": "s3cret",
        "queues": ["real"],
        "status": "paused",
    }
    content = {"queues": [*queues, {"name": "real", "music": "music-sales"}], "agents": [*agents, real]}
    settings = {"REGISTER_DIGEST": "MD5"}  # baresip 1.0 cannot register where SHA-256 is offered too
    folder = tmp_path_factory.mktemp("audio") / "service"
    with Service(folder, config=yaml.safe_dump(content), settings=settings) as running:
        for phone in phones.values():
            phone.proxy = running.sip
        yield running


def spectrum(samples: Sequence[int]) -> list[float]:
    return [share_of(samples, frequency) for frequency in GRID]


def alike(one: Sequence[float], other: Sequence[float]) -> float:
    """The cosine of two spectra: 1 where they have the same shape."""
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return product / math.sqrt(sum(a * a for a in one) * sum(b * b for b in other))


def music_heard(phone: Phone, name: str = "music") -> None:
    """The phone hears that file, from wherever it is being played."""
    start = len(phone.frames)
    samples = phone.listen(50)
    frames = load_sound(SOUNDS / f"{name}.wav").frames("PCMA")
    own = [frame for frame in phone.frames[start : start + 50] if frames.count(frame) == 1]
    assert own, "nothing that only this music has"
    at = frames.index(own[0]) - phone.frames[start:].index(own[0])
    played = [sample for index in range(50) for sample in decode_alaw(frames[(at + index) % len(frames)])]
    assert alike(spectrum(samples), spectrum(played)) > 0.99
    assert share_of(samples, AGENT) < 0.1


def both_hear(caller: Phone, agent: Phone) -> None:
    assert_hears(caller, AGENT)
    assert_hears(agent, CALLER)


def assert_hears(phone: Phone, frequency: float) -> None:
    """From some moment on, soon, the phone hears that tone and nothing else."""
    wait_until(lambda: share_of(phone.listen(10), frequency) > 0.98, f"{phone.name} to hear {frequency} Hz")
    assert share_of(phone.listen(25), frequency) > 0.98


def hears_nothing_more(phone: Phone, other: Phone) -> None:
    """While ``other`` hears on, ``phone`` gets no packet any more."""
    heard = len(phone.frames)
    other.listen(25)
    assert len(phone.frames) <= heard + 2  # what was on its way


@pytest.mark.parametrize(("offer", "early"), WAYS)
def test_music_and_then_each_other(service: Service, phones: dict[str, Phone], offer: str, early: bool) -> None:
    agent = phones[offer]
    with Phone("visitor", CALLER, service.sip) as caller:
        caller.call(queue_of(offer, early=early))
        caller.until("early" if early else "up")
        music_heard(caller)
        service.set_state(offer, "available").raise_for_status()
        agent.until("up")
        caller.until("up")
        both_hear(caller, agent)
        caller.hang_up()
        agent.until("over")
    service.set_state(offer, "paused").raise_for_status()
    nothing_left(service)


@pytest.mark.parametrize("offer", ["late", "caller"])
def test_straight_to_the_agent_and_put_on_hold(service: Service, phones: dict[str, Phone], offer: str) -> None:
    agent = phones[offer]
    service.set_state(offer, "available").raise_for_status()
    with Phone("visitor", CALLER, service.sip) as caller:
        caller.call(offer)
        caller.until("up")
        agent.until("up")
        both_hear(caller, agent)

        agent.hold()
        wait_until(lambda: caller.peer_direction == "sendonly", f"the caller to be on hold: {caller.log}")
        assert_hears(caller, AGENT)  # whatever the agent's phone plays to those on hold
        hears_nothing_more(agent, caller)

        agent.hold(on=False)
        wait_until(lambda: caller.peer_direction == "sendrecv", f"the caller to be off hold: {caller.log}")
        both_hear(caller, agent)
        agent.hang_up()
        caller.until("over")
    service.set_state(offer, "paused").raise_for_status()
    nothing_left(service)


@pytest.mark.parametrize("offer", ["late", "caller"])
def test_back_into_line_and_to_an_agent_again(service: Service, phones: dict[str, Phone], offer: str) -> None:
    """A supervisor takes the call from its agent: music, as before the first agent."""
    agent = phones[offer]
    service.set_state(offer, "available").raise_for_status()
    with Phone("visitor", CALLER, service.sip) as caller:
        caller.call(offer)
        caller.until("up")
        agent.until("up")
        both_hear(caller, agent)
        (call,) = service.items("/calls")
        service.set_state(offer, "paused").raise_for_status()
        service.client.post(f"/api/v1/calls/{call['id']}/requeue", json={}).raise_for_status()
        agent.until("over")
        wait_until(lambda: service.get(f"/calls/{call['id']}")["state"] == "parked", "the caller to wait")
        music_heard(caller)
        service.set_state(offer, "available").raise_for_status()
        agent.until("up")
        both_hear(caller, agent)
        caller.hang_up()
        agent.until("over")
    service.set_state(offer, "paused").raise_for_status()
    nothing_left(service)


@pytest.mark.parametrize("offer", ["late", "caller"])
def test_a_caller_who_makes_no_offer(service: Service, phones: dict[str, Phone], offer: str) -> None:
    agent = phones[offer]
    with Phone("visitor", CALLER, service.sip) as caller:
        caller.call(offer, offer=False)
        caller.until("up")
        music_heard(caller)
        service.set_state(offer, "available").raise_for_status()
        agent.until("up")
        both_hear(caller, agent)
        caller.hang_up()
        agent.until("over")
    service.set_state(offer, "paused").raise_for_status()
    nothing_left(service)


def test_a_real_phone_registers_and_is_heard(service: Service, tmp_path: Path) -> None:
    """baresip as the agent: its recording has the caller's tone, the caller has its tone."""
    before = len(records(service, 0))
    with Baresip(tmp_path / "baresip", service.sip, "bare", "s3cret", AGENT) as agent:
        wait_until(lambda: "SIP/2.0 200 OK" in agent.log(), "baresip to register", log=agent.log)
        with Phone("visitor", CALLER, service.sip) as caller:
            caller.call("real")
            caller.until("up")
            music_heard(caller, "music-sales")
            service.set_state("bare", "available").raise_for_status()
            assert_hears(caller, AGENT)
            caller.listen(100)  # two seconds for its recording
            caller.hang_up()
            wait_until(lambda: not service.items("/calls"), "the call's end", log=agent.log)
        agent.stop()
        heard = agent.heard()
    seconds = [heard[at : at + 8000] for at in range(0, len(heard) - 7999, 4000)]
    assert max(share_of(second, CALLER) for second in seconds) > 0.95
    record = records(service, before + 1)[-1]
    assert (record["outcome"], record["agent"]) == ("answered", "bare")
    nothing_left(service)
