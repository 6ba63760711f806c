"""The transaction layer: which transaction a message belongs to (RFC 3261 §17.1.3, §17.2.3); the door to the machines.

Only RFC 3261 branches are matched; the fallback for RFC 2543 peers (no magic cookie) is refused by the endpoint.
"""

from typing import Final

from sipcore.config import Timers
from sipcore.message import Request, Response, Via, cancel_for
from sipcore.packets import ANY_FLOW, ANY_LISTENER, Hop, Send, Source
from sipcore.routing import Path
from sipcore.transaction import client, server
from sipcore.transaction.answered import Answered, AnsweredRequests
from sipcore.transaction.client import ClientTransaction
from sipcore.transaction.core import Core, Transaction, Way
from sipcore.transaction.server import ServerTransaction
from sipcore.transaction.tables import (
    ACCEPTED,
    ACK,
    CANCEL,
    INVITE_CLIENT,
    INVITE_SERVER,
    OTHER_CLIENT,
    OTHER_SERVER,
    PROCEEDING,
    REQUEST,
    RESPONSE_1XX,
    RESPONSE_2XX,
    RESPONSE_FINAL,
    TIMER_M,
    TRANSPORT_ERROR,
)

__all__ = ["TransactionLayer", "client_key", "merge_key", "server_key"]

_NOWHERE: Final = Way(Hop("UDP", "", 0))
_NO_PATH: Final = Path(ANY_LISTENER, "", None, "", "")


def server_key(via: Via, method: str) -> str:
    """RFC 3261 §17.2.3: branch, sent-by and method, for an ACK that of its INVITE."""
    return f"{via.branch};{via.host.lower()}:{via.port or ''};{method}"


def client_key(branch: str, method: str) -> str:
    """RFC 3261 §17.1.3: the branch, and the CSeq method (a CANCEL shares the branch of its INVITE)."""
    return f"{branch};{method}"


def merge_key(request: Request) -> str:
    """RFC 3261 §8.2.2.2: what makes two requests one that took two paths; "" within a dialog, where nothing merges."""
    if request.to_tag:
        return ""
    cseq = request.cseq
    return f"{request.call_id};{request.from_tag};{cseq.number};{cseq.method}"


def _ack_key(request: Request, to_tag: str) -> str:
    """What an INVITE with its 2xx and the ACK to it share: the dialog and the CSeq number (RFC 3261 §13.2.2.4)."""
    return f"{request.call_id};{request.from_tag};{to_tag};{request.cseq.number}"


