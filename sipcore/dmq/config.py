"""What a node of the bus is told once, at its start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address

from sipcore.dmq.node_list import NodeKey
from sipcore.packets import Hop

__all__ = ["BusConfig"]


@dataclass(frozen=True, slots=True)
class BusConfig:
    """``address``: ours, as it stands in node lists (the port always written); ``notify``: nodes to join by.

    ``allowed``: networks whose hosts may be nodes. ``hosts`` resolves names in addresses. Seconds: ``ping_interval``
    between two pings, ``join_interval`` between two attempts to join while nobody answers. ``max_peers``: nodes known at
    once. ``remove_inactive``: a node that we were not told of by ``notify`` is forgotten when it stays silent.
    """

    address: str
    notify: tuple[str, ...] = ()
    allowed: tuple[IPv4Network | IPv6Network, ...] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)
    ping_interval: float = 60.0
    join_interval: float = 5.0
    max_peers: int = 64
    remove_inactive: bool = True

    def hop_of(self, key: NodeKey) -> Hop | None:
        """Where a node is reached; None for a name that nobody resolves."""
        host = self.hosts.get(key.host, key.host)
        try:
            return Hop(key.transport, str(ip_address(host)), key.port)
        except ValueError:
            return None

    def allows(self, host: str) -> bool:
        """Whether ``host`` (numeric) may be a node."""
        address = ip_address(host)
        return any(address in network for network in self.allowed)
