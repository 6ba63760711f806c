"""Sound files and playlists: what is read, what is refused and how it is said, what stays in memory."""

from pathlib import Path

import pytest

from media.playlist import Playlist
from media.rtp import decode_audio
from media.settings import SHIPPED_SOUNDS
from media.sounds import BadSound, Sound, SoundLibrary, UnknownSound, load_sound, valid_name
from tests.support.tone import share_of
from tests.unit.media.sounds import write_tone, write_wav


@pytest.mark.parametrize("law", ["", "a", "u"])
def test_every_format_gives_both_codecs(tmp_path: Path, law: str) -> None:
    sound = load_sound(write_tone(tmp_path / "tone.wav", 440, law=law))
    assert sound.seconds == 1.0
    for codec, payload_type in (("PCMA", 8), ("PCMU", 0)):
        frames = sound.frames(codec)
        assert [len(frame) for frame in frames] == [160] * 50
        assert share_of(decode_audio(payload_type, b"".join(frames)), 440) > 0.98


def test_the_last_frame_is_filled_up_with_silence(tmp_path: Path) -> None:
    sound = load_sound(write_wav(tmp_path / "short.wav", b"\x11" * 200, tag=6, bits=8))
    assert sound.frames("PCMA") == [b"\x11" * 160, b"\x11" * 40 + b"\xd5" * 120]


@pytest.mark.parametrize(
    ("keywords", "problem"),
    [
        ({"rate": 44100}, "sampled at 44100 Hz: 8000 Hz is needed"),
        ({"channels": 2}, "2 channels: one is needed"),
        ({"bits": 24}, "format 1 with 24 bits"),
        ({"tag": 3, "bits": 32}, "format 3 with 32 bits"),
    ],
)
def test_an_unusable_file_says_what_is_wrong(tmp_path: Path, keywords: dict[str, int], problem: str) -> None:
    path = write_wav(tmp_path / "bad.wav", bytes(320), **keywords)
    with pytest.raises(BadSound) as caught:
        load_sound(path)
    assert str(caught.value).startswith(f"{path}: {problem}")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"ID3 is no WAV", "not a WAV file"),
        (b"RIFF\0\0\0\0WAVE", "no format chunk"),
        (b"RIFF\0\0\0\0WAVEfmt \x02\0\0\0\1\0", "no format chunk"),
    ],
)
def test_a_file_that_is_none_says_so(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "bad.wav"
    path.write_bytes(data)
    with pytest.raises(BadSound, match=problem):
        load_sound(path)


def test_a_file_without_samples_or_of_great_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSound, match="no samples"):
        load_sound(write_wav(tmp_path / "empty.wav", b""))
    with pytest.raises(BadSound, match="longer than 1 s"):
        load_sound(write_tone(tmp_path / "long.wav", 440, 3), max_seconds=1)


def test_extensible_format_is_read(tmp_path: Path) -> None:
    plain = write_tone(tmp_path / "plain.wav", 440).read_bytes()
    form = b"fmt " + (40).to_bytes(4, "little") + b"\xfe\xff" + plain[22:36] + b"\x16\0\x10\0\4\0\0\0\1\0" + bytes(14)
    path = tmp_path / "extensible.wav"
    path.write_bytes(plain[:12] + form + plain[36:])
    assert load_sound(path).seconds == 1.0


@pytest.mark.parametrize("name", ["music", "a-b_c.9", "A"])
def test_names(name: str) -> None:
    assert valid_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "../etc/passwd", "a\\b", "a b", "ä", "a" * 101, "a\0", "a%2e"]
)
def test_what_is_no_name(name: str, tmp_path: Path) -> None:
    assert not valid_name(name)
    with pytest.raises(UnknownSound):
        SoundLibrary([tmp_path]).get(name)


def test_the_first_directory_wins(tmp_path: Path) -> None:
    for folder, seconds in (("mine", 1.0), ("shipped", 2.0)):
        (tmp_path / folder).mkdir()
        write_tone(tmp_path / folder / "music.wav", 440, seconds)
    write_tone(tmp_path / "shipped" / "other.wav", 440)
    library = SoundLibrary([tmp_path / "mine", tmp_path / "shipped"])
    assert library.get("music").seconds == 1.0
    assert library.get("other.wav").seconds == 1.0
    assert library.names() == ["music", "other"]
    with pytest.raises(UnknownSound, match="'nothing'"):
        library.get("nothing")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    library, path = SoundLibrary([tmp_path]), write_tone(tmp_path / "music.wav", 440)
    first = library.get("music")
    assert library.get("music") is first
    write_tone(path, 440, 2.0)
    assert library.get("music").seconds == 2.0
    path.unlink()
    with pytest.raises(UnknownSound):
        library.get("music")


def test_memory_is_bounded_and_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    for name in "abc":
        write_tone(tmp_path / f"{name}.wav", 440)
    library = SoundLibrary([tmp_path], max_bytes=2 * 16_000)
    a, b = library.get("a"), library.get("b")
    assert library.get("a") is a
    library.get("c")
    assert library.get("a") is a
    assert library.get("b") is not b


def test_preloading_names_the_unusable(tmp_path: Path) -> None:
    write_tone(tmp_path / "good.wav", 440)
    bad = write_wav(tmp_path / "bad.wav", bytes(320), channels=2)
    (problem,) = SoundLibrary([tmp_path]).preload()
    assert str(bad) in str(problem)


def test_the_shipped_sounds_can_be_played_and_are_small() -> None:
    library = SoundLibrary([SHIPPED_SOUNDS])
    prompts = {"all-agents-busy", "goodbye", "greeting", "music", "music-sales", "please-wait"}
    assert prompts < set(library.names())
    assert library.preload() == []
    assert sum(path.stat().st_size for path in SHIPPED_SOUNDS.iterdir()) < 1_500_000
    assert library.get("music").frames("PCMA") != library.get("music-sales").frames("PCMA")
    assert 20 <= library.get("music").seconds <= 30


def played(playlist: Playlist, most: int = 8) -> str:
    names = ""
    while len(names) < most and (sound := playlist.next()) is not None:
        names += sound.name
    return names


def sounds(names: str) -> list[Sound]:
    return [Sound(name, {"PCMA": b"x"}) for name in names]


def test_a_list_is_played_once_or_so_often_or_for_ever() -> None:
    assert played(Playlist(sounds("ab"))) == "ab"
    assert played(Playlist(sounds("ab"), 3)) == "ababab"
    assert played(Playlist(sounds("ab"), None)) == "abababab"


def test_a_list_loops_from_where_it_is_told() -> None:
    assert played(Playlist(sounds("gm"), None, loop_from=1)) == "gmmmmmmm"
    assert played(Playlist(sounds("gmn"), 2, loop_from=1)) == "gmnmn"


def test_the_end_stays_the_end() -> None:
    playlist = Playlist(sounds("a"))
    assert played(playlist) == "a"
    assert playlist.next() is None
    assert playlist.next() is None


@pytest.mark.parametrize(("names", "plays", "loop_from"), [("", 1, 0), ("a", 0, 0), ("a", 1, 1), ("a", None, -1)])
def test_lists_without_sense_are_refused(names: str, plays: int | None, loop_from: int) -> None:
    with pytest.raises(ValueError, match="a playlist needs"):
        Playlist(sounds(names), plays, loop_from=loop_from)
