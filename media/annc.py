"""What a peer asks to be played: by Request-URI (RFC 4240 §3, ``annc``) or by an in-dialog INFO. Pure.

    sip:annc@host;play=greeting,music;repeat=forever

``play=`` holds names of sounds, never URLs or paths; ``repeat`` is a number or ``forever`` (absent: once, as the RFC
says); ``loop-from`` (ours) is the index that the second round begins at. Without ``play`` the session is silent until an
INFO comes.

    INFO, Content-Type: application/vnd.callyard.play+json
    {"play": ["greeting", "music"], "loop": true, "loop_from": 1, "id": "7"}
"""

import json
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from media.sounds import valid_name
from sipcore.message import ParseError, Uri

__all__ = ["DTMF_TYPE", "MAX_NAMES", "PLAY_TYPE", "NotServed", "PlayOrder", "finished_body", "parse_annc", "parse_play"]

PLAY_TYPE: Final = "application/vnd.callyard.play+json"
DTMF_TYPE: Final = "application/dtmf-relay"
MAX_NAMES: Final = 32
_MAX_BODY: Final = 4096
_MAX_PLAYS: Final = 1_000_000
_MAX_IDENT: Final = 200


class NotServed(Exception):  # noqa: N818 - named for what it says, as in sipcore
    """A request that is refused: SIP ``status``, why in one line, and what else the response says."""

    def __init__(self, status: int, problem: str, *headers: tuple[str, str]) -> None:
        super().__init__(problem)
        self.status = status
        self.problem = problem
        self.headers = headers


@dataclass(frozen=True, slots=True)
class PlayOrder:
    """Names to play ``plays`` times (None: for ever), from the second round on from ``loop_from``.

    ``ident`` names the list when its end is reported.
    """

    names: tuple[str, ...] = ()
    plays: int | None = 1
    loop_from: int = 0
    ident: str | None = None


def _checked(names: list[str]) -> tuple[str, ...]:
    if len(names) > MAX_NAMES:
        raise NotServed(400, f"more than {MAX_NAMES} sounds in one list")
    for name in names:
        if not valid_name(name):
            raise NotServed(404, f"no sound named {name[:100]!a}")
    return tuple(names)


def _plays(text: str) -> int | None:
    if text.lower() == "forever":
        return None
    if not text.isascii() or not text.isdecimal() or not 0 < int(text[:8]) <= _MAX_PLAYS:
        raise NotServed(400, "repeat is neither a number nor forever")
    return int(text[:8])


def parse_annc(text: str) -> PlayOrder:
    """What a Request-URI asks for; raises `NotServed`: 404 for another service, 400 for parameters without sense."""
    try:
        uri = Uri.parse(text)
    except ParseError as problem:
        raise NotServed(problem.status, problem.reason) from None
    if uri.username.lower() != "annc":
        raise NotServed(404, "the service here is annc")
    play = unquote(uri.params.get("play") or "")
    names = _checked([name for name in play.split(",") if name])
    if not names:
        return PlayOrder()
    loop_from = uri.params.get("loop-from") or "0"
    if not loop_from.isdecimal() or int(loop_from[:4]) >= len(names):
        raise NotServed(400, "loop-from is not a place in the list")
    return PlayOrder(names, _plays(uri.params.get("repeat") or "1"), int(loop_from[:4]))


def parse_play(body: bytes) -> PlayOrder:
    """What the body of an INFO asks for; raises `NotServed`: 400 saying which field is wrong, 404 naming the sound.

    An empty list is silence.
    """
    if len(body) > _MAX_BODY:
        raise NotServed(413, "body too large")
    try:
        order = json.loads(body)
    except (ValueError, RecursionError):
        raise NotServed(400, "the body is not JSON") from None
    if not isinstance(order, dict):
        raise NotServed(400, "the body is not a JSON object")
    names, loop, loop_from, ident = (order.get(key) for key in ("play", "loop", "loop_from", "id"))
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise NotServed(400, "play is not a list of names")
    if loop not in (None, False, True):
        raise NotServed(400, "loop is neither true nor false")
    if not (ident is None or (isinstance(ident, str) and len(ident) <= _MAX_IDENT)):
        raise NotServed(400, "id is not a short string")
    if not (loop_from is None or (type(loop_from) is int and 0 <= loop_from < max(len(names), 1))):
        raise NotServed(400, "loop_from is not a place in the list")
    return PlayOrder(_checked(names), None if loop else 1, loop_from or 0, ident)


def finished_body(ident: str | None) -> bytes:
    """The body of the INFO that reports the end of a list."""
    return json.dumps({"finished": ident}).encode()
