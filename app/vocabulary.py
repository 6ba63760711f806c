"""Words of the B2BUA in the queue engine's vocabulary, and the other way round."""

from typing import Final

from b2bua.commands import CancelReason
from b2bua.events import LegFailure
from queues import outputs
from queues.model import FailureCause

__all__ = ["drop_reason", "failure_cause"]

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


def drop_reason(reason: outputs.CancelReason) -> CancelReason:
    """Why the engine withdraws an offer, as the leg is told."""
    return _DROPS.get(reason, CancelReason.WITHDRAWN)
