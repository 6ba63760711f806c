"""Every cell of the four machines in virtual time: next state, what is sent, what the TU hears, which timers run.

The expectations are written out from RFC 3261 §17 and RFC 6026 §7, not derived from the tables.
"""

from itertools import product
from typing import NamedTuple

import pytest

from sipcore.config import Timers
from sipcore.deadlines import NEVER
from sipcore.events import AckTimedOut, ClientFailed, RequestReceived, ResponseReceived
from sipcore.message import Message, Request, respond_to
from sipcore.packets import Hop, Source
from sipcore.routing import Path
from sipcore.transaction.core import Transaction, Way
from sipcore.transaction.layer import TransactionLayer
from sipcore.transaction.tables import (
    ACCEPTED,
    ACK,
    CALLING,
    CANCEL,
    COMPLETED,
    CONFIRMED,
    INPUT_NAMES,
    INVITE_CLIENT,
    INVITE_SERVER,
    OTHER_CLIENT,
    OTHER_SERVER,
    PROCEEDING,
    REQUEST,
    RESPONSE_1XX,
    RESPONSE_2XX,
    RESPONSE_FINAL,
    STATE_NAMES,
    TABLES,
    TERMINATED,
    TIMER_2XX,
    TIMER_A,
    TIMER_B,
    TIMER_D,
    TIMER_E,
    TIMER_F,
    TIMER_G,
    TIMER_H,
    TIMER_I,
    TIMER_J,
    TIMER_K,
    TIMER_L,
    TIMER_M,
    TRANSPORT_ERROR,
    TRYING,
)

NOW = 1000.0
STATUS = {RESPONSE_1XX: 180, RESPONSE_2XX: 200, RESPONSE_FINAL: 486}


class Cell(NamedTuple):
    """What one input does. ``sent`` are start-line beginnings; timers are (resend after, end after), None: not running."""

    state: int
    signal: int
    following: int
    sent: tuple[str, ...] = ()
    events: tuple[type, ...] = ()
    udp: tuple[float | None, float | None] = (None, None)
    tcp: tuple[float | None, float | None] | None = None  # None: as over UDP
    tcp_following: int | None = None


# Timers as they run before the input: resend at +1 (interval 1 s), end at +10.
BEFORE = (1.0, 10.0)

