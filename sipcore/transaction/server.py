"""Server transactions: the actions of the INVITE and the non-INVITE machine (RFC 3261 §17.2, RFC 6026 §7.1)."""

from collections.abc import Callable
from typing import Final

from sipcore.events import AckTimedOut, RequestReceived, ServerKey
from sipcore.message import Request, Response
from sipcore.packets import Source
from sipcore.transaction.core import Core, Transaction, Way
from sipcore.transaction.tables import (
    INVITE_SERVER,
    OTHER_SERVER,
    PROCEEDING,
    TABLES,
    TIMER_2XX,
    TIMER_G,
    TIMER_H,
    TIMER_I,
    TIMER_J,
    TIMER_L,
    TRYING,
    bind,
)

__all__ = ["ServerTransaction", "start", "try_it"]

ServerAction = Callable[[Core, "ServerTransaction", Response, float], None]


class ServerTransaction(Transaction):
    """One request of a peer. ``ack_key`` names the ACK to its 2xx; ``merge_key`` is the identity it merges by."""

    __slots__ = ("ack_key", "ack_source", "acked", "merge_key", "request", "tell")

    def __init__(self, key: str, request: Request, machine: int, way: Way) -> None:
        invite = machine == INVITE_SERVER
        rows = _INVITE_ROWS if invite else _OTHER_ROWS
        Transaction.__init__(self, key, machine, rows, PROCEEDING if invite else TRYING, way)
        self.request: Request | None = request
        self.tell = ServerKey(key)
        self.merge_key = ""
        self.ack_key = ""
        self.acked = False
        self.ack_source: Source | None = None  # of the ACK that is being fed


def start(core: Core, transaction: ServerTransaction, now: float) -> None:
    """Begin. A non-INVITE request that nobody answers is given up when its client has given up."""
    if transaction.machine == OTHER_SERVER:
        transaction.end_timer = TIMER_J
        transaction.end_at = now + core.give_up
    core.begin(transaction)


def try_it(core: Core, transaction: ServerTransaction, data: bytes) -> None:
    """Send the 100 to a new INVITE: (PROCEEDING, RESPONSE_1XX) of the table, but ready-made."""
    transaction.data = data
    core.send(transaction, data)


# Actions ------------------------------------------------------------------------------------------------------------


def _absorb(core: Core, _transaction: ServerTransaction, _message: object, _now: float) -> None:
    core.count("retransmissions_absorbed")


def _resend_response(core: Core, transaction: ServerTransaction, _message: object, _now: float) -> None:
    core.count("retransmissions_absorbed")
    if transaction.data:
        core.send(transaction, transaction.data)


def _send_provisional(core: Core, transaction: ServerTransaction, response: Response, _now: float) -> None:
    _transmit(core, transaction, response)


def _transmit(core: Core, transaction: ServerTransaction, response: Response) -> None:
    data = transaction.data = response.encode()
    core.send(transaction, data)


def _send_2xx(core: Core, transaction: ServerTransaction, response: Response, now: float) -> None:
    _transmit(core, transaction, response)
    core.start_ending(transaction, TIMER_L, core.give_up, now)
    core.start_resending(transaction, TIMER_2XX, core.timers.t1, now)


def _send_2xx_again(core: Core, transaction: ServerTransaction, response: Response, _now: float) -> None:
    if not transaction.acked:
        _transmit(core, transaction, response)


def _resend_2xx(core: Core, transaction: ServerTransaction, _message: object, now: float) -> None:
    core.count("retransmissions_sent")
    core.send(transaction, transaction.data)
    core.start_resending(transaction, TIMER_2XX, min(2 * transaction.interval, core.timers.t2), now)


def _pass_ack(core: Core, transaction: ServerTransaction, ack: Request, _now: float) -> None:
    if transaction.acked or transaction.ack_source is None:
        core.count("retransmissions_absorbed")
        return
    transaction.acked = True
    transaction.data = b""
    transaction.request = None
    core.stop_resending(transaction)
    core.events.append(RequestReceived(ack, transaction.ack_source, None))


def _end_accepted(core: Core, transaction: ServerTransaction, _message: object, _now: float) -> None:
    if not transaction.acked:
        core.count("ack_timeouts")
        core.events.append(AckTimedOut(transaction.tell))


def _send_refusal(core: Core, transaction: ServerTransaction, response: Response, now: float) -> None:
    _transmit(core, transaction, response)
    transaction.request = None
    core.start_ending(transaction, TIMER_H, core.give_up, now)
    if not transaction.reliable:
        core.start_resending(transaction, TIMER_G, core.timers.t1, now)


def _resend_refusal(core: Core, transaction: ServerTransaction, _message: object, now: float) -> None:
    core.count("retransmissions_sent")
    core.send(transaction, transaction.data)
    core.start_resending(transaction, TIMER_G, min(2 * transaction.interval, core.timers.t2), now)


def _confirm(core: Core, transaction: ServerTransaction, _ack: object, now: float) -> None:
    core.start_ending(transaction, TIMER_I, 0 if transaction.reliable else core.timers.t4, now)


def _end_unacked(core: Core, _transaction: ServerTransaction, _message: object, _now: float) -> None:
    core.count("ack_timeouts")  # timer H: the refusal was never ACKed; the TU has nothing left to do about it


def _send_final(core: Core, transaction: ServerTransaction, response: Response, now: float) -> None:
    _transmit(core, transaction, response)
    transaction.request = None
    core.start_ending(transaction, TIMER_J, 0 if transaction.reliable else core.give_up, now)


def _end_unanswered(core: Core, _transaction: ServerTransaction, _message: object, _now: float) -> None:
    core.count("unanswered_requests")


def _end(_core: Core, _transaction: ServerTransaction, _message: object, _now: float) -> None:
    """Nothing but to terminate."""


_ACTIONS: Final[dict[str, ServerAction]] = {
    "absorb": _absorb,
    "confirm": _confirm,
    "end": _end,
    "end_accepted": _end_accepted,
    "end_unacked": _end_unacked,
    "end_unanswered": _end_unanswered,
    "pass_ack": _pass_ack,  # type: ignore[dict-item] # the one action that is fed a request
    "resend_2xx": _resend_2xx,
    "resend_refusal": _resend_refusal,
    "resend_response": _resend_response,
    "send_2xx": _send_2xx,
    "send_2xx_again": _send_2xx_again,
    "send_final": _send_final,
    "send_provisional": _send_provisional,
    "send_refusal": _send_refusal,
}
_INVITE_ROWS: Final = bind(TABLES[INVITE_SERVER], _ACTIONS)
_OTHER_ROWS: Final = bind(TABLES[OTHER_SERVER], _ACTIONS)
