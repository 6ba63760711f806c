"""The outermost layer of HTTP: every request gets an id, and no body may be longer than agreed. Plain ASGI."""

from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.db.tables import new_id
from app.problems import Problem, document

__all__ = ["HttpGuard"]

_MAX_ID: Final = 64


class HttpGuard:
    """``X-Request-Id``: taken over from the request where it is sane, else minted; sent back with every response."""

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self._app = app
        self._max = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _sane(headers.get("x-request-id")) or new_id()
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        if _length(headers) > self._max:
            await document(Request(scope), self._too_long())(scope, receive, send_with_id)
            return
        await self._app(scope, self._bounded(receive), send_with_id)

    def _bounded(self, receive: Receive) -> Receive:
        taken = 0

        async def receive_within() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._max:
                raise self._too_long()
            return message

        return receive_within

    def _too_long(self) -> Problem:
        return Problem("body-too-large", f"{HTTPStatus(413).phrase}: at most {self._max} bytes are taken.")


def _sane(given: str | None) -> str | None:
    if given and len(given) <= _MAX_ID and given.isascii() and given.replace("-", "").replace("_", "").isalnum():
        return given
    return None


def _length(headers: Headers) -> int:
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else 0
