"""An agent's phone: registers with digest, rings, answers (with or without an offer in the INVITE), talks."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

from app.demo.ears import Ear, Ears
from app.demo.plan import AgentPart
from app.demo.session import SDP_TYPE, Session
from app.demo.station import Station
from app.demo.views import AgentView
from app.demo.voices import agent_voice
from sipcore.dialog import Dialog
from sipcore.digest import Challenge, answer, best_challenge, compute_ha1
from sipcore.errors import SipError
from sipcore.events import ServerKey
from sipcore.message import Request, Response, respond_to
from sipcore.packets import Source

__all__ = ["AgentPhone", "RegistrationError"]

_DOMAIN: Final = "callyard"


class RegistrationError(Exception):
    """The service did not take the registration; the text says whose and why."""


class AgentPhone:
    """One agent with one line; a second call at the same time gets 486."""

    def __init__(self, part: AgentPart, station: Station, ears: Ears) -> None:
        self._part = part
        self._station = station
        self._ears = ears
        self._call: _AgentCall | None = None
        self._calls = self._cancelled = 0
        self._heard: Counter[str] = Counter()
        self._call_id, self._tag, self._cseq = station.ids.call_id(), station.ids.tag(), 0
        station.phones[part.name] = self

    async def register(self, expires: int = 300) -> None:
        """Registers (``expires`` 0: takes it back). Raises RegistrationError."""
        response = await self._ask(self._registration(expires))
        if response is not None and response.status == 401:
            request = self._registration(expires)
            request.add("Authorization", self._credentials(response, request.uri))
            response = await self._ask(request)
        if response is None or response.status != 200:
            why = "no answer" if response is None else f"{response.status} {response.reason}"
            raise RegistrationError(f"{self._part.name} could not register: {why}")

    def _registration(self, expires: int) -> Request:
        self._cseq += 1
        aor = f"<sip:{self._part.name}@{_DOMAIN}>"
        headers = [
            ("From", f"{aor};tag={self._tag}"),
            ("To", aor),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._cseq} REGISTER"),
            ("Max-Forwards", "70"),
            ("Contact", self._station.contact(self._part.name)),
            ("Expires", str(expires)),
        ]
        return Request("REGISTER", f"sip:{_DOMAIN}", headers)

    def _credentials(self, response: Response, uri: str) -> str:
        challenge = best_challenge([Challenge.parse(text) for text in response.get_all("WWW-Authenticate")])
        if challenge is None:
            raise RegistrationError(f"{self._part.name} could not register: no challenge that it can answer")
        ha1 = compute_ha1(challenge.algorithm, self._part.name, challenge.realm, self._part.password)
        cnonce = f"{self._station.chance.getrandbits(64):016x}"
        return str(answer(challenge, "REGISTER", uri, username=self._part.name, ha1=ha1, cnonce=cnonce))

    async def _ask(self, request: Request) -> Response | None:
        answered: asyncio.Future[Response | None] = self._station.loop.create_future()

        def responded(response: Response | None) -> None:
            if not answered.done() and (response is None or response.status >= 200):
                answered.set_result(response)

        self._station.request(request, responded, hop=self._station.service)
        return await answered

    def invited(self, request: Request, source: Source, transaction: ServerKey) -> None:
        if self._call is not None:
            self._station.respond(transaction, respond_to(request, 486, to_tag=self._station.ids.tag()))
            return
        key = f"{self._part.name}-{self._calls + self._cancelled}"
        ear = self._ears.open(key, agent_voice(self._part.name))
        self._call = _AgentCall(self._part, self._station, ear, lambda: self._over(key))
        self._call.ring(request, source, transaction)

    def _over(self, key: str) -> None:
        call = self._call
        assert call is not None
        self._call = None
        self._calls += call.answered
        self._cancelled += not call.answered
        self._heard.update(call.ear.heard)
        self._ears.close(key)

    def view(self) -> AgentView:
        heard = {voice: count for voice, count in self._heard.items() if voice}
        return AgentView(self._part.name, self._calls, self._cancelled, heard)


class _AgentCall:
    """One call at an agent's phone."""

    def __init__(self, part: AgentPart, station: Station, ear: Ear, over: Callable[[], None]) -> None:
        self.ear = ear
        self.answered = False
        self._part = part
        self._station = station
        self._over = over
        self._session = Session(part.name, station.chance.getrandbits(31), ear)
        self._tag = station.ids.tag()
        self._timer: asyncio.TimerHandle | None = None

    def ring(self, request: Request, source: Source, transaction: ServerKey) -> None:
        self._invite, self._transaction = request, transaction
        contact = self._station.contact(self._part.name)
        self._dialog = Dialog.as_uas(request, source, local_tag=self._tag, contact=contact)
        self._station.expect(request.call_id, self._tag, self)
        self._station.expect_cancel(transaction, self)
        self._respond(180)
        self._timer = self._station.loop.call_later(self._part.rings_for, self._answer)

    def _answer(self) -> None:
        try:
            body = self._session.respond(self._invite)
        except SipError:
            self._respond(488)
            self._end()
            return
        self.answered = True
        self._respond(200, body)
        if self._part.hangs_up_after is not None:
            self._timer = self._station.loop.call_later(self._part.hangs_up_after, self._hang_up)

    def _respond(self, status: int, body: bytes = b"") -> None:
        headers = [("Contact", self._station.contact(self._part.name))]
        if body:
            headers.append(("Content-Type", SDP_TYPE))
        response = respond_to(self._invite, status, to_tag=self._tag, headers=headers, body=body)
        self._station.respond(self._transaction, response)

    def request(self, request: Request, transaction: ServerKey | None) -> None:
        if not self._dialog.receive(request):
            self._station.respond(transaction, respond_to(request, 500))
            return
        match request.method:
            case "ACK":
                self._acked(request)
            case "BYE":
                self._station.respond(transaction, respond_to(request, 200))
                self._end()
            case "INVITE":
                self._invite, self._transaction = request, transaction or self._transaction
                self._reinvited(request)
            case _:
                self._station.respond(transaction, respond_to(request, 200))

    def _acked(self, ack: Request) -> None:
        try:
            self._session.take_answer_if_any(ack)
        except SipError:
            self._hang_up()  # RFC 3261 §13.2.1: nothing else can be said to a bad answer

    def _reinvited(self, request: Request) -> None:
        try:
            self._respond(200, self._session.respond(request))
        except SipError:
            self._respond(488)

    def cancelled(self) -> None:
        self._respond(487)
        self._end()

    def _hang_up(self) -> None:
        self._station.request(self._dialog.request("BYE"), lambda _response: None)
        self._end()

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._station.forget(self._dialog.call_id, self._tag)
        self._over()
