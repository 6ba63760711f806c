"""What the queue engine refused, as a reply to REST."""

from typing import Final

from app.commands import Done, RefusedReply, Reply
from queues.outputs import RefusalReason, Refused

__all__ = ["reply_of"]

_UNKNOWN: Final = (
    RefusalReason.UNKNOWN_AGENT, RefusalReason.UNKNOWN_QUEUE, RefusalReason.UNKNOWN_TICKET, RefusalReason.UNKNOWN_OFFER,
)  # fmt: skip


def reply_of(refused: Refused | None, allowed: tuple[str, ...] = ()) -> Reply:
    """``allowed``: what could be asked for instead."""
    if refused is None:
        return Done()
    if refused.reason in _UNKNOWN:
        return RefusedReply(404, refused.reason.value, refused.detail)
    return RefusedReply(409, refused.reason.value, refused.detail, allowed)
