"""The slices that read projections and facts, in the order in which ``create_app`` takes them."""

from typing import Final

from fastapi import APIRouter

from app.callbacks.router import router as callbacks
from app.calls.decisions import router as decisions
from app.calls.router import router as calls
from app.events.router import router as events
from app.internals.router import router as internals
from app.registrations.router import router as registrations
from app.replication.router import router as replication
from app.reports.router import router as reports
from app.stats.router import router as stats
from app.trace.router import router as trace

__all__ = ["LIVE_ROUTERS"]

LIVE_ROUTERS: Final[tuple[APIRouter, ...]] = (
    stats,
    decisions,
    calls,
    callbacks,
    registrations,
    replication,
    reports,
    events,
    internals,
    trace,
)
