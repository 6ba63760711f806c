"""The torture messages of RFC 4475 (``tests/wire/torture``, from its archive): each is taken, refused or dropped."""

from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from sipcore.errors import FramingError
from sipcore.events import RequestReceived
from sipcore.message.framing import StreamFramer
from sipcore.packets import Source
from tests.unit.sipcore.endpoint_support import PEER, make_endpoint

FOLDER: Final = Path(__file__).parents[2] / "wire" / "torture"

TAKEN: Final = frozenset({
    # §3.1.1: valid, however odd
    "dblreq", "esc01", "esc02", "escnull", "intmeth", "lwsdisp", "mpart01", "semiuri", "transports",
    # §3.3, §3.4: a matter for those above: Request-URIs and options that they do not know, bodies, Max-Forwards 0
    "bext01", "cparam01", "cparam02", "invut", "novelsc", "regaut01", "regescrt", "sdp01", "unkscm", "unksm2", "zeromf",
    # §3.1.2: invalid where it does not matter to us: an odd Date, a Request-URI with headers, an empty rest of a branch
    "baddate", "badbranch", "escruri",
})  # fmt: skip
REFUSED: Final = {
    "badaspec": 400, "baddn": 400, "badinv01": 400, "badvers": 505, "clerr": 400, "ltgtruri": 400, "lwsruri": 400,
    "lwsstart": 400, "mcl01": 400, "mismatch01": 400, "mismatch02": 400, "multi01": 400, "ncl": 400, "quotbal": 400,
    "regbadct": 400, "scalar02": 400, "trws": 400,
    # RFC 2543 branches are not spoken
    "inv2543": 400, "longreq": 400, "wsinv": 400,
}  # fmt: skip
RESPONSES: Final = frozenset({"bcast", "noreason", "unreason"})  # to nothing of ours: strays
DROPPED: Final = frozenset({"bigcode", "insuf", "scalarlg"})  # no answer is possible


def messages() -> list[str]:
    return [path.stem for path in sorted(FOLDER.glob("*.dat"))]


@pytest.mark.parametrize("name", messages())
def test_torture(name: str) -> None:
    endpoint = make_endpoint()
    events = endpoint.receive((FOLDER / f"{name}.dat").read_bytes(), Source(PEER), 0.0)
    finals = [status for send in endpoint.sends if (status := int(send.data[8:11])) >= 200]
    assert [type(event) for event in events] == [RequestReceived] * (name in TAKEN)
    assert finals == ([REFUSED[name]] if name in REFUSED else [])
    assert endpoint.counters.get("stray_responses", 0) == (name in RESPONSES)
    assert endpoint.counters.get("dropped_malformed", 0) == (name in DROPPED)


def test_all_are_named() -> None:
    assert set(messages()) == TAKEN | REFUSED.keys() | RESPONSES | DROPPED


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_over_a_stream(size: int) -> None:
    """In pieces of any size a stream gives whole messages or loses its framing, and says so."""
    for name in messages():
        data, framer = (FOLDER / f"{name}.dat").read_bytes(), StreamFramer()
        found: list[bytes] = []
        with suppress(FramingError):
            for start in range(0, len(data), size):
                found += framer.feed(data[start : start + size])
        assert all(message in data for message in found)
