"""Commands about a queue's door: the calendar opens and closes it, a supervisor does by a word."""

from queues.commands import CloseQueue, OpenQueue, SetOpening
from queues.floor.doors import Closure, Door
from queues.floor.floor import Floor
from queues.matching.flowing import flow_out_all
from queues.outputs import QueueChanged, RefusalReason, Refused

__all__ = ["DoorCommand", "carry_out"]

DoorCommand = SetOpening | CloseQueue | OpenQueue


def carry_out(floor: Floor, command: DoorCommand, now: float) -> Refused | None:
    door = floor.doors.get(command.queue)
    if door is None:
        return Refused(RefusalReason.UNKNOWN_QUEUE, f"there is no queue {command.queue}")
    match command:
        case SetOpening():
            _set_opening(floor, door, command, now)
        case CloseQueue():
            _close(floor, door, command, now)
        case OpenQueue():
            return _open(floor, door)
    return None


def _set_opening(floor: Floor, door: Door, command: SetOpening, now: float) -> None:
    before, door.opening = door.shut(), command.opening
    shut = door.shut()
    if shut is not before:
        floor.outputs.append(QueueChanged(door.config.id, shut))
    if shut is not None and command.also_waiting:
        flow_out_all(floor, door.config.id, shut, now)


def _close(floor: Floor, door: Door, command: CloseQueue, now: float) -> None:
    before = door.closure
    since = before.since if before is not None else now
    door.closure = Closure(since, command.reason, command.overflow)
    floor.dirty.queues[door.config.id] = None
    shut = door.shut()
    if shut is None:
        return
    if before is None or before.reason != command.reason:
        floor.outputs.append(QueueChanged(door.config.id, shut, command.reason))
    if command.also_waiting:
        flow_out_all(floor, door.config.id, shut, now)


def _open(floor: Floor, door: Door) -> Refused | None:
    if door.closure is None:
        return Refused(RefusalReason.NOT_POSSIBLE_NOW, f"queue {door.config.name} was not closed by a supervisor")
    door.closure = None
    floor.dirty.queues[door.config.id] = None
    floor.outputs.append(QueueChanged(door.config.id, door.shut()))
    return None
