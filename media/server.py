"""The SIP side of the media server: who may open sessions, where their requests go, who owns them, and when it is over.

Decides on endpoint events in the shape of the house (``handle``, ``next_deadline``, ``expire``); acts through the endpoint and
the pacer only. Its owner is whoever sends OPTIONS from outside a dialog: each is answered with ``X-Sessions``. An owner that
names itself (``X-Owner: anything``) and comes back under another name has restarted: every session is then unclaimed until a
request of its own dialog comes, and is ended when none has come within ``orphan_seconds``.
"""

import ipaddress
from typing import Final, assert_never

from media.annc import NotServed, parse_annc
from media.context import ALLOW, SUPPORTED, Context
from media.description import Description
from media.session import SDP_TYPE, Session
from media.sockets import Address, NoPortFree
from media.stream import DigitPressed, PlayFinished, RtpStream, StreamEvent
from media.timer import IntervalTooBrief, SessionTimer
from sipcore.deadlines import NEVER, Deadlines
from sipcore.dialog import Dialog, DialogKey
from sipcore.errors import BadSdp, SipError
from sipcore.events import (
    AckTimedOut,
    CancelReceived,
    ClientFailed,
    ClientKey,
    Event,
    RequestReceived,
    ResponseReceived,
    ServerKey,
)  # fmt: skip
from sipcore.message import respond_to

__all__ = ["MediaServer"]

_EXTENSIONS: Final = frozenset({"timer"})
_LATER: Final = ("Retry-After", "5")


