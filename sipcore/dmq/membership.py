"""The channel ``notification_peer``: joins the bus, keeps the list of its nodes, pings them, says goodbye.

A joining node says its own line with Max-Forwards 2; who learns something from it tells all others with one hop less. A ping
carries the whole list with Max-Forwards 1, a goodbye the own line alone.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from sipcore.dmq.channel import Answer, Channel
from sipcore.dmq.config import BusConfig
from sipcore.dmq.node_list import Node, NodeKey, NodeStatus, address_of, format_nodes, key_of, parse_nodes
from sipcore.dmq.peer import Peer, PeerStatus
from sipcore.dmq.peers import Action, Peers, Sign
from sipcore.errors import SipError
from sipcore.message import Request, Response

__all__ = ["Answered", "Membership", "Notifier"]

_TEXT: Final = "text/plain"
_JOINING: Final = 2  # Max-Forwards: the receiver tells the others
_TO_YOU_ALONE: Final = 1
_OWN: Final = {NodeStatus.ACTIVE: Sign.SAYS_ACTIVE, NodeStatus.DISABLED: Sign.SAYS_DISABLED}
_SETTLED: Final = 5.0  # seconds: a node that joins although it has been active for longer has restarted


Answered = Callable[[Response | None, float], None]
"""Called once with the final answer (None: there was none) and the time."""


class Notifier(Protocol):
    """What membership needs of the bus."""

    def notify(
        self, peer: Peer, content_type: str, body: bytes, now: float, *, max_forwards: int, answered: Answered
    ) -> None:
        """Send ``peer`` a list."""


class Membership:
    """``channels`` are told who comes and goes. ``faults`` counts what was wrong in lists."""

    name = "notification_peer"

    def __init__(self, config: BusConfig, peers: Peers, notifier: Notifier, channels: Iterable[Channel]) -> None:
        self.faults: Counter[str] = Counter()
        self._config = config
        self._peers = peers
        self._notifier = notifier
        self._channels = channels
        self._own = key_of(config.address)
        self._status = NodeStatus.ACTIVE
        self._due: float | None = None

    # ------------------------------------------------------------------ coming and going

    def join(self, now: float) -> None:
        """Begin: tell the nodes that we know of that we are here, again and again until one answers."""
        for address in self._config.notify:
            key = key_of(address)
            if key != self._own and self._peers.get(key) is None:
                self._peers.add(key, Peer(address, self._config.hop_of(key), configured=True, since=now))
        self._due = now
        self.expire(now)

    def leave(self, now: float) -> None:
        """Say goodbye; from now on nobody is asked anything."""
        self._due = None
        self._status = NodeStatus.DISABLED
        for peer in self._peers.active():
            self._tell(peer, self._own_line, _TO_YOU_ALONE, now)

    def next_deadline(self) -> float | None:
        """When the next ping is due."""
        return self._due

    def expire(self, now: float) -> None:
        """Ping everybody; while nobody is there, join."""
        if self._due is None or self._due > now:
            return
        joining = not self._peers.active()
        self._due = now + (self._config.join_interval if joining else self._config.ping_interval)
        for peer in list(self._peers):
            self._ask(peer, now, joining=joining)

    def _ask(self, peer: Peer, now: float, *, joining: bool = False) -> None:
        """Whether it is there. One question at a time: a silent node is asked again when the last one has timed out."""
        if peer.questions or self._due is None:
            return
        if joining:
            self._tell(peer, self._own_line, _JOINING, now)
        else:
            self._tell(peer, self._list(), _TO_YOU_ALONE, now)

    def _tell(self, peer: Peer, body: bytes, hops: int, now: float) -> None:
        def answered(response: Response | None, at: float) -> None:
            peer.questions -= 1
            if response is not None:
                self._answered(peer, response, now, at)

        peer.questions += 1
        self._notifier.notify(peer, _TEXT, body, now, max_forwards=hops, answered=answered)

    @property
    def _own_line(self) -> bytes:
        return format_nodes([(self._config.address, self._status)])

    def _list(self) -> bytes:
        """Ourselves and those who are there."""
        return self._own_line + format_nodes((peer.address, NodeStatus.ACTIVE) for peer in self._peers.active())

    # ------------------------------------------------------------------ what others say

    def take(self, request: Request, sender: NodeKey, now: float) -> Answer:
        """A list of ``sender``. Answered with ours; told to all others where it said something new and may go on."""
        try:
            hops = request.max_forwards or 0
        except SipError:
            return Answer(400)
        nodes, joins = self._parse(request.body), hops >= _JOINING
        if self._read(nodes, sender, now, joins=joins) and hops > 1:
            self._broadcast(hops - 1, now)
        peer = self._peers.get(sender)
        if peer is not None:
            self._heed(peer, nodes, now, asked=False)
        return Answer(200, _TEXT, self._list())

    def _answered(self, peer: Peer, response: Response, asked_at: float, now: float) -> None:
        """Only a 2xx is a word of the bus: an answer of another kind says that something is there, but no node."""
        if response.status >= 300 or not self._peers.holds(peer):
            return
        # Asked before its goodbye: the answer crossed it.
        late = peer.status is PeerStatus.DISABLED and asked_at < peer.since
        self._note(peer, Sign.HEARD if late else Sign.ANSWERED, now)
        nodes = self._parse(response.body)
        self._read(nodes, None, now)
        self._heed(peer, nodes, now, asked=True)

    def heard(self, key: NodeKey, peer: Peer | None, now: float) -> None:
        """A request on another channel. One who is a stranger is asked who it is."""
        if peer is None:
            peer = self._learn(address_of(key), key, now)
        if peer is not None:
            self._note(peer, Sign.HEARD, now)

    def silent(self, peer: Peer, asked_at: float, now: float) -> None:
        """A request of any channel got no answer. Asked before its status changed, or heard of since: it says nothing."""
        if self._peers.holds(peer) and asked_at >= max(peer.since, peer.heard_at):
            peer.failures += 1
            self._note(peer, Sign.SILENT, now)

    def _parse(self, body: bytes) -> Sequence[Node]:
        read = parse_nodes(body)
        self.faults["malformed"] += read.malformed
        self.faults["unknown_status"] += read.unknown
        return read.nodes

    def _heed(self, peer: Peer, nodes: Sequence[Node], now: float, *, asked: bool) -> None:
        """Whether ``peer`` lists us, and so tells us what happens there. ``asked``: it answers that we are active.

        A Kamailio does not for as long as a minute after our goodbye: it takes no word for it that we are back, but our
        answer to its next ping. What it did not tell us meanwhile we ask for when it lists us again.
        """
        lists_us = any(node.key == self._own and node.status is NodeStatus.ACTIVE for node in nodes)
        before = peer.lists_us
        if lists_us or asked:  # who has not heard of us yet does not list us either
            peer.lists_us = lists_us
        if peer.status is not PeerStatus.ACTIVE or self._due is None or before is not False:
            return
        if lists_us:
            self._sync_again(peer, now)
        elif not asked:
            self._due = min(self._due, now + self._config.join_interval)  # it will when it has our answer

    def _read(self, nodes: Sequence[Node], sender: NodeKey | None, now: float, *, joins: bool = False) -> bool:
        """Take in a list of ``sender`` (None: the answer of one that is noted already). Whether it said something new."""
        news = named = False
        for node in nodes:
            if node.key == sender:
                named = True
                news |= self._read_own(node, now, joins=joins)
            elif node.status is NodeStatus.ACTIVE and node.key != self._own:
                peer = self._peers.get(node.key) or self._learn(node.address, node.key, now)
                if peer is not None:
                    self._note(peer, Sign.LISTED, now)
        if sender is not None and not named:
            self.heard(sender, self._peers.get(sender), now)
        return news

    def _read_own(self, node: Node, now: float, *, joins: bool) -> bool:
        """What a node says of itself."""
        sign = _OWN.get(node.status, Sign.HEARD)
        peer = self._peers.get(node.key)
        if peer is None:
            peer = self._learn(node.address, node.key, now) if sign is not Sign.SAYS_DISABLED else None
        if peer is None:
            return False
        before = peer.status
        if joins and before is PeerStatus.ACTIVE and peer.since + _SETTLED < now:
            self._sync_again(peer, now)  # what it knew is gone
            return True
        self._note(peer, sign, now)
        return peer.status is not before

    def _learn(self, address: str, key: NodeKey, now: float) -> Peer | None:
        """A node that we did not know. None: not one of ours, or one too many."""
        hop = self._config.hop_of(key)
        if hop is None or not self._config.allows(hop.host):
            self.faults["stranger"] += 1
            return None
        peer = Peer(address, hop, since=now)
        if not self._peers.add(key, peer):
            self.faults["too_many"] += 1
            return None
        return peer

    # ------------------------------------------------------------------ what follows

    def _note(self, peer: Peer, sign: Sign, now: float) -> None:
        action = self._peers.note(peer, sign, now)
        if action is Action.JOINED:
            peer.lists_us = None
            if self._due is not None and len(self._peers.active()) == 1:
                self._due = now + self._config.ping_interval  # we have joined
            for channel in self._channels:
                channel.joined(peer, now)
        elif action is Action.LEFT:
            for channel in self._channels:
                channel.left(peer, now)
        elif action is Action.PROBE:
            self._ask(peer, now)
        elif action is Action.FORGET and self._config.remove_inactive and not peer.configured:
            self._peers.forget(peer)

    def _sync_again(self, peer: Peer, now: float) -> None:
        """For the channels it has left and is back."""
        peer.since = now
        for channel in self._channels:
            channel.left(peer, now)
            channel.joined(peer, now)

    def _broadcast(self, hops: int, now: float) -> None:
        """Our list to everybody, the newcomer too."""
        body = self._list()
        for peer in self._peers.active():
            self._tell(peer, body, hops, now)
