"""Phones known by their bytes get, byte for byte, what they would get if every REGISTER were read as a whole."""

from dataclasses import dataclass
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from app.registrations.desk import KeepAlive, Registrations
from sipcore.config import EndpointConfig, Listener
from sipcore.digest import Challenge, NonceMaker, answer, compute_ha1
from sipcore.endpoint import Endpoint
from sipcore.familiar import Repeat
from sipcore.ids import Minter
from sipcore.message import Response, parse
from sipcore.packets import Hop, Send, Source
from sipcore.registrar import RegistrarConfig

SOURCES = [
    Source(Hop("UDP", "192.0.2.2", 5070)),
    Source(Hop("UDP", "192.0.2.2", 5071)),
    Source(Hop("TCP", "192.0.2.2", 5070), 0, 7),
]
USERS = ("ana", "bo")


class World:
    """An endpoint and a registrar. ``familiar`` phones are known at once."""

    def __init__(self, familiar: int, *, digest: bool) -> None:
        numbers = count(1)
        ids = Minter(1, 1, lambda: f"{next(numbers):016x}")
        self.endpoint = Endpoint(
            EndpointConfig((Listener("UDP", "192.0.2.1", 5060), Listener("TCP", "192.0.2.1", 5060))), ids
        )
        self.desk = Registrations(
            RegistrarConfig(("callyard",), digest=digest, familiar=familiar, max_contacts=2), KeepAlive("none"), self.endpoint,
            lambda user, realm, algorithm: compute_ha1(algorithm, user, realm, "s3cret") if user in USERS else None,
            nonces=NonceMaker(b"0123456789abcdef", 40.0, 3), ids=ids, host="192.0.2.1",
        )  # fmt: skip
        self.told: list[str] = []
        self.desk.observers.append(lambda change, now: self.told.append(f"{now} {change}"))

    def receive(self, data: bytes, source: Source, now: float) -> list[Send]:
        self.endpoint.receive(data, source, now)  # a REGISTER within a dialog would be somebody else's
        sends, self.endpoint.sends = self.endpoint.sends, []
        return sends

    def expire(self, now: float) -> None:
        self.endpoint.expire(now)
        self.desk.expire(now)

    def state(self) -> object:
        return (
            list(self.desk.walk()), self.told, self.desk.registrar.counters, dict(self.endpoint.counters),
            self.endpoint.counts(), self.endpoint.next_deadline(), self.desk.next_deadline(),
        )  # fmt: skip


@dataclass(frozen=True)
class Step:
    """What a phone says next: the usual unless something is odd."""

    user: str
    device: int
    cseq: int  # added to the last one
    source: int
    odd: str
    proof: str  # none, good, wrong, of the other user
    seconds: int  # that pass before


ODDITIES = (
    "", "", "", "", "same again", "branch", "merged", "no rport", "to tag", "compact", "fold", "proof fold", "two proofs",
    "expires", "expires 0", "call id", "agent", "two contacts", "require", "path", "long branch", "cseq words", "bytes",
    "body", "reg-id", "star",
)  # fmt: skip
PROOFS = ("good", "good", "good", "none", "wrong", "other")
STEPS = st.builds(
    Step, st.sampled_from(USERS), st.integers(0, 1), st.sampled_from([1, 1, 1, 0, -1]), st.sampled_from([0, 0, 0, 1, 2]),
    st.sampled_from(ODDITIES), st.sampled_from(PROOFS), st.sampled_from([0, 0, 1, 35, 80]),
)  # fmt: skip


