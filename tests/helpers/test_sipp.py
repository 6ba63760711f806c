"""Every SIPp scenario works against its counterpart: what a later failure shows is then the service's."""

from pathlib import Path

import pytest

from tests.support.sipp import SippError, sipp_agent, sipp_caller

pytestmark = pytest.mark.interop

PAIRS = [
    ("uac_straight", {"talk_ms": 100}, "uas_agent", {"ring_ms": 50, "talk_ms": 5_000}),  # the caller hangs up
    ("uac_straight", {"talk_ms": 5_000}, "uas_agent", {"ring_ms": 50, "talk_ms": 100}),  # the agent hangs up
    ("uac_straight", {"talk_ms": 100}, "uas_agent_now", {}),
    ("uac_cancel", {"wait_ms": 100}, "uas_agent", {"ring_ms": 5_000}),
    ("uac_cancel", {"wait_ms": 100}, "uas_no_answer", {}),
    ("uac_rejected", {"status": 603}, "uas_reject", {"status": 603, "reason": "Decline"}),
    ("uac_abandon", {"wait_ms": 100}, "uas_media", {}),
]


@pytest.mark.parametrize("transport", ["u1", "t1"])
@pytest.mark.parametrize(("caller", "caller_values", "agent", "agent_values"), PAIRS)
def test_a_scenario_and_its_counterpart(
    tmp_path: Path,
    transport: str,
    caller: str,
    caller_values: dict[str, object],
    agent: str,
    agent_values: dict[str, object],
) -> None:
    with sipp_agent(agent, tmp_path / "agent", transport=transport, values=agent_values) as callee:
        remote = ("127.0.0.1", callee.port)
        options = {"calls": 5, "rate": 50, "transport": transport, "values": caller_values}
        with sipp_caller(caller, tmp_path / "caller", remote, "support", **options) as calling:  # type: ignore[arg-type]
            assert calling.wait(20).successful == 5
        assert (stats := callee.stop()) is not None
    assert (stats.successful, stats.failed) == (5, 0)


def test_a_failed_call_is_reported_with_sipp_s_own_words(tmp_path: Path) -> None:
    with sipp_agent("uas_reject", tmp_path / "agent") as callee:
        remote = ("127.0.0.1", callee.port)
        with (
            sipp_caller("uac_straight", tmp_path / "caller", remote, "support") as calling,
            pytest.raises(SippError, match="486"),
        ):
            calling.wait(20)
