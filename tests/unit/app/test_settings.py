"""Settings: precedence, lists, one clear line for what is wrong, and a page that says what the code says."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from app.addresses import HostPort, ListenAddress, PortRange
from app.settings import Settings, SettingsError, load_settings
from app.settings_page import settings_markdown

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder and environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CALLYARD_{name.upper()}", raising=False)


def test_defaults_are_closed_and_local() -> None:
    settings = load_settings()
    assert settings.sip_listen == (ListenAddress("udp", "127.0.0.1", 5060), ListenAddress("tcp", "127.0.0.1", 5060))
    assert settings.http_listen == HostPort("127.0.0.1", 8080)
    assert all(network.is_loopback for network in settings.trunks)
    assert settings.admin_key is None
    assert settings.database_url == "sqlite+aiosqlite:///var/callyard.db"


def test_flags_beat_environment_beats_file_beats_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "callyard.toml").write_text(
        'realm = "file"\nmax_calls = 1\nnode_id = 1\nsip_domains = ["a.test", "b.test"]'
    )
    monkeypatch.setenv("CALLYARD_REALM", "environment")
    monkeypatch.setenv("CALLYARD_MAX_CALLS", "2")
    monkeypatch.setenv("CALLYARD_LOG_LEVEL", "")  # empty: not given
    settings = load_settings({"realm": "flag", "worker_id": None})
    assert (settings.realm, settings.max_calls, settings.node_id, settings.worker_id) == ("flag", 2, 1, 0)
    assert settings.sip_domains == ("a.test", "b.test")
    assert settings.log_level == "info"


def test_a_named_file_replaces_the_one_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "callyard.toml").write_text("max_calls = 1")
    (tmp_path / "other.toml").write_text("node_id = 7")
    settings = load_settings(file=tmp_path / "other.toml")
    assert (settings.max_calls, settings.node_id) == (100_000, 7)


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLYARD_SIP_LISTEN", "udp:192.0.2.1:5060, tcp:[2001:db8::1]:0")
    monkeypatch.setenv("CALLYARD_SIP_ADVERTISE", "203.0.113.9, [2001:db8::2]:5080")
    monkeypatch.setenv("CALLYARD_TRUNKS", "192.0.2.0/24,198.51.100.7")
    monkeypatch.setenv("CALLYARD_MEDIA_SOUNDS", "one,two")
    monkeypatch.setenv("CALLYARD_MEDIA_RTP_PORTS", "30000-30100")
    settings = load_settings()
    assert list(map(str, settings.sip_listen)) == ["udp:192.0.2.1:5060", "tcp:[2001:db8::1]:0"]
    assert (settings.advertised(0), settings.advertised(1)) == (HostPort("203.0.113.9"), HostPort("2001:db8::2", 5080))
    assert settings.trunks == (ip_network("192.0.2.0/24"), ip_network("198.51.100.7"))
    assert settings.media_sounds == (Path("one"), Path("two"))
    assert settings.media_rtp_ports == PortRange(30_000, 30_100)


def test_every_default_can_be_spelt_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = load_settings()
    for name in Settings.model_fields:
        value = getattr(defaults, name)
        if value is not None:
            shown = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            monkeypatch.setenv(f"CALLYARD_{name.upper()}", shown)
    assert load_settings() == defaults


def test_one_advertised_address_serves_all_listeners() -> None:
    settings = load_settings({"sip_advertise": "203.0.113.9", "sip_listen": "udp:0.0.0.0:5060,tcp:0.0.0.0:5060"})
    assert settings.advertised(0) == settings.advertised(1) == HostPort("203.0.113.9")
    assert load_settings().advertised(0) == HostPort("127.0.0.1")


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("sqlite:////tmp/x.db", "sqlite+aiosqlite:////tmp/x.db"),
        ("postgresql://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
    ],
)
def test_database_urls_get_their_driver(given: str, used: str) -> None:
    settings = load_settings({"database_url": given})
    assert settings.database_url == used
    assert "u:p" not in repr(settings)


WRONG = [
    ("sip_listen", "5060"),
    ("sip_listen", "sctp:127.0.0.1:5060"),
    ("sip_listen", "udp:127.0.0.1"),
    ("sip_listen", "udp:127.0.0.1:70000"),
    ("sip_listen", "udp:[::1:5060"),
    ("sip_listen", "udp:0.0.0.0:5060"),
    ("sip_listen", ""),
    ("sip_advertise", "a b"),
    ("sip_advertise", "a.test,b.test,c.test"),
    ("sip_domains", "-x-"),
    ("realm", 'a"b'),
    ("trunks", "192.0.2.0/33"),
    ("max_calls", "0"),
    ("max_calls", "many"),
    ("media", "http://example.com"),
    ("media", "sip:{tenant}@192.0.2.1"),
    ("media_rtp_ports", "9-5"),
    ("media_listen", ""),
    ("http_listen", ""),
    ("http_listen", "127.0.0.1:http"),
    ("http_listen", "127.0.0.1:1,127.0.0.1:2"),
    ("admin_key", "short"),
    ("database_url", "mysql://x"),
    ("database_url", "nonsense"),
    ("journal_sync", "sometimes"),
    ("log_level", "loud"),
    ("register_expires_min", "9999"),
    ("node_id", "65536"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_one_line_that_names_the_setting(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({name: value})
    line = str(caught.value)
    assert line.startswith(f"setting {name}: ")
    assert "\n" not in line
    if name == "admin_key":
        assert value not in line


def test_the_source_of_a_wrong_value_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "callyard.toml").write_text("max_cals = 1")
    with pytest.raises(SettingsError, match=r"^setting max_cals: there is no such setting \(from callyard.toml\)$"):
        load_settings()
    (tmp_path / "callyard.toml").unlink()
    monkeypatch.setenv("CALLYARD_MAX_CALLS", "x")
    with pytest.raises(SettingsError, match=r"\(from environment CALLYARD_MAX_CALLS\)$"):
        load_settings()


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="not found"):
        load_settings(file=tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("realm = ")
    with pytest.raises(SettingsError, match="is no TOML"):
        load_settings(file=tmp_path / "bad.toml")


def test_the_settings_page_is_current() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    assert page == settings_markdown(), "run: callyard docs settings > docs/configuration.md"


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_a_misspelled_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLYARD_SIP_LISTENS", "udp:127.0.0.1:5060")
    with pytest.raises(SettingsError, match="CALLYARD_SIP_LISTENS: there is no such setting"):
        load_settings()
