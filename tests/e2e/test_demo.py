"""``callyard demo``: the whole play against the whole service, judged by itself."""

import subprocess

import pytest

from tests.support.service import CALLYARD

pytestmark = pytest.mark.interop


def test_the_demo_ends_well_without_a_terminal() -> None:
    ended = subprocess.run([str(CALLYARD), "demo"], capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Every call ended as it should" in ended.stdout
    assert "gives up" in ended.stdout
    assert "wrong:" not in ended.stdout
