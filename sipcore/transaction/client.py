"""Client transactions: the actions of the INVITE and the non-INVITE machine (RFC 3261 §17.1, RFC 6026 §7.2)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sipcore.deadlines import NEVER
from sipcore.events import ClientFailed, ClientKey, FailureCause, ResponseReceived
from sipcore.message import Request, Response, ack_for_failure
from sipcore.packets import Send
from sipcore.routing import Path
from sipcore.transaction.core import Core, Transaction, Way
from sipcore.transaction.tables import (
    ACCEPTED,
    CALLING,
    INVITE_CLIENT,
    OTHER_CLIENT,
    TABLES,
    TIMER_A,
    TIMER_B,
    TIMER_D,
    TIMER_E,
    TIMER_F,
    TIMER_K,
    TIMER_M,
    TRYING,
    bind,
)

__all__ = ["ClientTransaction", "again", "start"]

ClientAction = Callable[[Core, "ClientTransaction", Response, float], None]


_UNKNOWN: Final = -1  # no hash of Python's is -1


@dataclass(slots=True)
class Accepted:
    """A 2xx that was passed up: its To tag, its fingerprint, and the TU's ACK, once that was sent."""

    tag: str
    fingerprint: int
    ack: Send | None = None


class ClientTransaction(Transaction):
    """One request of ours. ``internal`` ones (our CANCELs) tell the TU nothing."""

    __slots__ = (
        "accepted", "cancel_headers", "cancel_sent", "internal", "path", "provisional", "provisional_at", "request", "tell",
    )  # fmt: skip

    def __init__(self, key: str, request: Request | None, machine: int, way: Way, path: Path) -> None:
        invite = machine == INVITE_CLIENT
        rows = _INVITE_ROWS if invite else _OTHER_ROWS
        Transaction.__init__(self, key, machine, rows, CALLING if invite else TRYING, way)
        self.request = request  # kept while its ACK or CANCEL may have to be built
        self.path = path
        self.tell = ClientKey(key)
        self.internal = False
        self.cancel_headers: tuple[tuple[str, str], ...] | None = None
        self.cancel_sent = False
        self.accepted: list[Accepted] = []
        self.provisional = 0  # fingerprint of the latest provisional response, and when it came
        self.provisional_at = NEVER

    def acked(self, tag: str, ack: Send) -> None:
        """The TU has sent the ACK to the 2xx with this To tag."""
        for each in self.accepted:
            if each.tag == tag:
                each.ack = ack
                return
        self.accepted.append(Accepted(tag, _UNKNOWN, ack))


def start(core: Core, transaction: ClientTransaction, now: float, *, once: bool = False) -> None:
    """Send the request for the first time and start timers A and B, or E and F; ``once``: without A or E."""
    core.send(transaction, transaction.data)
    invite = transaction.machine == INVITE_CLIENT
    transaction.end_timer = TIMER_B if invite else TIMER_F
    transaction.end_at = now + core.give_up
    if not transaction.reliable and not once:
        core.start_resending(transaction, TIMER_A if invite else TIMER_E, core.timers.t1, now)
    core.begin(transaction)


def again(core: Core, transaction: ClientTransaction, fingerprint: int) -> None:
    """A final response came again, byte for byte (and so was not parsed): send its ACK again, where it had one."""
    if transaction.machine != INVITE_CLIENT:
        return
    if transaction.state != ACCEPTED:
        core.send(transaction, transaction.data)
        return
    for each in transaction.accepted:
        if each.fingerprint == fingerprint and each.ack is not None:
            core.sends.append(each.ack)


# Actions ------------------------------------------------------------------------------------------------------------


def _resend_invite(core: Core, transaction: ClientTransaction, _: object, now: float) -> None:
    core.count("retransmissions_sent")
    core.send(transaction, transaction.data)
    core.start_resending(transaction, TIMER_A, 2 * transaction.interval, now)


def _resend_other(core: Core, transaction: ClientTransaction, _: object, now: float) -> None:
    core.count("retransmissions_sent")
    core.send(transaction, transaction.data)
    core.start_resending(transaction, TIMER_E, min(2 * transaction.interval, core.timers.t2), now)


def _resend_slowly(core: Core, transaction: ClientTransaction, _: object, now: float) -> None:
    core.count("retransmissions_sent")
    core.send(transaction, transaction.data)
    core.start_resending(transaction, TIMER_E, core.timers.t2, now)


def _time_out(core: Core, transaction: ClientTransaction, _message: object, _now: float) -> None:
    core.count("client_timeouts")
    _tell_failure(core, transaction, FailureCause.TIMEOUT)


def _fail(core: Core, transaction: ClientTransaction, _message: object, _now: float) -> None:
    core.count("client_transport_failures")
    _tell_failure(core, transaction, FailureCause.TRANSPORT)


