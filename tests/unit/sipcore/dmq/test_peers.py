"""Membership as a table."""

import pytest

from sipcore.dmq.node_list import key_of
from sipcore.dmq.peer import Peer, PeerStatus
from sipcore.dmq.peers import SIGNS, Action, Peers, Sign


def known(status: PeerStatus) -> tuple[Peers, Peer]:
    peers = Peers(2)
    peer = Peer("sip:192.0.2.1:5060", None, status=status)
    assert peers.add(key_of(peer.address), peer)
    return peers, peer


@pytest.mark.parametrize("status", list(PeerStatus))
@pytest.mark.parametrize("sign", list(Sign))
def test_a_node_joins_and_leaves_by_turns(status: PeerStatus, sign: Sign) -> None:
    """The channels hear that it joined exactly when it becomes active, that it left exactly when it no longer is."""
    peers, peer = known(status)
    action = peers.note(peer, sign, 7.0)
    was, is_ = status is PeerStatus.ACTIVE, peer.status is PeerStatus.ACTIVE
    assert (action is Action.JOINED) == (is_ and not was)
    assert (action is Action.LEFT) == (was and not is_)
    assert peer.since == (7.0 if peer.status is not status else 0.0)


def test_only_the_node_itself_makes_itself_active() -> None:
    makes_active = {sign for (_, sign), (status, _) in SIGNS.items() if status is PeerStatus.ACTIVE}
    assert makes_active == {Sign.SAYS_ACTIVE, Sign.ANSWERED}


def test_a_node_that_is_there_is_disturbed_by_its_goodbye_and_its_silence_only() -> None:
    assert {sign for status, sign in SIGNS if status is PeerStatus.ACTIVE} == {Sign.SAYS_DISABLED, Sign.SILENT}


def test_there_is_an_end_to_the_nodes_known() -> None:
    peers, _ = known(PeerStatus.ACTIVE)
    assert peers.add(key_of("sip:192.0.2.2:5060"), Peer("sip:192.0.2.2:5060", None))
    assert not peers.add(key_of("sip:192.0.2.3:5060"), Peer("sip:192.0.2.3:5060", None))
    assert len(peers) == 2
