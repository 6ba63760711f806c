"""A switchboard with peers around it, in virtual time."""

from b2bua.commands import CallId, Dial, LegId, Park, Playlist, SetMediaServers, Target
from b2bua.desk import SwitchboardConfig
from b2bua.events import CallArrived, CallEvent
from b2bua.proof import Secrets, no_secrets
from b2bua.switchboard import Switchboard
from sipcore.config import EndpointConfig, Listener
from sipcore.endpoint import Endpoint
from sipcore.events import Event, RequestReceived
from sipcore.ids import Minter
from sipcore.packets import Send, Source
from tests.support.virtual import US, Peer, Wire, origin_of, port_of, sdp

__all__ = ["US", "Net", "Peer", "origin_of", "port_of", "sdp"]


class Net(Wire):
    """The switchboard at ``US``, a media server, and as many peers as asked for."""

    def __init__(self, *, session_expires: int = 1800, media: int = 1, secrets: Secrets = no_secrets) -> None:
        super().__init__()
        self.events: list[CallEvent] = []
        self.calls = 0
        self.listener = Listener("UDP", US.host, US.port)
        self.config = SwitchboardConfig(US.host, (self.listener,), session_expires=session_expires)
        self.secrets = secrets
        self.media = [self.peer(9000 + n) for n in range(media)]
        for server in self.media:
            server.sdp = b""
        self.stored: dict[tuple[str, str], object] = {}
        self.start()

    def start(self) -> None:
        """The switchboard, new (after a crash: ``restore`` its rows)."""
        ids = Minter(1, 0, lambda: f"{self.random.getrandbits(64):016x}")
        self.endpoint = Endpoint(EndpointConfig((self.listener,)), ids)
        self.board = Switchboard(self.endpoint, ids, self.config, self.random.random, self.secrets)
        uris = tuple(f"sip:annc@127.0.0.1:{server.hop.port};play={{sound}};repeat={{repeat}}" for server in self.media)
        self.board.handle(SetMediaServers(uris, frozenset(uris)), self.now)

    def receive(self, data: bytes, source: Source) -> None:
        for event in self.endpoint.receive(data, source, self.now):
            self._ours(event)

    def _ours(self, event: Event) -> None:
        if isinstance(event, RequestReceived) and event.request.method == "INVITE" and not event.request.to_tag:
            self.calls += 1
            self.events += self.board.arrive(event, CallId(f"call-{self.calls}"), self.now)
        else:
            self.events += self.board.receive(event, self.now)

    def expire(self) -> None:
        for event in self.endpoint.expire(self.now):
            self._ours(event)
        self.events += self.board.expire(self.now)

    def deadlines(self) -> list[float | None]:
        return [self.endpoint.next_deadline(), self.board.next_deadline()]

    def take_sends(self) -> list[Send]:
        sends, self.endpoint.sends = self.endpoint.sends, []
        return sends

    # ------------------------------------------------------------------ what tests say

    def do(self, command: object) -> None:
        self.events += self.board.handle(command, self.now)  # type: ignore[arg-type]  # any command
        self.deliver()

    def told(self, kind: type) -> list[CallEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    def arrived(self) -> CallId:
        event = self.told(CallArrived)[-1]
        assert isinstance(event, CallArrived)
        return event.call

    def dial(self, call: CallId, peer: Peer, leg: str = "leg-1", mode: str = "late") -> LegId:
        self.do(Dial(call, LegId(leg), Target(peer.uri), mode))  # type: ignore[arg-type]  # a literal
        return LegId(leg)

    def park(self, call: CallId, *, early: float | None = None, media_port: int = 40000) -> None:
        """Park, with the first media server answering."""
        self.do(Park(call, Playlist(("music",), queue="q"), early))
        self.media_answers(media_port)

    def media_answers(self, media_port: int = 40000, server: int = 0) -> None:
        media = self.media[server]
        invite = media.last_request("INVITE")
        media.reply(invite, 200, sdp(media_port, session=77), tag="media")

    def parked_caller(self, caller: Peer, *, early: float | None = None, body: bytes | None = None) -> CallId:
        """A call that has been parked and, unless early, answered and ACKed."""
        caller.invite(sdp(30000) if body is None else body)
        call = self.arrived()
        self.park(call, early=early)
        if early is None:
            answer = caller.responses(200)[-1]
            caller.ack(answer, b"" if caller.sdp else sdp(30000))
        return call

    def restart(self) -> list[CallId]:
        """Crash and come back from the rows that were journalled."""
        rows = [(t, k, r) for (t, k), r in self.rows().items()]
        self.start()
        self.events.clear()
        live = self.board.restore(rows, self.now)
        self.deliver()
        return live

    def rows(self) -> dict[tuple[str, str], object]:
        for table, key, row in self.board.take_changes():
            if row is None:
                self.stored.pop((table, key), None)
            else:
                self.stored[table, key] = row
        return self.stored

    def quiet(self) -> bool:
        """Nothing is left of any call, once every transaction has had its time."""
        self.wait(64)
        assert self.left() == {}
        return True

    def left(self) -> dict[str, int]:
        """Whatever is still live of calls and transactions."""
        counts = self.board.counts() | self.endpoint.counts()
        return {name: n for name, n in counts.items() if n and name != "ignored_inputs"}
