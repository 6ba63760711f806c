"""REGISTER by RFC 3261 §10.3, with digest: every verdict, and what stands in the store afterwards."""

from itertools import count

import pytest

from sipcore.binding import BindingChange, BindingChanged
from sipcore.digest import Challenge, Credentials, NonceMaker, answer, compute_ha1
from sipcore.ids import Minter
from sipcore.location import MemoryLocations
from sipcore.message import Request, Response
from sipcore.packets import Hop, Source
from sipcore.registrar import Registrar, RegistrarConfig

SOURCE = Source(Hop("UDP", "127.0.0.1", 5070))
AOR = "sip:ana@callyard"
CONTACT = "<sip:ana@127.0.0.1:5070>"


class Desk:
    """A registrar and one phone."""

    def __init__(self, *, digest: bool = False) -> None:
        numbers = count(1)
        self.store = MemoryLocations()
        self.registrar = Registrar(
            RegistrarConfig(("callyard", "127.0.0.1"), digest=digest),
            self.store,
            lambda user, realm, algorithm: compute_ha1(algorithm, user, realm, "s3cret") if user == "ana" else None,
            nonces=NonceMaker(b"0123456789abcdef"),
            ids=Minter(1, 1, lambda: next(numbers)),
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
    ) -> tuple[Response, list[BindingChanged]]:
        self.cseq = cseq or self.cseq + 1
        request = Request(
            "REGISTER",
            f"sip:{host}",
            [
                ("Via", "SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK1"),
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


def test_add_refresh_query_remove() -> None:
    desk = Desk()
    response, changes = desk.register(("Contact", CONTACT), ("Expires", "600"))
    assert response.status == 200
    assert response.to_tag
    assert response.get("Date") == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert response.get_all("Contact") == ["<sip:ana@127.0.0.1:5070>;expires=600"]
    assert [change.change for change in changes] == [BindingChange.ADDED]
    _, changes = desk.register(("Contact", f"{CONTACT};expires=900;q=0.5"), now=100.0)
    assert [change.change for change in changes] == [BindingChange.REFRESHED]
    response, changes = desk.register(now=200.0)
    assert (response.get_all("Contact"), changes) == (["<sip:ana@127.0.0.1:5070>;expires=800;q=0.5"], [])
    response, changes = desk.register(("Contact", f"{CONTACT};expires=0"), now=300.0)
    assert (response.get("Contact"), [change.change for change in changes]) == (None, [BindingChange.REMOVED])
    assert desk.registrar.next_deadline() is None


def test_all_domains_are_one() -> None:
    desk = Desk()
    response, _ = desk.register(("Contact", CONTACT), host="127.0.0.1")
    assert response.status == 200
    assert desk.contacts() == ["sip:ana@127.0.0.1:5070"]


def test_expiry_is_a_change() -> None:
    desk = Desk()
    desk.register(("Contact", CONTACT), ("Expires", "60"), now=1000.0)
    assert desk.registrar.next_deadline() == 1060.0
    assert desk.registrar.expire(1059.0) == []
    (gone,) = desk.registrar.expire(1060.0)
    assert (gone.change, gone.binding.aor) == (BindingChange.EXPIRED, AOR)


def test_star_removes_all_but_only_alone_and_with_expires_0() -> None:
    desk = Desk()
    desk.register(("Contact", CONTACT), ("Contact", "<sip:ana@127.0.0.2>"))
    assert desk.register(("Contact", "*"))[0].status == 400
    assert desk.register(("Contact", "*"), ("Contact", CONTACT), ("Expires", "0"))[0].status == 400
    assert len(desk.contacts()) == 2
    response, changes = desk.register(("Contact", "*"), ("Expires", "0"))
    assert (response.status, len(changes), desk.contacts()) == (200, 2, [])


@pytest.mark.parametrize(
    ("expires", "status", "granted"),
    [("0", 200, None), ("1", 423, None), ("59", 423, None), ("60", 200, 60), ("99999", 200, 3600), ("soon", 200, 3600)],
)
def test_interval(expires: str, status: int, granted: int | None) -> None:
    response, _ = Desk().register(("Contact", CONTACT), ("Expires", expires))
    assert response.status == status
    assert response.get("Min-Expires") == ("60" if status == 423 else None)
    assert response.get("Contact") == (f"{CONTACT};expires={granted}" if granted else None)


def test_order_counts_within_a_call_id_only() -> None:
    desk = Desk()
    desk.register(("Contact", CONTACT), cseq=10)
    assert desk.register(("Contact", CONTACT), cseq=10)[0].status == 500
    assert desk.register(("Contact", "*"), ("Expires", "0"), cseq=9)[0].status == 500
    assert desk.register(("Contact", CONTACT), cseq=1, call_id="rebooted")[0].status == 200


def test_a_request_is_stored_whole_or_not_at_all() -> None:
    desk = Desk()
    response, changes = desk.register(("Contact", f"{CONTACT}, <sip:ana@127.0.0.2>;expires=5"))
    assert (response.status, changes, desk.contacts()) == (423, [], [])
    many = ", ".join(f"<sip:ana@127.0.0.1:{port}>" for port in range(6000, 6011))
    assert desk.register(("Contact", many))[0].status == 403
    assert desk.contacts() == []


@pytest.mark.parametrize(
    ("contact", "status"),
    [("<http://x>", 416), ("<sip:a b>", 400), ("nonsense", 400), ("<sip:ana@127.0.0.1:99999>", 400)],
)
def test_bad_contacts(contact: str, status: int) -> None:
    assert Desk().register(("Contact", contact))[0].status == status


def test_foreign_domain_and_unknown_extension() -> None:
    desk = Desk()
    assert desk.register(("Contact", CONTACT), host="elsewhere.example")[0].status == 404
    response, _ = desk.register(("Contact", CONTACT), ("Require", "path, gruu"))
    assert (response.status, response.get("Unsupported")) == (420, "gruu")


def authorization(
    challenge: Response, *, user: str = "ana", password: str = "s3cret", index: int = 0
) -> tuple[str, str]:
    offered = Challenge.parse(challenge.get_all("WWW-Authenticate")[index])
    ha1 = compute_ha1(offered.algorithm, user, offered.realm, password)
    return "Authorization", str(answer(offered, "REGISTER", "sip:callyard", username=user, ha1=ha1, cnonce="c0ffee"))


@pytest.mark.parametrize(("index", "algorithm"), [(0, "SHA-256"), (1, "MD5")])
def test_digest(index: int, algorithm: str) -> None:
    desk = Desk(digest=True)
    refusal, _ = desk.register(("Contact", CONTACT))
    assert refusal.status == 401
    header = authorization(refusal, index=index)
    assert Credentials.parse(header[1]).algorithm == algorithm
    response, changes = desk.register(("Contact", CONTACT), header, now=10.0)
    assert (response.status, len(changes)) == (200, 1)


def test_unknown_user_and_wrong_password_look_the_same() -> None:
    desk = Desk(digest=True)
    refusal, _ = desk.register()
    wrong, _ = desk.register(authorization(refusal, password="guess"))
    unknown, _ = desk.register(authorization(refusal, user="nobody"), user="nobody")
    for response in (wrong, unknown):
        assert response.status == 401
        assert [Challenge.parse(text).stale for text in response.get_all("WWW-Authenticate")] == [False, False]
    assert [name for name, _, _ in wrong.headers] == [name for name, _, _ in unknown.headers]


def test_stale_nonce_is_told_only_to_who_knows_the_password() -> None:
    desk = Desk(digest=True)
    refusal, _ = desk.register()
    right, _ = desk.register(authorization(refusal), now=10_000.0)
    wrong, _ = desk.register(authorization(refusal, password="guess"), now=10_000.0)
    assert Challenge.parse(right.get_all("WWW-Authenticate")[0]).stale
    assert not Challenge.parse(wrong.get_all("WWW-Authenticate")[0]).stale


def test_nobody_registers_for_another() -> None:
    desk = Desk(digest=True)
    refusal, _ = desk.register()
    assert desk.register(("Contact", CONTACT), authorization(refusal), user="bo")[0].status == 403


def test_bad_authorization_is_400() -> None:
    assert Desk(digest=True).register(("Authorization", "Digest rubbish"))[0].status == 400
