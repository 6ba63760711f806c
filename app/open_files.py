"""How many files the process may have open: a connection each, and two sockets for a caller who hears music."""

import resource
from typing import Final

__all__ = ["allow_files", "too_few_files"]

_OTHERS: Final = 256  # listeners, the database, the journal, REST clients


def allow_files() -> int:
    """Raise the soft limit to the hard one; how many there may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard if hard != resource.RLIM_INFINITY else 2**31


def too_few_files(allowed: int, connections: int) -> str:
    """A warning where ``connections`` TCP connections cannot be had; "" where they can."""
    if connections + _OTHERS <= allowed:
        return ""
    return (
        f"sip_max_connections is {connections}, but no more than {allowed} files may be open: connections beyond that fail; "
        "raise the limit (LimitNOFILE= of systemd, ulimit -Hn)"
    )
