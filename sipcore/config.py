"""What an endpoint is told once, at its start: where it listens, how it is seen from outside, its timers and bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sipcore.message import DEFAULT_LIMITS, Limits

__all__ = ["DEFAULT_PORTS", "EndpointConfig", "Listener", "Timers"]

DEFAULT_PORTS: Final[dict[str, int]] = {"UDP": 5060, "TCP": 5060, "TLS": 5061, "WS": 80, "WSS": 443}
_WILDCARDS: Final = ("", "0.0.0.0", "::")  # noqa: S104 - recognised, not bound to


@dataclass(frozen=True, slots=True)
class Listener:
    """An address we listen on; ``transport`` in upper case.

    The advertised address (for Via and Contact) defaults to the bound one.
    """

    transport: str
    host: str
    port: int
    advertised_host: str = ""
    advertised_port: int = 0

    @property
    def sent_by(self) -> str:
        """``host:port`` as peers shall see it; an IPv6 address in brackets (RFC 3261 §18.1.1)."""
        host = self.advertised_host or self.host
        if ":" in host and not host.startswith("["):
            host = f"[{host}]"
        return f"{host}:{self.advertised_port or self.port}"

    def contact_uri(self, user: str) -> str:
        """A SIP URI that leads back to this listener, for a Contact or Record-Route."""
        at = f"{user}@" if user else ""
        if self.transport == "TLS":
            return f"sips:{at}{self.sent_by}"
        transport = "" if self.transport == "UDP" else f";transport={self.transport.lower()}"
        return f"sip:{at}{self.sent_by}{transport}"

    @property
    def is_wildcard(self) -> bool:
        """True when bound to every address and nothing else is advertised: no peer could answer such a Via."""
        return self.host in _WILDCARDS and not self.advertised_host


@dataclass(frozen=True, slots=True)
class Timers:
    """RFC 3261 Appendix A, in seconds: round-trip estimate, longest interval, a message's life in the network."""

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0
    timer_d: float = 32.0  # §17.1.1.2: "a value of at least 32 seconds for unreliable transports"

    @property
    def give_up(self) -> float:
        """64·T1: timers B, F, H, J, L and M, and the wait for the ACK to a 2xx."""
        return 64 * self.t1


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """An endpoint's configuration. Raises ValueError where it could not work.

    ``hosts`` resolves names (to numeric addresses) that stand in Request-URIs and Routes: the endpoint asks no DNS.
    ``max_transactions`` bounds the server transactions: past it new INVITEs are refused with 503 and ``retry_after``
    seconds.
    ``tcp_for_large_requests``: RFC 3261 §18.1.1 asks for TCP above 1300 bytes. Off by default: many phones and trunks
    that take a fragmented datagram have no TCP listener at all, and in the networks of a call centre fragments arrive.
    Where TCP then fails, the request has failed: it is not tried again over UDP.
    ``force_rport``: every datagram is answered as if its Via had asked for ``rport`` (RFC 3581).
    """

    listeners: tuple[Listener, ...]
    timers: Timers = field(default_factory=Timers)
    user_agent: str = "Callyard"
    limits: Limits = DEFAULT_LIMITS
    hosts: Mapping[str, str] = field(default_factory=dict)
    max_transactions: int = 100_000
    retry_after: int = 5
    tcp_for_large_requests: bool = False
    force_rport: bool = False

    def __post_init__(self) -> None:
        if not self.listeners:
            raise ValueError("an endpoint needs at least one listener")
        for listener in self.listeners:
            if listener.is_wildcard:
                raise ValueError(f"listener {listener.transport} on every address needs an advertised address")
