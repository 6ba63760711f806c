"""Kamailio as a registrar on a DMQ bus: the peer that we share registrations with, asked by JSON-RPC what it knows."""

import json
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.support.kamailio_process import HOST, KamailioProcess, answers_options
from tests.support.ports import free_port

__all__ = ["KamailioDmq"]

_CONFIG: Final = """\
listen=udp:{host}:{port}
server_id={server_id}
loadmodule "kex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "jsonrpcs.so"
loadmodule "dmq.so"
loadmodule "dmq_usrloc.so"
modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "dgram_socket", "{rpc}")
modparam("usrloc", "db_mode", 0)
modparam("usrloc", "timer_interval", 1)
modparam("registrar", "use_path", 1)
modparam("registrar", "max_expires", 3600)
modparam("dmq", "server_address", "{address}")
{notified}modparam("dmq", "num_workers", 2)
modparam("dmq", "ping_interval", 60)
modparam("dmq_usrloc", "enable", 1)
modparam("dmq_usrloc", "sync", 1)
{params}request_route {{
    if (is_method("KDMQ")) {{ dmq_handle_message(); exit; }}
    if (is_method("REGISTER")) {{ save("location"); exit; }}
    if (is_method("OPTIONS") && $rU == $null) {{ sl_send_reply("200", "OK"); exit; }}
    if (has_totag()) {{ t_relay(); exit; }}
    if (!lookup("location")) {{ sl_send_reply("404", "Not Found"); exit; }}
    t_relay();
}}
"""
_WAIT: Final = 5.0


@dataclass(slots=True)
class KamailioDmq(KamailioProcess):
    """``notify``: addresses of the bus that it joins by. ``params``: of ``dmq_usrloc``, such as ``batch_msg_contacts``.

    Its users are users alone (``use_domain`` 0). It pings every 60 seconds, the least that it can.
    """

    notify: Sequence[str] = ()
    server_id: int = 1
    params: Mapping[str, int] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    @property
    def sip(self) -> tuple[str, int]:
        return HOST, self.port

    @property
    def address(self) -> str:
        """As it stands in node lists."""
        return f"sip:{HOST}:{self.port}"

    @property
    def rpc_socket(self) -> Path:
        return self.folder / "rpc.sock"

    def config(self) -> str:
        notified = "".join(f'modparam("dmq", "notification_address", "{each}")\n' for each in self.notify)
        params = "".join(f'modparam("dmq_usrloc", "{name}", {value})\n' for name, value in self.params.items())
        return _CONFIG.format(
            host=HOST, port=self.port, server_id=self.server_id, rpc=self.rpc_socket, address=self.address,
            notified=notified, params=params,
        )  # fmt: skip

    def is_up(self) -> bool:
        return answers_options(self.sip)

    # ------------------------------------------------------------------ what it knows

    def rpc(self, method: str, *params: object) -> Any:
        """The result of a JSON-RPC command; LookupError with its message where it refuses (no such record)."""
        own = self.folder / f"rpc-{os.getpid()}.sock"
        own.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking:
            asking.settimeout(_WAIT)
            asking.bind(str(own))
            question = {"jsonrpc": "2.0", "method": method, "params": params, "id": 1}
            asking.sendto(json.dumps(question).encode(), str(self.rpc_socket))
            answer = json.loads(asking.recv(1 << 20))
        own.unlink()
        if "error" in answer:
            raise LookupError(answer["error"]["message"])
        return answer["result"]

    def nodes(self) -> dict[str, str]:
        """The status of each other node of the bus, by its address as listed."""
        found: dict[str, str] = {}
        for node in self.rpc("dmq.list_nodes"):
            if not int(node["local"]):
                transport = "" if node["proto"].lower() in ("*", "udp") else f";transport={node['proto'].lower()}"
                found[f"sip:{node['host']}:{node['port']}{transport}"] = node["status"]
        return found

    def contacts(self, user: str) -> list[dict[str, Any]]:
        """The contacts of a user."""
        try:
            record = self.rpc("ul.lookup", "location", user)
        except LookupError:
            return []
        return [each["Contact"] for each in record["Contacts"]]

    def contact_count(self) -> int:
        """Contacts of all users together."""
        return int(self.rpc("stats.fetchn", "usrloc:location_contacts")["usrloc.location_contacts"])
