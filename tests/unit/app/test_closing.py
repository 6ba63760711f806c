"""Queues that close: by their calendar at its hour, or by a supervisor's word; over the core in virtual time."""

import dataclasses
from datetime import UTC, datetime

import pytest

from app.calendars.opening import Calendar, Holiday, Hours
from app.commands import CloseQueue, Configure, Done, OpenQueue, RefusedReply
from app.configuration import Queue
from app.facts import QueueState
from app.projections.live import LiveView
from queues.model import Overflow, OverflowAction, OverflowCause
from tests.support.centre import Centre, agent, entry, queue
from tests.support.virtual import Peer, sdp

ELSEWHERE = Overflow(OverflowAction.URI, "sip:elsewhere@127.0.0.1:7777")
EVERY_DAY = frozenset(range(7))


def minute_of(now: float) -> int:
    at = datetime.fromtimestamp(now, UTC)
    return at.hour * 60 + at.minute


def keeping(calendar: Calendar, at_close: str = "keep", **routing: object) -> Queue:
    kept = dataclasses.replace(queue("support", **routing), calendar=calendar.id)
    return dataclasses.replace(kept, at_close="overflow") if at_close == "overflow" else kept


def centre_with(config: Queue, *calendars: Calendar) -> Centre:
    centre = Centre()
    centre.add(*calendars, config, entry("1000"), agent("ana", centre.peer(7001), initial_status="paused"))
    return centre


def call(centre: Centre, port: int = 6001) -> Peer:
    caller = centre.peer(port)
    caller.invite(sdp(30000))
    if caller.responses(200):
        caller.ack(caller.responses(200)[-1])
    return caller


def states(centre: Centre) -> list[tuple[str, str | None]]:
    return [(fact.state, fact.reason) for fact in centre.facts if isinstance(fact, QueueState)]


def closing_soon() -> Calendar:
    """Open until two minutes from the start of virtual time, and again ten minutes later."""
    minute = minute_of(Centre().now)
    return Calendar("office", "office", "UTC", (Hours(EVERY_DAY, minute + 12, minute + 2 + 1440),))


@pytest.mark.parametrize("at_close", ["keep", "overflow"])
def test_a_queue_closes_and_opens_at_its_hours(at_close: str) -> None:
    calendar = closing_soon()
    centre = centre_with(
        keeping(calendar, at_close, overflow_on={OverflowCause.CLOSED: ELSEWHERE}, max_wait=None), calendar
    )
    box = centre.peer(7777)
    box.answers_with = sdp(31000)
    call(centre)
    centre.wait(120)
    assert states(centre) == [("closed", None)]
    assert len(box.requests("INVITE")) == (at_close == "overflow")
    call(centre, 6002)
    assert centre.steps().count("rejected") == 1
    assert box.last_request("INVITE").request.get("Diversion") == "<sip:1000@127.0.0.1>;reason=time-of-day;counter=1"
    centre.wait(600)
    assert states(centre) == [("closed", None), ("open", None)]
    call(centre, 6003)
    assert centre.steps().count("queued") == 2


def test_a_calendar_that_changes_counts_at_once() -> None:
    calendar = Calendar("office", "office", "UTC")
    centre = centre_with(keeping(calendar), calendar)
    today = datetime.fromtimestamp(centre.now, UTC)
    holiday = dataclasses.replace(calendar, holidays=(Holiday(today.month, today.day, "x"),))
    assert centre.tell(Configure(holiday)) == Done()
    assert states(centre) == [("holiday", None)]
    assert call(centre).responses(480)
    assert centre.tell(Configure(dataclasses.replace(queue(), calendar=None))) == Done()
    assert states(centre)[-1] == ("open", None)


def test_the_hour_that_came_while_we_were_down() -> None:
    calendar = closing_soon()
    centre = centre_with(keeping(calendar, "overflow", max_wait=None), calendar)
    caller = call(centre)
    centre.wait(60)
    centre.now += 120
    centre.crash()
    centre.wait(40)  # whether the caller's ACK was lost is not known
    assert caller.requests("BYE")
    assert centre.records()[-1].outcome == "flowed_out"


def test_a_supervisor_closes_and_opens_a_queue() -> None:
    centre = centre_with(queue(overflow_on={OverflowCause.EMERGENCY: ELSEWHERE}))
    box = centre.peer(7777)
    box.answers_with = sdp(31000)
    call(centre)
    assert centre.tell(CloseQueue("q-support", "fire alarm")) == Done()
    assert states(centre) == [("emergency", "fire alarm")]
    call(centre, 6002)
    assert len(box.requests("INVITE")) == 1
    centre.crash()
    call(centre, 6003)
    assert len(box.requests("INVITE")) == 2
    assert centre.tell(OpenQueue("q-support")) == Done()
    assert states(centre)[-1] == ("open", None)
    refused = centre.tell(OpenQueue("q-support"))
    assert isinstance(refused, RefusedReply)
    assert refused.status == 409


def test_those_who_wait_may_leave_with_it() -> None:
    centre = centre_with(queue(max_wait=None))
    caller = call(centre)
    centre.tell(CloseQueue("q-support", also_waiting=True))
    assert caller.requests("BYE")
    assert centre.left() == {"queue": 1}  # the row that keeps it closed


def test_what_a_restarted_service_shows_of_it() -> None:
    config = queue()
    centre = centre_with(config)
    centre.tell(CloseQueue("q-support", "flood"))
    centre.crash()
    view = LiveView(centre.now)
    view.configure(config)
    view.restore(centre.core.centre.retold())
    stats = view.queue_stats("q-support", centre.now)
    assert stats is not None
    assert (stats.state, stats.closed_reason) == ("emergency", "flood")
