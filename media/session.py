"""One dialog and its stream: what the peer asks within it, and what we tell it (RFC 3261 §12–§15, RFC 3311, RFC 4028).

Sans-I/O: acts through the endpoint and the pacer of its `Context`. ``ended`` is set once it is over; the server forgets
it then.
"""

from typing import Final

from media.annc import DTMF_TYPE, PLAY_TYPE, NotServed, finished_body, parse_play
from media.context import ALLOW, SUPPORTED, Context, Headers
from media.description import Description
from media.playlist import Playlist
from media.rtp import KeyPress
from media.stream import RtpStream, Target
from media.timer import IntervalTooBrief, SessionTimer
from sipcore.deadlines import Timed
from sipcore.dialog import Dialog
from sipcore.errors import BadSdp
from sipcore.events import ClientFailed, ClientKey, RequestReceived, ResponseReceived, ServerKey
from sipcore.message import Message, Request, Response
from sipcore.message.offer_answer import Agreed

__all__ = ["SDP_TYPE", "Session"]

SDP_TYPE: Final = "application/sdp"
_RETRY: Final = 30.0  # a refresh that nobody answered: the owner may be restarting
_RETRY_GLARE: Final = 3.0  # RFC 3261 §14.1: 2.1 to 4 s for who owns the Call-ID, else up to 2; we are in no hurry


