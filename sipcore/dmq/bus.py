"""The bus: KDMQ requests in and out through the endpoint, each to its channel; who is on it, told to the channels.

A request names its channel by the user of its Request-URI, and the node that sent it by its From. There is no authentication:
who is allowed is told by address.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sipcore.dmq.channel import Answer, Channel, Done
from sipcore.dmq.config import BusConfig
from sipcore.dmq.membership import Answered, Membership
from sipcore.dmq.node_list import key_of
from sipcore.dmq.peer import Peer
from sipcore.dmq.peers import Peers
from sipcore.endpoint import Endpoint
from sipcore.errors import SipError
from sipcore.events import ClientFailed, ClientKey, RequestReceived, ResponseReceived
from sipcore.ids import Minter
from sipcore.message import Request, Response, Uri, respond_to

__all__ = ["Bus"]

_ONE_HOP: Final = 1  # Max-Forwards of every channel's requests but ``notification_peer``'s
_NOT_FOUND: Final = "Not Found Peer ID"  # as Kamailio says it


@dataclass(slots=True)
class _Asked:
    """A request of ours that has no final answer yet."""

    peer: Peer
    at: float
    answered: Answered
    once: bool = False


class Bus:
    """A ``Sender`` for its channels. ``taken`` counts requests by what became of them, ``asked`` ours likewise."""

    def __init__(self, config: BusConfig, endpoint: Endpoint, ids: Minter) -> None:
        self.peers = Peers(config.max_peers)
        self.taken: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self._channels: dict[str, Channel] = {}
        self.membership = Membership(config, self.peers, self, self._channels.values())
        self._config = config
        self._endpoint = endpoint
        self._ids = ids
        self._own = key_of(config.address)
        self._under_way: dict[ClientKey, _Asked] = {}

    def carry(self, channel: Channel) -> None:
        """Serve ``channel`` from now on."""
        self._channels[channel.name] = channel

    def join(self, now: float) -> None:
        """Come on the bus."""
        self.membership.join(now)

    def leave(self, now: float) -> None:
        """Say goodbye; what peers send is still answered."""
        self.membership.leave(now)

    # ------------------------------------------------------------------ requests of others

    def receive(self, event: RequestReceived, now: float) -> None:
        """Answer a KDMQ, or hand it to the channel that will."""
        outcome, answer = self._judge(event, now)
        self.taken[outcome] += 1
        if answer is not None:
            self._respond(event, answer, now)

    def _judge(self, event: RequestReceived, now: float) -> tuple[str, Answer | None]:
        """What becomes of it, as it is counted, and its answer (None: the channel's matter)."""
        request = event.request
        if not self._config.allows(event.source.hop.host):
            return "forbidden", Answer(403)
        try:
            sender = key_of(request.from_.uri)
            user = Uri.parse(request.uri).username
        except SipError:
            return "bad_request", Answer(400)
        if sender == self._own:
            return "own", Answer(482)
        peer = self.peers.get(sender)
        if peer is not None:
            peer.heard_at = now
            peer.requests["received"] += 1
        if user == self.membership.name:
            return "notification", self.membership.take(request, sender, now)
        channel = self._channels.get(user)
        if channel is None:
            return "unknown_channel", Answer(404, reason=_NOT_FOUND)
        self.membership.heard(sender, peer, now)
        channel.take(request, self.peers.get(sender), lambda answer, at: self._respond(event, answer, at), now)
        return "taken", None

    def _respond(self, event: RequestReceived, answer: Answer, now: float) -> None:
        if event.transaction is None:
            return
        headers = [("Content-Type", answer.content_type)] if answer.content_type else []
        response = respond_to(
            event.request, answer.status, answer.reason, to_tag=self._ids.tag(), headers=headers, body=answer.body
        )
        self._endpoint.respond(event.transaction, response, now)

    # ------------------------------------------------------------------ requests of ours

    def send(
        self,
        peer: Peer,
        channel: str,
        content_type: str,
        body: bytes,
        now: float,
        *,
        done: Done | None = None,
        once: bool = False,
    ) -> None:
        """See Sender."""

        def answered(response: Response | None, at: float) -> None:
            if done is not None:
                done(None if response is None else response.status, at)

        request = self._request(peer, channel, content_type, body, _ONE_HOP)
        self._ask(_Asked(peer, now, answered, once), request)

    def active(self) -> Sequence[Peer]:
        """See Sender."""
        return self.peers.active()

    def notify(
        self, peer: Peer, content_type: str, body: bytes, now: float, *, max_forwards: int, answered: Answered
    ) -> None:
        """See Notifier."""
        self._ask(
            _Asked(peer, now, answered), self._request(peer, self.membership.name, content_type, body, max_forwards)
        )

    def _request(self, peer: Peer, channel: str, content_type: str, body: bytes, hops: int) -> Request:
        us, them = self._config.address.partition(":")[2], peer.address.partition(":")[2]
        headers = [
            ("From", f"<sip:{channel}@{us}>;tag={self._ids.tag()}"),
            ("To", f"<sip:{channel}@{them}>"),
            ("Call-ID", self._ids.call_id()),
            ("CSeq", "10 KDMQ"),
            ("Max-Forwards", str(hops)),
            ("Content-Type", content_type),
        ]
        return Request("KDMQ", f"sip:{channel}@{them}", headers, body)

    def _ask(self, asked: _Asked, request: Request) -> None:
        key = self._endpoint.request(request, asked.at, hop=asked.peer.hop, once=asked.once)
        self._under_way[key] = asked
        self._count(asked.peer, "sent")

    def answered(self, event: ResponseReceived | ClientFailed, now: float) -> bool:
        """Whether the event belongs to a request of ours."""
        asked = self._under_way.get(event.transaction)
        if asked is None:
            return False
        if isinstance(event, ClientFailed):
            del self._under_way[event.transaction]
            self._count(asked.peer, "unanswered")
            if not asked.once:
                self.membership.silent(asked.peer, asked.at, now)
            asked.answered(None, now)
        elif event.response.status >= 200:
            del self._under_way[event.transaction]
            self._count(asked.peer, "answered" if event.response.status < 300 else "refused")
            peer = asked.peer
            peer.heard_at = peer.answered_at = now
            peer.round_trip = now - asked.at
            peer.failures = 0
            asked.answered(event.response, now)
        return True

    def _count(self, peer: Peer, result: str) -> None:
        self.asked[result] += 1
        peer.requests[result] += 1

    def unanswered(self, peer: Peer) -> list[float]:
        """When the requests were sent that wait for an answer of ``peer``, the oldest first."""
        return [asked.at for asked in self._under_way.values() if asked.peer is peer]

    def counts(self) -> dict[str, int]:
        """What lives: nodes known and there, requests that wait for an answer."""
        return {"peers": len(self.peers), "active": len(self.peers.active()), "under_way": len(self._under_way)}

    # ------------------------------------------------------------------ time

    def next_deadline(self) -> float | None:
        """When ``expire`` is wanted."""
        dues = [self.membership.next_deadline(), *(channel.next_deadline() for channel in self._channels.values())]
        return min((due for due in dues if due is not None), default=None)

    def expire(self, now: float) -> None:
        """Pings, and what is due in the channels."""
        self.membership.expire(now)
        for channel in self._channels.values():
            due = channel.next_deadline()
            if due is not None and due <= now:
                channel.expire(now)
