"""The configuration in force, as the live core looks things up in it: who is called what, and where it can be reached."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from app.configuration import Agent, ConfigObject, EntryPoint, MediaServer, ObjectKind, Queue, Trunk
from b2bua.commands import Target
from sipcore.location import LocationStore
from sipcore.message import BadUri, Uri
from sipcore.registrar import Registrar

__all__ = ["Directory"]

Network = IPv4Network | IPv6Network
_MAX_VERDICTS: Final = 4096


class Directory:
    """Configuration objects by id and by what calls name them by. Changes take effect with the next look-up."""

    def __init__(self, trusted: Iterable[Network]) -> None:
        self._always_trusted = tuple(trusted)
        self.queues: dict[str, Queue] = {}
        self.agents: dict[str, Agent] = {}
        self.entry_points: dict[str, EntryPoint] = {}
        self.trunks: dict[str, Trunk] = {}
        self.media_servers: dict[str, MediaServer] = {}
        self._by_user: dict[str, EntryPoint] = {}
        self._by_name: dict[str, str] = {}
        self._aors: dict[str, str | None] = {}
        self._by_aor: dict[str, list[str]] = {}
        self._by_auth_user: dict[str, Agent] = {}
        self._networks: tuple[Network, ...] = self._always_trusted
        self._verdicts: dict[str, bool] = {}  # of hosts that called lately
        self._elsewhere: dict[str, Target] = {}  # agents at URIs that are not ours: always the same target
        self._registrar: Registrar | None = None
        self._locations: LocationStore | None = None

    def attach(self, registrar: Registrar, locations: LocationStore) -> None:
        """The registrar reads this directory's credentials, and this directory its bindings."""
        self._registrar, self._locations = registrar, locations

    # ------------------------------------------------------------------ changes

    def put(self, *items: ConfigObject) -> None:
        """Add or replace."""
        for item in items:
            match item:
                case Queue():
                    self.queues[item.routing.id] = item
                case Agent():
                    self._forget(item.routing.id)
                    self._enter(item)
                case EntryPoint():
                    self.entry_points[item.id] = item
                case Trunk():
                    self.trunks[item.id] = item
                case MediaServer():
                    self.media_servers[item.id] = item
        self._index(any(not isinstance(item, Agent) for item in items))

    def drop(self, kind: ObjectKind, item_id: str) -> None:
        match kind:
            case "queue":
                self.queues.pop(item_id, None)
            case "agent":
                self._forget(item_id)
            case "entry_point":
                self.entry_points.pop(item_id, None)
            case "trunk":
                self.trunks.pop(item_id, None)
            case "media_server":
                self.media_servers.pop(item_id, None)
        self._index(kind != "agent")

    def _enter(self, agent: Agent) -> None:
        agent_id = agent.routing.id
        self.agents[agent_id] = agent
        aor = self._aors[agent_id] = self._canonical(agent)
        if aor is not None:
            self._by_aor.setdefault(aor, []).append(agent_id)
        else:
            self._elsewhere[agent_id] = Target(agent.address)
        if agent.ha1:
            self._by_auth_user[_user(agent.address)] = agent

    def _forget(self, agent_id: str) -> None:
        agent = self.agents.pop(agent_id, None)
        if agent is None:
            return
        self._elsewhere.pop(agent_id, None)
        aor = self._aors.pop(agent_id)
        if aor is not None:
            self._by_aor[aor].remove(agent_id)
        if self._by_auth_user.get(_user(agent.address)) is agent:
            del self._by_auth_user[_user(agent.address)]

    def _index(self, changed: bool) -> None:  # noqa: FBT001 - private
        """What is not agents is few, and indexed anew."""
        if not changed:
            return
        self._by_user = {point.user: point for point in self.entry_points.values()}
        self._by_name = {queue.routing.name: queue_id for queue_id, queue in self.queues.items()}
        nets = [ip_network(each, strict=False) for trunk in self.trunks.values() for each in trunk.addresses]
        self._networks = (*self._always_trusted, *nets)
        self._verdicts.clear()

    # ------------------------------------------------------------------ look-ups

    def entry(self, user: str) -> tuple[str, int] | None:
        """The queue (id) and priority that calls to ``user`` enter with; a queue's own name is an entry point too."""
        point = self._by_user.get(user)
        if point is not None and point.queue in self.queues:
            return point.queue, point.priority
        queue = self._by_name.get(user)
        return (queue, 0) if queue is not None else None

    def is_trusted(self, host: str) -> bool:
        """Whether INVITEs from this address need no digest."""
        verdict = self._verdicts.get(host)
        if verdict is None:
            address = ip_address(host)
            verdict = any(address.version == network.version and address in network for network in self._networks)
            if len(self._verdicts) >= _MAX_VERDICTS:
                self._verdicts.clear()
            self._verdicts[host] = verdict
        return verdict

    def ha1(self, user: str, realm: str, algorithm: str) -> str | None:
        """Of an agent that registers; the realm is fixed when passwords are set."""
        del realm
        agent = self._by_auth_user.get(user)
        return agent.ha1.get(algorithm) if agent is not None else None

    def aor_of(self, agent: Agent) -> str | None:
        """The agent's address-of-record if it is one of ours, None if it is a URI elsewhere."""
        return self._aors.get(agent.routing.id)

    def _canonical(self, agent: Agent) -> str | None:
        if self._registrar is None:
            return None
        try:
            uri = Uri.parse(agent.address)
        except BadUri:
            return None
        return self._registrar.aor_of(uri) if uri.port is None else None

    def registered(self, aor: str) -> list[str]:
        """Ids of the agents with this address-of-record."""
        return self._by_aor.get(aor, [])

    def is_reachable(self, agent: Agent) -> bool:
        aor = self.aor_of(agent)
        return aor is None or (self._locations is not None and bool(self._locations.bindings(aor)))

    def target(self, agent: Agent) -> Target | None:
        """Where the agent's phone is now: its preferred binding, or its URI."""
        fixed = self._elsewhere.get(agent.routing.id)
        if fixed is not None:
            return fixed
        aor = self.aor_of(agent)
        if aor is None:
            return Target(agent.address)
        bindings = self._locations.bindings(aor) if self._locations is not None else ()
        if not bindings:
            return None
        hop, flow = bindings[0].reach()
        return Target(bindings[0].contact, hop, flow)

    def media_uris(self) -> tuple[str, ...]:
        """Media servers in the order in which they are tried."""
        return tuple(each.uri for each in sorted(self.media_servers.values(), key=lambda s: (s.position, s.name)))


def _user(address: str) -> str:
    try:
        return Uri.parse(address).username
    except BadUri:
        return ""
