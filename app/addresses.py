"""Small values that settings and configuration share: where to listen, which networks, which ports. No I/O."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

__all__ = ["HostPort", "ListenAddress", "Network", "PortRange", "is_host", "parse_network", "split_host_port"]

Network = IPv4Network | IPv6Network
TRANSPORTS = ("udp", "tcp")


def is_host(text: str) -> bool:
    """True for an IP address or a plausible host name (letters, digits, ``-``, ``.``), without brackets."""
    try:
        ip_address(text)
    except ValueError:
        labels = text.rstrip(".").split(".")
        return len(text) <= 253 and all(_is_label(label) for label in labels)
    return True


def _is_label(label: str) -> bool:
    return (
        0 < len(label) <= 63
        and label.isascii()
        and label.replace("-", "").isalnum()
        and not label.startswith("-")
        and not label.endswith("-")
    )


def split_host_port(text: str) -> tuple[str, int | None]:
    """``host``, ``host:port``, ``[v6]`` or ``[v6]:port``. Raises ``ValueError`` with one sentence."""
    host, port = text.strip(), ""
    if host.startswith("["):
        host, bracket, rest = host[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"{text!r}: an IPv6 address is written [address] or [address]:port")
        port = rest[1:]
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    if not is_host(host):
        raise ValueError(f"{text!r} names no host")
    if port and not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise ValueError(f"{text!r}: a port is a number from 0 to 65535")
    return host, int(port) if port else None


@dataclass(frozen=True, slots=True)
class HostPort:
    """``host:port``; ``port`` None where it was not given."""

    host: str
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> "HostPort":
        """Raises ``ValueError`` with one sentence."""
        return cls(*split_host_port(text))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """``transport:host:port``; port 0 lets the system choose one."""

    transport: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "ListenAddress":
        """Raises ``ValueError`` with one sentence."""
        transport, colon, rest = text.strip().partition(":")
        if not colon or transport not in TRANSPORTS:
            raise ValueError(f"{text!r}: write transport:host:port, transport one of {', '.join(TRANSPORTS)}")
        host, port = split_host_port(rest)
        if port is None:
            raise ValueError(f"{text!r} lacks a port")
        return cls(transport, host, port)

    @property
    def is_wildcard(self) -> bool:
        """True for an address that stands for all of the machine's."""
        return self.host in ("0.0.0.0", "::")  # noqa: S104 - recognised, not bound to

    def __str__(self) -> str:
        return f"{self.transport}:{HostPort(self.host, self.port)}"


@dataclass(frozen=True, slots=True)
class PortRange:
    """``first-last``, both included."""

    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> "PortRange":
        """Raises ``ValueError`` with one sentence."""
        first, dash, last = text.strip().partition("-")
        digits = text.isascii() and first.isdigit() and last.isdigit()
        if not (dash and digits and 1024 <= int(first) < int(last) <= 65535):
            raise ValueError(f"{text!r}: write first-last, two ports from 1024 to 65535 in rising order")
        return cls(int(first), int(last))

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


def parse_network(text: str) -> Network:
    """An IP address or network (``192.0.2.0/24``). Raises ``ValueError`` with one sentence."""
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is no IP address or network") from None
