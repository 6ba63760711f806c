"""``callyard demo``: service and phones as child processes, a live table, and a verdict as the exit code.

0: every call ended as it should and the report agrees; 1: not (each difference is a line); 2: the demo itself failed.
"""

import argparse
import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
from rich.console import Console
from rich.live import Live

from app.demo.board import Board
from app.demo.child import DemoError, ServiceChild, perform_phones
from app.demo.plan import Play, configuration, write_play
from app.demo.table import closing, draw
from app.demo.verdict import Record, judge, records_of, summary_of
from app.demo.views import AgentView, CallerView, Ready
from app.demo.watch import all_items, follow_events, poll_state

__all__ = ["demo_command", "perform"]

_LONGEST_SECONDS: Final = 110.0
_REPORT_SECONDS: Final = 5.0
_FRAMES_A_SECOND: Final = 4
_END_TO_OUTCOME: Final = {"talked": "answered", "gave_up": "abandoned"}


def demo_command(given: argparse.Namespace) -> int:
    """The command of the command line; ``given.seed`` picks another play."""
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the children are ended too
    try:
        return asyncio.run(perform(console, int(given.seed)))
    except (DemoError, httpx.HTTPError) as error:
        console.print(f"callyard demo: {error}", style="red", markup=False, soft_wrap=True)
    except TimeoutError:
        console.print(f"callyard demo: not over after {_LONGEST_SECONDS:g} s", style="red")
    return 2


async def perform(console: Console, seed: int) -> int:
    """The whole demo. Raises DemoError, httpx.HTTPError or TimeoutError where it could not be carried through."""
    play = write_play(seed)
    with tempfile.TemporaryDirectory(prefix="callyard-demo-") as name:
        folder = Path(name)
        console.print("Starting the service …")
        async with (
            asyncio.timeout(_LONGEST_SECONDS),
            ServiceChild(folder, configuration(play)) as service,
            service.client() as client,
        ):
            console.print(
                f"SIP at {service.sip} (UDP, TCP), REST at {service.http}; the play takes about 40 seconds.",
                soft_wrap=True,
            )
            callers, agents = await _watched_play(console, play, service, client, seed, folder)
            records = await _report(client, len(play.callers))
    problems = judge(play, callers, agents, records)
    return _close(console, callers, records, problems)


async def _watched_play(
    console: Console, play: Play, service: ServiceChild, client: httpx.AsyncClient, seed: int, folder: Path
) -> tuple[list[CallerView], list[AgentView]]:
    board = Board.of(play)
    callers: list[CallerView] = []
    agents: list[AgentView] = []
    async with _watching(console, client, board):
        async for message in perform_phones(service, seed, folder / "phones.log"):
            match message:
                case Ready():
                    board.recent.append("all agents are registered")
                case CallerView():
                    callers.append(message)
                case AgentView():
                    agents.append(message)
    return callers, agents


@asynccontextmanager
async def _watching(console: Console, client: httpx.AsyncClient, board: Board) -> AsyncIterator[None]:
    """The board is followed and shown for as long as the block lasts; a failure of either ends the block."""
    started = asyncio.get_running_loop().time()

    def elapsed() -> float:
        return asyncio.get_running_loop().time() - started

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(follow_events(client, board)), group.create_task(poll_state(client, board))]
            if console.is_terminal:
                with Live(draw(board, 0.0), console=console, auto_refresh=False, transient=True) as live:
                    tasks.append(group.create_task(_redraw(live, board)))
                    yield
            else:
                board.tell = lambda line: console.print(f"{elapsed():5.1f} s  {line}", markup=False, soft_wrap=True)
                yield
            for task in tasks:
                task.cancel()
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None


async def _redraw(live: Live, board: Board) -> None:
    started = asyncio.get_running_loop().time()
    while True:
        live.update(draw(board, asyncio.get_running_loop().time() - started), refresh=True)
        await asyncio.sleep(1 / _FRAMES_A_SECOND)


async def _report(client: httpx.AsyncClient, calls: int) -> list[Record]:
    """The report, once every call is in it: facts reach the database a moment after the call."""
    loop = asyncio.get_running_loop()
    limit = loop.time() + _REPORT_SECONDS
    while True:
        items = await all_items(client, "/api/v1/reports/calls")
        if len(items) >= calls or loop.time() > limit:
            return records_of(items)
        await asyncio.sleep(0.1)


def _close(console: Console, callers: list[CallerView], records: list[Record], problems: list[str]) -> int:
    ends = summary_of(_END_TO_OUTCOME.get(view.end, view.end) for view in callers)
    outcomes = summary_of(record.outcome for record in records)
    console.print(closing(callers, records, (ends, outcomes)))
    parked = sum(view.music_seconds is not None for view in callers)
    console.print(f"{parked} callers waited with music, {len(callers) - parked} were put straight through.")
    for problem in problems:
        console.print(f"wrong: {problem}", style="red", markup=False, soft_wrap=True)
    if not problems:
        console.print(
            "Every call ended as it should, and the report agrees with every caller.", style="green", soft_wrap=True
        )
    return 1 if problems else 0
