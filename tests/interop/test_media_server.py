"""The media server as the process it is: found by its port file, called by a user agent and by SIPp, heard over real RTP."""

import asyncio
import contextlib
import json
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from media.rtcp import BYE, SENDER_REPORT, parse_rtcp
from media.rtp import RtpPacket, RtpSender, decode_audio, parse_rtp
from sipcore.config import EndpointConfig, Listener
from sipcore.dialog import Dialog
from sipcore.endpoint import Endpoint
from sipcore.events import ClientKey, Event, RequestReceived, ResponseReceived
from sipcore.ids import Minter
from sipcore.message import Request, Response, respond_to
from sipcore.message.sdp import parse_sdp
from sipcore.net import Network
from sipcore.packets import Hop, Source
from tests.support.ports import free_pair
from tests.support.service import wait_until
from tests.support.sipp import sipp_caller
from tests.support.tone import share_of
from tests.unit.media.sounds import write_tone

pytestmark = pytest.mark.interop

MUSIC, GREETING = 440.0, 1000.0
PATIENCE = 15.0  # a bound for failures only


class Process:
    """``python -m media`` with its port file."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder, self.port_file = folder, folder / "media.json"
        first = free_pair()
        with (folder / "media.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "media", "--listen", "udp:127.0.0.1:0,tcp:127.0.0.1:0", "--sounds", str(folder),
                 "--port-file", str(self.port_file), "--rtp-ports", f"{first}-{first + 99}", *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        wait_until(self._is_up, "the media server to listen", log=self.log)

    def _is_up(self) -> bool:
        return self.port_file.exists() or self.process.poll() is not None

    def where(self, transport: str = "udp") -> Hop:
        told = json.loads(self.port_file.read_text())
        assert told["pid"] == self.process.pid
        (listener,) = [each for each in told["listeners"] if each["transport"] == transport]
        return Hop(transport.upper(), listener["host"], listener["port"])

    def log(self) -> str:
        return (self.folder / "media.log").read_text()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@pytest.fixture
def media(tmp_path: Path) -> Iterator[Process]:
    write_tone(tmp_path / "tone.wav", MUSIC, 2.0)
    write_tone(tmp_path / "hello.wav", GREETING, 0.4)
    process = Process(tmp_path)
    yield process
    if process.process.poll() is None:
        assert process.stop() == 0, process.log()


class Phone:
    """A user agent on sipcore with one RTP socket; what it hears is kept."""

    def __init__(self, server: Hop) -> None:
        self.server = server
        self.rtp: list[RtpPacket] = []
        self.rtcp: list[int] = []
        self.requests: list[Request] = []
        self._replies: dict[ClientKey, asyncio.Future[Response]] = {}
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.port = free_pair()
        self._sockets = [self._socket(self.port, self._hear), self._socket(self.port + 1, self._hear_control)]

    def _socket(self, port: int, hear: Callable[[bytes], None]) -> socket.socket:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        opened.bind(("127.0.0.1", port))

        def readable() -> None:
            with contextlib.suppress(BlockingIOError):
                while True:
                    hear(opened.recv(2048))

        self._loop.add_reader(opened, readable)
        return opened

    def _hear(self, data: bytes) -> None:
        self.rtp.append(parse_rtp(data))
        self._changed.set()

    def _hear_control(self, data: bytes) -> None:
        self.rtcp += [packet.kind for packet in parse_rtcp(data)]
        self._changed.set()

    async def start(self) -> None:
        self._network = Network([Listener(self.server.transport, "127.0.0.1", 0)], self)
        await self._network.start()
        self.contact = self._network.listeners[0].contact_uri("phone")
        config = EndpointConfig(self._network.listeners)
        self._endpoint = Endpoint(config, Minter(0, 9, lambda: secrets.token_hex(8)))

    async def close(self) -> None:
        for opened in self._sockets:
            self._loop.remove_reader(opened)
            opened.close()
        if self._timer:
            self._timer.cancel()
        await self._network.close()

    def packets(self, packets: list[tuple[bytes, Source]]) -> None:
        for data, source in packets:
            self._take(self._endpoint.receive(data, source, self._loop.time()))

    def failed(self, hop: Hop, flow: int) -> None:
        self._take(self._endpoint.transport_failed(hop, flow, self._loop.time()))

    def _take(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, ResponseReceived) and event.response.status >= 200:
                self._replies.pop(event.transaction).set_result(event.response)
            elif isinstance(event, RequestReceived) and event.transaction is not None:
                self.requests.append(event.request)
                self._endpoint.respond(event.transaction, respond_to(event.request, 200), self._loop.time())
        self._changed.set()
        self._flush()

    def _flush(self) -> None:
        sends, self._endpoint.sends = self._endpoint.sends, []
        for send in sends:
            self._network.send(send)
        if self._timer:
            self._timer.cancel()
        deadline = self._endpoint.next_deadline()
        if deadline is not None:
            self._timer = self._loop.call_at(deadline, lambda: self._take(self._endpoint.expire(self._loop.time())))

    async def request(self, request: Request) -> tuple[ClientKey, Response]:
        key = self._endpoint.request(request, self._loop.time(), hop=self.server)
        reply = self._replies[key] = self._loop.create_future()
        self._flush()
        return key, await asyncio.wait_for(reply, PATIENCE)

    async def call(self, uri: str) -> Dialog:
        body = (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.port} RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
        )
        headers = [
            ("From", "<sip:phone@127.0.0.1>;tag=1"), ("To", "<sip:annc@127.0.0.1>"), ("Call-ID", secrets.token_hex(8)),
            ("CSeq", "1 INVITE"), ("Max-Forwards", "70"), ("Contact", f"<{self.contact}>"), ("Content-Type", "application/sdp"),
        ]  # fmt: skip
        invite = Request("INVITE", uri, headers, body.encode())
        key, response = await self.request(invite)
        assert response.status == 200, response
        self.media = ("127.0.0.1", parse_sdp(response.body).media[0].port)
        dialog = Dialog.as_uac(invite, response, hop=self.server)
        self._endpoint.ack(key, dialog.ack(1), self._loop.time(), hop=self.server)
        self._flush()
        return dialog

    async def ask(self, dialog: Dialog, method: str, body: object = None) -> Response:
        kind = "application/vnd.callyard.play+json" if body else None
        data = json.dumps(body).encode() if body else b""
        return (await self.request(dialog.request(method, body=data, content_type=kind)))[1]

    def say(self, packets: list[bytes]) -> None:
        for packet in packets:
            self._sockets[0].sendto(packet, self.media)

    async def until(self, done: Callable[[], Any], what: str) -> None:
        async def wait() -> None:
            while not done():
                self._changed.clear()
                await self._changed.wait()

        try:
            await asyncio.wait_for(wait(), PATIENCE)
        except TimeoutError:
            raise AssertionError(f"never happened: {what}") from None

    async def listen(self, packets: int) -> list[int]:
        """The samples of the next so many packets."""
        del self.rtp[:]
        await self.until(lambda: len(self.rtp) >= packets, f"{packets} packets")
        return [sample for packet in self.rtp[:packets] for sample in decode_audio(packet.payload_type, packet.payload)]


@pytest.fixture
async def phone(media: Process) -> AsyncIterator[Phone]:
    made = Phone(media.where())
    await made.start()
    yield made
    await made.close()


def uri(server: Hop, play: str) -> str:
    return f"sip:annc@{server.host}:{server.port}{play}"


async def test_music_is_heard_and_info_switches_it(media: Process, phone: Phone) -> None:
    dialog = await phone.call(uri(media.where(), ";play=tone;repeat=forever"))
    assert share_of(await phone.listen(25), MUSIC) > 0.95

    order = {"play": ["hello"], "loop": False, "id": "g1"}
    assert (await phone.ask(dialog, "INFO", order)).status == 200
    assert share_of(await phone.listen(10), GREETING) > 0.9
    await phone.until(lambda: phone.requests, "the end of the greeting")
    assert json.loads(phone.requests[0].body) == {"finished": "g1"}
    assert set(await phone.listen(5)) <= {8, -8}  # silence, and the stream is alive

    refused = await phone.ask(dialog, "INFO", {"play": ["nothing"]})
    assert (refused.status, "'nothing'" in (refused.get("Warning") or "")) == (404, True)
    assert (await phone.ask(dialog, "BYE")).status == 200
    await phone.until(lambda: BYE in phone.rtcp, "the RTCP BYE")


async def test_the_numbers_of_the_packets_run_on(media: Process, phone: Phone) -> None:
    await phone.call(uri(media.where(), ";play=hello,tone;repeat=forever"))
    await phone.listen(60)
    first = phone.rtp[0]
    assert [(packet.sequence - first.sequence) & 0xFFFF for packet in phone.rtp] == list(range(len(phone.rtp)))
    steps = {(packet.timestamp - first.timestamp) & 0xFFFFFFFF for packet in phone.rtp}
    assert all(step % 160 == 0 for step in steps)
    assert {packet.ssrc for packet in phone.rtp} == {first.ssrc}


async def test_keys_are_reported_and_other_audio_is_not_in_the_way(media: Process, phone: Phone) -> None:
    await phone.call(uri(media.where(), ";play=tone;repeat=forever"))
    sender = RtpSender(7, 1, 1)
    phone.say([sender.audio(bytes(160)) for _ in range(20)])  # latches, then the filter is on
    phone.say([*sender.key("4", 101), sender.audio(bytes(160)), *sender.key("2", 101)])
    await phone.until(lambda: len(phone.requests) == 2, "two key presses")
    assert [request.body for request in phone.requests] == [
        b"Signal=4\r\nDuration=100\r\n",
        b"Signal=2\r\nDuration=100\r\n",
    ]
    await phone.listen(5)


async def test_a_finite_announcement_hangs_up(media: Process, phone: Phone) -> None:
    await phone.call(uri(media.where(), ";play=hello;repeat=1"))
    await phone.until(lambda: [request.method for request in phone.requests] == ["BYE"], "the BYE")
    assert len(phone.rtp) == 21  # twenty of the sound, and the first of the silence after it
    assert phone.rtcp[0] == SENDER_REPORT


async def test_over_tcp(media: Process) -> None:
    server = media.where("tcp")
    phone = Phone(server)
    await phone.start()
    dialog = await phone.call(uri(server, ";play=tone;repeat=forever;transport=tcp"))
    assert share_of(await phone.listen(10), MUSIC) > 0.95
    assert (await phone.ask(dialog, "INFO", {"play": ["hello"], "id": "x"})).status == 200
    await phone.until(lambda: phone.requests, "the end of the greeting")
    assert (await phone.ask(dialog, "BYE")).status == 200
    await phone.close()


async def test_sigterm_hangs_up_and_takes_the_port_file_away(media: Process, phone: Phone) -> None:
    await phone.call(uri(media.where(), ";play=tone;repeat=forever"))
    media.process.send_signal(signal.SIGTERM)
    await phone.until(lambda: [request.method for request in phone.requests] == ["BYE"], "the BYE")
    assert await asyncio.to_thread(media.process.wait, PATIENCE) == 0
    assert not media.port_file.exists()


def test_it_ends_by_itself_without_an_owner(tmp_path: Path) -> None:
    process = Process(tmp_path, "--idle-exit", "0.05")
    assert process.process.wait(PATIENCE) == 0
    assert "the owner is gone" in process.log()


def test_sipp_calls_succeed(media: Process, tmp_path: Path) -> None:
    server = media.where()
    values = {"play": "play=tone;repeat=forever", "wait_ms": 300}
    with sipp_caller(
        "uac_media", tmp_path / "sipp", (server.host, server.port), "annc", calls=40, rate=40, values=values
    ) as sipp:
        stats = sipp.wait()
    assert (stats.successful, stats.failed, stats.retransmissions) == (40, 0, 0)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--listen", "udp:127.0.0.1"], "not of the form"),
        (["--sounds", "/nowhere"], "/nowhere is not a directory"),
        (["--rtp-ports", "9-1"], "not a range"),
        (["--rtp-host", "name"], "not an IP address"),
    ],
)
def test_a_wrong_command_line_says_what_is_wrong(arguments: list[str], problem: str) -> None:
    run = subprocess.run([sys.executable, "-m", "media", *arguments], capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert problem in run.stderr.splitlines()[-1]


def test_a_port_in_use_is_named_in_one_line(media: Process) -> None:
    taken = f"udp:127.0.0.1:{media.where().port}"
    run = subprocess.run(
        [sys.executable, "-m", "media", "--listen", taken], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert run.stderr.startswith(f"media: cannot listen on {taken}")
    assert len(run.stderr.splitlines()) == 1
