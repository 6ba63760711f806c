"""A call as rows of the journal, and back: what a restart needs to go on, by DESIGN's recovery rules.

Journalled means *maybe sent*: on restart everything outstanding is sent again or cancelled, never assumed. Tables:
``call`` (a row a live call, replaced at commitment points), ``invite`` (the caller's INVITE until its 200 is ACKed, which
alone does not replace the call's row: a caller that waits for an ACK without that INVITE has had it).
"""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from b2bua.call import Call, CallState, MoveStep
from b2bua.commands import CallId, LegId, OfferMode, Playlist
from b2bua.desk import Change, Desk
from b2bua.leg import CalleeLeg, CallerLeg, Leg, LegKind, LegState, MediaLeg, OutgoingLeg
from b2bua.session import restored
from sipcore.dialog import Dialog
from sipcore.events import ClientKey
from sipcore.packets import Hop

__all__ = ["CallRow", "InviteRow", "LegRow", "call_of", "row_of", "take_changes", "with_legs_as_arrays"]

_CSEQ_GAP: Final = 100  # requests sent since the row was written; gaps are legal (RFC 3261 §12.2.2)

_Outgoing = TypeVar("_Outgoing", bound=OutgoingLeg)


class LegRow(NamedTuple):
    """An array within its call's row: a new field is put at the end and has a default."""

    id: str
    kind: int
    state: int
    dialog: tuple[str, str, str, str, str, str, str]  # Call-ID, tags, local, remote, our Contact, remote target
    route_set: tuple[str, ...]
    local_cseq: int
    remote_cseq: int | None
    hop: tuple[str, str, int] | None
    session: tuple[int, int, bytes, bytes]  # see _session_row
    session_expires: int
    refreshing: bool
    updates: bool
    timer: bool = False
    transaction: str = ""
    branch: str = ""
    uri: str = ""
    invite_cseq: int = 0
    mode: OfferMode = "late"
    server: str = ""


@dataclass(slots=True)
class CallRow:
    state: int
    caller: LegRow
    identity: str
    passed_on: tuple[tuple[str, str], ...]
    hops_left: int
    answered: bool
    winner: str | None
    sounds: tuple[str, ...]
    loop: bool
    queue: str
    early_seconds: float | None
    early_until: float | None
    ends_at: float | None
    legs: tuple[LegRow, ...] = ()
    media: LegRow | None = None
    departing: tuple[LegRow, ...] = ()
    at: str = ""
    version: int = 1
    origin: LegRow | None = None

    def values(self) -> tuple[object, ...]:
        """As they are written: in order, the last ones not where they are the defaults."""
        first = (
            self.state, _written(self.caller), self.identity, self.passed_on, self.hops_left, self.answered,
            self.winner, self.sounds, self.loop, self.queue, self.early_seconds, self.early_until, self.ends_at,
            tuple([_written(leg) for leg in self.legs]),
        )  # fmt: skip
        media, origin = self.media, self.origin
        if media is None and origin is None and not self.departing and not self.at:
            return first
        return (
            *first, _written(media) if media is not None else None, tuple([_written(leg) for leg in self.departing]),
            self.at, self.version, _written(origin) if origin is not None else None,
        )  # fmt: skip


@dataclass(slots=True)
class InviteRow:
    """The caller's INVITE as received (Vias stamped), and where it came from."""

    data: bytes
    hop: tuple[str, str, int]
    listener: int
    version: int = 1

    def values(self) -> tuple[object, ...]:
        """As they are written."""
        return (self.data, self.hop, self.listener, self.version)


_made: Final = tuple.__new__  # a named tuple's own constructor is a Python function
_OF_A_CALLER: Final = LegRow._fields.index("transaction")  # the fields from here on are those of legs that we call


def _written(leg: LegRow) -> tuple[object, ...]:
    return leg[:_OF_A_CALLER] if leg.kind == LegKind.CALLER else leg


