"""The one door of the SIP core, sans-I/O: bytes, requests and time in; bytes to send and events out.

Joins parsing, transactions and routing (RFC 3261 §8, §9, §13.3.1.4, §17, §18; RFC 3581; RFC 6026). Answers by itself
what needs no decision: 100 Trying, CANCEL, merged, malformed and overload refusals, the ACK to a refusal,
retransmissions. Nothing that comes from the network raises. Knows nothing of dialogs, calls or sockets.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Protocol

from sipcore.config import EndpointConfig
from sipcore.errors import SipError
from sipcore.events import CancelReceived, ClientKey, Event, RequestReceived, ServerKey
from sipcore.familiar import Repeat
from sipcore.ids import MAGIC_COOKIE, Minter
from sipcore.limits import FLOOD, OTHERS, head_of_refusal
from sipcore.message import ParseError, Request, Response, Via, parse, respond_to, stamp_received, trying
from sipcore.packets import ANY_FLOW, Hop, Send, Source
from sipcore.routing import Router, response_hop
from sipcore.traffic import Traffic
from sipcore.transaction.core import Way
from sipcore.transaction.layer import TransactionLayer, client_key, merge_key, server_key
from sipcore.transaction.server import ServerTransaction, try_it
from sipcore.transaction.tables import INVITE_SERVER, PROCEEDING, REQUEST

__all__ = ["AtOnce", "Endpoint"]


class AtOnce(Protocol):
    """A TU that answers every REGISTER in the turn that it comes in: it needs no transaction, only its answer again.

    When the bytes are what a phone always says it knows the answer from them: ``recognise``, then ``answer``.
    """

    def register(self, request: Request, source: Source, now: float) -> Response:
        """The final response to a new REGISTER outside any dialog."""

    def recognise(self, data: bytes, source: Source) -> Repeat | None:
        """None: look at all of it. Nothing is done yet."""

    def answer(self, repeat: Repeat, now: float) -> tuple[int, bytes] | None:
        """Do it: status and response. None: look at all of it; nothing has been done."""


class Endpoint:
    """One SIP endpoint. Every method fills ``sends``; the runtime takes and clears it."""

    __slots__ = ("_config", "_ids", "_layer", "_received", "_router", "_sent", "at_once")

    def __init__(self, config: EndpointConfig, ids: Minter) -> None:
        self._config = config
        self._ids = ids
        self._layer = TransactionLayer(config.timers)
        self._router = Router(config)
        self.at_once: AtOnce | None = None
        self._received = Traffic()
        self._sent = Traffic()

    @property
    def counters(self) -> dict[str, int]:
        """What happened, by name; they only grow."""
        return defaultdict(int, self._layer.counters | self._received.named("received") | self._sent.named("sent"))

    @property
    def sends(self) -> list[Send]:
        """What is to be sent, in order."""
        return self._layer.sends

    @sends.setter
    def sends(self, sends: list[Send]) -> None:
        self._layer.sends = sends

    # -- from the network

    def receive(self, data: bytes, source: Source, now: float) -> list[Event]:
        """Take in one datagram or stream message. Never raises on what it holds; counts what it drops."""
        layer = self._layer
        fingerprint = layer.received = hash(data)
        if fingerprint in layer.prints:
            layer.absorb(fingerprint, now)
            return self._take()
        if data[:9] == b"REGISTER " and self._answer_at_once(data, source, now):
            return []
        if len(data) < 16 and not data.strip(b"\r\n\0"):
            layer.count("keepalives")
            return []
        if len(layer.servers) >= self._config.max_transactions and self._refuse_unparsed(data, source):
            return []
        try:
            message = parse(data, self._config.limits)
        except ParseError as error:
            self._refuse_malformed(error, source)
        else:
            if isinstance(message, Response):
                self._receive_response(message, now)
            else:
                self._receive_request(message, source, now)
        return self._take()

    def transport_failed(self, hop: Hop, flow: int, now: float) -> list[Event]:
        """A peer could not be reached, or a stream ended: requests that wait there for an answer have failed."""
        self._layer.fail_transport(hop, flow, now)
        return self._take()

    # -- time

    def next_deadline(self) -> float | None:
        """When ``expire`` is wanted; None: not at all."""
        layer = self._layer
        first, ends = layer.deadlines.next(), layer.answered.next()
        return ends if first is None or (ends is not None and ends < first) else first

    def expire(self, now: float) -> list[Event]:
        """Fire the timers that are due."""
        self._layer.expire(now)
        return self._take()

    # -- from the TU

    def respond(self, transaction: ServerKey, response: Response, now: float) -> None:
        """Send a response. A 2xx to an INVITE is sent again until its ACK comes (else ``AckTimedOut`` after 64·T1)."""
        self._sent.response(response.status)
        self._layer.respond(transaction, response, now)

    def request(
        self,
        request: Request,
        now: float,
        *,
        hop: Hop | None = None,
        flow: int = ANY_FLOW,
        branch: str | None = None,
        once: bool = False,
    ) -> ClientKey:
        """Send a request: our Via is put on top of it. ``branch``: of a journalled one that may have been sent before.

        ``once``: it is not retransmitted, for a peer that would do it all again.
        Where no hop is given and none follows from Route or Request-URI, ``ClientFailed`` comes with the next
        ``expire``.
        """
        branch = branch or self._ids.branch()
        target = hop or self._router.hop_for(request)
        self._sent.request(request.method)
        if target is None:
            # It fails at its first deadline, not within the TU's own call.
            return self._layer.fail_client(client_key(branch, request.method), now).tell
        if self._config.tcp_for_large_requests and hop is None:
            target = self._router.large_request_hop(target, len(request.encode()) + 100)
        path = self._router.path_to(target)
        request.push_via(f"{path.before_branch}{branch}{path.after_branch}")
        way = Way(target, flow, path.listener)
        return self._layer.open_client(request, branch, way, path, now, once=once).tell

    def hop_to(self, uri: str, route: Sequence[str] = ()) -> Hop | None:
        """Where a request for ``uri`` goes that passes ``route`` first; None: nowhere that we know."""
        headers = [("Route", ", ".join(route))] if route else []
        return self._router.hop_for(Request("OPTIONS", uri, headers))

    def cancel(self, transaction: ClientKey, now: float, *, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Cancel an INVITE (RFC 3261 §9.1): at once if a provisional response came, else with the first one."""
        self._layer.cancel(transaction, tuple(headers), now)

    def ack(
        self, transaction: ClientKey, ack: Request, now: float, *, hop: Hop | None = None, flow: int = ANY_FLOW
    ) -> None:
        """Send the ACK to a 2xx of ``transaction``, and again whenever that 2xx (told by its To tag) is retransmitted.

        A transaction that is not known (we restarted since) is taken up again for 64·T1.
        """
        layer = self._layer
        invite = layer.clients.get(transaction)
        target = hop or self._router.hop_for(ack) or (invite.way.hop if invite is not None else None)
        if target is None:
            layer.count("unroutable_acks")
            return
        path = self._router.path_to(target)
        ack.push_via(f"{path.before_branch}{self._ids.branch()}{path.after_branch}")
        send = Send(ack.encode(), target, flow, path.listener)
        layer.sends.append(send)
        self._sent.request("ACK")
        if invite is None:
            invite = layer.restore_client(transaction, Way(target, flow, path.listener), path, now)
        invite.acked(ack.to_tag, send)

    def adopt(self, request: Request, source: Source, now: float) -> ServerKey:
        """After a restart: the server transaction of a stored INVITE (Vias as stored), in Proceeding. Sends nothing."""
        key = server_key(request.via, request.method)
        known = self._layer.servers.get(key)
        if known is not None:
            return known.tell
        hop = response_hop(request.via, source)
        return self._layer.open_server(key, request, hop, source, now, merge=merge_key(request)).tell

    def invite_of(self, transaction: ServerKey) -> Request | None:
        """The INVITE of a live server transaction."""
        found = self._layer.servers.get(transaction)
        return None if found is None else found.request

    def counts(self) -> dict[str, int]:
        """What is live now: transactions by machine and state, deadlines, un-ACKed 2xx. All zero when idle."""
        layer = self._layer
        answered = len(layer.answered)
        populations = layer.populations()
        populations["non_invite_server.completed"] += answered
        return populations | {
            "deadlines": len(layer.deadlines) + answered,
            "unacked_2xx": sum(not accepted.acked for accepted in layer.acks.values()),
            "fingerprints": len(layer.prints) + answered,
        }

    # -- requests

    def _answer_at_once(self, data: bytes, source: Source, now: float) -> bool:
        """Whether these bytes were enough for the TU to answer (RFC 3261 §17.2.2: Trying, then Completed)."""
        layer, at_once = self._layer, self.at_once
        if layer.answer_again(layer.received):
            return True
        repeat = at_once.recognise(data, source) if at_once is not None else None
        if at_once is None or repeat is None or repeat.merge in layer.merges or repeat.merge in layer.answered:
            return False
        if len(layer.servers) + len(layer.answered) >= OTHERS * self._config.max_transactions:
            return False
        answer = at_once.answer(repeat, now)
        if answer is None:
            return False
        self._received.request("REGISTER")
        self._complete(repeat.key, repeat.merge, answer, repeat.familiar.hop, source, now)
        return True

    def _complete(self, key: str, merge: str, answer: tuple[int, bytes], hop: Hop, source: Source, now: float) -> None:
        """Send the final response to the request that is being received, and be ready to send it again."""
        layer = self._layer
        status, response = answer
        self._sent.response(status)
        send = Send(response, hop, source.flow, source.listener)
        layer.sends.append(send)
        layer.keep_answer(key, merge, send, now)

    def _receive_request(self, request: Request, source: Source, now: float) -> None:
        layer = self._layer
        method = request.method
        self._received.request(method)
        via = request.via
        transport, host, port = source.hop
        if self._config.force_rport and transport == "UDP":
            via.params.setdefault("rport", None)
        if via.host != host or via.asks_port:
            stamp_received(request, host, port)
        if method == "ACK":
            if not layer.receive_ack(request, via, source, now):
                layer.count("stray_acks")
            return
        if not via.branch.startswith(MAGIC_COOKIE):
            self._refuse(request, source, 400, "Via branch without the magic cookie of RFC 3261")
            return
        key = server_key(via, method)
        known = layer.servers.get(key)
        if known is not None:
            layer.feed(known, REQUEST, None, now)
        elif method == "CANCEL":
            self._receive_cancel(key, request, source, now)
        else:
            merge = merge_key(request)
            if layer.answer_changed(key, merge) or self._is_refused(request, merge, source):
                return
            if method == "REGISTER" and merge and self.at_once is not None:
                response = self.at_once.register(request, source, now)
                answer = response.status, response.encode()
                self._complete(key, merge, answer, response_hop(via, source), source, now)
            else:
                transaction = layer.open_server(key, request, response_hop(via, source), source, now, merge=merge)
                self._begin(transaction, request, source)

    def _begin(self, transaction: ServerTransaction, request: Request, source: Source) -> None:
        layer = self._layer
        layer.remember_print(transaction)
        if transaction.machine == INVITE_SERVER:
            # RFC 3261 §17.2.1: "unless it knows that the TU will generate a provisional or final response within
            # 200 ms". It costs less than to find out, and ends the peer's retransmissions.
            self._sent.response(100)
            try_it(layer, transaction, trying(request))
        layer.events.append(RequestReceived(request, source, transaction.tell))

    def _receive_cancel(self, key: str, request: Request, source: Source, now: float) -> None:
        """RFC 3261 §9.2. The CANCEL is a transaction of its own, answered here."""
        layer = self._layer
        via = request.via
        invite = layer.servers.get(server_key(via, "INVITE"))
        transaction = layer.open_server(key, request, response_hop(via, source), source, now)
        layer.remember_print(transaction)
        status = 481 if invite is None else 200
        tag = (invite and _tag_of(invite)) or self._ids.tag()
        self.respond(transaction.tell, respond_to(request, status, to_tag=tag), now)
        if invite is not None and invite.state == PROCEEDING:
            layer.events.append(CancelReceived(invite.tell, request))

    def _is_refused(self, request: Request, merge: str, source: Source) -> bool:
        """Refuse what starts something new and must not: merged requests, and what goes beyond our capacity."""
        live, bound = len(self._layer.servers) + len(self._layer.answered), self._config.max_transactions
        if live >= FLOOD * bound:
            self._layer.count("dropped_flood")
            return True
        if not merge:
            return False
        if merge in self._layer.merges or merge in self._layer.answered:
            self._layer.count("merged_requests")
            self._refuse(request, source, 482, None)  # §8.2.2.2
            return True
        if live >= (bound if request.method == "INVITE" else OTHERS * bound):
            self._layer.count("refused_overload")
            self._refuse(request, source, 503, None, ("Retry-After", str(self._config.retry_after)))
            return True
        return False

    def _refuse_unparsed(self, data: bytes, source: Source) -> bool:
        """Under overload: refuse a new INVITE from the bytes of its head. False: it has to be looked at."""
        head = head_of_refusal(data, source) if data[:7] == b"INVITE " else None
        if head is None or not head.via.branch.startswith(MAGIC_COOKIE):
            return False
        if server_key(head.via, "INVITE") in self._layer.servers:
            return False  # a changed retransmission of one that we serve
        self._layer.count("refused_overload")
        self._sent.response(503)
        retry = f"Retry-After: {self._config.retry_after}"
        refusal = head.refusal("SIP/2.0 503 Service Unavailable", self._stateless_tag(head.via), retry)
        self.sends.append(Send(refusal, head.hop, source.flow, source.listener))
        return True

    def _refuse_malformed(self, error: ParseError, source: Source) -> None:
        request = error.salvaged
        if request is None:
            self._layer.count("dropped_malformed")
            return
        self._layer.count("refused_malformed")
        stamp_received(request, source.hop.host, source.hop.port)
        self._refuse(request, source, error.status, _one_line(error.reason))

    def _refuse(
        self, request: Request, source: Source, status: int, reason: str | None, *headers: tuple[str, str]
    ) -> None:
        """Answer statelessly (§8.2.7). The ACK to it will be a stray; a copy of the request gets the same answer."""
        response = respond_to(request, status, reason, to_tag=self._stateless_tag(request.via), headers=headers)
        if self._config.user_agent:
            response.add("Server", self._config.user_agent)
        hop = response_hop(request.via, source)
        self._sent.response(status)
        self.sends.append(Send(response.encode(), hop, source.flow, source.listener))

    def _stateless_tag(self, via: Via) -> str:
        """§8.2.7: "generate the same tag for the same request consistently": hence from the branch."""
        digest = blake2b(server_key(via, "").encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
        return f"{self._ids.node}.{self._ids.worker}.{digest}"

    # -- responses

    def _receive_response(self, response: Response, now: float) -> None:
        layer = self._layer
        self._received.response(response.status)
        if not layer.receive_response(response, now):
            layer.count("stray_responses")

    def _take(self) -> list[Event]:
        events = self._layer.events
        if not events:
            return []  # never the live list: it is the caller's from here on
        self._layer.events = []
        return events


def _tag_of(invite: ServerTransaction) -> str:
    """The To tag of the latest response to ``invite``: the CANCEL's answer SHOULD bear the same (RFC 3261 §9.2)."""
    if not invite.data:
        return ""
    try:
        return parse(invite.data).to_tag
    except SipError:
        return ""


def _one_line(text: str) -> str:
    return text if text.isprintable() and text.isascii() else "Bad Request"