class Session(Timed):
    """A session with one peer. ``claimed``: the present owner has spoken within it."""

    __slots__ = (
        "_annc", "_context", "_description", "_invite", "_offered", "_refresh", "_wants_end", "claimed",
        "dialog", "ended", "sent", "stream", "timer", "unacked", "update_allowed",
    )  # fmt: skip

    def __init__(
        self, context: Context, dialog: Dialog, stream: RtpStream, description: Description, timer: SessionTimer
    ) -> None:
        super().__init__()
        self._context = context
        self.dialog = dialog
        self.stream = stream
        self.timer = timer
        self.claimed = True
        self.ended = False
        self.update_allowed = False
        self.sent: list[ClientKey] = []  # requests of ours that the server has not taken note of yet
        self._description = description
        self._annc: Playlist | None = None  # the list whose end ends the session
        self.unacked: ServerKey | None = None  # the INVITE whose 2xx is not ACKed yet
        self._invite = 0  # and its CSeq
        self._offered = False  # that 2xx had our offer
        self._refresh: tuple[ClientKey, int] | None = None  # our refresh under way, and its CSeq
        self._wants_end = False  # to be ended as soon as the ACK is there

    # -- the first INVITE

    def accept(self, event: RequestReceived, playlist: Playlist | None, timer_headers: Headers, now: float) -> None:
        """Answer the INVITE that opened the session, and begin to play; raises BadSdp (then nothing was sent)."""
        self._annc = playlist
        body = self._negotiate(event.request, now)
        self.stream.play(playlist)
        self._confirm(event, body, timer_headers, now)

    # -- requests of the peer

    def receive(self, event: RequestReceived, now: float) -> None:
        """A request within the dialog."""
        request, context = event.request, self._context
        self.claimed = True
        if request.method == "ACK":
            self._acknowledged(request, now)
            return
        if not self.dialog.receive(request):
            context.answer(event, 500, now)  # RFC 3261 §12.2.2
            return
        if event.source.flow:
            self.dialog.hop, self.dialog.flow = event.source.hop, event.source.flow
        if request.method == "BYE":
            context.answer(event, 200, now)
            self.end(now, bye=False)
        elif request.method in ("INVITE", "UPDATE"):
            self._renegotiate(event, now)
        elif request.method == "INFO":
            self._inform(event, now)
        elif request.method == "OPTIONS":
            context.answer(event, 200, now, headers=[("Allow", ALLOW), ("Supported", SUPPORTED)])
        else:
            context.answer(event, 405, now, headers=[("Allow", ALLOW)])

    def _acknowledged(self, ack: Request, now: float) -> None:
        if self.unacked is None or ack.cseq.number != self._invite:
            return
        offered, self.unacked, self._offered = self._offered, None, False
        if offered:
            try:
                self._aim(self._description.accept(ack.body), now)
            except BadSdp:
                self.end(now)  # §13.2.1: an answer MUST be in the ACK; without one there is no session
                return
        if self._wants_end:
            self.end(now)

    def _renegotiate(self, event: RequestReceived, now: float) -> None:
        request = event.request
        if self.unacked is not None:
            self._context.answer(event, 500, now, headers=[("Retry-After", "1")])  # RFC 3261 §14.2, RFC 3311 §5.2
            return
        if self._refresh is not None and (request.method == "INVITE" or request.body):
            self._context.answer(event, 491, now)
            return
        try:
            headers = self.timer.answer(request, now)
            body = self._negotiate(request, now)
        except IntervalTooBrief:
            self._context.answer(event, 422, now, headers=[("Min-SE", str(self.timer.minimum))])
        except BadSdp as problem:
            self._context.refuse(event, NotServed(problem.status, problem.reason), now)  # the session goes on as it was
        else:
            self._confirm(event, body, headers, now)

    def _inform(self, event: RequestReceived, now: float) -> None:
        request = event.request
        if request.content_type != PLAY_TYPE:
            status = 415 if request.body else 200  # RFC 6086 §4.2.2 ; an empty INFO asks whether we are there
            self._context.answer(event, status, now, headers=[("Accept", PLAY_TYPE)])
            return
        try:
            playlist = self._context.playlist(parse_play(request.body))
        except NotServed as refusal:
            self._context.refuse(event, refusal, now)
            return
        self._annc = None
        self.stream.play(playlist)
        self._context.answer(event, 200, now)

    def unacknowledged(self, now: float) -> None:
        """Our 2xx was never ACKed (RFC 3261 §13.3.1.4: "the session SHOULD be terminated")."""
        self.end(now, at_once=True)

    # -- offer and answer

    def _negotiate(self, request: Message, now: float) -> bytes:
        """The body for the 2xx to ``request``: an answer, or an offer to an INVITE that has none; raises BadSdp."""
        if request.body:
            body, agreed = self._description.answer(request.body)
            self._aim(agreed, now)
            return body
        if request.cseq.method != "INVITE":
            return b""
        self._offered = True
        return self._description.offer()

    def _aim(self, agreed: Agreed, now: float) -> None:
        address = (agreed.address, agreed.port)
        sending = agreed.direction in ("sendrecv", "sendonly")
        self.stream.aim(Target(agreed.codec.name, address, None, agreed.payload, agreed.dtmf, sending))
        self._context.pacer.update(self.stream, now)

    def _confirm(self, event: RequestReceived, body: bytes, timer_headers: Headers, now: float) -> None:
        request = event.request
        allow = request.get_all("Allow")
        if allow:
            self.update_allowed = "UPDATE" in allow
        headers = [("Contact", self.dialog.local_contact), ("Allow", ALLOW), ("Supported", SUPPORTED), *timer_headers]
        if body:
            headers.append(("Content-Type", SDP_TYPE))
        if request.method == "INVITE":
            self.unacked, self._invite = event.transaction, request.cseq.number
        self._context.answer(event, 200, now, tag=self.dialog.local_tag, headers=headers, body=body)

    # -- what we tell the peer

    def finished(self, playlist: Playlist, now: float) -> None:
        """The list has come to its end: the session too where the URI asked for it, else the peer is told."""
        if playlist is self._annc:
            self.end(now)  # RFC 4240 §3: the server "terminates the dialog" when the announcement is over
        else:
            self._send("INFO", now, body=finished_body(playlist.ident), content_type=PLAY_TYPE)

    def pressed(self, press: KeyPress, now: float) -> None:
        """The peer's caller pressed a key."""
        body = f"Signal={press.digit}\r\nDuration={press.milliseconds}\r\n".encode()
        self._send("INFO", now, body=body, content_type=DTMF_TYPE)

    def end(self, now: float, *, bye: bool = True, at_once: bool = False) -> None:
        """End it: with a BYE, held back until the ACK is there (RFC 3261 §15) unless ``at_once``."""
        if self.ended:
            return
        if bye and self.unacked is not None and not at_once and not self._wants_end:
            self._wants_end = True
            return
        self.ended = True
        self._context.pacer.remove(self.stream, now)
        self.stream.close(now)
        if bye:
            self._send("BYE", now)

    def _send(
        self,
        method: str,
        now: float,
        *,
        headers: Headers | None = None,
        body: bytes = b"",
        content_type: str = "",
    ) -> ClientKey:
        request = self.dialog.request(method, headers=headers or [], body=body, content_type=content_type or None)
        key = self._context.endpoint.request(request, now, hop=self.dialog.hop, flow=self.dialog.flow)
        self.sent.append(key)
        return key

    # -- the session timer, and responses to what we sent

    def expire(self, now: float) -> None:
        """The session timer has come up: refresh, or end."""
        if now >= self.timer.ends_at:
            self._context.log(f"{self.dialog.call_id}: the session has expired")
            self.end(now, at_once=True)
        elif now >= self.timer.refresh_at:
            self._refresh_now(now)

    def _refresh_now(self, now: float) -> None:
        if self.unacked is not None or self._refresh is not None:
            self.timer.retry(now + _RETRY_GLARE)
            return
        headers = self.timer.ask()
        if self.update_allowed:
            key = self._send("UPDATE", now, headers=headers)
        else:
            headers.append(("Allow", ALLOW))
            key = self._send("INVITE", now, headers=headers, body=self._description.again(), content_type=SDP_TYPE)
        self._refresh = (key, self.dialog.local_cseq)

    def answered(self, event: ResponseReceived, now: float) -> None:
        """A response to a request of ours."""
        response, key = event.response, event.transaction
        if response.status < 200:
            return
        refresh = self._refresh
        if refresh is not None and refresh[0] == key:
            self._refresh = None
            self._refreshed(refresh, response, now)
        if response.status == 481 and not self.ended:
            self.end(now, bye=False)  # RFC 5057 §5.1: the dialog is gone at the peer

    def _refreshed(self, refresh: tuple[ClientKey, int], response: Response, now: float) -> None:
        status = response.status
        if status < 300:
            self.timer.accepted(response, now)
            self.dialog.refresh(response)
            if response.cseq.method == "INVITE":
                self._acknowledge(refresh, response, now)
        elif status == 422:
            self.timer.too_small(response)
            self.timer.retry(now)
        elif status == 491:
            self.timer.retry(now + _RETRY_GLARE)
        elif status == 408:
            self.timer.retry(now + _RETRY)
        elif status != 481:
            self.timer.alive(now)  # refused, but by a peer that knows the dialog

    def _acknowledge(self, refresh: tuple[ClientKey, int], response: Response, now: float) -> None:
        key, cseq = refresh
        self._context.endpoint.ack(key, self.dialog.ack(cseq), now, hop=self.dialog.hop, flow=self.dialog.flow)
        try:
            self._aim(self._description.accept(response.body), now)
        except BadSdp:
            self.end(now)

    def failed(self, event: ClientFailed, now: float) -> None:
        """A request of ours got no answer: keep playing, the owner may be restarting; the timer decides in the end."""
        if self._refresh is not None and self._refresh[0] == event.transaction:
            self._refresh = None
            self.timer.retry(now + _RETRY)
