"""uvicorn as a task on the service's own loop: our socket, our signals, streams ended before it stops."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

__all__ = ["HttpListenError", "WebServer", "bind"]


class HttpListenError(OSError):
    """The HTTP address cannot be listened on; one line that names it."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises HttpListenError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise HttpListenError(f"cannot listen on http:{host}:{port}: {error.strerror}") from None
    sock.listen(1024)
    sock.setblocking(False)  # noqa: FBT003 - the library's signature
    return sock


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The service handles signals itself."""
        yield


class WebServer:
    def __init__(self, app: FastAPI, sock: socket.socket, *, keep_alive: int) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=3,
            timeout_keep_alive=keep_alive,
            ws="none",
        )
        self._server = _Server(config)
        self._socket = sock
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="http")

    async def stop(self) -> None:
        self._server.should_exit = True
        if self._task is not None:
            await self._task
