"""Free ports on loopback. A port is only reserved while it is being looked for: ask late, bind soon."""

import os
import socket
from typing import Final

__all__ = ["free_pair", "free_port", "free_ports", "is_free"]

_HOST: Final = "127.0.0.1"
# Below the kernel's ephemeral range and the built-in media server's RTP ports: nobody takes one meanwhile.
_FIRST, _LAST = 11_000, 19_900
_next = [_FIRST + (os.getpid() * 97) % (_LAST - _FIRST)]  # processes start apart


def is_free(port: int, *, tcp: bool) -> bool:
    """Whether nobody holds ``port`` for UDP (or TCP) on loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True


def _both_free(port: int) -> bool:
    """UDP and TCP: a SIP port is used for both."""
    return is_free(port, tcp=False) and is_free(port, tcp=True)


def free_port(step: int = 1) -> int:
    """A port free for UDP and TCP; never the same twice in one process."""
    for _ in range(_LAST - _FIRST):
        port = _next[0]
        _next[0] = port + step if port + step < _LAST else _FIRST
        if _both_free(port):
            return port
    raise RuntimeError("no free port on loopback")


def free_ports(count: int) -> list[int]:
    return [free_port() for _ in range(count)]


def free_pair() -> int:
    """An even port whose successor is free too: RTP and RTCP."""
    while True:
        port = free_port()
        if port % 2 == 0 and _both_free(port + 1):
            _next[0] = port + 2
            return port
