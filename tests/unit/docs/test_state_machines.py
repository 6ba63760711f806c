"""``docs/state-machines.md`` is current, and the script reads the call's actions rightly."""

import runpy
from pathlib import Path
from typing import Any

import pytest

from b2bua.call import CallState

pytestmark = pytest.mark.interpreted  # the script reads the actions' source

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def diagrams() -> dict[str, Any]:
    """The script's names."""
    return runpy.run_path(str(ROOT / "scripts" / "diagrams.py"))


def test_the_page_is_current(diagrams: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "state-machines.md").read_text("utf-8")
    assert page == diagrams["page"](), "run: make docs"


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("ending.caller_left", CallState.PARKED, {CallState.ENDED}),
        ("bridge.drop", CallState.PARKED, {CallState.PARKED}),
        ("bridge.drop", CallState.CONNECTING, {CallState.CONNECTING, CallState.PARKED}),
        ("bridge.drop", CallState.BRIDGED, {CallState.BRIDGED, CallState.ENDED}),
        ("bridge.dial", CallState.ARRIVED, {CallState.ARRIVED}),
    ],
)
def test_states_are_followed_through_guards_and_calls(
    diagrams: dict[str, Any], action: str, before: CallState, after: set[CallState]
) -> None:
    reader = diagrams["_Reader"]((diagrams["parking"], diagrams["bridge"], diagrams["ending"]))
    assert reader.reached(action, before) == after
