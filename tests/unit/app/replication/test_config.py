"""A place on the bus, from the settings."""

from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from app.replication.config import bus_config, resolve_nodes
from app.settings import Settings, SettingsError, load_settings

OURS = {"sip_listen": "udp:192.0.2.10:5060,tcp:192.0.2.10:5062"}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder and environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CALLYARD_{name.upper()}", raising=False)


def test_by_default_nothing_is_shared() -> None:
    assert bus_config(load_settings(), {}) is None


def test_the_nodes_to_join_by_are_allowed() -> None:
    settings = load_settings(
        {
            **OURS,
            "dmq_server_address": "sip:192.0.2.10:5060",
            "dmq_notification_address": "sip:192.0.2.21:5060,sip:kam.example:5080;transport=tcp",
            "dmq_allow": "198.51.100.0/24",
        }
    )
    config = bus_config(settings, {"kam.example": "192.0.2.22"})
    assert config is not None
    assert config.notify == ("sip:192.0.2.21:5060", "sip:kam.example:5080;transport=tcp")
    assert config.allowed == (
        ip_network("198.51.100.0/24"), ip_network("192.0.2.21"), ip_network("192.0.2.22")
    )  # fmt: skip
    assert config.allows("198.51.100.7")
    assert not config.allows("203.0.113.1")
    assert not config.allows("2001:db8::1")


def test_a_name_without_an_address_is_allowed_nothing() -> None:
    settings = load_settings(
        {**OURS, "dmq_server_address": "sip:192.0.2.10:5060", "dmq_notification_address": "sip:kam.example:5060"}
    )
    config = bus_config(settings, {})
    assert config is not None
    assert config.allowed == ()


async def test_names_are_resolved_numbers_are_not() -> None:
    settings = load_settings(
        {
            "dmq_server_address": "sip:127.0.0.1:5060",
            "dmq_notification_address": f"sip:localhost:5070,sip:127.0.0.1:5080,sip:{64 * 'x'}:5060",  # too long for DNS
        }
    )
    found = await resolve_nodes(settings)
    assert set(found) == {"localhost"}
    assert ip_address(found["localhost"]).is_loopback


@pytest.mark.parametrize(
    "address", ["sip:192.0.2.10:5060", "sip:192.0.2.10:5062;transport=tcp", "sip:callyard.example:5060"]
)
def test_our_address_is_one_that_is_listened_on(address: str) -> None:
    assert load_settings({**OURS, "dmq_server_address": address}).dmq_server_address == address


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dmq_server_address", "sip:192.0.2.10"),  # no port
        ("dmq_server_address", "192.0.2.10:5060"),
        ("dmq_server_address", "sip:us@192.0.2.10:5060"),
        ("dmq_server_address", "sip:192.0.2.10:5062"),  # TCP's port
        ("dmq_server_address", "sip:192.0.2.10:5060;transport=tls"),
        ("dmq_notification_address", "sip:192.0.2.21:5060,kam"),
        ("dmq_allow", "kam.example"),
        ("dmq_ping_interval", "1"),
        ("dmq_max_nodes", "0"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({**OURS, name: value})
    assert str(caught.value).startswith(f"setting {name}: ")
