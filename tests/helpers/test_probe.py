"""The latency probe against Kamailio's plain proxying: a peer whose behaviour is known."""

from pathlib import Path

import pytest

from tests.support.kamailio import Kamailio
from tests.support.ports import free_port
from tests.support.probe import LatencyProbe, Wire, quantile


@pytest.mark.interop
def test_the_probe_measures_calls_through_a_proxy(tmp_path: Path) -> None:
    agent_port = free_port()
    with (
        Kamailio(tmp_path, ("127.0.0.1", free_port()), {"probe": agent_port}) as proxy,
        LatencyProbe(proxy.sip, "probe", agent_port) as probe,
    ):
        samples = [probe.call() for _ in range(5)]
    assert all(sample.invite_ms > 0 and sample.answer_ms > 0 for sample in samples)
    assert all(sample.added_ms == sample.invite_ms + sample.answer_ms for sample in samples)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.5, 50), (0.99, 99), (0.999, 100), (1.0, 100)])
def test_quantiles_are_nearest_ranks(share: float, expected: int) -> None:
    assert quantile(list(range(100, 0, -1)), share) == expected


def test_a_reply_copies_what_must_be_copied() -> None:
    request = Wire.parse(
        b"INVITE sip:x@h SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=1\r\nVia: SIP/2.0/UDP b;branch=2\r\n"
        b"From: <sip:a@a>;tag=f\r\n"
        b"To: <sip:x@h>\r\nCall-ID: c\r\nCSeq: 7 INVITE\r\nRecord-Route: <sip:p;lr>\r\nContact: <sip:a@a:1;ob>\r\n\r\n",
        0,
        ("127.0.0.1", 1),
    )
    assert request.target == "sip:a@a:1;ob"
    reply = Wire.parse(request.reply("180 Ringing", tag="t"), 0, ("127.0.0.1", 1))
    assert (reply.status, reply.method) == (180, "INVITE")
    assert reply.headers["via"] == request.headers["via"]
    assert reply.headers["to"] == ["<sip:x@h>;tag=t"]
    assert reply.headers["record-route"] == ["<sip:p;lr>"]