def take_changes(desk: Desk) -> list[Change]:
    """Rows of the calls touched since the last time; what ended is deleted."""
    changes: list[Change] = []
    for call in desk.acked:
        if call.invite_stored and call.caller.state is LegState.UP:
            call.invite_stored = False
            changes.append(("invite", call.id, None))
    desk.acked.clear()
    for call_id, call in desk.dirty.items():
        if call_id in desk.calls:
            changes.append(("call", call_id, row_of(call)))
            _invite_change(desk, call, changes)
            continue
        changes.append(("call", call_id, None))
        if call.invite_stored:
            changes.append(("invite", call_id, None))
    desk.dirty.clear()
    return changes


_INVITE_PENDING: Final = (LegState.INVITED, LegState.OK_SENT, LegState.OK_SENT_LEAVING)


def _invite_change(desk: Desk, call: Call, changes: list[Change]) -> None:
    pending = call.caller.state in _INVITE_PENDING
    if pending == call.invite_stored:
        return
    if not pending:
        call.invite_stored = False
        changes.append(("invite", call.id, None))
        return
    invite, source = desk.endpoint.invite_of(call.caller.transaction), call.caller.source
    if invite is not None and source is not None:
        call.invite_stored = True
        changes.append(("invite", call.id, InviteRow(invite.encode(), source.hop, source.listener)))


def row_of(call: Call) -> CallRow:
    playlist, media, departing = call.playlist, call.media, call.departing
    sounds, loop, queue = _SILENCE if playlist is None else (playlist.sounds, playlist.loop, playlist.queue)
    state: int = call.state
    # By position: a call writes three rows, and names would cost as much as all the rest.
    return CallRow(
        state, _leg_row(call, call.caller), call.identity, call.passed_on, call.hops_left, call.answered,
        call.winner, sounds, loop, queue, call.early_seconds, call.caller.early_until, call.ends_at,
        tuple([_leg_row(call, leg) for leg in call.legs.values()]),
        _leg_row(call, media) if media is not None else None,
        tuple([_leg_row(call, leg) for leg in departing]), call.at,
        1, _leg_row(call, call.origin) if call.origin is not None else None,
    )  # fmt: skip


_NO_MODE: Final[OfferMode] = "late"
_SILENCE: Final[tuple[tuple[str, ...], bool, str]] = ((), False, "")


def _leg_row(call: Call, leg: Leg) -> LegRow:
    d, hop = leg.dialog, leg.dialog.hop
    timer, mode, server = False, _NO_MODE, ""
    transaction, branch, uri, invite_cseq = "", "", "", 0
    if isinstance(leg, CallerLeg):
        timer = leg.timer
    elif isinstance(leg, OutgoingLeg):
        transaction, branch, uri, invite_cseq = leg.transaction, leg.branch, leg.uri, leg.invite_cseq
        if isinstance(leg, CalleeLeg):
            mode = leg.mode
        elif isinstance(leg, MediaLeg):
            server = leg.server
    kind: int = leg.kind
    state: int = leg.state
    return _made(LegRow, (
        leg.id, kind, state,
        (d.call_id, d.local_tag, d.remote_tag, d.local, d.remote, d.local_contact, d.remote_target),
        d.route_set, d.local_cseq, d.remote_cseq, hop,
        _session_row(call, leg), leg.session_expires, leg.refreshing, leg.updates,
        timer, transaction, branch, uri, invite_cseq, mode, server,
    ))  # fmt: skip


def _session_row(call: Call, leg: Leg) -> tuple[int, int, bytes, bytes]:
    """As ``LegSession.kept``, but what was said is the name of the leg whose description it is: a row has each one once, and
    none of those who have left.
    """
    session, ended = leg.session, call.state is CallState.ENDED
    if ended and leg.state in _SILENT:
        return session.id, session.version, b"", b""
    teller = _teller(call, session.said) if not ended and session.said_as == session.version else None
    return session.kept() if teller is None else (session.id, session.version, _name(teller), session.remote)


