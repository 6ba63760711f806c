"""The configuration in force, as the live core looks things up in it: who is called what, and where it can be reached."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from app.configuration import (
    Agent,
    Calendar,
    ConfigObject,
    Disposition,
    EntryPoint,
    FeatureCode,
    MediaServer,
    ObjectKind,
    Phone,
    PriorityRule,
    Queue,
    Trunk,
)
from app.priority_rules.table import PriorityTable
from app.workplace import Workplace, place_of
from b2bua.commands import Target
from b2bua.proof import Secret
from queues.rules.requirements import Requirement
from sipcore.errors import SipError
from sipcore.location import LocationStore
from sipcore.message import BadUri, Request, Uri
from sipcore.packets import Source
from sipcore.registrar import Registrar

__all__ = ["Directory", "Entry"]

Network = IPv4Network | IPv6Network
_MAX_VERDICTS: Final = 4096


@dataclass(frozen=True, slots=True)
class Entry:
    """The queue (id) that a call enters, and the priority and requirements that it enters with."""

    queue: str
    priority: int = 0
    requirements: tuple[Requirement, ...] = ()


class Directory:
    """Configuration objects by id and by what calls name them by. Changes take effect with the next look-up."""

    def __init__(self, trusted: Iterable[Network]) -> None:
        self._always_trusted = tuple(trusted)
        self.queues: dict[str, Queue] = {}
        self.calendars: dict[str, Calendar] = {}
        self.agents: dict[str, Agent] = {}
        self.entry_points: dict[str, EntryPoint] = {}
        self.priority_rules = PriorityTable()
        self.trunks: dict[str, Trunk] = {}
        self.media_servers: dict[str, MediaServer] = {}
        self._by_user: dict[str, EntryPoint] = {}
        self._by_name: dict[str, str] = {}
        self._aors: dict[str, str | None] = {}
        self._places: dict[str, str] = {}
        self._at_place: dict[str, list[str]] = {}
        self._users: dict[str, int] = {}  # user parts of the agents' addresses, and how many have it
        self._by_number: dict[str, Agent] = {}
        self._by_auth_user: dict[str, Agent] = {}
        self.workplace = Workplace()
        self.desks: dict[str, str] = {}  # addresses of the phones that agents logged in at
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
                case PriorityRule():
                    self.priority_rules.put(item)
                case Trunk():
                    self.trunks[item.id] = item
                case MediaServer():
                    self.media_servers[item.id] = item
                case Calendar():
                    self.calendars[item.id] = item
                case Disposition() | Phone() | FeatureCode():
                    self.workplace.put(item)
                case _:  # the queue engine's alone
                    pass
        self._index(any(not isinstance(item, Agent | PriorityRule) for item in items))

    def drop(self, kind: ObjectKind, item_id: str) -> None:
        match kind:
            case "queue":
                self.queues.pop(item_id, None)
            case "agent":
                self._forget(item_id)
            case "entry_point":
                self.entry_points.pop(item_id, None)
            case "priority_rule":
                self.priority_rules.drop(item_id)
            case "trunk":
                self.trunks.pop(item_id, None)
            case "media_server":
                self.media_servers.pop(item_id, None)
            case "calendar":
                self.calendars.pop(item_id, None)
            case _:
                self.workplace.drop(item_id)
        self._index(kind not in ("agent", "priority_rule"))

    def _enter(self, agent: Agent) -> None:
        agent_id = agent.routing.id
        self.agents[agent_id] = agent
        address = self.address_of(agent)
        aor = self._aors[agent_id] = self._canonical(address)
        if aor is None and address:
            self._elsewhere[agent_id] = Target(address)
        place = self._places[agent_id] = aor or self.place(address)
        self._at_place.setdefault(place, []).append(agent_id)
        user = _user(address)
        self._users[user] = self._users.get(user, 0) + 1
        if agent.number is not None:
            self._by_number[agent.number] = agent
        if agent.ha1:
            self._by_auth_user[_user(agent.address)] = agent

    def _forget(self, agent_id: str) -> None:
        agent = self.agents.pop(agent_id, None)
        if agent is None:
            return
        self._elsewhere.pop(agent_id, None)
        self._aors.pop(agent_id)
        place = self._places.pop(agent_id)
        self._at_place[place].remove(agent_id)
        if not self._at_place[place]:
            del self._at_place[place]
        user = _user(self.address_of(agent))
        self._users[user] -= 1
        if not self._users[user]:
            del self._users[user]
        if agent.number is not None and self._by_number.get(agent.number) is agent:
            del self._by_number[agent.number]
        if self._by_auth_user.get(_user(agent.address)) is agent:
            del self._by_auth_user[_user(agent.address)]

    def _index(self, changed: bool) -> None:  # noqa: FBT001 - private
        """What is neither agents nor priority rules is few, and indexed anew."""
        if not changed:
            return
        self._by_user = {point.user: point for point in self.entry_points.values()}
        self._by_name = {queue.routing.name: queue_id for queue_id, queue in self.queues.items()}
        nets = [ip_network(each, strict=False) for trunk in self.trunks.values() for each in trunk.addresses]
        self._networks = (*self._always_trusted, *nets)
        self._verdicts.clear()

    # ------------------------------------------------------------------ look-ups

    def entry(self, user: str) -> Entry | None:
        """What calls to ``user`` enter with; a queue's own name is an entry point too."""
        point = self._by_user.get(user)
        if point is not None and point.queue in self.queues:
            return Entry(point.queue, point.priority, point.requirements)
        queue = self._by_name.get(user)
        return Entry(queue) if queue is not None else None

    def wrap_up_of(self, user: str) -> float | None:
        """What follows calls to this entry point, where it has a word in it."""
        point = self._by_user.get(user)
        return point.wrap_up_seconds if point is not None else None

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

    def secret_for(self, host: str, realm: str) -> Secret | None:
        """What the peer at this address is shown that challenges a request of ours in ``realm``."""
        address = ip_address(host)
        for trunk in self.trunks.values():
            if trunk.secret is not None and trunk.realm in (None, realm):
                networks = [ip_network(each, strict=False) for each in trunk.addresses]
                if any(address.version == network.version and address in network for network in networks):
                    return trunk.secret
        return None

    def ha1(self, user: str, realm: str, algorithm: str) -> str | None:
        """Of an agent that registers; the realm is fixed when passwords are set."""
        del realm
        agent = self._by_auth_user.get(user)
        return agent.ha1.get(algorithm) if agent is not None else self.workplace.ha1(user, algorithm)

    def aor_of(self, agent: Agent) -> str | None:
        """The agent's address-of-record if it is one of ours, None if it is a URI elsewhere (or nowhere)."""
        return self._aors.get(agent.routing.id)

    def _canonical(self, address: str) -> str | None:
        if self._registrar is None:
            return None
        try:
            uri = Uri.parse(address)
        except BadUri:
            return None
        return self._registrar.aor_of(uri) if uri.port is None else None

    def registered(self, aor: str) -> list[str]:
        """Ids of the agents with this address-of-record."""
        return self._at_place.get(aor, [])

    def is_reachable(self, agent: Agent) -> bool:
        return self.rings(self.address_of(agent))

    def rings(self, address: str) -> bool:
        """Whether a phone is there: registered, if it is an address-of-record of ours."""
        aor = self._canonical(address)
        if aor is None:
            return bool(address)
        return self._locations is not None and bool(self._locations.bindings(aor))

    def address_of(self, agent: Agent) -> str:
        """The phone it logged in at, else its own; "" where it has none."""
        return self.desks.get(agent.routing.id, agent.address)

    def place(self, address: str) -> str:
        """The address so that two spellings of it are the same; "" for what is none."""
        try:
            return self._canonical(address) or place_of(Uri.parse(address))
        except BadUri:
            return ""

    def at(self, place: str) -> list[str]:
        """Ids of the agents whose phone is there now."""
        return self._at_place.get(place, []) if place else []

    def seat(self, agent_id: str, address: str | None) -> None:
        """The agent's phone is at this address from now on; None: its own one."""
        agent = self.agents.get(agent_id)
        if agent is not None:
            self._forget(agent_id)
        if address is None:
            self.desks.pop(agent_id, None)
        else:
            self.desks[agent_id] = address
        if agent is not None:
            self._enter(agent)

    def numbered(self, number: str) -> Agent | None:
        """The agent with this number."""
        return self._by_number.get(number)

    def callers(self, request: Request, source: Source, user: str | None) -> list[str]:
        """Ids of the agents from whose phone this INVITE comes; ``user``: the one that digest proved.

        Without digest From or Contact must name an agent's phone, and the message come from where that is.
        """
        if user is not None:
            return self.at(self._of_user(user))
        users = self._users
        for name in ("From", "Contact"):
            text = request.get(name) or ""
            begin = text.find("sip:") + 4
            user_part = text[begin : text.find("@", begin)]
            if user_part not in users and "%" not in user_part:  # nearly always
                continue
            place = self.place(text.partition("<")[2].partition(">")[0] or text.partition(";")[0])
            if self._is_at(place, source.hop.host):
                return self.at(place)
        return []

    def _of_user(self, user: str) -> str:
        return (self._registrar.aor_of_user(user) if self._registrar is not None else None) or ""

    def _is_at(self, place: str, host: str) -> bool:
        if place.startswith("sip:"):
            bindings = self._locations.bindings(place) if self._locations is not None else ()
            return any(each.source.hop.host == host for each in bindings)
        return place.rpartition(":")[0].rpartition("@")[2] == host

    def phone_of(self, request: Request, user: str | None) -> str | None:
        """The address of the phone that sent this INVITE, as an agent could log in there; None: it has none."""
        if user is not None:
            return self._of_user(user) or None
        try:
            uri = request.from_.uri
            return self._canonical(uri) or f"sip:{Uri.parse(uri).user}@{_numeric(Uri.parse(uri))}"
        except SipError:
            return None

    def target(self, agent: Agent) -> Target | None:
        """Where the agent's phone is now: its preferred binding, or its URI."""
        fixed = self._elsewhere.get(agent.routing.id)
        if fixed is not None:
            return fixed
        aor = self.aor_of(agent)
        if aor is None:
            return None
        bindings = self._locations.bindings(aor) if self._locations is not None else ()
        if not bindings:
            return None
        hop, flow = bindings[0].reach()
        return Target(bindings[0].contact, hop, flow, bindings[0].path)

    def media_uris(self) -> tuple[str, ...]:
        """Media servers in the order in which they are tried."""
        return tuple(each.uri for each in sorted(self.media_servers.values(), key=lambda s: (s.position, s.name)))


def _numeric(uri: Uri) -> str:
    """Host and port. Raises ``BadUri`` where that is a name: none is looked up."""
    try:
        ip_address(uri.host)
    except ValueError:
        raise BadUri("not a numeric address") from None
    if not uri.user:
        raise BadUri("no user part")
    return uri.host_port


def _user(address: str) -> str:
    try:
        return Uri.parse(address).username
    except BadUri:
        return ""
