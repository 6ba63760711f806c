"""An agent is rung for a call, answers or does not, and talks with the caller."""

from collections.abc import Callable

from app.callcenter.desk import Desk, OfBoard, OfEngine
from app.callcenter.leaving import Leaving
from app.callcenter.waiting import Waiting
from app.live_call import LiveCall, Rung
from app.vocabulary import drop_reason, failure_cause
from b2bua import commands as to_board
from b2bua import events as from_board
from b2bua.commands import CallId, LegId
from queues import commands as to_engine
from queues import outputs as from_engine
from queues.model import FailureCause, OfferId

__all__ = ["Offering"]

_STILL_WAITING = (
    from_engine.CancelReason.RING_TIMEOUT, from_engine.CancelReason.AGENT_GONE, from_engine.CancelReason.REASSIGNED,
)  # fmt: skip


class Offering:
    """``turn``: asked first about tickets that have no call (yet); ``over``: hears of the offers that were made for them."""

    __slots__ = ("_desk", "_leaving", "_waiting", "of_board", "of_engine", "over", "turn")

    def __init__(self, desk: Desk, waiting: Waiting, leaving: Leaving) -> None:
        self._desk = desk
        self._waiting = waiting
        self._leaving = leaving
        self.turn: Callable[[from_engine.MakeOffer, float], bool] | None = None
        self.over: Callable[[from_engine.WithdrawOffer | from_engine.OfferEnded, float], None] | None = None
        self.of_board: OfBoard = {
            from_board.LegRinging: self._ringing,
            from_board.LegAnswered: self._answered,
            from_board.LegBridged: self._bridged,
            from_board.LegFailed: self._leg_failed,
        }
        self.of_engine: OfEngine = {
            from_engine.MakeOffer: self._offer,
            from_engine.WithdrawOffer: self._withdraw,
            from_engine.OfferEnded: self._offer_ended,
        }

    def _offer(self, output: from_engine.MakeOffer, now: float) -> None:
        if output.ticket not in self._desk.calls and self.turn is not None and self.turn(output, now):
            return
        self.ring(output, now)

    def ring(self, output: from_engine.MakeOffer, now: float) -> None:
        """Ring the agent for the caller, who is there."""
        desk = self._desk
        call, agent = desk.calls.get(output.ticket), desk.directory.agents.get(output.agent)
        target = desk.directory.target(agent) if agent is not None else None
        if call is None or agent is None or target is None:
            desk.tell_engine(to_engine.OfferFailed(output.offer, FailureCause.UNREACHABLE), now)
            return
        call.offers += 1
        call.ringing[output.offer] = Rung(output.agent, now)
        desk.note(call, "offered", now, agent=output.agent, offer=output.offer)
        desk.tell_board(to_board.Dial(CallId(call.id), LegId(output.offer), target, agent.offer), now)

    def _withdraw(self, output: from_engine.WithdrawOffer, now: float) -> None:
        desk = self._desk
        reason = drop_reason(output.reason)
        desk.tell_board(to_board.DropLeg(CallId(output.ticket), LegId(output.offer), reason), now)
        call = desk.calls.get(output.ticket)
        if call is None:
            self._without_call(output, now)
            return
        if output.reason in _STILL_WAITING:
            self._waiting.after_straight(call, output.offer, now)
        elif output.reason is from_engine.CancelReason.ANSWERED_ELSEWHERE and output.offer in call.ringing:
            call.ringing[output.offer].elsewhere = True

    def _ringing(self, call: LiveCall, event: from_board.LegRinging, now: float) -> None:
        leg = event.leg
        if leg == call.forward:
            return
        self._desk.tell_engine(to_engine.OfferRinging(OfferId(leg)), now)
        rung = call.ringing.get(leg)
        if rung is not None:
            self._desk.chronicle.note(call, "ringing", now, agent=rung.agent, offer=leg)

    def _answered(self, call: LiveCall, event: from_board.LegAnswered, now: float) -> None:
        desk, leg = self._desk, event.leg
        following = desk.work.following()
        if leg == call.forward or (isinstance(following, from_board.LegBridged) and following.leg == leg):
            return  # bridged in the same breath: to say that is enough
        if desk.tell_engine(to_engine.OfferAnswered(OfferId(leg)), now) is not None:
            desk.tell_board(to_board.DropLeg(CallId(call.id), leg), now)

    def _bridged(self, call: LiveCall, event: from_board.LegBridged, now: float) -> None:
        desk, leg = self._desk, event.leg
        if leg == call.forward:
            return
        if desk.tell_engine(to_engine.Connected(OfferId(leg)), now) is not None:
            desk.tell_board(to_board.DropLeg(CallId(call.id), leg), now)
            return
        rung = call.ringing[leg]
        call.connected_at, call.agent, call.outcome = now, rung.agent, "answered"
        call.ring_ms = round((now - rung.since) * 1000)
        desk.note(call, "connected", now, agent=call.agent, offer=leg)

    def _leg_failed(self, call: LiveCall, event: from_board.LegFailed, now: float) -> None:
        leg = event.leg
        if leg == call.forward:
            self._leaving.flowing_out.forward_failed(call, event, now)
            return
        self._waiting.after_straight(call, leg, now)
        self._desk.tell_engine(to_engine.OfferFailed(OfferId(leg), failure_cause(event.cause)), now)

    def _offer_ended(self, output: from_engine.OfferEnded, now: float) -> None:
        call = self._desk.calls.get(output.ticket)
        if call is None:
            self._without_call(output, now)
            return
        rung = call.ringing.pop(output.offer, None)
        if output.result is from_engine.OfferResult.CONNECTED:
            return
        if rung is not None and call.connected_at is None:
            call.ring_ms = round(output.ring_seconds * 1000)
        cause = output.cause.value if output.cause is not None else output.result.value
        if rung is not None and rung.elsewhere:
            cause = "answered_elsewhere"
        self._desk.note(call, "offer_ended", now, agent=output.agent, offer=output.offer, cause=cause)

    def _without_call(self, output: from_engine.WithdrawOffer | from_engine.OfferEnded, now: float) -> None:
        if self.over is not None:
            self.over(output, now)
