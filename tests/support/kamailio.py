"""Kamailio as a plain stateful proxy, a foreground child on a free port: the yardstick of the benchmarks.

Everything that reaches it is relayed to one address (or, for certain users, to another), as a trunk-side proxy does; no
record-routing is needed for that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.support.kamailio_process import HOST, KamailioProcess, answers_options
from tests.support.ports import free_port

__all__ = ["Kamailio"]

_CONFIG: Final = """\
listen=udp:{host}:{port}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
request_route {{
    if (method == "OPTIONS") {{ sl_send_reply("200", "OK"); exit; }}
    if (!mf_process_maxfwd_header("70")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    $du = "sip:{to_host}:{to_port}";
{routes}    t_relay();
}}
"""


@dataclass(slots=True)
class Kamailio(KamailioProcess):
    """``users`` maps a user part to a loopback port of its own."""

    target: tuple[str, int]
    users: Mapping[str, int] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    @property
    def sip(self) -> tuple[str, int]:
        return HOST, self.port

    def config(self) -> str:
        to_host, to_port = self.target
        routes = "".join(
            f'    if ($rU == "{user}") {{ $du = "sip:{HOST}:{port}"; }}\n' for user, port in self.users.items()
        )
        return _CONFIG.format(host=HOST, port=self.port, to_host=to_host, to_port=to_port, routes=routes)

    def is_up(self) -> bool:
        return answers_options(self.sip)
