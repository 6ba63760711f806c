"""A peer on the virtual wire registers and calls with its password, as a phone does."""

from app.agents.credentials import digest_hashes
from sipcore.digest import Challenge, answer, best_challenge
from sipcore.events import ResponseReceived
from sipcore.message import Request
from tests.support.virtual import Peer

__all__ = ["invite_as", "register"]


def _authorization(peer: Peer, method: str, uri: str, user: str, password: str) -> tuple[str, str]:
    """The answer to the last 401."""
    challenge = best_challenge(map(Challenge.parse, peer.responses(401)[-1].get_all("WWW-Authenticate")))
    assert challenge is not None
    ha1 = digest_hashes(user, challenge.realm, password)[challenge.algorithm]
    given = answer(challenge, method, uri, username=user, ha1=ha1, cnonce=f"c{peer.counter}")
    return "Authorization", str(given)


def register(peer: Peer, user: str, password: str, *, expires: int = 3600) -> int:
    """REGISTER ``sip:<user>@callyard``; the status that comes of it. ``expires`` 0: not any more."""
    uri = "sip:callyard"
    for attempt in (1, 2):
        peer.counter += 1
        headers = [
            ("From", f"<sip:{user}@callyard>;tag=r{peer.hop.port}"), ("To", f"<sip:{user}@callyard>"),
            ("Call-ID", f"r{peer.hop.port}"), ("CSeq", f"{peer.counter} REGISTER"), ("Max-Forwards", "70"),
            ("Contact", f"<{peer.uri}>"), ("Expires", str(expires)),
        ]  # fmt: skip
        if attempt == 2:
            headers.append(_authorization(peer, "REGISTER", uri, user, password))
        peer.say(Request("REGISTER", uri, headers))
    return [event.response.status for event in peer.got if isinstance(event, ResponseReceived)][-1]


def invite_as(peer: Peer, body: bytes, called: str, user: str, password: str) -> None:
    """INVITE ``called``, first without and then with the digest of ``user``."""
    peer.invite(body, called)
    proof = _authorization(peer, "INVITE", f"sip:{called}@127.0.0.1:5060", user, password)
    peer.invite(body, called, (proof,))
