"""A caller: calls a queue, listens to its music, talks to whoever is put through, hangs up; or loses patience."""

import asyncio
from collections.abc import Callable
from typing import Final, Literal

from app.demo.ears import Ears
from app.demo.plan import CallerPart
from app.demo.session import SDP_TYPE, Session
from app.demo.station import HOST, Station
from app.demo.views import CallerEnd, CallerView
from app.demo.voices import agent_voice, caller_voice
from sipcore.dialog import Dialog
from sipcore.errors import SipError
from sipcore.events import ClientKey, ServerKey
from sipcore.message import Request, Response, respond_to

__all__ = ["Caller"]

_LONGEST_SECONDS: Final = 75.0
_AGENT: Final = agent_voice("")


class Caller:
    """``call()`` starts it; ``done`` is told its view once the call is over."""

    def __init__(self, part: CallerPart, station: Station, ears: Ears, done: Callable[[CallerView], None]) -> None:
        self._part = part
        self._station = station
        self._ears = ears
        self._done = done
        self._ear = ears.open(part.name, caller_voice(part.name))
        self._ear.listener = self._hears
        self._session = Session(part.name, station.chance.getrandbits(31), self._ear)
        self._timers: list[asyncio.TimerHandle] = []
        self._call_id, self._tag = station.ids.call_id(), station.ids.tag()
        self._invite: ClientKey | None = None
        self._dialog: Dialog | None = None
        self._began = self._answered = self._talks_since = 0.0
        self._agent = ""
        self._leaving: CallerEnd | None = None
        self._left = 0.0
        self._crossed = False
        self._over = False

    def call(self) -> None:
        """Sends the INVITE."""
        station, user = self._station, self._part.name
        queue = f"sip:{self._part.queue}@{station.service.host}:{station.service.port}"
        headers = [
            ("From", f'"{user}" <sip:{user}@{HOST}:{station.port}>;tag={self._tag}'),
            ("To", f"<{queue}>"),
            ("Call-ID", self._call_id),
            ("CSeq", "1 INVITE"),
            ("Max-Forwards", "70"),
            ("Contact", station.contact(user)),
            ("Content-Type", SDP_TYPE),
        ]
        self._request = Request("INVITE", queue, headers, self._session.offer())
        self._began = station.loop.time()
        station.expect(self._call_id, self._tag, self)
        self._invite = station.request(self._request, self._responded, hop=station.service)
        self._after(_LONGEST_SECONDS, self._too_long)
        if self._part.patience is not None:
            self._after(self._part.patience, self._loses_patience)

    # -- what happens

    def _responded(self, response: Response | None) -> None:
        if response is None:
            self._finish("failed", "no answer to the INVITE")
        elif response.status >= 300:
            given_up = self._leaving == "gave_up" and response.status == 487
            self._finish("gave_up" if given_up else "refused", f"INVITE: {response.status} {response.reason}")
        elif response.status >= 200:
            self._accepted(response)

    def _accepted(self, response: Response) -> None:
        assert self._invite is not None
        self._answered = self._station.loop.time()
        try:
            self._dialog = Dialog.as_uac(self._request, response)
            self._station.ack(self._invite, self._dialog.ack(1))
            self._session.take_answer(response)
        except SipError as error:
            self._finish("failed", f"200 to the INVITE: {error}")
            return
        if self._leaving is not None:
            self._hang_up(self._leaving)  # the answer and our CANCEL have crossed

    def _hears(self, voice: str) -> None:
        if voice.startswith(_AGENT) and not self._agent and self._leaving is None:
            self._agent = voice.removeprefix(_AGENT)
            self._talks_since = self._station.loop.time()
            self._after(self._part.talks_for, lambda: self._hang_up("talked"))

    def request(self, request: Request, transaction: ServerKey | None) -> None:
        dialog = self._dialog
        if dialog is None or request.method == "ACK":
            return
        if not dialog.receive(request):
            self._station.respond(transaction, respond_to(request, 500))
        elif request.method == "BYE":
            self._station.respond(transaction, respond_to(request, 200))
            self._bye_received()
        elif request.method == "INVITE":
            self._reinvited(request, transaction)
        else:
            self._station.respond(transaction, respond_to(request, 200))

    def _reinvited(self, request: Request, transaction: ServerKey | None) -> None:
        if self._leaving is not None:
            self._crossed = True
            self._station.respond(transaction, respond_to(request, 481))
            return
        try:
            body = self._session.respond(request)
        except SipError:
            self._station.respond(transaction, respond_to(request, 488))
            return
        headers = [("Contact", self._station.contact(self._part.name)), ("Content-Type", SDP_TYPE)]
        self._station.respond(transaction, respond_to(request, 200, headers=headers, body=body))

    def cancelled(self) -> None:
        """Nobody cancels a request to a caller."""

    def _bye_received(self) -> None:
        if self._leaving is not None:
            self._finish(self._leaving, "both hung up at once")
        elif self._agent:
            self._finish("talked", "", ended_by="agent")
        else:
            self._finish("failed", "the service hung up")

    # -- what it does

    def _loses_patience(self) -> None:
        if self._agent or self._leaving is not None:
            return
        if self._dialog is not None:
            self._hang_up("gave_up")
        elif self._invite is not None:
            self._leave("gave_up")
            self._station.cancel(self._invite)

    def _too_long(self) -> None:
        if self._dialog is None and self._invite is not None:
            self._station.cancel(self._invite)
            self._finish("failed", f"not answered in {_LONGEST_SECONDS:g} s")
        else:
            self._hang_up("failed")

    def _leave(self, end: CallerEnd) -> None:
        self._leaving = end
        self._left = self._station.loop.time()

    def _hang_up(self, end: CallerEnd) -> None:
        if self._dialog is None or self._over:
            return
        self._leave(end)
        self._station.request(self._dialog.request("BYE"), self._bye_answered)

    def _bye_answered(self, response: Response | None) -> None:
        if self._over or (response is not None and response.status < 200):
            return
        assert self._leaving is not None
        if response is None:
            self._finish("failed", "no answer to the BYE")
        elif response.status >= 300 and response.status != 481:
            self._finish("failed", f"BYE: {response.status} {response.reason}")
        else:
            detail = "" if self._leaving != "failed" else f"no agent in {_LONGEST_SECONDS:g} s"
            self._finish(self._leaving, detail, ended_by="caller")

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        self._timers.append(self._station.loop.call_later(seconds, act))

    def _finish(self, end: CallerEnd, detail: str, ended_by: Literal["caller", "agent", ""] = "") -> None:
        if self._over:
            return
        self._over = True
        for timer in self._timers:
            timer.cancel()
        self._station.forget(self._call_id, self._tag)
        self._ears.close(self._part.name)
        self._done(self._view(end, detail, ended_by or ("caller" if self._leaving else "")))

    def _view(self, end: CallerEnd, detail: str, ended_by: Literal["caller", "agent", ""]) -> CallerView:
        left = self._left or self._station.loop.time()
        until = self._talks_since or left
        heard = {voice: count for voice, count in self._ear.heard.items() if voice}
        waited = self._answered and any(voice.startswith("music:") for voice in heard)
        return CallerView(
            name=self._part.name,
            queue=self._part.queue,
            end=end,
            detail=detail,
            wait_seconds=until - self._began,
            talk_seconds=left - self._talks_since if self._talks_since else 0.0,
            ended_by=ended_by,
            agent=self._agent,
            music_seconds=until - self._answered if waited else None,
            heard=heard,
            crossed=self._crossed,
        )
