"""The four transaction machines as data: ``(state, input): (next state, action)`` (RFC 3261 §17.1, §17.2; RFC 6026 §7).

A pair that is absent has one written policy: the input is ignored and counted (``ignored_inputs``).
States and inputs are small ints; an action is the name of a function in ``client.py`` or ``server.py``.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

__all__ = [
    "ACCEPTED", "ACK", "CALLING", "CANCEL", "COMPLETED", "CONFIRMED", "INPUT_NAMES", "INVITE_CLIENT", "INVITE_SERVER",
    "MACHINE_NAMES", "OTHER_CLIENT", "OTHER_SERVER", "PROCEEDING", "REQUEST", "RESPONSE_1XX", "RESPONSE_2XX",
    "RESPONSE_FINAL", "STATE_NAMES", "TABLES", "TERMINATED", "TIMER_2XX", "TIMER_A", "TIMER_B", "TIMER_D", "TIMER_E",
    "TIMER_F", "TIMER_G", "TIMER_H", "TIMER_I", "TIMER_J", "TIMER_K", "TIMER_L", "TIMER_M", "TRANSPORT_ERROR", "TRYING",
    "Table", "bind",
]  # fmt: skip

# States. Calling and Trying are the first of their machines; the rest mean the same in all of them.
CALLING: Final = 0
TRYING: Final = 1
PROCEEDING: Final = 2
COMPLETED: Final = 3
CONFIRMED: Final = 4
ACCEPTED: Final = 5
TERMINATED: Final = 6
STATE_NAMES: Final = ("calling", "trying", "proceeding", "completed", "confirmed", "accepted", "terminated")

# Inputs. A response comes from the network (client) or from the TU (server).
REQUEST: Final = 0  # server: the request again, a retransmission
ACK: Final = 1
RESPONSE_1XX: Final = 2
RESPONSE_2XX: Final = 3
RESPONSE_FINAL: Final = 4  # 3xx-6xx
CANCEL: Final = 5  # client: the TU wants the INVITE cancelled
TRANSPORT_ERROR: Final = 6
TIMER_A: Final = 7
TIMER_B: Final = 8
TIMER_D: Final = 9
TIMER_E: Final = 10
TIMER_F: Final = 11
TIMER_G: Final = 12
TIMER_H: Final = 13
TIMER_I: Final = 14
TIMER_J: Final = 15
TIMER_K: Final = 16
TIMER_L: Final = 17
TIMER_M: Final = 18
TIMER_2XX: Final = 19  # the interval of RFC 3261 §13.3.1.4; it has no letter
INPUT_NAMES: Final = (
    "request", "ack", "1xx", "2xx", "3xx-6xx", "cancel", "transport_error", "timer_a", "timer_b", "timer_d", "timer_e",
    "timer_f", "timer_g", "timer_h", "timer_i", "timer_j", "timer_k", "timer_l", "timer_m", "timer_2xx",
)  # fmt: skip

INVITE_CLIENT: Final = 0
OTHER_CLIENT: Final = 1
INVITE_SERVER: Final = 2
OTHER_SERVER: Final = 3
MACHINE_NAMES: Final = ("invite_client", "non_invite_client", "invite_server", "non_invite_server")

Table = Mapping[tuple[int, int], tuple[int, str]]

_INVITE_CLIENT: Final[Table] = {
    (CALLING, TIMER_A): (CALLING, "resend_invite"),  # §17.1.1.2: "MUST reset the timer with a value of 2*T1"
    (CALLING, TIMER_B): (TERMINATED, "time_out"),
    (CALLING, TRANSPORT_ERROR): (TERMINATED, "fail"),
    (CALLING, CANCEL): (CALLING, "hold_cancel"),  # §9.1: "MUST wait for the arrival of a provisional response"
    (CALLING, RESPONSE_1XX): (PROCEEDING, "proceed"),
    (CALLING, RESPONSE_2XX): (ACCEPTED, "accept"),  # RFC 6026 §7.2; a held CANCEL is forgotten: too late
    (CALLING, RESPONSE_FINAL): (COMPLETED, "complete_invite"),
    (PROCEEDING, RESPONSE_1XX): (
        PROCEEDING,
        "proceed",
    ),  # "Any further […] MUST be passed up to the TU"
    (PROCEEDING, RESPONSE_2XX): (ACCEPTED, "accept"),
    (PROCEEDING, RESPONSE_FINAL): (COMPLETED, "complete_invite"),
    (PROCEEDING, CANCEL): (PROCEEDING, "send_cancel"),
    # §9.1: "If there is no final response for the original request in 64*T1 seconds […], the client SHOULD then
    # consider the original transaction cancelled": timer B is started again with the CANCEL.
    (PROCEEDING, TIMER_B): (TERMINATED, "time_out"),
    (COMPLETED, RESPONSE_FINAL): (
        COMPLETED,
        "resend_ack",
    ),  # "MUST cause the ACK to be re-passed to the transport layer"
    # A proxy forwards every 2xx, even after another final response (§16.7 step 5): the TU must hear of that callee, to
    # ACK and BYE it.
    (COMPLETED, RESPONSE_2XX): (ACCEPTED, "accept"),
    (COMPLETED, TIMER_D): (TERMINATED, "end"),
    (COMPLETED, TRANSPORT_ERROR): (TERMINATED, "end"),  # the TU has its final response already
    # RFC 6026 §7.2: "Accepted" exists so that retransmitted and forked 2xx find a transaction. A repeated 2xx gets
    # the TU's ACK again, another To tag goes up; other responses are dropped (absent here).
    (ACCEPTED, RESPONSE_2XX): (ACCEPTED, "accept_again"),
    (ACCEPTED, TIMER_M): (TERMINATED, "end"),
}

_OTHER_CLIENT: Final[Table] = {
    (TRYING, TIMER_E): (TRYING, "resend_other"),  # §17.1.2.2: "MIN(2*T1, T2)", and so on up to T2
    (TRYING, TIMER_F): (TERMINATED, "time_out"),
    (TRYING, TRANSPORT_ERROR): (TERMINATED, "fail"),
    (TRYING, RESPONSE_1XX): (PROCEEDING, "proceed_other"),
    (TRYING, RESPONSE_2XX): (COMPLETED, "complete_other"),
    (TRYING, RESPONSE_FINAL): (COMPLETED, "complete_other"),
    (PROCEEDING, TIMER_E): (PROCEEDING, "resend_slowly"),  # "Timer E MUST be reset with a value of T2 seconds"
    (PROCEEDING, TIMER_F): (TERMINATED, "time_out"),
    (PROCEEDING, TRANSPORT_ERROR): (TERMINATED, "fail"),
    (PROCEEDING, RESPONSE_1XX): (PROCEEDING, "pass_up"),
    (PROCEEDING, RESPONSE_2XX): (COMPLETED, "complete_other"),
    (PROCEEDING, RESPONSE_FINAL): (COMPLETED, "complete_other"),
    # "The "Completed" state exists to buffer any additional response retransmissions"
    (COMPLETED, RESPONSE_1XX): (COMPLETED, "absorb"),
    (COMPLETED, RESPONSE_2XX): (COMPLETED, "absorb"),
    (COMPLETED, RESPONSE_FINAL): (COMPLETED, "absorb"),
    (COMPLETED, TIMER_K): (TERMINATED, "end"),
    (COMPLETED, TRANSPORT_ERROR): (COMPLETED, "absorb"),
}

# No TRANSPORT_ERROR ends a server transaction: it remains in its state (RFC 6026 §8.8).
_INVITE_SERVER: Final[Table] = {
    (PROCEEDING, REQUEST): (
        PROCEEDING,
        "resend_response",
    ),  # §17.2.1: "the most recently sent provisional response"
    (PROCEEDING, RESPONSE_1XX): (PROCEEDING, "send_provisional"),
    (PROCEEDING, RESPONSE_2XX): (ACCEPTED, "send_2xx"),
    (PROCEEDING, RESPONSE_FINAL): (COMPLETED, "send_refusal"),
    (COMPLETED, REQUEST): (COMPLETED, "resend_response"),
    (COMPLETED, TIMER_G): (COMPLETED, "resend_refusal"),  # "MIN(2*T1, T2)" and so on, over UDP only
    (COMPLETED, TIMER_H): (TERMINATED, "end_unacked"),
    (COMPLETED, ACK): (CONFIRMED, "confirm"),
    (CONFIRMED, ACK): (CONFIRMED, "absorb"),  # §17.2.1: "to absorb any additional ACK messages that arrive"
    (CONFIRMED, REQUEST): (CONFIRMED, "absorb"),
    (CONFIRMED, TIMER_I): (TERMINATED, "end"),
    (ACCEPTED, REQUEST): (ACCEPTED, "absorb"),  # RFC 6026 §7.1: the state is there to absorb them
    (ACCEPTED, RESPONSE_2XX): (ACCEPTED, "send_2xx_again"),
    (ACCEPTED, ACK): (ACCEPTED, "pass_ack"),  # the first goes up, the others are absorbed
    # §13.3.1.4: "an interval that starts at T1 seconds and doubles for each retransmission until it reaches T2", over
    # any transport: "there may be hops between UAS and UAC that are UDP". Every TU needs it, so it is done here.
    (ACCEPTED, TIMER_2XX): (ACCEPTED, "resend_2xx"),
    (ACCEPTED, TIMER_L): (TERMINATED, "end_accepted"),
}

_OTHER_SERVER: Final[Table] = {
    (TRYING, REQUEST): (TRYING, "absorb"),  # §17.2.2: "any further request retransmissions are discarded"
    (TRYING, RESPONSE_1XX): (PROCEEDING, "send_provisional"),
    (TRYING, RESPONSE_2XX): (COMPLETED, "send_final"),
    (TRYING, RESPONSE_FINAL): (COMPLETED, "send_final"),
    # RFC 4320 §4: the client has given up after timer F, an answer is of no use any more.
    (TRYING, TIMER_J): (TERMINATED, "end_unanswered"),
    (PROCEEDING, REQUEST): (PROCEEDING, "resend_response"),
    (PROCEEDING, RESPONSE_1XX): (PROCEEDING, "send_provisional"),
    (PROCEEDING, RESPONSE_2XX): (COMPLETED, "send_final"),
    (PROCEEDING, RESPONSE_FINAL): (COMPLETED, "send_final"),
    (PROCEEDING, TIMER_J): (TERMINATED, "end_unanswered"),
    # "Any other final responses passed by the TU to the server transaction MUST be discarded" (absent here)
    (COMPLETED, REQUEST): (COMPLETED, "resend_response"),
    (COMPLETED, TIMER_J): (TERMINATED, "end"),
}

TABLES: Final[tuple[Table, ...]] = (_INVITE_CLIENT, _OTHER_CLIENT, _INVITE_SERVER, _OTHER_SERVER)

ActionT = TypeVar("ActionT", bound=Callable[..., None])


def bind(table: Table, actions: Mapping[str, ActionT]) -> list[list[tuple[int, ActionT] | None]]:
    """The table as rows by state and columns by input, its action names replaced by functions: for fast look-up.

    Raises KeyError where an action has no function: at import, not in a call.
    """
    rows: list[list[tuple[int, ActionT] | None]] = [[None] * len(INPUT_NAMES) for _ in STATE_NAMES]
    for (state, signal), (following, action) in table.items():
        rows[state][signal] = (following, actions[action])
    return rows
