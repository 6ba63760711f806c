"""Gives what is measured a processor of its own, as production does, and keeps that processor from going idle.

Beside a load generator a service finds its caches full of somebody else's things. And a virtual processor without work is
halted: what wakes up next finds cold caches and a slow clock, which counts as its CPU time. A busy service never sees that,
one with a third of a processor to do sees little else; machines tuned for latency avoid it (``idle=poll``, ``haltpoll`` in
guests, tuned's ``latency-performance``). Here a process turns in a circle on it whenever nobody else wants it.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.support.service import descendants

__all__ = ["Place", "own_processor", "stay"]

Place = Callable[[int], None]
"""Moves the process and those that it started, with all their threads."""

_TURNING: Final = "from collections import deque; from itertools import repeat; deque(repeat(None), maxlen=0)"


def stay(_root: int) -> None:
    """The place of a process that shares the processors with everybody."""


@contextmanager
def own_processor() -> Iterator[Place]:
    """While the block runs, the last processor is for what is placed; this process and what it starts have the others.

    Raises ``ValueError`` where there is only one.
    """
    before = sorted(os.sched_getaffinity(0))
    *others, own = before
    if not others:
        raise ValueError("one processor: the load and what is measured cannot be apart")
    os.sched_setaffinity(0, others)
    turning = _turn(own)
    try:
        yield lambda root: _place(root, own)
    finally:
        turning.kill()
        turning.wait()
        os.sched_setaffinity(0, before)


def _place(root: int, processor: int) -> None:
    for pid in (root, *descendants(root)):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(ProcessLookupError):
                os.sched_setaffinity(int(task.name), {processor})


def _turn(processor: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", _TURNING], start_new_session=True)
    os.sched_setaffinity(process.pid, {processor})
    os.sched_setscheduler(process.pid, os.SCHED_IDLE, os.sched_param(0))
    with suppress(OSError):  # a kernel that does not group by sessions
        Path(f"/proc/{process.pid}/autogroup").write_text("19", encoding="ascii")
    return process
