"""Registrations on the bus: the channel between the location store's owner and the other nodes."""

from app.registrations.desk import Registrations
from sipcore.dmq.bus import Bus
from sipcore.dmq.replica import Replica, ReplicaConfig
from sipcore.dmq.usrloc import UsrlocConfig
from sipcore.registrar import RegistrarConfig

__all__ = ["share"]


def share(
    registrations: Registrations, bus: Bus, config: ReplicaConfig, registrar: RegistrarConfig, node: int
) -> Replica:
    """From now on the bus carries what happens to ``registrations``, and what other nodes say happens to them."""
    usrloc = UsrlocConfig(registrar.domains, registrar.aliases, config.use_domain, node)
    replica = Replica(config, usrloc, registrations, bus)
    bus.carry(replica)
    registrations.observers.append(replica.note)
    return replica
