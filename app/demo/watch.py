"""Keeps the board up to date: the event stream for what happens, REST for how the queues and agents stand."""

import asyncio
import json
from typing import Any, Final

import httpx

from app.demo.board import Board

__all__ = ["all_items", "follow_events", "poll_state"]

_POLL_SECONDS: Final = 0.5


async def follow_events(client: httpx.AsyncClient, board: Board) -> None:
    """Reads ``/events`` until cancelled or until the service ends it."""
    kind = ""
    async with client.stream("GET", "/api/v1/events", timeout=None) as answer:
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            name, _, value = line.partition(":")
            if name == "event":
                kind = value.strip()
            elif name == "data":
                board.event(kind, json.loads(value)["data"])


async def poll_state(client: httpx.AsyncClient, board: Board) -> None:
    """Asks for queues and agents twice a second until cancelled."""
    while True:
        for item in await all_items(client, "/api/v1/queues/stats"):
            board.stats(item)
        for name in board.agents:
            answer = await client.get(f"/api/v1/agents/{name}/state")
            answer.raise_for_status()
            board.state(name, answer.json()["routing_state"])
        await asyncio.sleep(_POLL_SECONDS)


async def all_items(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """Every item of a list, page by page. Raises httpx.HTTPError."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        answer = await client.get(path, params={"cursor": cursor} if cursor else {})
        answer.raise_for_status()
        page = answer.json()
        found += page["items"]
        cursor = page.get("next_cursor")
        if not cursor:
            return found
