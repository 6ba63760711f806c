"""Kamailio as somebody's border proxy: stays in the path by Record-Route, once for each of its two sides (double hop).

Calls come in at ``outside`` and go on from ``inside`` to the service; the service's calls to agents may take the way back.
"""

from dataclasses import dataclass, field
from typing import Final

from tests.support.kamailio_process import HOST, KamailioProcess
from tests.support.ports import free_port, is_free

__all__ = ["BorderProxy"]

_CONFIG: Final = """\
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
class BorderProxy(KamailioProcess):
    """``target`` is the service; what comes from its side goes to the agent at port ``agent``."""

    target: tuple[str, int]
    agent: int
    outside: int = field(default_factory=free_port)
    inside: int = field(default_factory=free_port)

    @property
    def sip(self) -> tuple[str, int]:
        """Where callers send their calls."""
        return HOST, self.outside

    def config(self) -> str:
        host, port = self.target
        return _CONFIG.format(
            host=HOST, outside=self.outside, inside=self.inside, to_host=host, to_port=port, agent=self.agent
        )

    def is_up(self) -> bool:
        return not is_free(self.outside, tcp=False) and not is_free(self.inside, tcp=False)
