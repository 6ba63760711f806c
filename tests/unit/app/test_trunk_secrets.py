"""Passwords for trunks: where they are read from, whom they are shown to, and what a call without one is told."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from app.callback_policy import CallbackPolicy
from app.commands import RequestCallback
from app.configuration import Trunk
from app.db.configuration import trunk_object
from app.db.tables import TrunkRow
from app.directory import Directory
from app.facts import CallEvent
from app.trunks.secrets import check_reference, read_secret
from b2bua.proof import Secret
from queues.model import Overflow, OverflowAction
from queues.rules.overflow import Limits
from sipcore.digest import Challenge
from sipcore.message import respond_to
from tests.support.centre import Centre, agent, entry, queue
from tests.support.virtual import Peer, sdp

SECRET = Secret("callyard", "s3cret")


@pytest.mark.parametrize("reference", ["env:TRUNK_PASSWORD", "env:a1", "file:/run/secrets/trunk"])
def test_references(reference: str) -> None:
    assert check_reference(reference) == reference


@pytest.mark.parametrize(
    "reference", ["s3cret", "", "env:", "env:1A", "env:A-B", "env:Ä", "file:", "file:trunk", "vault:x"]
)
def test_what_is_no_reference(reference: str) -> None:
    with pytest.raises(ValueError, match="write env:NAME"):
        check_reference(reference)


def test_the_first_line_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "trunk"
    file.write_text("s3 crét\r\nand more\n")
    assert read_secret(f"file:{file}") == "s3 crét"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: No such file"),
        (b"", "is empty"),
        (b"\nsecond", "is empty"),
        (b"a\tb", "holds no password"),
        (b"\xff\xfe", "it is no text"),
        (b"x" * 1025, "holds no password"),
    ],
)
def test_files_that_hold_no_password(tmp_path: Path, content: bytes | None, why: str) -> None:
    file = tmp_path / "trunk"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=why):
        read_secret(f"file:{file}")


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNK_PASSWORD", "s3cret")
    assert read_secret("env:TRUNK_PASSWORD") == "s3cret"
    monkeypatch.delenv("TRUNK_PASSWORD")
    with pytest.raises(ValueError, match="the environment variable TRUNK_PASSWORD is not set"):
        read_secret("env:TRUNK_PASSWORD")


def test_a_secret_that_has_gone_is_logged_and_the_trunk_stays(caplog: pytest.LogCaptureFixture) -> None:
    """At start: a file that is missing must not keep the service from taking calls."""
    row = TrunkRow(name="carrier", addresses=["192.0.2.1"], username="u", password_from="env:NO_SUCH_VARIABLE")
    trunk = trunk_object(row)
    assert (trunk.addresses, trunk.secret) == (("192.0.2.1",), None)
    assert "trunk carrier: the environment variable NO_SUCH_VARIABLE is not set" in caplog.text


def test_who_is_shown_it(monkeypatch: pytest.MonkeyPatch) -> None:
    directory = Directory([ip_network("127.0.0.0/8")])
    directory.put(
        Trunk("t1", "plain", ("192.0.2.0/28",)),
        Trunk("t2", "carrier", ("192.0.2.0/24", "2001:db8::/32"), SECRET),
        Trunk("t3", "other", ("198.51.100.1",), Secret("x", "y"), "other.example"),
    )
    assert directory.secret_for("192.0.2.9", "any") == SECRET
    assert directory.secret_for("2001:db8::9", "any") == SECRET
    assert directory.secret_for("198.51.100.1", "other.example") == Secret("x", "y")
    assert directory.secret_for("198.51.100.1", "carrier.example") is None
    assert directory.secret_for("203.0.113.1", "any") is None
    assert directory.secret_for("127.0.0.1", "any") is None


def test_it_is_never_shown_in_words() -> None:
    assert "s3cret" not in repr(Trunk("t", "carrier", (), SECRET))


def challenge(peer: Peer) -> None:
    event = peer.last_request("INVITE")
    assert event.transaction is not None
    headers = [("Proxy-Authenticate", str(Challenge("carrier", f"n{len(peer.got)}")))]
    response = respond_to(event.request, 407, to_tag="gate", headers=headers)
    peer.endpoint.respond(event.transaction, response, peer.net.now)
    peer.net.deliver()


def calling_back(secret: Secret | None) -> tuple[Centre, Peer]:
    centre = Centre()
    phone, gateway = centre.peer(7001), centre.peer(6009)
    support = queue()
    policy = CallbackPolicy("sip:{number}@127.0.0.1:6009", retry_seconds=60.0)
    object.__setattr__(support, "callback", policy)
    trunk = Trunk("t", "carrier", ("127.0.0.1",), secret)
    centre.add(support, entry("1000"), agent("ana", phone), trunk)
    centre.tell(RequestCallback("cb-1", "q-support", "+4930123"))
    return centre, gateway


def missed(centre: Centre) -> list[str | None]:
    return [f.cause for f in centre.facts if isinstance(f, CallEvent) and f.kind == "callback_missed"]


def test_a_callback_through_a_gateway_that_challenges() -> None:
    centre, gateway = calling_back(SECRET)
    challenge(gateway)
    invite = gateway.last_request("INVITE")
    assert 'username="callyard"' in (invite.request.get("Proxy-Authorization") or "")
    gateway.reply(invite, 200, sdp(33000))
    assert "callback_done" in centre.steps()


@pytest.mark.parametrize("secret", [None, Secret("callyard", "wrong")])
def test_a_callback_that_the_gateway_does_not_let_through_says_so(secret: Secret | None) -> None:
    centre, gateway = calling_back(secret)
    challenge(gateway)
    if secret is not None:
        challenge(gateway)
    assert missed(centre) == ["unauthorized"]


def test_a_forward_that_the_gateway_does_not_let_through_says_so() -> None:
    centre = Centre()
    caller, gateway = centre.peer(6001), centre.peer(6009)
    overflow = Overflow(OverflowAction.URI, uri="sip:hotline@127.0.0.1:6009")
    centre.add(queue(limits=Limits(none_logged_in=True), overflow=overflow), entry("1000"))
    caller.invite(sdp(30000))
    challenge(gateway)
    assert caller.responses(480)
    (record,) = centre.records()
    assert (record.outcome, record.cause, record.overflow_cause) == (
        "rejected", "overflow_unauthorized", "none_logged_in"
    )  # fmt: skip
    assert centre.left() == {}
