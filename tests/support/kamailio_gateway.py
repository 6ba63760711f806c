"""Kamailio as a carrier's gateway: it stays in the path and wants digest credentials (407) for all but ACK and CANCEL."""

from dataclasses import dataclass
from typing import Final

from tests.support.kamailio import Kamailio
from tests.support.kamailio_process import HOST

__all__ = ["KamailioGateway"]

_CONFIG: Final = """\
listen=udp:{host}:{port}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "auth.so"
modparam("auth", "algorithm", "{algorithm}")
request_route {{
    if (method == "OPTIONS") {{ sl_send_reply("200", "OK"); exit; }}
    if (!mf_process_maxfwd_header("70")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (method == "CANCEL") {{ t_relay(); exit; }}
    if (method != "ACK" && $si == "{host}" && $sp == {trusted_port}) {{
        if (!pv_proxy_authenticate("{realm}", "{password}", "0")) {{
            proxy_challenge("{realm}", "1");
            exit;
        }}
        consume_credentials();
    }}
    if (has_totag()) {{
        if (!loose_route()) {{ sl_send_reply("404", "Not Here"); exit; }}
        t_relay();
        exit;
    }}
    record_route();
    $du = "sip:{to_host}:{to_port}";
    t_relay();
}}
"""


@dataclass(slots=True, kw_only=True)
class KamailioGateway(Kamailio):
    """``client``: the SIP port whose requests are challenged; ``algorithm`` "" is MD5."""

    client: int
    realm: str = "carrier.example"
    password: str = "s3cret"
    algorithm: str = "SHA-256"

    def config(self) -> str:
        to_host, to_port = self.target
        return _CONFIG.format(
            host=HOST, port=self.port, to_host=to_host, to_port=to_port, trusted_port=self.client, realm=self.realm,
            password=self.password, algorithm=self.algorithm,
        )  # fmt: skip
