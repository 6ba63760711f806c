"""The samples that `make run` starts with are right, and say what the first steps rely on."""

from pathlib import Path

import pytest

from app.config_file.document import read_document
from app.settings import load_settings

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLYARD_ADMIN_KEY", raising=False)


def test_the_sample_settings_load() -> None:
    settings = load_settings(None, ROOT / "callyard.sample.toml")
    assert str(settings.config) == "sample.yaml"
    assert settings.admin_key is None


def test_the_sample_configuration_is_read() -> None:
    document = read_document(ROOT / "sample.yaml")
    assert [queue["name"] for queue in document["queues"]] == ["support", "sales"]
    ana = document["agents"][0]
    assert (ana["name"], ana["password"], ana["status"]) == ("ana", "ana-change-me", "logged_out")
