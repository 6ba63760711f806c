"""Two queues and where they send their callers."""

from queues.commands import (
    ConfigureQueue,
)
from queues.engine import Engine
from queues.model import (
    Overflow,
    OverflowAction,
    QueueConfig,
    QueueId,
)
from queues.outputs import (
    Output,
    Refused,
)
from tests.unit.queues.desk import Desk, queue_config

__all__ = [
    "AWAY",
    "HANG_UP",
    "NIGHT",
    "SALES",
    "SUPPORT",
    "TO_NIGHT",
    "TO_SALES",
    "TO_SUPPORT",
    "VOICEMAIL",
    "journal",
    "refused",
    "restarted",
    "sales",
]

SUPPORT, SALES, NIGHT = QueueId("support"), QueueId("sales"), QueueId("night")
HANG_UP = Overflow()
TO_SALES = Overflow(OverflowAction.QUEUE, queue="sales")
TO_SUPPORT = Overflow(OverflowAction.QUEUE, queue="support")
TO_NIGHT = Overflow(OverflowAction.QUEUE, queue="night")
AWAY = Overflow(OverflowAction.URI, "sip:away@192.0.2.1")
VOICEMAIL = Overflow(OverflowAction.VOICEMAIL, "sip:box@192.0.2.1")


def sales(**fields: object) -> QueueConfig:
    return queue_config("sales", None, **fields)


def refused(outputs: list[Output]) -> Refused:
    (found,) = outputs
    assert isinstance(found, Refused)
    assert found.detail, "why, for a person"
    return found


def restarted(desk: Desk, *queues: QueueConfig, rows: list[tuple[str, str, object]]) -> list[Output]:
    desk.engine = Engine(lambda: "again", lambda: 0.5)
    for queue in queues:
        desk.do(ConfigureQueue(queue))
    return desk.engine.restore(rows, desk.now)


def journal(desk: Desk) -> list[tuple[str, str, object]]:
    return [(table, key, row) for table, key, row in desk.engine.take_changes() if row is not None]
