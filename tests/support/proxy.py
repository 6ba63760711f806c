"""Kamailio as somebody's border proxy: stays in the path by Record-Route, once for each of its two sides (double hop).

Calls come in at ``outside`` and go on from ``inside`` to the service; the service's calls to agents may take the way back.
"""

import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from tests.support.kamailio import find_kamailio
from tests.support.ports import free_port, is_free
from tests.support.service import ServiceError, wait_until

__all__ = ["BorderProxy"]

_HOST: Final = "127.0.0.1"
_CONFIG: Final = """\
#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=2
auto_aliases=no
dns=no
rev_dns=no
disable_tcp=yes
listen=udp:{host}:{outside}
listen=udp:{host}:{inside}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
modparam("rr", "enable_double_rr", 2)
request_route {{
    if (!mf_process_maxfwd_header("70")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (has_totag()) {{
        if (!loose_route()) {{ sl_send_reply("404", "No Route"); exit; }}
        t_relay();
        exit;
    }}
    if (method == "CANCEL") {{ t_relay(); exit; }}
    record_route();
    if ($Rp == {outside}) {{
        force_send_socket(udp:{host}:{inside});
        $du = "sip:{to_host}:{to_port}";
    }} else {{
        force_send_socket(udp:{host}:{outside});
        $du = "sip:{host}:{agent}";
    }}
    t_relay();
}}
"""


@dataclass(slots=True)
class BorderProxy:
    """A running Kamailio. ``target`` is the service; what comes from its side goes to the agent at port ``agent``."""

    folder: Path
    target: tuple[str, int]
    agent: int
    outside: int = field(default_factory=free_port)
    inside: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = field(init=False, default=None, repr=False)

    @property
    def sip(self) -> tuple[str, int]:
        """Where callers send their calls."""
        return _HOST, self.outside

    def __enter__(self) -> Self:
        program = find_kamailio()
        assert program is not None, "kamailio is not installed: run scripts/system-packages.sh"
        self.folder.mkdir(parents=True, exist_ok=True)
        host, port = self.target
        config = self.folder / "kamailio.cfg"
        config.write_text(
            _CONFIG.format(
                host=_HOST, outside=self.outside, inside=self.inside, to_host=host, to_port=port, agent=self.agent
            )
        )
        command = [program, "-f", str(config), "-DD", "-E", "-m", "64", "-M", "8", "-Y", str(self.folder)]
        with (self.folder / "kamailio.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "-P", str(self.folder / "kamailio.pid")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )  # fmt: skip
        try:
            wait_until(self._up, "kamailio to listen", log=self.log)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise ServiceError(f"kamailio ended with exit code {self._process.returncode}\n{self.log()}")
        return not is_free(self.outside, tcp=False) and not is_free(self.inside, tcp=False)

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def log(self) -> str:
        return (self.folder / "kamailio.log").read_text(errors="replace")
