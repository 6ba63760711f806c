"""The bus' share of the settings."""

import asyncio
import logging
import socket
from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network

from app.addresses import Network
from app.settings import Settings
from sipcore.dmq.config import BusConfig
from sipcore.dmq.node_list import key_of
from sipcore.dmq.replica import ReplicaConfig

__all__ = ["bus_config", "replica_config", "resolve_nodes"]

_log = logging.getLogger(__name__)


def bus_config(settings: Settings, hosts: Mapping[str, str]) -> BusConfig | None:
    """``hosts``: numeric addresses of the names among the nodes to join by. None: nothing is shared."""
    if not settings.dmq_server_address:
        return None
    nodes = [key_of(address).host for address in settings.dmq_notification_address]
    return BusConfig(
        settings.dmq_server_address,
        settings.dmq_notification_address,
        (*settings.dmq_allow, *_networks(hosts.get(node, node) for node in nodes)),
        hosts,
        settings.dmq_ping_interval,
        max_peers=settings.dmq_max_nodes,
        remove_inactive=settings.dmq_remove_inactive,
    )


def replica_config(settings: Settings) -> ReplicaConfig:
    """What registrations are shared by."""
    return ReplicaConfig(
        settings.dmq_sync,
        settings.dmq_batch_msg_contacts,
        settings.dmq_batch_msg_size,
        settings.dmq_batch_size,
        settings.dmq_batch_usleep,
        window=settings.dmq_window,
        waiting_bytes=settings.dmq_waiting_bytes,
        removed_seconds=settings.dmq_removed_seconds,
        removed=settings.dmq_removed,
        max_contacts=settings.dmq_max_contacts,
        use_domain=settings.dmq_use_domain,
        max_bindings=settings.register_max_bindings,
    )


async def resolve_nodes(settings: Settings) -> dict[str, str]:
    """The names among the nodes to join by, each with its first address; those without one are left out, and told."""
    loop = asyncio.get_running_loop()
    found: dict[str, str] = {}
    for address in settings.dmq_notification_address:
        host = key_of(address).host
        if _is_numeric(host):
            continue
        try:
            answers = await loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:  # UnicodeError: no name that DNS could have
            _log.warning("dmq_notification_address: %s has no address: %s", host, error)
            continue
        found[host] = str(answers[0][4][0])
    return found


def _networks(hosts: Iterable[str]) -> list[Network]:
    return [ip_network(host) for host in hosts if _is_numeric(host)]


def _is_numeric(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