def _teller(call: Call, said: bytes) -> Leg | None:
    """The leg whose peer described itself so."""
    if not said:
        return None
    if call.caller.session.remote is said:
        return call.caller
    if call.media is not None and call.media.session.remote is said:
        return call.media
    for leg in call.legs.values():
        if leg.session.remote is said:
            return leg
    return None


_NAMED: Final = b"="  # begins no session description
_SILENT: Final = (LegState.LEAVING, LegState.GONE)  # nothing is described to them any more


def _name(leg: Leg) -> bytes:
    return _NAMED + leg.id.encode()


def _tell(call: Call) -> None:
    """What was said of legs by their names is said in full again."""
    heard = {_name(leg): leg.session.remote for leg in call.every_leg()}
    for leg in (*call.every_leg(), *call.departing):
        if leg.session.said.startswith(_NAMED):
            leg.session.said = heard.get(leg.session.said, b"")


def call_of(call_id: CallId, row: CallRow) -> Call:
    """The call of a row, as it stood; nothing has been sent."""
    caller = _plain_leg(CallerLeg, row.caller)
    caller.timer, caller.early_until = row.caller.timer, row.early_until
    call = Call(call_id, CallState(row.state), caller, row.identity, tuple(row.passed_on), row.hops_left)
    call.answered = row.answered
    call.winner = LegId(row.winner) if row.winner else None
    call.playlist = Playlist(tuple(row.sounds), row.loop, row.queue) if row.sounds else None
    call.early_seconds, call.ends_at = row.early_seconds, row.ends_at
    call.step, call.at = MoveStep.NONE, row.at
    call.legs = {LegId(each.id): _callee(each) for each in row.legs}
    call.media = _media(row.media) if row.media is not None else None
    if row.origin is not None:
        call.origin = _callee(row.origin)
        call.origin.dialog, call.origin.session = caller.dialog, caller.session
    call.departing = tuple([caller if each.kind == LegKind.CALLER else _departing(each) for each in row.departing])
    _tell(call)
    return call


def with_legs_as_arrays(row: dict[str, Any]) -> dict[str, Any]:
    """A row of version 1, whose legs are maps, as one of version 2."""
    legs = {name: _array(row[name]) for name in ("caller", "media", "origin") if row.get(name) is not None}
    several = {name: [_array(each) for each in row.get(name, ())] for name in ("legs", "departing")}
    return {**row, **legs, **several}


def _array(leg: dict[str, Any]) -> list[Any]:
    defaults = LegRow._field_defaults
    return [leg[name] if name in leg else defaults[name] for name in LegRow._fields]


def _departing(row: LegRow) -> Leg:
    return _media(row) if row.kind == LegKind.MEDIA else _callee(row)


def _callee(row: LegRow) -> CalleeLeg:
    leg = _outgoing(CalleeLeg, row)
    leg.mode = row.mode
    return leg


def _media(row: LegRow) -> MediaLeg:
    leg = _outgoing(MediaLeg, row)
    leg.server = row.server
    return leg


def _outgoing(kind: type[_Outgoing], row: LegRow) -> _Outgoing:
    leg = _plain_leg(kind, row)
    leg.transaction, leg.branch, leg.uri = ClientKey(row.transaction), row.branch, row.uri
    leg.invite_cseq = row.invite_cseq
    return leg


_Any = TypeVar("_Any", bound=Leg)


def _plain_leg(kind: type[_Any], row: LegRow) -> _Any:
    call_id, local_tag, remote_tag, local, remote, contact, target = row.dialog
    dialog = Dialog(
        call_id, local_tag, remote_tag, local, remote, contact, target, tuple(row.route_set),
        row.local_cseq + _CSEQ_GAP, row.remote_cseq, Hop(*row.hop) if row.hop is not None else None,
    )  # fmt: skip
    leg = kind(LegId(row.id), LegKind(row.kind), LegState(row.state), dialog, restored(*row.session))
    leg.session_expires, leg.refreshing, leg.updates = row.session_expires, row.refreshing, row.updates
    return leg
