"""The switchboard under any sequence of what peers and commands may do: what must hold always.

Callers, agents and media servers are bare user agents on a virtual wire that do as the machine says, in any order; datagrams
are lost, time passes, we crash and come back from the journal.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from b2bua.call import CallState
from b2bua.commands import CallId, Command, Dial, DropLeg, HangUp, LegId, Park, Play, Playlist, Reject, Target
from b2bua.events import CallEnded
from b2bua.leg import LegState
from b2bua.snapshot import CallRow, call_of
from sipcore.events import CancelReceived, ClientKey, RequestReceived, ResponseReceived
from sipcore.message import Response, parse
from sipcore.packets import Send
from tests.support.virtual import Peer, origin_of
from tests.unit.b2bua.harness import Net, sdp

VIDEO = b"m=video 5000 RTP/SAVP 99\r\na=sendrecv\r\n"
BODIES = {
    "none": b"",
    "garbage": b"\xff\x00 not a description",
    "odd": b"v=0\r\no=x\r\nm=audio\r\nm=",
    "audio": sdp(31000),
    "other": sdp(31002, version=2, codec="0"),
    "held": sdp(31000, version=3, direction="sendonly"),
    "video": sdp(31000, version=4) + VIDEO,
}
SILENT = (LegState.LEAVING, LegState.GONE)  # nothing is described to them any more
bodies = st.sampled_from(sorted(BODIES))
picks = st.integers(0, 30)


class WatchedNet(Net):
    """Remembers every session description that we sent: (dialog, session id, version) → its bytes."""

    def __init__(self) -> None:
        self.said: dict[tuple[str, int, int], bytes] = {}
        self.crashed = False
        self.acked: set[tuple[str, int]] = set()
        super().__init__(media=2, session_expires=600)

    def take_sends(self) -> list[Send]:
        self.rows()  # append to the journal, then send
        sends = super().take_sends()
        for send in sends:
            message = parse(send.data)
            if message.cseq.method == "ACK":
                self.acked.add((message.call_id, message.cseq.number))
            if message.content_type == "application/sdp" and message.cseq.method in ("INVITE", "ACK", "UPDATE"):
                self._note(message.call_id, message.body)
        return sends

    def _note(self, call_id: str, body: bytes) -> None:
        _, session, version = origin_of(body)
        known = self.said.setdefault((call_id, session, version), body)
        assert known == body, "a version of a description said two things"
        assert version == 1 or (call_id, session, version - 1) in self.said or self.crashed, "a version was left out"


class Phone:
    """What the machine knows of a peer: what it has to answer, and what it has to ACK."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.open: list[RequestReceived] = []
        self.unacked: list[ResponseReceived] = []
        self.offerless: set[ClientKey] = set()
        self.accepted: set[tuple[str, int]] = set()  # INVITEs that it answered 2xx
        self._seen = 0

    def look(self) -> None:
        """Sort what has come in since the last time."""
        got, self._seen = self.peer.got[self._seen :], len(self.peer.got)
        for event in got:
            if isinstance(event, RequestReceived) and event.request.method == "INVITE":
                self.open.append(event)
            elif isinstance(event, CancelReceived):
                self.open = [each for each in self.open if each.transaction != event.transaction]
            elif isinstance(event, ResponseReceived) and _accepts_invite(event.response):
                self.unacked.append(event)

    def answer(self, status: int, body: bytes, tag: str) -> None:
        event = self.open[0] if status < 200 else self.open.pop(0)
        if 200 <= status < 300:
            self.accepted.add((event.request.call_id, event.request.cseq.number))
        if event.request.to_tag and self.peer.dialog is not None:
            self.peer.dialog.receive(event.request)
        self.peer.reply(event, status, body if status < 300 else b"", tag)

    def ack(self, body: bytes) -> None:
        event = self.unacked.pop(0)
        self.peer.ack(event.response, body if event.transaction in self.offerless else b"", event.transaction)

    def invite(self, body: bytes) -> None:
        key = self.peer.request("INVITE", body)
        if not body:
            self.offerless.add(key)


def _accepts_invite(response: Response) -> bool:
    return response.cseq.method == "INVITE" and 200 <= response.status < 300


class SwitchboardMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.net = WatchedNet()
        self.callers: list[Phone] = []
        self.agents = [Phone(self.net.peer(7000 + n)) for n in range(3)]
        self.media = [Phone(peer) for peer in self.net.media]
        self.ended: set[CallId] = set()
        self.judged = 0
        self.number = 0
        self.fair = True  # nobody was cut off and we have not crashed
        for phone in self.agents + self.media:
            phone.peer.sdp = b""

    def phones(self) -> list[Phone]:
        return [*self.callers, *self.agents, *self.media]

    def look(self) -> None:
        for phone in self.phones():
            phone.look()

    def calls(self) -> list[CallId]:
        """Those that have not ended (a command for one that has says nothing, but that a ``Dial`` failed)."""
        calls = self.net.board._desk.calls.values()
        return [call.id for call in calls if call.state is not CallState.ENDED]

    def tell(self, command: Command) -> None:
        self.net.do(command)

    # ------------------------------------------------------------------ callers

    @initialize(with_offer=st.booleans())
    def first(self, with_offer: bool) -> None:
        self.call(with_offer)

    def call(self, with_offer: bool) -> None:
        """A new call; mostly it is parked or offered straight away, as the call centre does."""
        phone = Phone(self.net.peer(6000 + len(self.callers)))
        self.callers.append(phone)
        phone.peer.invite(sdp(30000) if with_offer else b"")
        phone.peer.sdp = b""
        if not with_offer:
            phone.offerless.add(phone.peer.invite_key)

    @rule(pick=picks, agent=st.integers(0, 2), mode=st.sampled_from(["late", "caller"]))
    def serves(self, pick: int, agent: int, mode: str) -> None:
        """The usual way: parked, offered, everybody answers what they are asked."""
        self.park(pick, None)
        self.media_answers(pick, 200)
        self.acks(0, "audio")
        self.dial(pick, agent, mode)

    @precondition(lambda self: len(self.callers) < 4)
    @rule(with_offer=st.booleans())
    def another(self, with_offer: bool) -> None:
        self.call(with_offer)

    @rule(pick=picks)
    def caller_cancels(self, pick: int) -> None:
        self.callers[pick % len(self.callers)].peer.cancel()

    @rule(pick=picks, body=bodies)
    def acks(self, pick: int, body: str) -> None:
        self.look()
        waiting = [phone for phone in self.phones() if phone.unacked]
        if waiting:
            waiting[pick % len(waiting)].ack(BODIES[body])

    @rule(pick=picks, method=st.sampled_from(["INVITE", "UPDATE", "INFO", "REFER", "OPTIONS", "PUBLISH"]), body=bodies)
    def asks(self, pick: int, method: str, body: str) -> None:
        able = [phone for phone in self.phones() if phone.peer.dialog is not None and phone.peer.dialog.remote_tag]
        if able and method == "INVITE":
            able[pick % len(able)].invite(BODIES[body])
        elif able:
            able[pick % len(able)].peer.request(method, BODIES[body])

    @rule(pick=picks)
    def hangs_up(self, pick: int) -> None:
        able = [phone for phone in self.phones() if phone.peer.dialog is not None and phone.peer.dialog.remote_tag]
        if able:
            able[pick % len(able)].peer.request("BYE")

    # ------------------------------------------------------------------ what agents, media servers and callers answer

    @rule(pick=picks, status=st.sampled_from([180, 183, 200, 200, 200, 200, 302, 422, 481, 486, 491, 503]), body=bodies)
    def answers(self, pick: int, status: int, body: str) -> None:
        self._answer(self.phones(), pick, status, BODIES[body])

    @rule(pick=picks, status=st.sampled_from([200, 200, 200, 183, 488, 503]))
    def media_answers(self, pick: int, status: int) -> None:
        self._answer(self.media, pick, status, sdp(40000, session=77))

    @rule(pick=picks)
    def agrees(self, pick: int) -> None:
        self._answer(self.phones(), pick, 200, sdp(31000))

    def _answer(self, phones: list[Phone], pick: int, status: int, body: bytes) -> None:
        self.look()
        asked = [phone for phone in phones if phone.open]
        if asked:
            self.number += 1
            asked[pick % len(asked)].answer(status, body, f"tag{self.number if status >= 200 else 0}")

    # ------------------------------------------------------------------ commands

    @rule(pick=picks, early=st.sampled_from([None, 5.0, 200.0]))
    def park(self, pick: int, early: float | None) -> None:
        if self.calls():
            self.tell(Park(self.calls()[pick % len(self.calls())], Playlist(("music",), queue="a b"), early))

    @rule(pick=picks, loop=st.booleans())
    def play(self, pick: int, loop: bool) -> None:
        if self.calls():
            self.tell(Play(self.calls()[pick % len(self.calls())], Playlist(("ding", "music"), loop)))

    @rule(pick=picks, agent=st.integers(0, 2), mode=st.sampled_from(["late", "caller"]))
    def dial(self, pick: int, agent: int, mode: str) -> None:
        if self.calls():
            self.number += 1
            target = Target(self.agents[agent].peer.uri)
            call = self.calls()[pick % len(self.calls())]
            self.tell(Dial(call, LegId(f"leg-{self.number}"), target, mode))  # type: ignore[arg-type]  # a literal

    @rule(pick=picks, agent=picks)
    def drop(self, pick: int, agent: int) -> None:
        if self.calls():
            self.tell(DropLeg(self.calls()[pick % len(self.calls())], LegId(f"leg-{agent}")))

    @rule(pick=picks, reject=st.booleans())
    def system_ends(self, pick: int, reject: bool) -> None:
        if self.calls():
            call = self.calls()[pick % len(self.calls())]
            self.tell(Reject(call, 486) if reject else HangUp(call))

    # ------------------------------------------------------------------ what befalls us

    @rule(seconds=st.sampled_from([0.3, 2.5, 7.0, 40.0, 320.0]))
    def passes(self, seconds: float) -> None:
        self.net.wait(seconds)

    @rule(pick=picks)
    def lose(self, pick: int) -> None:
        self.fair = False
        phones = self.phones()
        self.net.lost ^= {phones[pick % len(phones)].peer.hop}

    @rule()
    def crash(self) -> None:
        self.fair = False
        self.net.crashed = True
        self.net.restart()
        self.judged = 0

    # ------------------------------------------------------------------ what holds

    @invariant()
    def ends_are_final(self) -> None:
        self.look()
        for event in self.net.events[self.judged :]:
            assert event.call not in self.ended, f"{event} after the end"
            if isinstance(event, CallEnded):
                self.ended.add(event.call)
        self.judged = len(self.net.events)

    @invariant()
    def one_winner(self) -> None:
        for call in self.net.board._desk.calls.values():
            assert sum(leg.state is LegState.UP for leg in call.legs.values()) <= 1
            assert call.winner is None or call.winner in call.legs
            if call.state in (CallState.CONNECTING, CallState.BRIDGED):
                assert call.winner is not None
            if call.state is CallState.ENDED:
                assert call.departing

    @invariant()
    def the_journal_knows_what_was_said(self) -> None:
        """Of every leg that may still speak: a restart goes on from there, with the next version (RFC 3264 §8)."""
        rows = self.net.rows()
        for call in self.net.board._desk.calls.values():
            row = rows["call", call.id]
            assert isinstance(row, CallRow)
            written = {leg.id: leg.session for leg in call_of(call.id, row).every_leg()}
            for leg in (call.caller, *call.legs.values(), *([call.media] if call.media is not None else [])):
                if leg.state not in SILENT:
                    said, kept = leg.session, written[leg.id]
                    assert (kept.id, kept.version, kept.local) == (said.id, said.version, said.local), (
                        f"{leg.id}: {said}"
                    )

    @invariant()
    def time_goes_on(self) -> None:
        due = self.net.board.next_deadline()
        assert due is None or due >= self.net.now

    def whats_left(self) -> str:
        calls = self.net.board._desk.calls.values()
        legs = [
            (c.id, c.state.name, c.step.name, leg.id, leg.state.name)
            for c in calls
            for leg in [*c.every_leg(), *c.departing]
        ]
        return f"{self.net.left()} {legs}"

    def teardown(self) -> None:
        """Everybody is back, answers and hangs up: nothing is left."""
        self.net.lost.clear()
        self.ends_are_final()
        for phone in self.phones():
            while phone.unacked:
                phone.ack(sdp(30000))
            phone.peer.cancel()
            if phone.peer.dialog is not None:
                phone.peer.request("BYE")
            phone.look()
            while phone.open:
                phone.answer(486, b"", "x")
                phone.look()
        for call in self.calls():
            self.tell(HangUp(call))
        self.net.wait(40)
        self.ends_are_final()
        for phone in self.phones():
            while phone.unacked:
                phone.ack(sdp(30000))
        self.net.wait(64)
        assert self.net.left() == {}, self.whats_left()
        if self.fair:
            assert set().union(*(phone.accepted for phone in self.phones())) <= self.net.acked


TestSwitchboard = SwitchboardMachine.TestCase
TestSwitchboard.settings = settings(TestSwitchboard.settings, max_examples=settings().max_examples // 2)