class TransactionLayer(Core):
    """All live transactions. ``sends`` and ``events`` fill up; the owner takes them."""

    __slots__ = ("acks", "answered", "clients", "merges", "servers", "streams")

    def __init__(self, timers: Timers) -> None:
        super().__init__(timers)
        self.clients: dict[str, ClientTransaction] = {}
        self.servers: dict[str, ServerTransaction] = {}
        self.acks: dict[str, ServerTransaction] = {}  # accepted INVITEs by the ACK that they (have) waited for
        self.merges: dict[str, ServerTransaction] = {}
        self.answered = AnsweredRequests()
        self.streams: dict[Hop, dict[str, ClientTransaction]] = {}  # clients by peer, where the peer is a stream

    # -- from the network

    def absorb(self, fingerprint: int, now: float) -> bool:
        """Serve a message that came before with the very same bytes; False when this is the first time."""
        transaction = self.prints.get(fingerprint)
        if transaction is None:
            return False
        if isinstance(transaction, ClientTransaction):
            self.count("retransmissions_absorbed")
            client.again(self, transaction, fingerprint)
        else:
            self.feed(transaction, REQUEST, None, now)
        return True

    def answer_again(self, fingerprint: int) -> bool:
        """Serve a message that came before with the very same bytes and was answered at once; False: it was not."""
        answered = self.answered.prints.get(fingerprint)
        if answered is None:
            return False
        self.count("retransmissions_absorbed")
        self.sends.append(answered.send)
        return True

    def answer_changed(self, key: str, merge: str) -> bool:
        """The same for one whose bytes have changed on its way."""
        answered = self.answered.find(merge) if merge else None
        return answered is not None and answered.key == key and self.answer_again(answered.fingerprint)

    def receive_ack(self, ack: Request, via: Via, source: Source, now: float) -> bool:
        """Match an ACK: to a 2xx by its dialog, to a refusal by its branch. False: a stray."""
        transaction = self.acks.get(_ack_key(ack, ack.to_tag)) or self.servers.get(server_key(via, "INVITE"))
        if transaction is None:
            return False
        transaction.ack_source = source
        self.feed(transaction, ACK, ack, now)
        return True

    def receive_response(self, response: Response, now: float) -> bool:
        """Match a response. False: a stray, or not for our sent-by (RFC 3261 §18.1.2)."""
        via = response.via
        transaction = self.clients.get(f"{via.branch};{response.cseq.method}")
        if transaction is None:
            return False
        path = transaction.path
        if via.port != path.port or (via.host != path.host and via.host.lower() != path.host.lower()):
            return False
        status = response.status
        signal = RESPONSE_1XX if status < 200 else RESPONSE_2XX if status < 300 else RESPONSE_FINAL
        self.feed(transaction, signal, response, now)
        return True

    def open_server(
        self, key: str, request: Request, hop: Hop, source: Source, now: float, *, merge: str = ""
    ) -> ServerTransaction:
        """The server transaction of a new request; nothing is sent yet. ``merge``: its ``merge_key``, if it has one."""
        machine = INVITE_SERVER if request.method == "INVITE" else OTHER_SERVER
        transaction = ServerTransaction(key, request, machine, Way(hop, source.flow, source.listener))
        self.servers[key] = transaction
        if merge:
            transaction.merge_key = merge
            self.merges[merge] = transaction
        server.start(self, transaction, now)
        return transaction

    def fail_transport(self, hop: Hop, flow: int, now: float) -> None:
        """``hop`` cannot be reached, or the stream ``flow`` to it is gone: requests still unanswered have failed."""
        if hop.transport == "UDP":
            candidates = [transaction for transaction in self.clients.values() if transaction.way.hop == hop]
        else:
            candidates = list(self.streams.get(hop, {}).values())
        for transaction in candidates:
            if not flow or transaction.way.flow in (ANY_FLOW, flow):
                self.feed(transaction, TRANSPORT_ERROR, None, now)

    # -- from the TU

    def respond(self, key: str, response: Response, now: float) -> None:
        """Send a response. Nothing happens when the transaction is gone: its peer has given up."""
        transaction = self.servers.get(key)
        if transaction is None:
            self.count("late_responses")
            return
        signal = _signal(response.status)
        if signal == RESPONSE_2XX and transaction.machine == INVITE_SERVER and transaction.state == PROCEEDING:
            request = transaction.request  # has been read already; the response has the same but for the To tag
            if request is not None:
                transaction.ack_key = _ack_key(request, response.to_tag)
                self.acks[transaction.ack_key] = transaction
        self.feed(transaction, signal, response, now)

    def keep_answer(self, key: str, merge: str, send: Send, now: float) -> None:
        """The request being received got its final response without a machine: Completed until timer J fires."""
        if send.hop.transport == "UDP":  # §17.2.2: "zero seconds for reliable transports"
            self.answered.add(Answered(self.received, key, merge, send, now + self.give_up))

    def open_client(
        self, request: Request, branch: str, way: Way, path: Path, now: float, *, once: bool = False
    ) -> ClientTransaction:
        """Start a client transaction: the request goes out at once. A live one of the same key is replaced."""
        invite = request.method == "INVITE"
        key = client_key(branch, request.method)
        machine = INVITE_CLIENT if invite else OTHER_CLIENT
        transaction = ClientTransaction(key, request if invite else None, machine, way, path)
        transaction.data = request.encode()
        self._enter(transaction)
        client.start(self, transaction, now, once=once)
        return transaction

    def fail_client(self, key: str, now: float) -> ClientTransaction:
        """A client transaction that has nowhere to go: the TU hears of it with the next ``expire``."""
        machine = INVITE_CLIENT if key.endswith(";INVITE") else OTHER_CLIENT
        transaction = ClientTransaction(key, None, machine, _NOWHERE, _NO_PATH)
        transaction.end_timer = TRANSPORT_ERROR
        transaction.end_at = now
        self._enter(transaction)
        self.begin(transaction)
        return transaction

    def restore_client(self, key: str, way: Way, path: Path, now: float) -> ClientTransaction:
        """An INVITE client transaction in Accepted, known only by its key: its 2xx may still be retransmitted."""
        transaction = ClientTransaction(key, None, INVITE_CLIENT, way, path)
        transaction.state = ACCEPTED
        transaction.end_timer = TIMER_M
        transaction.end_at = now + self.give_up
        self._enter(transaction)
        self.begin(transaction)
        return transaction

    def cancel(self, key: str, headers: tuple[tuple[str, str], ...], now: float) -> None:
        """Cancel an INVITE, now or with its first provisional response; nothing when it has its final response."""
        transaction = self.clients.get(key)
        if transaction is None or transaction.machine != INVITE_CLIENT:
            return
        if transaction.cancel_headers is None:
            transaction.cancel_headers = headers
        self.feed(transaction, CANCEL, None, now)

    # -- for the core

    def expire(self, now: float) -> None:
        """Fire every timer that is due at ``now``."""
        Core.expire(self, now)
        self.answered.expire(now)

    def open_cancel(self, invite: Transaction, now: float) -> None:
        """RFC 3261 §9.1: the CANCEL has the branch of its INVITE and goes the same way as it did."""
        if not isinstance(invite, ClientTransaction) or invite.request is None:
            return
        cancel = cancel_for(invite.request, invite.cancel_headers or ())
        key = client_key(invite.key.partition(";")[0], "CANCEL")
        transaction = ClientTransaction(key, None, OTHER_CLIENT, invite.way, invite.path)
        transaction.internal = True
        transaction.data = cancel.encode()
        self._enter(transaction)
        client.start(self, transaction, now)

    def drop(self, transaction: Transaction) -> None:
        """Take a terminated transaction out of every index."""
        key = transaction.key
        if isinstance(transaction, ClientTransaction):
            del self.clients[key]
            if transaction.reliable:
                self._leave_stream(transaction)
            transaction.request = None
            return
        if isinstance(transaction, ServerTransaction):
            del self.servers[key]
            if self.acks.get(transaction.ack_key) is transaction:
                del self.acks[transaction.ack_key]
            if self.merges.get(transaction.merge_key) is transaction:
                del self.merges[transaction.merge_key]
            transaction.request = None

    def _enter(self, transaction: ClientTransaction) -> None:
        replaced = self.clients.get(transaction.key)
        if replaced is not None:
            self.abandon(replaced)
        self.clients[transaction.key] = transaction
        if transaction.reliable:
            self.streams.setdefault(transaction.way.hop, {})[transaction.key] = transaction

    def _leave_stream(self, transaction: ClientTransaction) -> None:
        peers = self.streams.get(transaction.way.hop)
        if peers is not None and peers.get(transaction.key) is transaction:
            del peers[transaction.key]
            if not peers:
                del self.streams[transaction.way.hop]


def _signal(status: int) -> int:
    if status < 200:
        return RESPONSE_1XX
    return RESPONSE_2XX if status < 300 else RESPONSE_FINAL
