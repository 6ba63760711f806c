"""Growth curves as an SVG picture, by hand: a logarithmic x-axis, one line a series."""

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, log10
from pathlib import Path
from typing import Final

__all__ = ["Point", "write_curves"]

Point = tuple[int, float]
"""How many there are, and CPU microseconds a command."""

_WIDTH: Final = 760
_PLOT: Final = 230
_LEFT: Final = 60
_TOP: Final = 40
_RIGHT: Final = 20
_LEGEND: Final = 20  # a line of it
_COLOURS: Final = ("#1f6f8b", "#c8553d", "#588157", "#7b5ea7", "#b8860b", "#2a9d8f", "#9d4edd", "#6c757d")


def write_curves(file: Path, series: Mapping[str, Sequence[Point]]) -> None:
    points = [point for line in series.values() for point in line]
    low, high = log10(min(x for x, _ in points)), log10(max(x for x, _ in points))
    top = ceil(max(y for _, y in points) / 20) * 20
    frame = _Frame(low, high, top)
    height = _TOP + _PLOT + 50 + _LEGEND * len(series)
    parts = [frame.axes()]
    for number, (name, line) in enumerate(series.items()):
        parts.append(frame.curve(line, _COLOURS[number % len(_COLOURS)]))
        parts.append(_legend(number, name))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="12">'
    background = f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>'
    file.write_text("\n".join([head, background, *parts, "</svg>", ""]))


class _Frame:
    def __init__(self, low: float, high: float, top: int) -> None:
        self.low, self.high, self.top = low, high, top

    def x(self, value: float) -> float:
        return _LEFT + (log10(value) - self.low) / (self.high - self.low) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return _TOP + (1 - value / self.top) * _PLOT

    def axes(self) -> str:
        parts = [_text(_LEFT, _TOP - 16, "CPU µs a command", "start")]
        for step in range(5):
            value = self.top * step / 4
            ends = f'x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{self.y(value):.1f}" y2="{self.y(value):.1f}"'
            line = f'<line {ends} stroke="#ddd"/>'
            parts += [line, _text(_LEFT - 8, self.y(value) + 4, f"{value:g}", "end")]
        for power in range(ceil(self.low), int(self.high) + 1):
            parts.append(_text(self.x(10**power), self.y(0) + 18, f"{10**power:,}", "middle"))
        return "\n".join(parts)

    def curve(self, line: Sequence[Point], colour: str) -> str:
        places = [(self.x(x), self.y(y)) for x, y in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places)
        return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}'


def _legend(number: int, name: str) -> str:
    y = _TOP + _PLOT + 44 + _LEGEND * number
    mark = f'<rect x="{_LEFT}" y="{y - 9}" width="16" height="4" fill="{_COLOURS[number % len(_COLOURS)]}"/>'
    return mark + _text(_LEFT + 24, y - 3, name, "start")


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#333">{escape(text)}</text>'
