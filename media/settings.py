"""The media server's settings, from its command line; it reads no file and no environment."""

import argparse
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["SHIPPED_SOUNDS", "Binding", "Network", "Settings", "read_settings"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
SHIPPED_SOUNDS: Final = Path(__file__).resolve().parent / "sounds"
_TRANSPORTS: Final = ("UDP", "TCP")
_EVERYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104 - recognised, not bound to


@dataclass(frozen=True, slots=True)
class Binding:
    """A SIP address to listen on; port 0: any free one."""

    transport: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be chosen. Times in seconds."""

    listen: tuple[Binding, ...] = (Binding("UDP", "127.0.0.1", 0),)
    sip_advertise: str = ""  # host in Contact and Via; "" is the bound one
    peers: tuple[Network, ...] = ()  # who may open sessions, besides our own addresses
    rtp_host: str = "127.0.0.1"
    rtp_advertise: str = ""  # address in our SDP; "" is rtp_host
    rtp_ports: tuple[int, int] = (20_000, 29_999)
    rtp_tos: int = 0xB8  # the IP header's byte: expedited forwarding (RFC 3246)
    report_seconds: float = 5.0
    sounds: tuple[Path, ...] = (SHIPPED_SOUNDS,)
    sound_cache_bytes: int = 256 * 1024 * 1024
    port_file: Path | None = None
    idle_exit: float = 0.0  # end this long after the owner's last OPTIONS; 0: never
    orphan_seconds: float = 60.0  # a new owner has this long to claim a session
    session_expires: int = 1800
    min_session_expires: int = 90  # RFC 4028 §4: not below
    max_sessions: int = 10_000
    max_invites_a_second: int = 1_000

    @property
    def media_address(self) -> str:
        """The address in our session descriptions."""
        return self.rtp_advertise or self.rtp_host


def _binding(text: str) -> Binding:
    transport, _, rest = text.strip().partition(":")
    host, _, port = rest.rpartition(":")
    if transport.upper() not in _TRANSPORTS or not host or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form udp:HOST:PORT or tcp:HOST:PORT")
    host = _address(host.strip("[]"))
    return Binding(transport.upper(), host, int(port))


def _bindings(text: str) -> tuple[Binding, ...]:
    return tuple(_binding(part) for part in text.split(","))


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address("127.0.0.1" if text == "localhost" else text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an IP address") from None


def _host(text: str) -> str:
    if not all(char.isalnum() or char in ".-:[]" for char in text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a host")
    return text.strip("[]")


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _ports(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if not first.isdecimal() or not last.isdecimal() or not 0 < int(first) < int(last) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a range of ports FIRST-LAST")
    return int(first), int(last)


def _directories(text: str) -> tuple[Path, ...]:
    paths = tuple(Path(part).absolute() for part in text.split(",") if part)
    for path in paths:
        if not path.is_dir():
            raise argparse.ArgumentTypeError(f"{path} is not a directory")
    return paths if SHIPPED_SOUNDS in paths else (*paths, SHIPPED_SOUNDS)


def _whole(least: int) -> "type[int]":
    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        return int(text)

    return parse  # type: ignore[return-value]  # argparse takes any callable


def _parser() -> argparse.ArgumentParser:
    given = Settings()
    parser = argparse.ArgumentParser(prog="python -m media", description="Callyard's built-in media server.")
    add = parser.add_argument
    add(
        "--listen",
        type=_bindings,
        default=given.listen,
        help="udp:HOST:PORT[,tcp:HOST:PORT]; port 0: any",
    )
    add("--sip-advertise", type=_host, default="", metavar="HOST", help="host in Contact and Via")
    add("--peers", type=_networks, default=given.peers, help="networks that may open sessions, besides our own host")
    add("--rtp-host", type=_address, default=given.rtp_host, help="address of the RTP sockets")
    add("--rtp-advertise", type=_host, default="", metavar="HOST", help="address in our session descriptions")
    add("--rtp-ports", type=_ports, default=given.rtp_ports, metavar="FIRST-LAST", help="RTP and RTCP ports")
    add("--rtp-tos", type=_whole(0), default=given.rtp_tos, help="IP type-of-service byte of RTP")
    add(
        "--sounds",
        type=_directories,
        default=given.sounds,
        help="directories of WAV files, searched in order, then the shipped ones",
    )
    add("--sound-cache-bytes", type=_whole(1), default=given.sound_cache_bytes, help="memory for sounds")
    add("--port-file", type=Path, help="written once we listen: JSON with pid, host, port, started")
    add("--idle-exit", type=float, default=given.idle_exit, help="end so many seconds after the last OPTIONS; 0: never")
    add("--orphan-seconds", type=float, default=given.orphan_seconds, help="a new owner claims sessions within so long")
    add("--session-expires", type=_whole(90), default=given.session_expires, help="RFC 4028 interval that we propose")
    add("--min-session-expires", type=_whole(90), default=given.min_session_expires, help="shortest one we accept")
    add("--max-sessions", type=_whole(1), default=given.max_sessions, help="sessions at once; more get 503")
    add("--max-invites-a-second", type=_whole(1), default=given.max_invites_a_second, help="more get 503")
    return parser


def read_settings(arguments: Sequence[str] | None = None) -> Settings:
    """The settings of a command line (default: this process's); exits with one clear line where they are wrong."""
    parser = _parser()
    settings = Settings(**vars(parser.parse_args(arguments)))
    if settings.media_address in _EVERYWHERE:
        parser.error("--rtp-host on every address needs --rtp-advertise: nobody could send there")
    if not settings.sip_advertise and any(each.host in _EVERYWHERE for each in settings.listen):
        parser.error("--listen on every address needs --sip-advertise: nobody could answer there")
    return settings
