"""The play is what the demo promises, and its configuration says so."""

from pathlib import Path

import pytest
import yaml

import media
from app.demo.plan import configuration, write_play
from app.demo.voices import Voices, agent_voice, caller_voice, music_voice, voices_of

SOUNDS = Path(media.__file__).parent / "sounds"


@pytest.mark.parametrize("seed", [1, 2, 99])
def test_two_queues_five_agents_thirty_callers(seed: int) -> None:
    play = write_play(seed)
    assert [queue.name for queue in play.queues] == ["support", "sales"]
    assert len(play.agents) == 5
    assert len(play.callers) == 30
    assert len({caller.name for caller in play.callers}) == 30
    assert {caller.queue for caller in play.callers} == {"support", "sales"}
    assert any(caller.patience for caller in play.callers)
    assert max(caller.arrives_at for caller in play.callers) <= 25


def test_the_same_seed_is_the_same_play() -> None:
    assert write_play(7) == write_play(7)
    assert write_play(7) != write_play(8)


def test_every_queue_has_agents_who_may_serve_it_and_some_who_may_not() -> None:
    play = write_play()
    for queue in play.queues:
        skill, level = queue.needs
        able = [agent for agent in play.agents if agent.skills.get(skill, 0) >= level]
        assert 0 < len(able) < len(play.agents)


def test_the_configuration_names_everything_once() -> None:
    play = write_play()
    content = yaml.safe_load(configuration(play))
    assert [queue["name"] for queue in content["queues"]] == ["support", "sales"]
    assert [agent["name"] for agent in content["agents"]] == [agent.name for agent in play.agents]
    assert content["skills"] == ["billing", "french", "products"]


@pytest.fixture(scope="module")
def voices() -> Voices:
    return voices_of(write_play(), [SOUNDS])


def test_every_voice_can_be_told_from_every_other(voices: Voices) -> None:
    play = write_play()
    names = [agent_voice(agent.name) for agent in play.agents]
    names += [caller_voice(caller.name) for caller in play.callers]
    names += [music_voice(queue.music) for queue in play.queues]
    assert [name for name in names if voices.recognisable(name) < 0.9] == []


def test_silence_is_nobody() -> None:
    silence = b"\xd5" * 160
    voices = Voices({"one": [silence, b"1" * 160], "other": [silence, b"2" * 160]})
    assert voices.who(silence) == ""
    assert voices.who(b"1" * 160) == "one"
    assert voices.who(b"3" * 160) == ""