def _tell_failure(core: Core, transaction: ClientTransaction, cause: FailureCause) -> None:
    if not transaction.internal:
        core.events.append(ClientFailed(transaction.tell, cause))


def _hold_cancel(_core: Core, _transaction: ClientTransaction, _message: object, _now: float) -> None:
    """``cancel_headers`` is set: the CANCEL goes out with the first provisional response."""


def _send_cancel(core: Core, transaction: ClientTransaction, _: object, now: float) -> None:
    if transaction.cancel_sent or transaction.request is None:
        return
    transaction.cancel_sent = True
    core.open_cancel(transaction, now)
    transaction.end_timer = TIMER_B
    transaction.end_at = now + core.give_up


def _proceed(core: Core, transaction: ClientTransaction, response: Response, now: float) -> None:
    if not transaction.cancel_sent:
        core.stop_timers(transaction)
        if transaction.cancel_headers is not None:
            _send_cancel(core, transaction, None, now)
    _pass_provisional(core, transaction, response, now)


def _proceed_other(core: Core, transaction: ClientTransaction, response: Response, now: float) -> None:
    """The running timer E fires as it was set; from then on it is T2 (§17.1.2.2)."""
    _pass_provisional(core, transaction, response, now)


def _pass_provisional(core: Core, transaction: ClientTransaction, response: Response, now: float) -> None:
    """Up to the TU, except 100.

    The same bytes within T2 are a retransmission; later they are the peer's once-a-minute refresh (§13.3.1.1).
    """
    if response.status == 100 or transaction.internal:
        return
    fingerprint = core.received
    if fingerprint == transaction.provisional and now - transaction.provisional_at < core.timers.t2:
        core.count("retransmissions_absorbed")
        return
    transaction.provisional = fingerprint
    transaction.provisional_at = now
    core.events.append(ResponseReceived(transaction.tell, response))


def _accept(core: Core, transaction: ClientTransaction, response: Response, now: float) -> None:
    core.start_ending(transaction, TIMER_M, core.give_up, now)
    transaction.request = None  # 600 calls/s for 32 s are 19,000 of them: what is not needed any more goes
    transaction.data = b""
    _accept_again(core, transaction, response, now)


def _accept_again(core: Core, transaction: ClientTransaction, response: Response, _now: float) -> None:
    tag = response.to_tag
    for each in transaction.accepted:
        if each.tag == tag:
            core.count("retransmissions_absorbed")
            if each.ack is not None:
                core.sends.append(each.ack)
            return
    transaction.accepted.append(Accepted(tag, core.remember_print(transaction)))
    core.events.append(ResponseReceived(transaction.tell, response))


def _complete_invite(core: Core, transaction: ClientTransaction, response: Response, now: float) -> None:
    core.remember_print(transaction)
    if transaction.request is not None:
        transaction.data = ack_for_failure(transaction.request, response).encode()
        transaction.request = None
    core.send(transaction, transaction.data)
    if not transaction.internal:
        core.events.append(ResponseReceived(transaction.tell, response))
    core.start_ending(transaction, TIMER_D, 0 if transaction.reliable else core.timers.timer_d, now)


def _resend_ack(core: Core, transaction: ClientTransaction, _response: Response, _now: float) -> None:
    core.count("retransmissions_absorbed")
    core.send(transaction, transaction.data)


def _complete_other(core: Core, transaction: ClientTransaction, response: Response, now: float) -> None:
    core.remember_print(transaction)
    transaction.data = b""
    if not transaction.internal:
        core.events.append(ResponseReceived(transaction.tell, response))
    core.start_ending(transaction, TIMER_K, 0 if transaction.reliable else core.timers.t4, now)


def _absorb(core: Core, _transaction: ClientTransaction, _response: object, _now: float) -> None:
    core.count("retransmissions_absorbed")


def _end(_core: Core, _transaction: ClientTransaction, _message: object, _now: float) -> None:
    """Nothing but to terminate."""


_ACTIONS: Final[dict[str, ClientAction]] = {
    "absorb": _absorb,
    "accept": _accept,
    "accept_again": _accept_again,
    "complete_invite": _complete_invite,
    "complete_other": _complete_other,
    "end": _end,
    "fail": _fail,
    "hold_cancel": _hold_cancel,
    "pass_up": _pass_provisional,
    "proceed": _proceed,
    "proceed_other": _proceed_other,
    "resend_ack": _resend_ack,
    "resend_invite": _resend_invite,
    "resend_other": _resend_other,
    "resend_slowly": _resend_slowly,
    "send_cancel": _send_cancel,
    "time_out": _time_out,
}
_INVITE_ROWS: Final = bind(TABLES[INVITE_CLIENT], _ACTIONS)
_OTHER_ROWS: Final = bind(TABLES[OTHER_CLIENT], _ACTIONS)
