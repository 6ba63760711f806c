"""Bytes of a stream → whole messages, by Content-Length (RFC 3261 §7.5, §18.3), and keep-alives (RFC 5626 §4.4.1).

Looks for nothing but the end of each message; what is in it is the parser's to judge.
"""

from typing import Final

from sipcore.errors import FramingError
from sipcore.message.parser import DEFAULT_LIMITS, Limits

__all__ = ["PONG", "StreamFramer"]

PONG: Final = b"\r\n"
"""The answer to a double-CRLF keep-alive."""

_PING: Final = b"\r\n\r\n"
_END: Final = b"\r\n\r\n"


class StreamFramer:
    """One per stream. ``pings`` counts keep-alives that want a ``PONG``: whoever sends it sets it back to 0."""

    __slots__ = ("_broken", "_buffer", "_limits", "_searched", "_wanted", "pings")

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._wanted = 0  # size of the message at the start of the buffer, 0 while unknown
        self._searched = 0  # how far the buffer has been looked through for the end of the head
        self._broken: FramingError | None = None
        self.pings = 0

    @property
    def pending(self) -> int:
        """Bytes of a message that has not come to its end."""
        return len(self._buffer)

    @property
    def broken(self) -> bool:
        """Whether the stream has lost its framing: it has to be closed, ``feed`` raises from now on."""
        return self._broken is not None

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that ``data`` completes.

        Raises FramingError when the stream cannot be followed any more; if messages were complete before that point
        they are returned first, ``broken`` is set and the next call raises.
        """
        if self._broken is not None:
            raise self._broken
        self._buffer += data
        messages: list[bytes] = []
        try:
            while self._buffer:
                message = self._next()
                if message is None:
                    break
                messages.append(message)
        except FramingError as error:
            self._broken = error
            self._buffer.clear()
            if not messages:
                raise
        return messages

    def _next(self) -> bytes | None:
        buffer = self._buffer
        if not self._wanted:
            if buffer[0] in PONG and not self._skip_keep_alives():
                return None
            self._wanted = self._measure()
        if not self._wanted or len(buffer) < self._wanted:
            return None
        message = bytes(buffer[: self._wanted])
        del buffer[: self._wanted]
        self._wanted = 0
        return message

    def _skip_keep_alives(self) -> bool:
        """Drop CRLFs between messages; False while what is left may still become a keep-alive."""
        buffer = self._buffer
        while buffer and buffer[0] in PONG:
            if buffer.startswith(_PING):
                self.pings += 1
                del buffer[: len(_PING)]
            elif _PING.startswith(buffer):
                return False
            elif buffer.startswith(PONG):
                del buffer[: len(PONG)]
            else:
                raise FramingError("a stray CR or LF between messages")
        return bool(buffer)

    def _measure(self) -> int:
        """The size of the message at the start of the buffer, 0 while its head is incomplete."""
        buffer = self._buffer
        end = buffer.find(_END, self._searched)
        if end < 0:
            if len(buffer) > self._limits.head:
                raise FramingError("the headers do not end", 513)
            self._searched = max(0, len(buffer) - len(_END) + 1)
            return 0
        self._searched = 0
        if end > self._limits.head:
            raise FramingError("the headers are too large", 513)
        size = end + len(_END) + self._content_length(bytes(buffer[:end]))
        if size > self._limits.message:
            raise FramingError("the message is too large", 413)
        return size

    def _content_length(self, head: bytes) -> int:
        """RFC 3261 §18.3: over a stream Content-Length MUST be there; guessing would let one peer forge messages."""
        if b"\r\n " in head or b"\r\n\t" in head:
            head = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
        found: bytes | None = None
        for line in head.split(b"\r\n"):
            if line[:1] not in (b"C", b"c", b"L", b"l"):
                continue
            name, _, value = line.partition(b":")
            if name.rstrip(b" \t").lower() in (b"content-length", b"l"):
                if found is not None:
                    raise FramingError("more than one Content-Length")
                found = value.strip(b" \t")
        if found is None:
            raise FramingError("no Content-Length on a stream")
        if not found.isdigit():
            raise FramingError("bad Content-Length")
        digits = found.lstrip(b"0")
        size = int(digits or b"0") if len(digits) <= 10 else self._limits.body + 1
        if size > self._limits.body:
            raise FramingError("the body is too large", 413)
        return size
