"""Kamailio as a registrar with its bindings in memory: the yardstick of ``bench/registrar.py``."""

import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from tests.support.kamailio import answers_options, find_kamailio
from tests.support.ports import free_port
from tests.support.service import ServiceError, cpu_seconds, wait_until

__all__ = ["KamailioRegistrar"]

_HOST: Final = "127.0.0.1"
_CONFIG: Final = """\
#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=2
auto_aliases=no
dns=no
rev_dns=no
disable_tcp=yes
listen=udp:{host}:{port}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_expires", 3600)
modparam("auth", "nonce_expire", 300)
request_route {{
    if (method == "OPTIONS") {{ sl_send_reply("200", "OK"); exit; }}
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (method != "REGISTER") {{ sl_send_reply("405", "No"); exit; }}
{digest}    save("location");
    exit;
}}
"""
_DIGEST: Final = """\
    if (!pv_www_authenticate("$td", "{password}", "0")) {{ www_challenge("$td", "1"); exit; }}
    consume_credentials();
"""


@dataclass(slots=True)
class KamailioRegistrar:
    """Use it as a context manager. ``password``: every user's; None: nobody is asked."""

    folder: Path
    password: str | None = None
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = field(init=False, default=None, repr=False)

    @property
    def sip(self) -> tuple[str, int]:
        return _HOST, self.port

    def __enter__(self) -> Self:
        program = find_kamailio()
        assert program is not None, "kamailio is not installed: run scripts/system-packages.sh"
        config = self.folder / "kamailio.cfg"
        digest = _DIGEST.format(password=self.password) if self.password else ""
        config.write_text(_CONFIG.format(host=_HOST, port=self.port, digest=digest))
        command = [program, "-f", str(config), "-DD", "-E", "-m", "128", "-M", "8", "-Y", str(self.folder)]
        with (self.folder / "kamailio.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "-P", str(self.folder / "kamailio.pid")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )  # fmt: skip
        try:
            wait_until(self._up, "kamailio to be up", log=self.log)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise ServiceError(f"kamailio ended with exit code {self._process.returncode}\n{self.log()}")
        return answers_options(self.sip)

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def cpu_seconds(self) -> float:
        """CPU time of all its processes."""
        assert self._process is not None
        return cpu_seconds(self._process.pid)

    def log(self) -> str:
        return (self.folder / "kamailio.log").read_text(errors="replace")