CELLS: dict[int, list[Cell]] = {
    INVITE_CLIENT: [
        Cell(CALLING, TIMER_A, CALLING, ("INVITE",), (), (2.0, 10.0)),
        Cell(CALLING, TIMER_B, TERMINATED, (), (ClientFailed,)),
        Cell(CALLING, TRANSPORT_ERROR, TERMINATED, (), (ClientFailed,)),
        Cell(CALLING, CANCEL, CALLING, (), (), BEFORE),
        Cell(CALLING, RESPONSE_1XX, PROCEEDING, (), (ResponseReceived,)),
        Cell(CALLING, RESPONSE_2XX, ACCEPTED, (), (ResponseReceived,), (None, 32.0)),
        Cell(CALLING, RESPONSE_FINAL, COMPLETED, ("ACK",), (ResponseReceived,), (None, 32.0), (None, None), TERMINATED),
        Cell(PROCEEDING, RESPONSE_1XX, PROCEEDING, (), (ResponseReceived,)),
        Cell(PROCEEDING, RESPONSE_2XX, ACCEPTED, (), (ResponseReceived,), (None, 32.0)),
        Cell(
            PROCEEDING, RESPONSE_FINAL, COMPLETED, ("ACK",), (ResponseReceived,), (None, 32.0), (None, None), TERMINATED
        ),
        Cell(PROCEEDING, CANCEL, PROCEEDING, ("CANCEL",), (), (1.0, 32.0)),
        Cell(PROCEEDING, TIMER_B, TERMINATED, (), (ClientFailed,)),
        Cell(COMPLETED, RESPONSE_FINAL, COMPLETED, ("INVITE",), (), BEFORE),  # data stands for the ACK here
        Cell(COMPLETED, RESPONSE_2XX, ACCEPTED, (), (ResponseReceived,), (None, 32.0)),
        Cell(COMPLETED, TIMER_D, TERMINATED),
        Cell(COMPLETED, TRANSPORT_ERROR, TERMINATED),
        Cell(ACCEPTED, RESPONSE_2XX, ACCEPTED, (), (ResponseReceived,), BEFORE),
        Cell(ACCEPTED, TIMER_M, TERMINATED),
    ],
    OTHER_CLIENT: [
        Cell(TRYING, TIMER_E, TRYING, ("OPTIONS",), (), (2.0, 10.0)),
        Cell(TRYING, TIMER_F, TERMINATED, (), (ClientFailed,)),
        Cell(TRYING, TRANSPORT_ERROR, TERMINATED, (), (ClientFailed,)),
        Cell(TRYING, RESPONSE_1XX, PROCEEDING, (), (ResponseReceived,), BEFORE),
        Cell(TRYING, RESPONSE_2XX, COMPLETED, (), (ResponseReceived,), (None, 5.0), (None, None), TERMINATED),
        Cell(TRYING, RESPONSE_FINAL, COMPLETED, (), (ResponseReceived,), (None, 5.0), (None, None), TERMINATED),
        Cell(PROCEEDING, TIMER_E, PROCEEDING, ("OPTIONS",), (), (4.0, 10.0)),
        Cell(PROCEEDING, TIMER_F, TERMINATED, (), (ClientFailed,)),
        Cell(PROCEEDING, TRANSPORT_ERROR, TERMINATED, (), (ClientFailed,)),
        Cell(PROCEEDING, RESPONSE_1XX, PROCEEDING, (), (ResponseReceived,), BEFORE),
        Cell(PROCEEDING, RESPONSE_2XX, COMPLETED, (), (ResponseReceived,), (None, 5.0), (None, None), TERMINATED),
        Cell(PROCEEDING, RESPONSE_FINAL, COMPLETED, (), (ResponseReceived,), (None, 5.0), (None, None), TERMINATED),
        Cell(COMPLETED, RESPONSE_1XX, COMPLETED, (), (), BEFORE),
        Cell(COMPLETED, RESPONSE_2XX, COMPLETED, (), (), BEFORE),
        Cell(COMPLETED, RESPONSE_FINAL, COMPLETED, (), (), BEFORE),
        Cell(COMPLETED, TIMER_K, TERMINATED),
        Cell(COMPLETED, TRANSPORT_ERROR, COMPLETED, (), (), BEFORE),
    ],
    INVITE_SERVER: [
        Cell(PROCEEDING, REQUEST, PROCEEDING, ("latest",), (), BEFORE),
        Cell(PROCEEDING, RESPONSE_1XX, PROCEEDING, ("SIP/2.0 180",), (), BEFORE),
        Cell(PROCEEDING, RESPONSE_2XX, ACCEPTED, ("SIP/2.0 200",), (), (0.5, 32.0)),
        Cell(PROCEEDING, RESPONSE_FINAL, COMPLETED, ("SIP/2.0 486",), (), (0.5, 32.0), (None, 32.0)),
        Cell(COMPLETED, REQUEST, COMPLETED, ("latest",), (), BEFORE),
        Cell(COMPLETED, TIMER_G, COMPLETED, ("latest",), (), (2.0, 10.0)),
        Cell(COMPLETED, TIMER_H, TERMINATED),
        Cell(COMPLETED, ACK, CONFIRMED, (), (), (None, 5.0), (None, None), TERMINATED),
        Cell(CONFIRMED, ACK, CONFIRMED, (), (), BEFORE),
        Cell(CONFIRMED, REQUEST, CONFIRMED, (), (), BEFORE),
        Cell(CONFIRMED, TIMER_I, TERMINATED),
        Cell(ACCEPTED, REQUEST, ACCEPTED, (), (), BEFORE),
        Cell(ACCEPTED, RESPONSE_2XX, ACCEPTED, ("SIP/2.0 200",), (), BEFORE),
        Cell(ACCEPTED, ACK, ACCEPTED, (), (RequestReceived,), (None, 10.0)),
        Cell(ACCEPTED, TIMER_2XX, ACCEPTED, ("latest",), (), (2.0, 10.0)),
        Cell(ACCEPTED, TIMER_L, TERMINATED, (), (AckTimedOut,)),
    ],
    OTHER_SERVER: [
        Cell(TRYING, REQUEST, TRYING, (), (), BEFORE),
        Cell(TRYING, RESPONSE_1XX, PROCEEDING, ("SIP/2.0 180",), (), BEFORE),
        Cell(TRYING, RESPONSE_2XX, COMPLETED, ("SIP/2.0 200",), (), (None, 32.0), (None, None), TERMINATED),
        Cell(TRYING, RESPONSE_FINAL, COMPLETED, ("SIP/2.0 486",), (), (None, 32.0), (None, None), TERMINATED),
        Cell(TRYING, TIMER_J, TERMINATED),
        Cell(PROCEEDING, REQUEST, PROCEEDING, ("latest",), (), BEFORE),
        Cell(PROCEEDING, RESPONSE_1XX, PROCEEDING, ("SIP/2.0 180",), (), BEFORE),
        Cell(PROCEEDING, RESPONSE_2XX, COMPLETED, ("SIP/2.0 200",), (), (None, 32.0), (None, None), TERMINATED),
        Cell(PROCEEDING, RESPONSE_FINAL, COMPLETED, ("SIP/2.0 486",), (), (None, 32.0), (None, None), TERMINATED),
        Cell(PROCEEDING, TIMER_J, TERMINATED),
        Cell(COMPLETED, REQUEST, COMPLETED, ("latest",), (), BEFORE),
        Cell(COMPLETED, TIMER_J, TERMINATED),
    ],
}
STATES = {
    INVITE_CLIENT: (CALLING, PROCEEDING, COMPLETED, ACCEPTED),
    OTHER_CLIENT: (TRYING, PROCEEDING, COMPLETED),
    INVITE_SERVER: (PROCEEDING, COMPLETED, CONFIRMED, ACCEPTED),
    OTHER_SERVER: (TRYING, PROCEEDING, COMPLETED),
}