class Phones:
    """Writes the messages; remembers the challenges."""

    def __init__(self) -> None:
        self.number = 0
        self.cseqs: dict[tuple[str, int], int] = {}
        self.last = b""
        self.challenge: Challenge | None = None
        self.uses = 0

    def says(self, step: Step) -> bytes:
        if step.odd in ("same again", "merged", "branch") and self.last:
            return self._again(step.odd)
        self.number += 1
        cseq = self.cseqs[step.user, step.device] = max(1, self.cseqs.get((step.user, step.device), 0) + step.cseq)
        self.last = "\r\n".join([*self._lines(step, cseq), "", "body" if step.odd == "body" else ""]).encode()
        if step.odd == "bytes":
            self.last = self.last.replace(b"phone", b"ph\xffne")
        return self.last

    def _again(self, odd: str) -> bytes:
        """The last message once more: as it was, with another header, or by another path."""
        if odd == "branch":
            return self.last.replace(b"Max-Forwards: 70", b"Max-Forwards: 69")
        return self.last.replace(b"branch=z9hG4bK", b"branch=z9hG4bKx") if odd == "merged" else self.last

    def _lines(self, step: Step, cseq: int) -> list[str]:
        odd, user = step.odd, step.user
        transport = SOURCES[step.source].hop.transport
        branch = f"z9hG4bK{self.number}{'x' * 300 if odd == 'long branch' else ''}"
        via = f"SIP/2.0/{transport} 192.0.2.2:5070;branch={branch}{'' if odd == 'no rport' else ';rport'}"
        contact = f"<sip:{user}-{step.device}@192.0.2.2:5070>"
        lines = [
            "REGISTER sip:callyard SIP/2.0",
            f"v: {via}" if odd == "compact" else f"Via: {via}",
            "Max-Forwards: 70",
            f"From: <sip:{user}@callyard>;tag=f{self.number}",
            f"To: <sip:{user}@callyard>{';tag=x' if odd == 'to tag' else ''}",
            f"Call-ID: {user}-{step.device}{'-b' if odd == 'call id' else ''}",
            f"CSeq: {cseq}{' ' if odd == 'cseq words' else ''} REGISTER",
            f"User-Agent: phone{' 2' if odd == 'agent' else ''}",
            *self._proof(step),
        ]
        match odd:
            case "star":
                return [*lines, "Contact: *", "Expires: 0"]
            case "two contacts":
                return [*lines, f"Contact: {contact}, <sip:{user}@192.0.2.9>"]
            case "reg-id":
                return [*lines, "Supported: outbound", f'Contact: {contact};+sip.instance="<urn:x>";reg-id=1']
            case "fold":
                return [*lines, f"Contact: {contact}", "\t;expires=600"]
            case "require":
                lines.append("Require: juggling")
            case "path":
                lines.append("Path: <sip:192.0.2.3;lr>")
            case "expires" | "expires 0":
                lines.append("Expires: 0" if odd == "expires 0" else "Expires: 90")
        return [*lines, f"Contact: {contact}"]

    def _proof(self, step: Step) -> list[str]:
        if step.proof == "none" or self.challenge is None:
            return []
        user = next(each for each in USERS if (each == step.user) == (step.proof != "other"))
        ha1 = compute_ha1("MD5", user, "callyard", "guess" if step.proof == "wrong" else "s3cret")
        self.uses += 1
        given = answer(self.challenge, "REGISTER", "sip:callyard", username=user, ha1=ha1, cnonce="c", nc=self.uses)
        proof = f"Authorization: {given}"
        if step.odd == "proof fold":
            proof = proof.replace(", ", ",\r\n ", 1)
        return [proof, proof] if step.odd == "two proofs" else [proof]

    def hear(self, answers: list[Send]) -> None:
        for send in answers:
            response = parse(send.data)
            assert isinstance(response, Response)
            if response.status == 401:
                self.challenge, self.uses = Challenge.parse(response.get_all("WWW-Authenticate")[-1]), 0


def test_they_are_known() -> None:
    """Otherwise the comparison below would say nothing: a refresh with another branch, tag and number opens no message."""
    world, phones = World(2, digest=True), Phones()
    seen: list[bool] = []
    world.endpoint.at_once = watched = _Watched(world.desk, seen)
    assert watched.desk is world.desk
    for proof in ("none", "good", "good", "good", "wrong"):
        phones.hear(world.receive(phones.says(Step("ana", 0, 1, 0, "", proof, 0)), SOURCES[0], 1000.0))
    assert seen == [False, False, False, True, True]
    assert world.desk.registrar.counters["refreshed"] == 2


class _Watched:
    def __init__(self, desk: Registrations, seen: list[bool]) -> None:
        self.desk, self.seen = desk, seen
        self.register, self.answer = desk.register, desk.answer

    def recognise(self, data: bytes, source: Source) -> Repeat | None:
        repeat = self.desk.recognise(data, source)
        self.seen.append(repeat is not None)
        return repeat


@settings(max_examples=100)
@given(steps=st.lists(STEPS, max_size=40), digest=st.booleans(), familiar=st.sampled_from([1, 2, 100]))
def test_known_or_not_the_answer_is_the_same(steps: list[Step], *, digest: bool, familiar: int) -> None:
    plain, knowing, phones, now = World(0, digest=digest), World(familiar, digest=digest), Phones(), 1000.0
    for step in steps:
        now += step.seconds
        for world in (plain, knowing):
            world.expire(now)
        data, source = phones.says(step), SOURCES[step.source]
        answers = knowing.receive(data, source, now)
        assert answers == plain.receive(data, source, now), data
        assert knowing.state() == plain.state()
        phones.hear(answers)
