"""Callbacks that begin with the agent: its phone is rung, it hears music, then the customer is dialled and bridged with it.

To the switchboard the agent is the caller of such a call, and the customer the callee. To everybody else it is a call like
any other, from the bridge on; until then it is an offer to the agent, and an attempt to reach the customer.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from app.callback import Callback
from app.callback_policy import CallbackPolicy
from app.callcenter.desk import Desk
from app.facts import CallEvent, CallEventKind
from app.live_call import LiveCall, waiting_list
from app.vocabulary import failure_cause, failure_word
from b2bua import commands as to_board
from b2bua import events as from_board
from b2bua.commands import CallId, LegId
from queues import commands as to_engine
from queues import outputs as from_engine
from queues.model import FailureCause, OfferId, TicketId

__all__ = ["AgentFirst", "Book"]

_GRACE: Final = 10.0  # seconds: the queue says how long the agent is rung, the switchboard only sees to an end


class Book(Protocol):
    """Where the callbacks are kept."""

    def policy_of(self, one: Callback) -> CallbackPolicy | None: ...

    def note(
        self, one: Callback, kind: CallEventKind, now: float, *, agent: str | None = None, cause: str | None = None
    ) -> None: ...

    def touch(self, one: Callback) -> None: ...

    def missed(self, one: Callback, cause: str, now: float) -> None:
        """The customer was not reached: the agent is free, and the next attempt is due some time later."""

    def begin_call(self, one: Callback, now: float) -> LiveCall:
        """The customer is there: a call now, no callback any more."""


@dataclass(slots=True)
class _Rung:
    """An offer to an agent. ``seconds``: how long it rang until it was answered."""

    one: Callback
    since: float
    seconds: float = 0.0


class AgentFirst:
    """What becomes of a callback from the offer to an agent on, until it is a call or waits again."""

    __slots__ = ("_book", "_desk", "_rung")

    def __init__(self, desk: Desk, book: Book) -> None:
        self._desk = desk
        self._book = book
        self._rung: dict[str, _Rung] = {}  # by offer

    # ------------------------------------------------------------------ the agent

    def begin(self, one: Callback, output: from_engine.MakeOffer, policy: CallbackPolicy, now: float) -> None:
        """It is the agent's turn: its phone is rung."""
        desk, directory = self._desk, self._desk.directory
        agent = directory.agents.get(output.agent)
        target = directory.target(agent) if agent is not None else None
        if target is None:
            self._lose_agent(one, FailureCause.UNREACHABLE, now)
            return
        one.dialling = one.agent_first = True
        self._book.touch(one)
        self._rung[output.offer] = _Rung(one, now)
        self._note(one, "offered", output.agent, output.offer, now)
        playlist = waiting_list(directory.queues.get(output.queue), greeting=False)
        host = desk.board.host
        command = to_board.Originate(
            CallId(one.id), target, f"<sip:{one.number}@{host}>", f"<sip:{policy.shown}@{host}>", playlist,
            output.ring_until + _GRACE,
        )  # fmt: skip
        desk.tell_board(command, now)

    def hear(self, one: Callback, event: object, now: float) -> None:
        """What the switchboard says of it."""
        match event:
            case from_board.OriginationRinging():
                self._ringing(one, now)
            case from_board.CallParked() if one.leg is None:
                self._agent_there(one, now)
            case from_board.OriginationFailed():
                self._lose_agent(one, failure_cause(event.cause), now)
            case from_board.LegBridged() if event.leg == one.leg:
                self._bridged(one, now)
            case from_board.LegFailed() if event.leg == one.leg:
                self._missed(one, failure_word(event), now)
            case from_board.CallEnded():
                self._agent_left(one, event, now)
            case _:
                pass

    def _ringing(self, one: Callback, now: float) -> None:
        if one.offer is not None and one.agent is not None:
            self._desk.tell_engine(to_engine.OfferRinging(OfferId(one.offer)), now)
            self._note(one, "ringing", one.agent, one.offer, now)

    def _agent_there(self, one: Callback, now: float) -> None:
        """The agent hears music: the customer is dialled, with the description of the agent's phone."""
        desk, policy = self._desk, self._book.policy_of(one)
        if one.offer is None or desk.tell_engine(to_engine.OfferAnswered(OfferId(one.offer)), now) is not None:
            self._hang_up(one, now)
            self._clear(one)
            return
        rung = self._rung[one.offer]
        rung.seconds = now - rung.since
        if policy is None:
            self._missed(one, "callbacks are off", now)
            return
        one.leg, one.attempts = desk.ids(), one.attempts + 1
        self._book.note(one, "callback_dialled", now, agent=one.agent)
        customer = to_board.Target(policy.uri.replace("{number}", one.number))
        dial = to_board.Dial(CallId(one.id), LegId(one.leg), customer, "caller", now + policy.ring_seconds)
        desk.tell_board(dial, now)

    def _agent_left(self, one: Callback, event: from_board.CallEnded, now: float) -> None:
        """The agent hung up before the customer was there, whose phone stops ringing: no fault of the customer's."""
        if one.leg is not None:
            one.attempts -= 1
            self._book.note(one, "callback_missed", now, agent=one.agent, cause="agent_left")
        declined = event.by == "caller" and event.cause != "lost"
        self._lose_agent(one, FailureCause.REJECTED if declined else FailureCause.CONNECT_FAILED, now)

    def _lose_agent(self, one: Callback, cause: FailureCause, now: float) -> None:
        """The callback keeps its place: the next agent's turn."""
        offer = one.offer
        self._clear(one)
        if offer is not None:
            self._desk.tell_engine(to_engine.OfferFailed(OfferId(offer), cause), now)

    # ------------------------------------------------------------------ the customer

    def _bridged(self, one: Callback, now: float) -> None:
        desk, offer = self._desk, one.offer
        if offer is None or desk.engine.offer_view(OfferId(offer)) is None:
            self._missed(one, FailureCause.CONNECT_FAILED.value, now)
            return
        desk.tell_engine(to_engine.CallbackReached(TicketId(one.id)), now)
        desk.tell_engine(to_engine.Connected(OfferId(offer)), now)
        rung = self._rung.pop(offer)
        call = self._book.begin_call(one, now)
        call.agent_first, call.offers, call.ring_ms = True, 1, round(rung.seconds * 1000)
        call.connected_at, call.agent, call.outcome = now, one.agent, "answered"
        desk.note(call, "connected", now, agent=call.agent, offer=offer)

    def _missed(self, one: Callback, cause: str, now: float) -> None:
        """The agent is released without blame; the customer is dialled again later, when an agent has its turn again."""
        self._hang_up(one, now)
        one.leg = None
        self._book.missed(one, cause, now)

    # ------------------------------------------------------------------ offers that end

    def over(self, output: from_engine.WithdrawOffer | from_engine.OfferEnded, now: float) -> None:
        """The engine takes an offer back, or says how it ended."""
        rung = self._rung.get(output.offer)
        if rung is None:
            return
        if isinstance(output, from_engine.OfferEnded):
            del self._rung[output.offer]
            cause = output.cause.value if output.cause is not None else output.result.value
            self._note(rung.one, "offer_ended", output.agent, output.offer, now, cause)
        elif rung.one.offer == output.offer:
            self._hang_up(rung.one, now)
            self._clear(rung.one)

    def _hang_up(self, one: Callback, now: float) -> None:
        """Both phones. Nobody is to hear of the call's end, which is our doing."""
        self._desk.board.handle(to_board.HangUp(CallId(one.id), "cancelled"), now)

    def _clear(self, one: Callback) -> None:
        one.dialling, one.offer, one.leg = False, None, None
        self._book.touch(one)

    def _note(
        self, one: Callback, kind: CallEventKind, agent: str, offer: str, now: float, cause: str | None = None
    ) -> None:
        """A step of the offer, told of the call that may come of it."""
        desk = self._desk
        desk.chronicle.facts.append(CallEvent(desk.ids(), now, kind, one.id, one.queue, agent, offer, cause))
