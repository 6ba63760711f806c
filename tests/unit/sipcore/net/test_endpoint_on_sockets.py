"""Two endpoints over real sockets: a whole call by UDP and by TCP, the way a runtime joins the two."""

import asyncio
from typing import TypeVar

import pytest

from sipcore.config import EndpointConfig, Listener
from sipcore.endpoint import Endpoint
from sipcore.events import ClientFailed, Event, FailureCause, RequestReceived, ResponseReceived
from sipcore.ids import Minter
from sipcore.message import respond_to
from sipcore.net import Network
from sipcore.packets import Hop, Source
from tests.unit.sipcore.endpoint_support import invite, request

GUARD = 5.0
EventT = TypeVar("EventT")


class Agent:
    """A minimal runtime: packets in, events kept, sends out. Timers are not run: nothing is lost on loopback."""

    def __init__(self, seed: int, transport: str) -> None:
        self.network = Network([Listener(transport, "127.0.0.1", 0)], self)
        self.events: list[Event] = []
        self._seed = seed
        self._changed = asyncio.Event()

    async def __aenter__(self) -> "Agent":
        await self.network.start()
        token = iter(range(self._seed, 10**9))
        self.endpoint = Endpoint(
            EndpointConfig(self.network.listeners), Minter(1, self._seed, lambda: f"{next(token):016x}")
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.network.close()

    @property
    def hop(self) -> Hop:
        listener = self.network.listeners[0]
        return Hop(listener.transport, listener.host, listener.port)

    def packets(self, packets: list[tuple[bytes, Source]]) -> None:
        for data, source in packets:
            self.events += self.endpoint.receive(data, source, 0.0)
        self.flush()

    def failed(self, hop: Hop, flow: int) -> None:
        self.events += self.endpoint.transport_failed(hop, flow, 0.0)
        self.flush()

    def flush(self) -> None:
        sends, self.endpoint.sends = self.endpoint.sends, []
        for send in sends:
            self.network.send(send)
        self._changed.set()

    async def next(self, kind: type[EventT]) -> EventT:
        async with asyncio.timeout(GUARD):
            while not self.events:
                self._changed.clear()
                await self._changed.wait()
        event = self.events.pop(0)
        assert isinstance(event, kind), event
        return event


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
async def test_a_call(transport: str) -> None:
    async with Agent(1, transport) as caller, Agent(2, transport) as callee:
        key = caller.endpoint.request(invite(), 0.0, hop=callee.hop)
        caller.flush()
        ringing = await callee.next(RequestReceived)
        assert ringing.transaction is not None
        for status in (180, 200):
            callee.endpoint.respond(ringing.transaction, respond_to(ringing.request, status, to_tag="b"), 0.0)
        callee.flush()
        assert (await caller.next(ResponseReceived)).response.status == 180
        assert (await caller.next(ResponseReceived)).response.status == 200
        caller.endpoint.ack(key, request("ACK", to_tag="b"), 0.0, hop=callee.hop)
        caller.endpoint.request(request("BYE", to_tag="b", cseq=2), 0.0, hop=callee.hop)
        caller.flush()
        assert (await callee.next(RequestReceived)).request.method == "ACK"
        bye = await callee.next(RequestReceived)
        assert bye.transaction is not None
        callee.endpoint.respond(bye.transaction, respond_to(bye.request, 200), 0.0)
        callee.flush()
        assert (await caller.next(ResponseReceived)).response.cseq.method == "BYE"
        if transport == "TCP":
            assert caller.network.metrics()["streams"] == callee.network.metrics()["streams"] == 1
            assert callee.endpoint.counts()["non_invite_server.completed"] == 0  # timer J is 0


async def test_nobody_listens_there() -> None:
    async with Agent(1, "TCP") as caller:
        async with Agent(2, "TCP") as gone:
            nowhere = gone.hop
        key = caller.endpoint.request(invite(), 0.0, hop=nowhere)
        caller.flush()
        assert await caller.next(ClientFailed) == ClientFailed(key, FailureCause.TRANSPORT)
