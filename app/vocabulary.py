"""Words of the B2BUA in the queue engine's vocabulary, and the other way round."""

from typing import Final

from b2bua.commands import CancelReason
from b2bua.events import LegFailed, LegFailure, OriginationFailed
from b2bua.proof import CHALLENGES
from queues import outputs
from queues.model import FailureCause

__all__ = ["drop_reason", "failure_cause", "failure_word"]

_FAILURES: Final = {
    LegFailure.BUSY: FailureCause.BUSY,
    LegFailure.REJECTED: FailureCause.REJECTED,
    LegFailure.NO_ANSWER: FailureCause.NO_ANSWER,
    LegFailure.UNREACHABLE: FailureCause.UNREACHABLE,
    LegFailure.CONNECT_FAILED: FailureCause.CONNECT_FAILED,
}
_DROPS: Final = {
    outputs.CancelReason.RING_TIMEOUT: CancelReason.NO_ANSWER,
    outputs.CancelReason.ANSWERED_ELSEWHERE: CancelReason.ANSWERED_ELSEWHERE,
}


def failure_cause(failure: LegFailure) -> FailureCause:
    """Why the agent's leg failed, as the engine counts it."""
    return _FAILURES[failure]


def failure_word(event: LegFailed | OriginationFailed) -> str:
    """Why somebody who is no agent did not take a call of ours. ``unauthorized``: we had nothing to show, or it was wrong."""
    return "unauthorized" if event.status in CHALLENGES else failure_cause(event.cause).value


def drop_reason(reason: outputs.CancelReason) -> CancelReason:
    """Why the engine withdraws an offer, as the leg is told."""
    return _DROPS.get(reason, CancelReason.WITHDRAWN)
