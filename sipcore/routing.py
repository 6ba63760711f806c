"""Where messages go: responses by the top Via (RFC 3261 §18.2.2, RFC 3581 §4), requests by Route or Request-URI.

Also which of our listeners a message leaves from, and so what our Via says. Asks no DNS, knows no transactions.
"""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from sipcore.config import DEFAULT_PORTS, EndpointConfig
from sipcore.errors import SipError
from sipcore.message import Request, Uri, Via
from sipcore.packets import Hop, Source

__all__ = ["Path", "Router", "response_hop"]

_REMEMBERED: Final = 4096  # hops, addresses, paths
_LARGE: Final = 1300  # RFC 3261 §18.1.1: "larger than 1300 bytes and the path MTU is unknown"


def response_hop(via: Via, source: Source) -> Hop:
    """Where the responses to a request go whose top Via is ``via``.

    Never to ``maddr``: nobody asks for it today but to make us hit a third party. Over a stream the flow is tried
    first; the hop is for when it is gone: "the server SHOULD open a connection to the IP address in the "received"
    parameter […] using the port in the "sent-by" value".
    """
    transport, host, port = source.hop
    if transport == "UDP" and via.asks_port:
        return source.hop
    wanted = via.port or DEFAULT_PORTS.get(transport, 5060)
    return source.hop if wanted == port else Hop(transport, host, wanted)


@dataclass(frozen=True, slots=True)
class Path:
    """How our requests reach a hop: from which listener, and what their Via says: its sent-by, and around its branch."""

    listener: int
    host: str
    port: int | None
    before_branch: str
    after_branch: str


class Router:
    """Answers from the configuration alone; remembers its answers (its memories are bounded)."""

    __slots__ = ("_address_of", "_config", "_hops", "_paths", "_sent_by")

    def __init__(self, config: EndpointConfig) -> None:
        self._config = config
        self._sent_by = tuple([listener.sent_by for listener in config.listeners])
        self._paths: dict[tuple[str, str], Path] = {}
        self._hops: dict[str, Hop] = {}
        self._address_of = lru_cache(maxsize=_REMEMBERED)(self._find_address)

    def hop_for(self, request: Request) -> Hop | None:
        """RFC 3261 §8.1.2: the first Route's URI, else the Request-URI. None when it leads nowhere that we know."""
        if request.get("Route") is None:
            return self._resolve(request.uri)
        try:
            return self._resolve(request.route[0].uri)
        except (SipError, IndexError):
            return None

    def listener_for(self, hop: Hop) -> int:
        """The listener to send from: same transport and family, loopback to loopback; -1: none has the transport."""
        return self.path_to(hop).listener

    def _resolve(self, uri: str) -> Hop | None:
        hop = self._hops.get(uri)
        if hop is None:
            hop = self._hop_of(uri)
            if hop is not None:
                if len(self._hops) >= _REMEMBERED:
                    self._hops.clear()
                self._hops[uri] = hop
        return hop

    def path_to(self, hop: Hop) -> Path:
        """The listener for ``hop``, and our Via. Over UDP it asks for ``rport`` (RFC 3581 §3)."""
        transport, host, _ = hop
        key = (transport, host)
        path = self._paths.get(key)
        if path is None:
            if len(self._paths) >= _REMEMBERED:
                self._paths.clear()
            path = self._paths[key] = self._choose_path(hop)
        return path

    def _choose_path(self, hop: Hop) -> Path:
        listener = self._choose(hop)
        # Without a listener of that transport the responses come back over the stream: any address of ours will do.
        sent_by = self._sent_by[max(listener, 0)]
        before = f"SIP/2.0/{hop.transport} {sent_by};branch="
        host, _, port = sent_by.rpartition(":")
        return Path(listener, host.strip("[]"), int(port), before, ";rport" if hop.transport == "UDP" else "")

    def large_request_hop(self, hop: Hop, size: int) -> Hop:
        """The hop for a request of ``size`` bytes: TCP for a large one, where the configuration wants it and can."""
        if hop.transport != "UDP" or size <= _LARGE or not self._config.tcp_for_large_requests:
            return hop
        tcp = Hop("TCP", hop.host, hop.port)
        return tcp if self.listener_for(tcp) >= 0 else hop

    def _choose(self, hop: Hop) -> int:
        best, best_score = -1, -1
        for index, listener in enumerate(self._config.listeners):
            if listener.transport != hop.transport:
                continue
            same_family = (":" in listener.host) == (":" in hop.host)
            same_reach = _is_loopback(listener.host) == _is_loopback(hop.host)
            score = 2 * same_family + same_reach
            if score > best_score:
                best, best_score = index, score
        return best

    def _hop_of(self, text: str) -> Hop | None:
        try:
            uri = Uri.parse(text)
        except SipError:
            return None
        if not uri.host:
            return None
        secure = uri.scheme == "sips"
        transport = (uri.params.get("transport") or ("tls" if secure else "udp")).upper()
        if secure and transport == "TCP":
            transport = "TLS"
        if transport not in DEFAULT_PORTS:
            return None
        host = self._address_of(uri.host)
        return None if host is None else Hop(transport, host, uri.port or DEFAULT_PORTS[transport])

    def _find_address(self, host: str) -> str | None:
        try:
            return str(ip_address(host))
        except ValueError:
            name = host.lower().rstrip(".")
        return self._config.hosts.get(name) or ("127.0.0.1" if name == "localhost" else None)


def _is_loopback(host: str) -> bool:
    return host.startswith("127.") or host in ("::1", "localhost")
