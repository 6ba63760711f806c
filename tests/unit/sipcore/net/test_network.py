"""The transports on real loopback sockets. Nothing sleeps: each test waits for what it expects, with a guard."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import uvloop

from sipcore.config import Listener
from sipcore.net import ListenError, Network, StreamLimits
from sipcore.packets import Hop, Send, Source

PING = b"OPTIONS sip:a@127.0.0.1 SIP/2.0\r\nContent-Length: 4\r\n\r\nbody"
GUARD = 5.0  # seconds until a test that waits in vain fails


class Collector:
    """A receiver that lets a test wait."""

    def __init__(self) -> None:
        self.got: list[tuple[bytes, Source]] = []
        self.batches: list[int] = []
        self.failures: list[tuple[Hop, int]] = []
        self._changed = asyncio.Event()

    def packets(self, packets: list[tuple[bytes, Source]]) -> None:
        self.batches.append(len(packets))
        self.got += packets
        self._changed.set()

    def failed(self, hop: Hop, flow: int) -> None:
        self.failures.append((hop, flow))
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(GUARD):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
def receiver() -> Collector:
    return Collector()


@pytest.fixture
async def network(receiver: Collector) -> AsyncIterator[Network]:
    network = Network([Listener("UDP", "127.0.0.1", 0), Listener("TCP", "127.0.0.1", 0)], receiver)
    await network.start()
    yield network
    await network.close()


def hop_of(network: Network, index: int) -> Hop:
    listener = network.listeners[index]
    return Hop(listener.transport, listener.host, listener.port)


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_bound_ports_are_known_and_advertised(network: Network) -> None:
    udp, tcp = network.listeners
    assert udp.port
    assert tcp.port
    assert udp.sent_by == f"127.0.0.1:{udp.port}"


async def test_udp_there_and_back(network: Network, receiver: Collector) -> None:
    other = Collector()
    peer = Network([Listener("UDP", "127.0.0.1", 0)], other)
    await peer.start()
    network.send(Send(PING, hop_of(peer, 0)))
    await other.until(lambda: bool(other.got))
    data, source = other.got[0]
    assert (data, source) == (PING, Source(hop_of(network, 0), 0, 0))
    peer.send(Send(b"back", source.hop, source.flow, source.listener))
    await receiver.until(lambda: bool(receiver.got))
    assert receiver.got == [(b"back", Source(hop_of(peer, 0), 0, 0))]
    await peer.close()


async def test_udp_socket_is_drained_in_bounded_batches(network: Network, receiver: Collector) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(150):
            sender.sendto(b"%d" % number, ("127.0.0.1", network.listeners[0].port))
    await receiver.until(lambda: len(receiver.got) == 150)
    assert max(receiver.batches) <= 64
    assert [int(data) for data, _ in receiver.got] == list(range(150))


async def test_udp_leaves_from_the_listener_that_is_named(receiver: Collector) -> None:
    network = Network([Listener("UDP", "127.0.0.1", 0), Listener("UDP", "127.0.0.1", 0)], receiver)
    await network.start()
    network.send(Send(b"x", hop_of(network, 0), 0, 1))
    await receiver.until(lambda: bool(receiver.got))
    assert receiver.got[0][1] == Source(hop_of(network, 1), 0)
    await network.close()


async def test_udp_over_ipv6(receiver: Collector) -> None:
    network = Network([Listener("UDP", "::1", 0)], receiver)
    try:
        await network.start()
    except ListenError:
        pytest.skip("no IPv6 on this machine")
    network.send(Send(b"x", hop_of(network, 0)))
    await receiver.until(lambda: bool(receiver.got))
    assert receiver.got[0][1].hop == hop_of(network, 0)
    assert network.listeners[0].sent_by == f"[::1]:{network.listeners[0].port}"
    await network.close()


async def test_unsendable_datagram_is_reported_not_raised(network: Network, receiver: Collector) -> None:
    too_large = Hop("UDP", "127.0.0.1", 9)
    network.send(Send(b"x" * 70_000, too_large))
    network.send(Send(b"x", Hop("UDP", "::1", 9)))
    network.send(Send(b"x", Hop("WS", "127.0.0.1", 9), 7))
    await receiver.until(lambda: len(receiver.failures) == 3)
    assert (too_large, 0) in receiver.failures
    assert (Hop("WS", "127.0.0.1", 9), 7) in receiver.failures


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
async def test_port_in_use_names_the_listener(network: Network, receiver: Collector, transport: str) -> None:
    taken = network.listeners[0 if transport == "UDP" else 1].port
    second = Network([Listener("UDP", "127.0.0.1", 0), Listener(transport, "127.0.0.1", taken)], receiver)
    with pytest.raises(ListenError, match=f"{transport.lower()}:127.0.0.1:{taken}: Address already in use"):
        await second.start()


async def test_transport_that_we_do_not_have(receiver: Collector) -> None:
    with pytest.raises(ListenError, match=r"tls:127\.0\.0\.1:5061: transport TLS is not supported"):
        await Network([Listener("TLS", "127.0.0.1", 5061)], receiver).start()


async def test_tcp_message_split_at_every_byte(network: Network, receiver: Collector) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", network.listeners[1].port)
    for index in range(len(PING)):
        writer.write(PING[index : index + 1])
        await writer.drain()
        await asyncio.sleep(0)
    writer.write(PING + PING)
    await receiver.until(lambda: len(receiver.got) == 3)
    assert [data for data, _ in receiver.got] == [PING] * 3
    assert receiver.got[0][1].flow > 0
    writer.close()


async def test_tcp_keep_alive_gets_its_pong(network: Network, receiver: Collector) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", network.listeners[1].port)
    writer.write(b"\r\n\r\n")
    async with asyncio.timeout(GUARD):
        assert await reader.readexactly(2) == b"\r\n"
    assert receiver.got == []
    writer.close()


async def test_tcp_answer_uses_the_flow_and_a_lost_flow_is_reported(network: Network, receiver: Collector) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", network.listeners[1].port)
    writer.write(PING)
    await receiver.until(lambda: bool(receiver.got))
    source = receiver.got[0][1]
    network.send(Send(b"answer", Hop("TCP", "127.0.0.1", 1), source.flow))
    async with asyncio.timeout(GUARD):
        assert await reader.readexactly(6) == b"answer"
    writer.close()
    await receiver.until(lambda: bool(receiver.failures))
    assert receiver.failures == [(source.hop, source.flow)]
    assert network.metrics()["streams"] == 0


async def test_tcp_connects_once_and_keeps_the_connection(network: Network, receiver: Collector) -> None:
    other = Collector()
    peer = Network([Listener("TCP", "127.0.0.1", 0)], other)
    await peer.start()
    for _ in range(3):
        network.send(Send(PING, hop_of(peer, 0)))
    await other.until(lambda: len(other.got) == 3)
    network.send(Send(PING, hop_of(peer, 0)))
    await other.until(lambda: len(other.got) == 4)
    assert len({source for _, source in other.got}) == 1
    await peer.close()
    await receiver.until(lambda: bool(receiver.failures))
    assert receiver.failures[0][0] == hop_of(peer, 0)


async def test_tcp_connection_refused_is_reported(network: Network, receiver: Collector) -> None:
    nobody = Hop("TCP", "127.0.0.1", free_udp_port())
    network.send(Send(PING, nobody))
    await receiver.until(lambda: bool(receiver.failures))
    assert receiver.failures == [(nobody, 0)]


async def test_tcp_stream_without_framing_is_closed(network: Network, receiver: Collector) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", network.listeners[1].port)
    writer.write(PING + b"OPTIONS sip:a SIP/2.0\r\nContent-Length: many\r\n\r\n")
    await receiver.until(lambda: bool(receiver.failures))
    assert [data for data, _ in receiver.got] == [PING]
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    assert network.metrics()["framing_errors"] == 1
    writer.close()


async def test_tcp_connections_are_bounded(receiver: Collector) -> None:
    network = Network([Listener("TCP", "127.0.0.1", 0)], receiver, stream_limits=StreamLimits(connections=1))
    await network.start()
    port = network.listeners[0].port
    _, first = await asyncio.open_connection("127.0.0.1", port)
    first.write(PING)
    await receiver.until(lambda: bool(receiver.got))
    reader, second = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(GUARD):
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
    assert network.metrics()["streams_refused"] == 1
    first.close()
    second.close()
    await network.close()


async def test_tcp_idle_stream_is_closed(receiver: Collector) -> None:
    limits = StreamLimits(idle=0.02, half_message=0.02)
    network = Network([Listener("TCP", "127.0.0.1", 0)], receiver, stream_limits=limits)
    await network.start()
    _, writer = await asyncio.open_connection("127.0.0.1", network.listeners[0].port)
    writer.write(PING)
    await receiver.until(lambda: bool(receiver.failures))
    assert network.metrics()["streams"] == 0
    writer.close()
    await network.close()


async def test_tcp_peer_that_does_not_read_is_cut_off(receiver: Collector) -> None:
    limits = StreamLimits(write_buffer=10_000)
    network = Network([Listener("TCP", "127.0.0.1", 0)], receiver, stream_limits=limits)
    await network.start()
    _, writer = await asyncio.open_connection("127.0.0.1", network.listeners[0].port)
    writer.write(PING)
    await receiver.until(lambda: bool(receiver.got))
    source = receiver.got[0][1]
    for _ in range(200):
        network.send(Send(b"x" * 100_000, source.hop, source.flow))
    await receiver.until(lambda: bool(receiver.failures))
    assert network.metrics()["streams_stalled"] == 1
    writer.close()
    await network.close()


async def test_metrics(network: Network) -> None:
    metrics = network.metrics()
    assert metrics.pop("udp_receive_buffer") >= 100_000
    assert not any(metrics.values())


async def test_the_receive_buffer_is_as_large_as_asked_for(receiver: Collector) -> None:
    network = Network([Listener("UDP", "127.0.0.1", 0)], receiver, receive_buffer=65_536)
    await network.start()
    assert network.metrics()["udp_receive_buffer"] == 2 * 65_536  # Linux grants twice what is asked for (socket(7))
    await network.close()


async def test_close_twice_is_fine(network: Network) -> None:
    await network.close()
    await network.close()


@pytest.mark.parametrize(
    "scenario",
    [
        test_udp_there_and_back,
        test_udp_socket_is_drained_in_bounded_batches,
        test_unsendable_datagram_is_reported_not_raised,
        test_tcp_message_split_at_every_byte,
        test_tcp_answer_uses_the_flow_and_a_lost_flow_is_reported,
        test_tcp_connects_once_and_keeps_the_connection,
        test_tcp_connection_refused_is_reported,
        test_tcp_stream_without_framing_is_closed,
    ],
)
def test_same_on_uvloop(scenario: Callable[[Network, Collector], Awaitable[None]]) -> None:
    async def run() -> None:
        receiver = Collector()
        network = Network([Listener("UDP", "127.0.0.1", 0), Listener("TCP", "127.0.0.1", 0)], receiver)
        await network.start()
        await scenario(network, receiver)
        await network.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
