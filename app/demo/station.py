"""One SIP endpoint on one UDP port, shared by all simulated phones of this process.

Hands responses to whoever asked, and requests to the call (by Call-ID and our tag) or to the phone (by the
Request-URI's user). Built on the same sipcore as the service, as a user agent.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Final, Protocol

from sipcore.config import EndpointConfig, Listener
from sipcore.endpoint import Endpoint
from sipcore.events import (
    AckTimedOut,
    CancelReceived,
    ClientFailed,
    ClientKey,
    Event,
    RequestReceived,
    ResponseReceived,
    ServerKey,
)
from sipcore.ids import Minter
from sipcore.message import Request, Response, Uri, respond_to
from sipcore.net import Network
from sipcore.packets import Hop, Source

__all__ = ["HOST", "Incoming", "OnResponse", "Phone", "Station"]

HOST: Final = "127.0.0.1"
OnResponse = Callable[[Response | None], None]
"""Called with each response, provisional ones too; None: the transaction failed without a final one."""


class Incoming(Protocol):
    """A call: takes what comes within its dialog."""

    def request(self, request: Request, transaction: ServerKey | None) -> None:
        """An in-dialog request; an ACK has no transaction."""

    def cancelled(self) -> None:
        """The caller took its INVITE back; the CANCEL was answered."""


class Phone(Protocol):
    """Takes calls."""

    def invited(self, request: Request, source: Source, transaction: ServerKey) -> None:
        """A new call."""


class Station:
    """``await Station.open(service, chance)``; then register phones in ``phones`` and calls with ``expect``."""

    def __init__(self, service: Hop, chance: random.Random) -> None:
        self.service = service
        self.chance = chance
        self.ids = Minter(0, 0, lambda: f"{chance.getrandbits(64):016x}")
        self.loop = asyncio.get_running_loop()
        self.phones: dict[str, Phone] = {}
        self._calls: dict[tuple[str, str], Incoming] = {}
        self._waiting: dict[ClientKey, OnResponse] = {}
        self._ringing: dict[ServerKey, Incoming] = {}
        self._network = Network([Listener("UDP", HOST, 0)], self)
        self._endpoint: Endpoint | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Binds a free port; raises ListenError."""
        await self._network.start()
        self._endpoint = Endpoint(EndpointConfig(self._network.listeners, user_agent="Callyard demo phone"), self.ids)

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._network.close()

    @property
    def endpoint(self) -> Endpoint:
        assert self._endpoint is not None, "not open"
        return self._endpoint

    @property
    def port(self) -> int:
        return self._network.listeners[0].port

    def contact(self, user: str) -> str:
        return f"<sip:{user}@{HOST}:{self.port}>"

    def expect(self, call_id: str, our_tag: str, call: Incoming) -> None:
        """Requests of this dialog go to ``call`` from now on."""
        self._calls[call_id, our_tag] = call

    def forget(self, call_id: str, our_tag: str) -> None:
        self._calls.pop((call_id, our_tag), None)

    def expect_cancel(self, transaction: ServerKey, call: Incoming) -> None:
        self._ringing[transaction] = call

    # -- sending

    def request(self, request: Request, on_response: OnResponse, *, hop: Hop | None = None) -> ClientKey:
        key = self.endpoint.request(request, self.loop.time(), hop=hop)
        self._waiting[key] = on_response
        self._flush()
        return key

    def ack(self, invite: ClientKey, ack: Request) -> None:
        self.endpoint.ack(invite, ack, self.loop.time())
        self._flush()

    def cancel(self, invite: ClientKey) -> None:
        self.endpoint.cancel(invite, self.loop.time())
        self._flush()

    def respond(self, transaction: ServerKey | None, response: Response) -> None:
        if transaction is None:
            return
        if response.status >= 200:
            self._ringing.pop(transaction, None)
        self.endpoint.respond(transaction, response, self.loop.time())
        self._flush()

    # -- what the network and the clock bring

    def packets(self, packets: list[tuple[bytes, Source]]) -> None:
        for data, source in packets:
            self._handle(self.endpoint.receive(data, source, self.loop.time()))
        self._flush()

    def failed(self, hop: Hop, flow: int) -> None:
        self._handle(self.endpoint.transport_failed(hop, flow, self.loop.time()))
        self._flush()

    def _expired(self) -> None:
        self._timer = None
        self._handle(self.endpoint.expire(self.loop.time()))
        self._flush()

    def _flush(self) -> None:
        endpoint = self.endpoint
        sends, endpoint.sends = endpoint.sends, []
        for send in sends:
            self._network.send(send)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = endpoint.next_deadline()
        if due is not None:
            self._timer = self.loop.call_at(due, self._expired)

    def _handle(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case ResponseReceived():
                    self._response(event)
                case ClientFailed():
                    on_response = self._waiting.pop(event.transaction, None)
                    if on_response is not None:
                        on_response(None)
                case RequestReceived():
                    self._request(event)
                case CancelReceived():
                    call = self._ringing.pop(event.transaction, None)
                    if call is not None:
                        call.cancelled()
                case AckTimedOut():
                    pass  # the call's own time limit ends it, and its verdict says so

    def _response(self, event: ResponseReceived) -> None:
        on_response = self._waiting.get(event.transaction)
        if on_response is None:
            return
        if event.response.status >= 200:
            del self._waiting[event.transaction]
        on_response(event.response)

    def _request(self, event: RequestReceived) -> None:
        request, transaction = event.request, event.transaction
        call = self._calls.get((request.call_id, request.to_tag)) if request.to_tag else None
        if call is not None:
            call.request(request, transaction)
        elif transaction is None:
            return
        elif request.method == "INVITE" and not request.to_tag:
            self._invited(request, event.source, transaction)
        else:
            status = 200 if request.method == "OPTIONS" and not request.to_tag else 481
            self.respond(transaction, respond_to(request, status, to_tag=self.ids.tag()))

    def _invited(self, request: Request, source: Source, transaction: ServerKey) -> None:
        phone = self.phones.get(Uri.parse(request.uri).user or "")
        if phone is None:
            self.respond(transaction, respond_to(request, 404, to_tag=self.ids.tag()))
        else:
            phone.invited(request, source, transaction)
