"""A registrar and one phone, for its tests."""

from itertools import count
from typing import Any

from sipcore.binding import BindingChanged
from sipcore.digest import Challenge, NonceMaker, answer, compute_ha1
from sipcore.ids import Minter
from sipcore.location import MemoryLocations
from sipcore.message import Request, Response
from sipcore.packets import Hop, Source
from sipcore.registrar import Registrar, RegistrarConfig

__all__ = ["AOR", "CONTACT", "SOURCE", "Desk", "authorization"]

SOURCE = Source(Hop("UDP", "127.0.0.1", 5070))
AOR = "sip:ana@callyard"
CONTACT = "<sip:ana@127.0.0.1:5070>"


class Desk:
    """A registrar and one phone."""

    def __init__(self, *, digest: bool = False, **settings: Any) -> None:
        numbers = count(1)
        self.store = MemoryLocations()
        self.registrar = Registrar(
            RegistrarConfig(("callyard", "127.0.0.1"), digest=digest, **settings),
            self.store,
            lambda user, realm, algorithm: compute_ha1(algorithm, user, realm, "s3cret") if user == "ana" else None,
            nonces=NonceMaker(b"0123456789abcdef"),
            ids=Minter(1, 1, lambda: f"{next(numbers):016x}"),
        )
        self.cseq = 0

    def register(
        self,
        *headers: tuple[str, str],
        now: float = 0.0,
        user: str = "ana",
        host: str = "callyard",
        call_id: str = "reg-1",
        cseq: int = 0,
        vias: int = 1,
    ) -> tuple[Response, list[BindingChanged]]:
        self.cseq = cseq or self.cseq + 1
        request = Request(
            "REGISTER",
            f"sip:{host}",
            [
                *[("Via", f"SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK{n}") for n in range(vias)],
                ("From", f"<sip:{user}@{host}>;tag=f"),
                ("To", f"<sip:{user}@{host}>"),
                ("Call-ID", call_id),
                ("CSeq", f"{self.cseq} REGISTER"),
                *headers,
            ],
        )
        return self.registrar.handle(request, SOURCE, now)

    def contacts(self) -> list[str]:
        return [binding.contact for binding in self.store.bindings(AOR)]


def authorization(
    challenge: Response, *, user: str = "ana", password: str = "s3cret", index: int = 0
) -> tuple[str, str]:
    offered = Challenge.parse(challenge.get_all("WWW-Authenticate")[index])
    ha1 = compute_ha1(offered.algorithm, user, offered.realm, password)
    return "Authorization", str(answer(offered, "REGISTER", "sip:callyard", username=user, ha1=ha1, cnonce="c0ffee"))
