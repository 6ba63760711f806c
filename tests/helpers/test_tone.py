"""The tone detector finds what is there, and nothing else."""

import random

import pytest

from tests.support.tone import share_of, strongest, tone


@pytest.mark.parametrize("frequency", [440.0, 697.0, 1000.0, 1633.0])
def test_a_pure_tone_has_all_its_energy_at_its_frequency(frequency: float) -> None:
    samples = tone(frequency, 4_000)
    assert share_of(samples, frequency) > 0.99
    assert share_of(samples, frequency + 200) < 0.01


def test_half_the_energy_of_two_equal_tones_is_at_each() -> None:
    both = [one + other for one, other in zip(tone(440, 8_000), tone(1_000, 8_000), strict=True)]
    assert share_of(both, 440) == pytest.approx(0.5, abs=0.01)
    assert share_of(both, 1_000) == pytest.approx(0.5, abs=0.01)


def test_silence_and_noise_are_no_tone() -> None:
    noise = random.Random(1).choices(range(-8_000, 8_000), k=8_000)
    assert share_of([0] * 160, 440) == 0
    assert share_of(noise, 440) < 0.05


def test_pieces_join_without_a_click() -> None:
    assert tone(440, 160) + tone(440, 160, start=160) == tone(440, 320)


def test_the_strongest_of_several() -> None:
    assert strongest(tone(523, 1_600), [440, 523, 660]) == 523
