"""Kamailio as a registrar with its bindings in memory: the yardstick of ``bench/registrar.py``."""

from dataclasses import dataclass, field
from typing import ClassVar, Final

from tests.support.kamailio_process import HOST, KamailioProcess, answers_options
from tests.support.ports import free_port

__all__ = ["KamailioRegistrar"]

_CONFIG: Final = """\
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
class KamailioRegistrar(KamailioProcess):
    """``password``: every user's; None: nobody is asked."""

    shared_mb: ClassVar[int] = 128
    password: str | None = None
    port: int = field(default_factory=free_port)

    @property
    def sip(self) -> tuple[str, int]:
        return HOST, self.port

    def config(self) -> str:
        digest = _DIGEST.format(password=self.password) if self.password else ""
        return _CONFIG.format(host=HOST, port=self.port, digest=digest)

    def is_up(self) -> bool:
        return answers_options(self.sip)
