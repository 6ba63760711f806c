"""``python -m media``: the built-in media server as a process of its own."""

import asyncio
import resource
import sys

import uvloop

from media.runtime import serve
from media.settings import read_settings

__all__ = ["main"]


def _raise_file_limit() -> None:
    """Two sockets a session: take all the open files that the system grants."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> int:
    """Serve; 0 after a clean end, 1 with one line on stderr where it cannot start."""
    settings = read_settings()
    _raise_file_limit()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings))
    except (OSError, ValueError) as problem:
        print(f"media: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