class MediaServer:
    """The sessions and the rules for them. ``over`` is set when the server should end: its owner is gone."""

    def __init__(self, context: Context, now: float) -> None:
        self._context = context
        self._sessions: dict[DialogKey, Session] = {}
        self._by_tag: dict[str, Session] = {}  # our tag: the stream's key
        self._clients: dict[ClientKey, Session] = {}
        self._unacked: dict[ServerKey, Session] = {}
        self._timers: Deadlines[Session] = Deadlines()
        self._owner = ""
        self._orphans_at = NEVER
        self._heard_at = now
        self._invites = (int(now), 0)  # the second, and the INVITEs in it
        self._hosts = frozenset(listener.host for listener in context.listeners)
        self.over = False

    def __len__(self) -> int:
        return len(self._sessions)

    # -- what comes in

    def handle(self, event: Event, now: float) -> None:
        """An event of the endpoint."""
        match event:
            case RequestReceived():
                try:
                    self._request(event, now)
                except NotServed as refusal:
                    self._context.refuse(event, refusal, now)
                except SipError as problem:  # a header that could not be read after all
                    self._context.refuse(event, NotServed(problem.status, problem.reason), now)
            case ResponseReceived():
                self._answered(event, now)
            case ClientFailed():
                session = self._clients.pop(event.transaction, None)
                if session is not None:
                    session.failed(event, now)
                    self._settle(session)
            case AckTimedOut():
                session = self._unacked.pop(event.transaction, None)
                if session is not None:
                    session.unacknowledged(now)
                    self._settle(session)
            case CancelReceived():
                invite = self._context.endpoint.invite_of(event.transaction)
                if invite is not None:  # never so while INVITEs are answered at once
                    self._context.endpoint.respond(event.transaction, respond_to(invite, 487), now)
            case _:
                assert_never(event)

    def _answered(self, event: ResponseReceived, now: float) -> None:
        session = self._clients.get(event.transaction)
        if session is None:
            return
        if event.response.status >= 200:
            del self._clients[event.transaction]
        session.answered(event, now)
        self._settle(session)

    def streamed(self, events: list[StreamEvent], now: float) -> None:
        """What the streams tell."""
        for event in events:
            session = self._by_tag.get(event.key)
            if session is None:
                continue
            if isinstance(event, PlayFinished):
                session.finished(event.playlist, now)
            else:
                session.pressed(event.press, now)
            self._settle(session)

    def packet(self, key: str, data: bytes, source: Address, now: float) -> None:
        """A datagram came in on a stream's RTP port."""
        session = self._by_tag.get(key)
        if session is not None:
            self.streamed([DigitPressed(key, press) for press in session.stream.receive(data, source)], now)

    # -- time

    def next_deadline(self) -> float | None:
        """When ``expire`` is wanted."""
        timers = self._timers.next()
        earliest = min(NEVER if timers is None else timers, self._orphans_at, self._idle_at)
        return None if earliest == NEVER else earliest

    def expire(self, now: float) -> None:
        """Refresh or end sessions whose time has come, drop orphans, notice that the owner is gone."""
        while (session := self._timers.pop(now)) is not None:
            session.expire(now)
            self._settle(session)
        if now >= self._orphans_at:
            self._orphans_at = NEVER
            self._end(
                [session for session in self._sessions.values() if not session.claimed], now, "nobody claims them"
            )
        if now >= self._idle_at and not self.over:
            self._context.log("the owner is gone")
            self.over = True

    def close(self, now: float) -> None:
        """End every session, with a BYE."""
        self._end(list(self._sessions.values()), now, "the media server stops")

    @property
    def _idle_at(self) -> float:
        idle = self._context.settings.idle_exit
        return self._heard_at + idle if idle > 0 and not self.over else NEVER

    def _end(self, sessions: list[Session], now: float, why: str) -> None:
        if sessions:
            self._context.log(f"{why}: {len(sessions)} sessions end")
        for session in sessions:
            session.end(now, at_once=True)
            self._settle(session)

    def _settle(self, session: Session) -> None:
        """Bring the tables up to date with what the session has become."""
        for key in session.sent:
            self._clients[key] = session
        session.sent.clear()
        if not session.ended:
            self._timers.set(session, session.timer.deadline)
            if session.unacked is not None:
                self._unacked[session.unacked] = session
            return
        if session.unacked is not None:
            self._unacked.pop(session.unacked, None)
        self._timers.clear(session)
        self._sessions.pop(session.dialog.key, None)
        self._by_tag.pop(session.stream.key, None)

    # -- requests

    def _request(self, event: RequestReceived, now: float) -> None:
        request = event.request
        unsupported = [option for option in request.get_all("Require") if option.lower() not in _EXTENSIONS]
        if unsupported and request.method != "ACK":
            names = ", ".join(unsupported)
            raise NotServed(420, f"not supported: {names}", ("Unsupported", names))  # RFC 3261 §8.2.2.3
        if request.to_tag:
            self._in_dialog(event, now)
        elif not self._is_peer(event.source.hop.host):
            raise NotServed(403, "not one of the peers of this media server")
        elif request.method == "INVITE":
            self._open(event, now)
        elif request.method == "OPTIONS":
            self._heard(event, now)
        elif request.method != "ACK":
            status = 481 if request.method in ("BYE", "INFO", "UPDATE") else 405
            self._context.answer(event, status, now, headers=[("Allow", ALLOW)])

    def _in_dialog(self, event: RequestReceived, now: float) -> None:
        request = event.request
        session = self._sessions.get((request.call_id, request.to_tag, request.from_tag))
        if session is None:
            self._context.answer(event, 481, now)
            return
        before = session.unacked
        session.receive(event, now)
        if before is not None and before != session.unacked:
            self._unacked.pop(before, None)
        self._settle(session)

    def _heard(self, event: RequestReceived, now: float) -> None:
        """OPTIONS outside a dialog: the owner's heartbeat."""
        self._heard_at = now
        owner = event.request.get("X-Owner") or ""
        if owner and owner != self._owner:
            if self._owner:
                self._orphan(now)
            self._owner = owner
        headers = [("Allow", ALLOW), ("Accept", SDP_TYPE), ("Supported", SUPPORTED), ("X-Sessions", str(len(self)))]
        self._context.answer(event, 200, now, headers=headers)

    def _orphan(self, now: float) -> None:
        self._context.log(f"a new owner: {len(self)} sessions wait to be claimed")
        self._orphans_at = now + self._context.settings.orphan_seconds
        for session in self._sessions.values():
            session.claimed = False

    # -- opening

    def _open(self, event: RequestReceived, now: float) -> None:
        self._admit(event, now)
        context, request = self._context, event.request
        playlist = context.playlist(parse_annc(request.uri))
        timer = SessionTimer(context.settings.session_expires, context.settings.min_session_expires)
        try:
            timer_headers = timer.answer(request, now)
        except IntervalTooBrief:
            context.answer(event, 422, now, headers=[("Min-SE", str(timer.minimum))])
            return
        session = self._session(event, timer)
        try:
            session.accept(event, playlist, timer_headers, now)
        except BadSdp as problem:
            session.end(now, bye=False)
            raise NotServed(problem.status, problem.reason) from None
        self._sessions[session.dialog.key] = self._by_tag[session.stream.key] = session
        self._settle(session)

    def _admit(self, event: RequestReceived, now: float) -> None:
        """Raises `NotServed` where there are too many, or the body is nothing that we read."""
        settings, request = self._context.settings, event.request
        second, count = self._invites
        self._invites = (second, count + 1) if second == int(now) else (int(now), 1)
        if self._invites[1] > settings.max_invites_a_second or len(self) >= settings.max_sessions:
            raise NotServed(503, "too many sessions", _LATER)
        if request.body and request.content_type != SDP_TYPE:
            raise NotServed(415, f"{SDP_TYPE} is needed")

    def _is_peer(self, host: str) -> bool:
        if host in self._hosts:
            return True
        address = ipaddress.ip_address(host)
        return address.is_loopback or any(address in network for network in self._context.settings.peers)

    def _session(self, event: RequestReceived, timer: SessionTimer) -> Session:
        context = self._context
        tag = context.ids.tag()
        listener = context.listeners[max(event.source.listener, 0)]
        contact = f"<{listener.contact_uri(context.ids.contact_user())}>"
        dialog = Dialog.as_uas(event.request, event.source, local_tag=tag, contact=contact)
        try:
            sockets = context.ports.open(tag)
        except NoPortFree:
            raise NotServed(503, "no RTP port is free", _LATER) from None
        stream = RtpStream(tag, sockets, context.random)
        description = Description(context.random(31), context.settings.media_address, sockets.port)
        return Session(context, dialog, stream, description, timer)