def request(method: str) -> Request:
    return Request(
        method,
        "sip:b@192.0.2.1",
        [
            ("Via", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx"),
            ("From", "<sip:a@x>;tag=a"),
            ("To", "<sip:b@x>"),
            ("Call-ID", "c"),
            ("CSeq", f"1 {method}"),
        ],
    )


class Bench:
    """One transaction, put into a state, with its timers running as ``BEFORE``."""

    def __init__(self, machine: int, state: int, transport: str) -> None:
        self.layer = TransactionLayer(Timers())
        self.request = request("INVITE" if machine in (INVITE_CLIENT, INVITE_SERVER) else "OPTIONS")
        way = Way(Hop(transport, "192.0.2.1", 5060))
        self.transaction: Transaction
        if machine in (INVITE_CLIENT, OTHER_CLIENT):
            self.transaction = self.layer.open_client(
                self.request, "z9hG4bKx", way, Path(0, "192.0.2.9", None, "", ""), NOW
            )
        else:
            self.transaction = server = self.layer.open_server("key", self.request, way.hop, Source(way.hop), NOW)
            server.data = b"latest"
            server.ack_source = Source(way.hop)
        self.layer.population[machine * len(STATE_NAMES) + self.transaction.state] -= 1
        self.layer.population[machine * len(STATE_NAMES) + state] += 1
        self.transaction.state = state
        self.layer.sends.clear()
        self.layer.received = 1

    def feed(self, signal: int) -> None:
        transaction = self.transaction
        resend, end = BEFORE
        transaction.interval, transaction.resend_at, transaction.end_at = resend, NOW + resend, NOW + end
        self.layer.deadlines.set(transaction, NOW + resend)
        timer_fires = INPUT_NAMES[signal].startswith("timer_")
        if timer_fires:  # as ``expire`` does: the timer that fires no longer runs
            if signal in (TIMER_A, TIMER_E, TIMER_G, TIMER_2XX):
                transaction.resend_at = NEVER
            else:
                transaction.resend_at = transaction.end_at = NEVER
        self.layer.feed(transaction, signal, self.message(signal), NOW)

    def message(self, signal: int) -> Message | None:
        if signal in STATUS:
            return respond_to(self.request, STATUS[signal], to_tag="b")
        return request("ACK") if signal == ACK else None

    def timers(self) -> tuple[float | None, float | None]:
        resend, end = self.transaction.resend_at, self.transaction.end_at
        return (None if resend == NEVER else resend - NOW, None if end == NEVER else end - NOW)


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
@pytest.mark.parametrize(
    ("machine", "cell"),
    [
        pytest.param(machine, cell, id=f"{machine}-{STATE_NAMES[cell.state]}-{INPUT_NAMES[cell.signal]}")
        for machine, cells in CELLS.items()
        for cell in cells
    ],
)
def test_cell(machine: int, cell: Cell, transport: str) -> None:
    reliable = transport == "TCP"
    following = cell.tcp_following if reliable and cell.tcp_following is not None else cell.following
    timers = cell.tcp if reliable and cell.tcp is not None else cell.udp
    bench = Bench(machine, cell.state, transport)
    bench.feed(cell.signal)
    assert STATE_NAMES[bench.transaction.state] == STATE_NAMES[following]
    assert [send.data[: len(start)].decode() for send, start in zip(bench.layer.sends, cell.sent, strict=True)] == list(
        cell.sent
    )
    assert tuple(type(event) for event in bench.layer.events) == cell.events
    if following != TERMINATED:
        assert bench.timers() == timers
    else:
        assert not any(bench.layer.populations().values())
        assert len(bench.layer.deadlines) == 0
        assert bench.layer.prints == {}


@pytest.mark.parametrize(
    ("machine", "state", "signal"),
    [
        pytest.param(machine, state, signal, id=f"{machine}-{STATE_NAMES[state]}-{INPUT_NAMES[signal]}")
        for machine in CELLS
        for state, signal in product(STATES[machine], range(len(INPUT_NAMES)))
        if (state, signal) not in {(cell.state, cell.signal) for cell in CELLS[machine]}
    ],
)
def test_absent_cell_is_ignored_and_counted(machine: int, state: int, signal: int) -> None:
    assert (state, signal) not in TABLES[machine]
    bench = Bench(machine, state, "UDP")
    bench.feed(signal)
    assert bench.transaction.state == state
    assert (bench.layer.sends, bench.layer.events) == ([], [])
    assert bench.layer.counters["ignored_inputs"] == 1


def test_the_tables_have_no_other_cells() -> None:
    for machine, cells in CELLS.items():
        assert {(cell.state, cell.signal): cell.following for cell in cells} == {
            key: following for key, (following, _) in TABLES[machine].items()
        }


@pytest.mark.parametrize("machine", CELLS)
def test_transactions_have_slots_only(machine: int) -> None:
    """A call centre holds 100,000 of them."""
    assert not hasattr(Bench(machine, STATES[machine][0], "UDP").transaction, "__dict__")
