"""The board as tables for a terminal, and the closing summary."""

from collections.abc import Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from app.demo.board import Board
from app.demo.verdict import Record, Summary
from app.demo.views import CallerView

__all__ = ["closing", "draw"]

_COLOURS: Final = {
    "idle": "green",
    "ringing": "yellow",
    "reserved": "yellow",
    "on_call": "cyan",
    "wrap_up": "magenta",
    "offline": "dim",
    "unreachable": "red",
}


def draw(board: Board, seconds: float) -> RenderableType:
    """Queues, agents, and what happened last."""
    head = Text(f"Callyard demo   {seconds:4.0f} s   {board.over} of {board.callers} callers served", style="bold")
    recent = Text("\n".join(board.recent) or "…", style="dim")
    return Group(head, _queues(board), _agents(board), recent)


def _queues(board: Board) -> Table:
    table = Table(title="Queues", title_justify="left")
    table.add_column("queue")
    for column in ("waiting", "ringing", "talking", "longest wait", "entered", "answered", "abandoned"):
        table.add_column(column, justify="right")
    for name, row in board.queues.items():
        counts = (row.entered, row.answered, row.abandoned)
        table.add_row(
            name, str(row.waiting), str(row.ringing), str(row.talking), f"{row.longest_wait:.1f} s", *map(str, counts)
        )  # fmt: skip
    return table


def _agents(board: Board) -> Table:
    table = Table(title="Agents", title_justify="left")
    table.add_column("agent")
    table.add_column("skills")
    table.add_column("state", min_width=12)
    table.add_column("calls", justify="right")
    for name, row in board.agents.items():
        table.add_row(name, row.skills, Text(row.state, style=_COLOURS.get(row.state, "")), str(row.calls))
    return table


def closing(views: Sequence[CallerView], records: Sequence[Record], sides: tuple[Summary, Summary]) -> RenderableType:
    """What the phones saw beside what the report says."""
    table = Table(title="Summary", title_justify="left")
    for column in ("", "calls", "answered", "abandoned", "other", "mean wait", "mean talk"):
        table.add_column(column, justify="right" if column else "left")
    callers, report = sides
    talked = [view for view in views if view.end == "talked"]
    answered = [record for record in records if record.outcome == "answered"]
    table.add_row(
        "callers", *_counts(callers), _mean([v.wait_seconds for v in talked]), _mean([v.talk_seconds for v in talked])
    )
    table.add_row(
        "report", *_counts(report), _mean([r.wait_seconds for r in answered]), _mean([r.talk_seconds for r in answered])
    )
    return table


def _counts(summary: Summary) -> tuple[str, str, str, str]:
    return str(summary.calls), str(summary.answered), str(summary.abandoned), str(summary.other)


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.1f} s" if values else "–"
