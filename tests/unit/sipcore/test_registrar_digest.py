"""Who may register: digest by RFC 8760, nonces that count, and what a stranger learns (nothing)."""

import re
from ipaddress import ip_network
from typing import Any

import pytest

from sipcore import digest
from sipcore.digest import Challenge, Credentials, NonceMaker, answer, compute_ha1
from sipcore.message import Response
from tests.unit.sipcore.registrar_desk import CONTACT, Desk, authorization


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
    assert [header.name for header in wrong.headers] == [header.name for header in unknown.headers]


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


def test_a_trusted_network_needs_no_digest() -> None:
    assert Desk(digest=True, trusted=(ip_network("127.0.0.0/8"),)).register(("Contact", CONTACT))[0].status == 200
    elsewhere = (ip_network("192.0.2.0/24"), ip_network("::1"))
    assert Desk(digest=True, trusted=elsewhere).register(("Contact", CONTACT))[0].status == 401


def test_one_nonce_serves_many_requests_each_once() -> None:
    desk = Desk(digest=True)
    refusal, _ = desk.register()
    offered = Challenge.parse(refusal.get_all("WWW-Authenticate")[0])
    ha1 = compute_ha1(offered.algorithm, "ana", offered.realm, "s3cret")

    def proof(nc: int) -> tuple[str, str]:
        given = answer(offered, "REGISTER", "sip:callyard", username="ana", ha1=ha1, cnonce="c", nc=nc)
        return "Authorization", str(given)

    assert [desk.register(("Contact", CONTACT), proof(nc))[0].status for nc in (1, 2, 2, 1, 3)] == [
        200,
        200,
        401,
        401,
        200,
    ]
    replayed, _ = desk.register(("Contact", CONTACT), proof(3))
    assert Challenge.parse(replayed.get_all("WWW-Authenticate")[0]).stale
    assert {name: n for name, n in desk.registrar.counters.items() if n} == {
        "challenged": 1, "added": 1, "refreshed": 2, "stale": 3,
    }  # fmt: skip


def test_an_unknown_user_and_a_wrong_password_get_the_same_bytes() -> None:
    """But for what is random (tags and nonces) and for what the request itself said."""
    for index in (0, 1):
        answers = []
        for user, password in (("ana", "guess"), ("eve", "guess")):
            desk = Desk(digest=True)
            refusal, _ = desk.register(("Contact", CONTACT), user=user)
            proof = authorization(refusal, user=user, password=password, index=index)
            refused, changes = desk.register(("Contact", CONTACT), proof, user=user)
            assert changes == []
            answers += [[_anonymous(response, user) for response in (refusal, refused)]]
        assert answers[0] == answers[1]
        assert b"stale" not in answers[0][1]


def _anonymous(response: Response, user: str) -> bytes:
    return re.sub(rb'nonce="[^"]*"|tag=[0-9a-f.]+', b"x", response.encode().replace(f"sip:{user}@".encode(), b"sip:u@"))


@pytest.mark.interpreted
def test_unknown_users_cost_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """As much is hashed for a user that we do not know as for a wrong password."""
    assert _hashed("ana", monkeypatch) == _hashed("eve", monkeypatch) == ["decoy", "keyed", "response", "keyed"]


def _hashed(user: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is computed to judge a wrong password."""
    desk = Desk(digest=True)
    refusal, _ = desk.register(user=user)
    proof = authorization(refusal, user=user, password="guess")
    done: list[str] = []

    def counted(name: str, original: Any) -> Any:
        def call(*arguments: Any) -> Any:
            done.append(name)
            return original(*arguments)

        return call

    with monkeypatch.context() as patched:
        patched.setattr(NonceMaker, "decoy", counted("decoy", NonceMaker.decoy))
        patched.setattr(digest, "_response", counted("response", digest._response))
        patched.setattr(NonceMaker, "_sign", counted("keyed", NonceMaker._sign))
        desk.register(proof, user=user)
    return done
