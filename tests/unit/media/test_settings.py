"""The command line, the port file."""

import ipaddress
import json
import os
from pathlib import Path

import pytest

from media.runtime import remove_port_file, write_port_file
from media.settings import SHIPPED_SOUNDS, Binding, read_settings
from sipcore.config import Listener


def test_defaults_serve_on_loopback_and_end_never() -> None:
    settings = read_settings([])
    assert settings.listen == (Binding("UDP", "127.0.0.1", 0),)
    assert (settings.media_address, settings.idle_exit, settings.sounds) == ("127.0.0.1", 0.0, (SHIPPED_SOUNDS,))


def test_a_whole_command_line(tmp_path: Path) -> None:
    settings = read_settings([
        "--listen", "udp:127.0.0.1:5070,tcp:[::1]:0", "--rtp-host", "0.0.0.0", "--rtp-advertise", "192.0.2.1",
        "--rtp-ports", "20000-29999", "--sounds", str(tmp_path), "--port-file", str(tmp_path / "media.json"),
        "--idle-exit", "300", "--orphan-seconds", "60", "--peers", "192.0.2.0/24,2001:db8::/32", "--max-sessions", "10",
    ])  # fmt: skip
    assert settings.listen == (Binding("UDP", "127.0.0.1", 5070), Binding("TCP", "::1", 0))
    assert (settings.media_address, settings.rtp_ports) == ("192.0.2.1", (20000, 29999))
    assert settings.sounds == (tmp_path, SHIPPED_SOUNDS)
    assert ipaddress.ip_network("192.0.2.0/24") in settings.peers
    assert (settings.idle_exit, settings.orphan_seconds, settings.max_sessions) == (300.0, 60.0, 10)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--listen", "tls:127.0.0.1:5061"],
        ["--listen", "udp:name:5060"],
        ["--listen", "udp:127.0.0.1:99999"],
        ["--listen", "udp:0.0.0.0:5060"],
        ["--rtp-host", "0.0.0.0"],
        ["--rtp-ports", "20000"],
        ["--peers", "everyone"],
        ["--session-expires", "89"],
        ["--max-sessions", "none"],
        ["--sip-advertise", "a host"],
        ["--sounds", "/nowhere/at/all"],
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_settings(arguments)
    assert arguments[0] in capsys.readouterr().err.splitlines()[-1]


def test_the_port_file_says_where_we_are_and_is_taken_away_by_its_writer_only(tmp_path: Path) -> None:
    path = tmp_path / "media.json"
    listeners = (Listener("UDP", "127.0.0.1", 5070), Listener("TCP", "127.0.0.1", 5071))
    write_port_file(path, listeners, 1234.5)
    told = json.loads(path.read_text())
    assert {name: told[name] for name in ("pid", "host", "port", "started")} == {
        "pid": os.getpid(), "host": "127.0.0.1", "port": 5070, "started": 1234.5,
    }  # fmt: skip
    assert list(tmp_path.iterdir()) == [path]
    path.write_text(json.dumps(told | {"pid": 1}))
    remove_port_file(path)
    assert path.exists()
    write_port_file(path, listeners, 1234.5)
    remove_port_file(path)
    assert not path.exists()
    remove_port_file(path)
