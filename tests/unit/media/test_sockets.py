"""Real pairs of sockets on loopback: which ports, and what the kernel lets in. Nothing waits: loopback delivers at once."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Iterator

import pytest

from media.rtp import RtpPacket
from media.sockets import MemoryPorts, NoPortFree, UdpPorts, let_only_in
from tests.support.ports import free_pair


@contextlib.contextmanager
def bound() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as opened:
        opened.bind(("127.0.0.1", 0))
        yield opened


def arrived(receiver: socket.socket) -> list[int]:
    """The payload types of what has come in."""
    types = []
    with contextlib.suppress(BlockingIOError):
        while True:
            types.append(receiver.recv(2048)[1] & 0x7F)
    return types


@pytest.mark.skipif(sys.platform != "linux", reason="socket filters are Linux's")
def test_the_filter_lets_only_telephone_events_in() -> None:
    with bound() as receiver, bound() as sender:

        def send() -> list[int]:
            for payload_type in (8, 101, 0, 101 - 64):
                packet = RtpPacket(payload_type, 1, 1, 1, b"audio", marker=True).encode()
                sender.sendto(packet, receiver.getsockname())
            return arrived(receiver)

        assert send() == [8, 101, 0, 37]
        assert let_only_in(receiver, 101)
        assert send() == [101]
        assert let_only_in(receiver, None)
        assert send() == []


async def test_pairs_are_even_and_odd_and_closed_ports_come_back_last() -> None:
    first = free_pair()
    heard: list[tuple[str, bytes]] = []
    came = asyncio.Event()

    def deliver(key: str, data: bytes, _source: object) -> None:
        heard.append((key, data))
        came.set()

    ports = UdpPorts("127.0.0.1", (first, first + 1), asyncio.get_running_loop(), deliver, tos=0xB8)
    pair = ports.open("a")
    assert pair.port == first
    with pytest.raises(NoPortFree):
        ports.open("b")
    with bound() as peer:
        peer.sendto(b"hello", ("127.0.0.1", pair.port))
        await asyncio.wait_for(came.wait(), 10)
        assert heard == [("a", b"hello")]
        pair.let_in(101)
        peer.sendto(b"hello", ("127.0.0.1", pair.port))
        pair.let_all_in()
        pair.let_all_in()  # taking off what is not there is no error
        pair.sendto(b"rtp", peer.getsockname())
        pair.send_control(b"rtcp", peer.getsockname())
        assert [peer.recvfrom(99) for _ in range(2)] == [
            (b"rtp", ("127.0.0.1", first)),
            (b"rtcp", ("127.0.0.1", first + 1)),
        ]
    pair.close()
    ports.open("b").close()


async def test_a_pair_half_taken_is_passed_over() -> None:
    first = free_pair()
    taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taken.bind(("127.0.0.1", first + 1))
    ports = UdpPorts("127.0.0.1", (first, first + 3), asyncio.get_running_loop(), lambda *_: None)
    with taken, contextlib.suppress(NoPortFree):  # the next pair may be somebody else's
        pair = ports.open("a")
        assert pair.port == first + 2
        pair.close()


async def test_an_address_that_is_not_ours_is_an_error_of_its_own() -> None:
    ports = UdpPorts("192.0.2.1", (20000, 20003), asyncio.get_running_loop(), lambda *_: None)
    with pytest.raises(OSError, match="assign"):
        ports.open("a")


def test_ports_in_memory_run_out_too() -> None:
    ports = MemoryPorts(limit=1)
    ports.open("a")
    with pytest.raises(NoPortFree):
        ports.open("b")
