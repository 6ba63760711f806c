"""The projections as dependencies of handlers, in their full shape."""

from typing import Annotated

from fastapi import Depends

from app.events.hub import EventHub
from app.problems import Problem
from app.projections.live import LiveView
from app.services import UsesServices

__all__ = ["UsesHub", "UsesView"]


async def _view(services: UsesServices) -> LiveView:
    if not isinstance(services.live, LiveView):
        raise Problem("unavailable", "There is no live picture here.")
    return services.live


async def _hub(services: UsesServices) -> EventHub:
    if not isinstance(services.hub, EventHub):
        raise Problem("unavailable", "There is no event stream here.")
    return services.hub


UsesView = Annotated[LiveView, Depends(_view)]
UsesHub = Annotated[EventHub, Depends(_hub)]
