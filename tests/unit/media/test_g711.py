"""G.711: both laws against the reference (checksums of all 65,536 samples, taken from CPython's audioop) and themselves."""

import zlib
from array import array

from media.g711 import SILENCE, decode_alaw, decode_ulaw, encode_alaw, encode_ulaw

ALL_SAMPLES = array("h", range(-32768, 32768))
ALL_CODES = bytes(range(256))


def test_encoding_is_the_reference_for_every_sample() -> None:
    assert zlib.crc32(encode_alaw(ALL_SAMPLES)) == 2436069742
    assert zlib.crc32(encode_ulaw(ALL_SAMPLES)) == 997997118


def test_decoding_is_the_reference_for_every_code() -> None:
    assert zlib.crc32(decode_alaw(ALL_CODES).tobytes()) == 2641774167
    assert zlib.crc32(decode_ulaw(ALL_CODES).tobytes()) == 210008735


def test_a_decoded_code_encodes_to_itself() -> None:
    assert encode_alaw(decode_alaw(ALL_CODES)) == ALL_CODES
    assert encode_ulaw(decode_ulaw(ALL_CODES)) == ALL_CODES.replace(b"\x7f", b"\xff")  # µ-law has two zeros


def test_silence_is_the_code_of_zero() -> None:
    assert encode_alaw([0])[0] == SILENCE["PCMA"]
    assert encode_ulaw([0])[0] == SILENCE["PCMU"]


def test_extremes_do_not_wrap() -> None:
    for encode, decode in ((encode_alaw, decode_alaw), (encode_ulaw, decode_ulaw)):
        low, high = decode(encode([-32768, 32767]))
        assert low < -31000
        assert high > 31000
