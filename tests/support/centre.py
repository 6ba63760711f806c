"""A whole call centre in virtual time: the live core between peers on a virtual wire, its facts and rows kept."""

from collections import Counter
from collections.abc import Iterable
from ipaddress import ip_network
from itertools import count

from app.commands import LiveCommand, Reply
from app.configuration import Agent, ConfigObject, EntryPoint, Queue
from app.core import Core, CoreConfig, Sources
from app.directory import Directory
from app.facts import CallEvent, CallRecord, Fact
from app.journal.codec import RowCodec
from app.journal.memory import MemoryJournal
from app.journal.port import Turn
from app.journal_tables import TABLES
from b2bua.desk import SwitchboardConfig
from queues.model import AgentConfig, AgentId, QueueConfig, QueueId
from sipcore.binding import Binding, BindingChange, BindingChanged
from sipcore.config import EndpointConfig, Listener
from sipcore.packets import Send, Source
from sipcore.registrar import RegistrarConfig
from tests.support.virtual import US, Peer, Wire, sdp

__all__ = ["Centre", "agent", "entry", "queue"]


def queue(name: str = "support", **routing: object) -> Queue:
    return Queue(QueueConfig(QueueId(f"q-{name}"), name, **routing))  # type: ignore[arg-type]  # fields by name


def agent(name: str, peer: Peer, **more: object) -> Agent:
    fields: dict[str, object] = {"initial_status": "available", "offer": "late", **more}
    return Agent(AgentConfig(AgentId(f"a-{name}"), name), peer.uri, **fields)  # type: ignore[arg-type]


class Centre(Wire):
    """The core at ``US``, a media server on port 9000 that answers by itself, and what was said of it all."""

    def __init__(self, *items: ConfigObject, media: bool = True, networks: Iterable[str] = ("127.0.0.0/8",)) -> None:
        super().__init__()
        self.facts: list[Fact] = []
        self.journal = MemoryJournal()
        self.stored: dict[str, Binding] = {}  # registrations, as a database that is never behind
        self.codec = RowCodec(TABLES)
        self.items = list(items)
        self.networks = [ip_network(each) for each in networks]
        self.uses_media = media
        self.media = self.peer(9000)
        self.media.answers_with = sdp(40000, session=77)
        self.start()

    def add(self, *items: ConfigObject) -> None:
        """Configuration for the start that follows."""
        self.items += items
        self.start()

    def start(self) -> None:
        ids = (f"id-{self.random.getrandbits(48):012x}-{n}" for n in count())
        listener = Listener("UDP", US.host, US.port)
        config = CoreConfig(
            1, 0, "callyard", EndpointConfig((listener,)), SwitchboardConfig("127.0.0.1", (listener,)),
            RegistrarConfig(("callyard", "127.0.0.1")), feature_networks=tuple(self.networks),
        )  # fmt: skip
        sources = Sources(
            lambda: next(ids), lambda: f"{self.random.getrandbits(64):016x}", self.random.random, b"secret" * 6
        )
        self.core = Core(config, Directory(self.networks), sources)
        if self.uses_media:
            uri = f"sip:annc@127.0.0.1:{self.media.hop.port};play={{sound}};repeat={{repeat}}"
            self.core.set_builtin_media((uri,), self.now, controllable=True)
        rows = self.codec.decode_all(self.journal.load())
        self.core.load(self.items, rows, self.now, list(self.stored.values()))
        self.core.registrations.observers.append(self.store)
        self.deliver()

    def store(self, change: BindingChanged, _now: float) -> None:
        if change.change in (BindingChange.REMOVED, BindingChange.EXPIRED):
            self.stored.pop(change.binding.ruid, None)
        else:
            self.stored[change.binding.ruid] = change.binding

    def crash(self) -> None:
        """Whatever was not journalled is gone."""
        self.start()

    # the wire's hooks

    def receive(self, data: bytes, source: Source) -> None:
        self.core.receive(data, source, self.now)

    def expire(self) -> None:
        self.core.expire(self.now)

    def deadlines(self) -> list[float | None]:
        return [self.core.next_deadline()]

    def take_sends(self) -> list[Send]:
        """One turn: facts and rows are kept before anything leaves."""
        facts, changes = self.core.take_facts(), self.core.take_changes()
        if facts or changes:
            self.journal.append(Turn(self.codec.encode_all(changes), []))
        self.facts += facts
        return self.core.take_sends()

    # what tests say and ask

    def tell(self, command: LiveCommand) -> Reply:
        reply = self.core.handle(command, self.now)
        self.deliver()
        return reply

    def records(self) -> list[CallRecord]:
        return [fact for fact in self.facts if isinstance(fact, CallRecord)]

    def steps(self) -> list[str]:
        return [fact.kind for fact in self.facts if isinstance(fact, CallEvent)]

    def left(self) -> dict[str, int]:
        """What is still live when everything has had its time."""
        self.wait(64)
        counts = {"calls": len(self.core.centre.calls)} | self.core.board.counts() | self.core.endpoint.counts()
        counts |= {name: n for name, n in self.core.engine.counts().items() if name != "agents"}
        counts |= Counter(row.table for row in self.journal.load() if row.table not in ("agent", "bindings", "waits"))
        return {name: n for name, n in counts.items() if n and name != "ignored_inputs"}


def entry(user: str, name: str = "support", priority: int = 0) -> EntryPoint:
    return EntryPoint(f"e-{user}", user, f"q-{name}", priority)
