"""The relocating media port: a SIP media server is a leg like any other, called by Request-URI (RFC 4240 ``annc``).

A server that is *controllable* (the built-in one) takes further lists by in-dialog INFO; any other plays one list a dialog.
"""

import json
from typing import Final, NamedTuple
from urllib.parse import quote

from b2bua.call import Call
from b2bua.commands import Playlist, SetMediaServers
from b2bua.desk import Desk
from b2bua.leg import LegKind, LegState, MediaLeg
from b2bua.leg_table import LegInput
from b2bua.legs import advance
from b2bua.media.port import Connection, Reinvite
from b2bua.session import LegSession
from b2bua.signalling import Signalling
from sipcore.dialog import Dialog
from sipcore.message import BadUri, Uri

__all__ = ["PLAY_TYPE", "RelocatingMedia"]

PLAY_TYPE: Final = "application/vnd.callyard.play+json"
_MOST_ADDRESSES: Final = 1024  # lists at servers, remembered
_URI_SAFE: Final = "!$'()*+,/"  # beside letters, digits and "-._~": legal in a user part and in a parameter


class _Address(NamedTuple):
    """What all sessions of one list at one server share, so that a parked call need not keep it."""

    playlist: Playlist
    uri: str
    local: str
    remote: str
    transport: str


class RelocatingMedia:
    """Media sessions by SIP dialogs; see ``MediaPort``."""

    def __init__(self, desk: Desk, signalling: Signalling) -> None:
        self._desk = desk
        self._signalling = signalling
        self._servers: tuple[str, ...] = ()
        self._controllable: frozenset[str] = frozenset()
        self._addresses: dict[tuple[str, Playlist], _Address] = {}

    def configure(self, command: SetMediaServers) -> None:
        self._servers = command.uris
        self._controllable = command.controllable

    def open(self, call: Call, now: float, tried: tuple[str, ...] = ()) -> bool:
        server = next((each for each in self._servers if each not in tried), None)
        if server is None or call.playlist is None:
            return False
        address = self._address(server, call.playlist)
        call.playlist = address.playlist
        leg = self._leg(server, address, tried, now)
        leg.ring_until = now + self._desk.config.media_seconds
        call.media = leg
        self._desk.add_leg(call, leg)
        offer = call.caller.session.remote
        body = leg.session.offer(offer) if offer else b""
        self._signalling.invite(call, leg, [], body, now)
        return True

    def _address(self, server: str, playlist: Playlist) -> _Address:
        known = self._addresses.get((server, playlist))
        if known is None:
            if len(self._addresses) >= _MOST_ADDRESSES:
                self._addresses.clear()
            uri = _request_uri(server, playlist)
            local, remote = f"<sip:{self._desk.config.host}>", f"<{uri.partition(';')[0]}>"
            known = self._addresses[server, playlist] = _Address(playlist, uri, local, remote, _transport(uri))
        return known

    def _leg(self, server: str, address: _Address, tried: tuple[str, ...], now: float) -> MediaLeg:
        desk = self._desk
        dialog = Dialog(
            call_id=desk.ids.call_id(),
            local_tag=desk.ids.tag(),
            remote_tag="",
            local=address.local,
            remote=address.remote,
            local_contact=desk.contact(address.transport),
            remote_target=address.uri,
        )
        session = LegSession(desk.next_session_id(now))
        return MediaLeg(
            desk.next_leg_id("media"),
            LegKind.MEDIA,
            LegState.CALLING,
            dialog,
            session,
            uri=address.uri,
            server=server,
            tried=tried,
        )

    def play(self, call: Call, now: float) -> bool:
        leg = call.media
        if leg is None or leg.server not in self._controllable or call.playlist is None:
            return False
        if leg.state is LegState.UP:
            self._signalling.info(call, leg, PLAY_TYPE, _play_body(call.playlist), now)
        return True

    def connect(self, call: Call, description: bytes) -> Connection:
        return Reinvite(call.caller.session.offer(description))

    def close(self, call: Call, now: float) -> None:
        leg = call.media
        if leg is not None:
            call.media = None
            advance(self._desk, self._signalling, call, leg, LegInput.END, now)


def _request_uri(template: str, playlist: Playlist) -> str:
    repeat = "forever" if playlist.loop else "1"
    queue, sound = quote(playlist.queue, safe=_URI_SAFE), quote(",".join(playlist.sounds), safe=_URI_SAFE)
    filled = template.replace("{queue}", queue).replace("{sound}", sound)
    return filled.replace("{repeat}", repeat)


def _play_body(playlist: Playlist) -> bytes:
    last = len(playlist.sounds) - 1
    return json.dumps({"play": playlist.sounds, "loop": playlist.loop, "loop_from": last, "id": "list"}).encode()


def _transport(uri: str) -> str:
    try:
        return (Uri.parse(uri).params.get("transport") or "udp").upper()
    except BadUri:
        return "UDP"
