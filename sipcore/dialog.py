"""Dialogs as data (RFC 3261 §12): what two user agents agreed on, and the requests that follow from it.

A ``Dialog`` is a plain record: it can be stored and restored. It knows nothing of transactions, sockets or time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sipcore.errors import BadHeader, BadUri
from sipcore.message import marks
from sipcore.message.builder import without_tag
from sipcore.message.fields import NameAddr
from sipcore.message.headers import Header, make_header
from sipcore.message.messages import Message, Request, Response
from sipcore.message.uri import Uri
from sipcore.packets import ANY_FLOW, Hop, Source

__all__ = ["TARGET_REFRESH", "Dialog", "DialogKey"]

DialogKey = tuple[str, str, str]
"""(Call-ID, local tag, remote tag), RFC 3261 §12."""

TARGET_REFRESH: Final = frozenset({"INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER"})
"""Methods whose Contact moves the remote target (RFC 3261 §6, RFC 3311, RFC 6665, RFC 3515)."""

_MAX_FORWARDS: Final = make_header("Max-Forwards", "70")
_SDP: Final = make_header("Content-Type", "application/sdp")
_SIP_SCHEMES: Final = ("sip:", "sips")
_UDP: Final = ("transport=UDP", "transport=udp")
_OUTSIDE_ORDER: Final = ("ACK", "CANCEL")


@dataclass(slots=True)
class Dialog:
    """One side's view. ``local`` and ``remote`` are From/To texts without their tags, ``local_contact`` our Contact.

    ``hop`` and ``flow`` say where requests go when the route set and the remote target do not: the peer is behind NAT
    or came over a stream. None: the first Route or the remote target decides.
    """

    call_id: str
    local_tag: str
    remote_tag: str
    local: str
    remote: str
    local_contact: str
    remote_target: str
    route_set: tuple[str, ...] = ()
    local_cseq: int = 0
    remote_cseq: int | None = None
    hop: Hop | None = None
    flow: int = ANY_FLOW
    secure: bool = False

    @staticmethod
    def as_uas(request: Request, source: Source, *, local_tag: str, contact: str) -> "Dialog":
        """The dialog that our response to ``request`` forms (RFC 3261 §12.1.1). Raises BadHeader: no usable Contact."""
        target = _contact_uri(request)
        route_set = tuple(request.record_route)
        hop, flow = (None, ANY_FLOW) if route_set else _reach(request, source, target)
        remote_tag = request.from_tag
        return Dialog(
            request.call_id, local_tag, remote_tag, without_tag(request.get("To") or ""),
            _untagged(request.get("From") or "", remote_tag), contact, target, route_set, 0, request.cseq.number,
            hop, flow, source.hop.transport == "TLS" and request.uri[:5].lower() == "sips:",
        )  # fmt: skip

    @staticmethod
    def as_uac(request: Request, response: Response, *, hop: Hop | None = None, flow: int = ANY_FLOW) -> "Dialog":
        """The dialog that ``response`` to our ``request`` forms (RFC 3261 §12.1.2). Raises BadHeader: no Contact.

        ``hop`` and ``flow``: where the request was sent, if later ones must go the same way whatever Contact says.
        """
        route_set = tuple(reversed(response.record_route))
        local_tag = request.from_tag
        return Dialog(
            request.call_id, local_tag, response.to_tag, _untagged(request.get("From") or "", local_tag),
            without_tag(request.get("To") or ""), request.get("Contact") or "", _contact_uri(response), route_set,
            request.cseq.number, None, None if route_set else hop, ANY_FLOW if route_set else flow,
            request.uri[:5].lower() == "sips:",
        )  # fmt: skip

    @property
    def key(self) -> DialogKey:
        """What tells this dialog from all others."""
        return (self.call_id, self.local_tag, self.remote_tag)

    def request(
        self,
        method: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        content_type: str | None = None,
        lines: Iterable[Header] = (),
        max_forwards: int = 70,
    ) -> Request:
        """The next request within the dialog (RFC 3261 §12.2.1.1), without Via. Takes the next local CSeq.

        ``lines``: headers as ``make_header`` makes them, before ``headers``.
        """
        self.local_cseq += 1
        request = self._build(method, self.local_cseq, body, content_type, max_forwards)
        if lines:
            request.headers += lines
        if headers:
            request.headers.extend([make_header(name, value) for name, value in headers])
        return request

    def ack(self, cseq: int, *, body: bytes = b"", content_type: str | None = None) -> Request:
        """The ACK to the 2xx of our INVITE number ``cseq`` (RFC 3261 §13.2.2.4), without Via."""
        return self._build("ACK", cseq, body, content_type, 70)

    def _build(self, method: str, cseq: int, body: bytes, content_type: str | None, max_forwards: int) -> Request:
        uri, routes = self._routing()
        request = Request(method, uri, (), body)
        local, remote = self.local, self.remote
        if self.local_tag:  # a peer of RFC 2543 may have none
            local = f"{local};tag={self.local_tag}"
        if self.remote_tag:
            remote = f"{remote};tag={self.remote_tag}"
        number = f"{cseq} {method}"
        # Nothing here can break a line: it was read from lines, or is of our own making.
        own: list[Header] = [
            Header("From", local, f"From: {local}", marks.FROM, self.local_tag),
            Header("To", remote, f"To: {remote}", marks.TO, self.remote_tag),
            Header("Call-ID", self.call_id, f"Call-ID: {self.call_id}", marks.CALL_ID),
            Header("CSeq", number, f"CSeq: {number}", marks.CSEQ),
            _MAX_FORWARDS
            if max_forwards == 70
            else Header("Max-Forwards", str(max_forwards), f"Max-Forwards: {max_forwards}", marks.MAX_FORWARDS),
        ]
        if routes:
            own.insert(0, make_header("Route", ", ".join(routes)))
        if method in TARGET_REFRESH and self.local_contact:
            own.append(Header("Contact", self.local_contact, f"Contact: {self.local_contact}", marks.CONTACT))
        if body and content_type is not None:
            own.append(_SDP if content_type == _SDP.value else make_header("Content-Type", content_type))
        request.headers = own
        return request

    def _routing(self) -> tuple[str, list[str]]:
        """Request-URI and Route entries: loose if the first route has ``lr``, else strict (RFC 3261 §12.2.1.1)."""
        if not self.route_set:
            return self.remote_target, []
        # As text: a peer's odd URI must not stop us from sending a BYE.
        uri, _, _ = NameAddr.parse(self.route_set[0], "Route").uri.partition("?")
        address, *params = uri.split(";")
        names = [param.partition("=")[0].lower() for param in params]
        if "lr" in names:
            return self.remote_target, list(self.route_set)
        # "…the UAC MUST place the first URI from the route set into the Request-URI, stripping any parameters that
        # are not allowed in a Request-URI […] the UAC MUST then place the remote target URI […] as the last value."
        kept = [param for param, name in zip(params, names, strict=True) if name != "method"]
        return ";".join([address, *kept]), [*self.route_set[1:], f"<{self.remote_target}>"]

    def receive(self, request: Request) -> bool:
        """Take in a request of the peer: False when its CSeq is out of order (to be answered 500, RFC 3261 §12.2.2).

        Moves the remote target where the method does so. An ACK or CANCEL has its INVITE's number and is not counted.
        """
        if request.method in _OUTSIDE_ORDER:
            return True
        number = request.cseq.number
        if self.remote_cseq is not None and number < self.remote_cseq:
            return False
        self.remote_cseq = number
        if request.method in TARGET_REFRESH:
            self.refresh(request)
        return True

    def refresh(self, message: Message) -> None:
        """Take the remote target from the message's Contact, if it has one that requests can be sent to."""
        uri = message.contact_uri
        if uri[:4].lower() in _SIP_SCHEMES:
            self.remote_target = uri


def _untagged(text: str, tag: str) -> str:
    """From or To text without its tag, which is known."""
    if tag and text.endswith(f">;tag={tag}"):
        return text[: -len(tag) - len(";tag=")]
    return without_tag(text)


def _contact_uri(message: Message) -> str:
    uri = message.contact_uri
    if uri[:4].lower() not in _SIP_SCHEMES:
        raise BadHeader("Contact", "no SIP URI in a message that forms a dialog")
    return uri


def _reach(request: Request, source: Source, target: str) -> tuple[Hop | None, int]:
    """The source itself over a stream, or when the Contact is not where the peer really is; else the target decides."""
    hop = source.hop
    if _is_plainly_at(target, hop) and source.flow == ANY_FLOW and hop.transport == "UDP":
        return None, ANY_FLOW
    try:
        uri = Uri.parse(target)
    except BadUri as bad:
        raise BadHeader("Contact", bad.reason) from None
    if source.flow != ANY_FLOW or hop.transport != "UDP":
        return hop, source.flow
    if uri.host != hop.host or (uri.port or 5060) != hop.port:
        via = request.via
        if via.host != hop.host or (via.port or 5060) != hop.port:
            return hop, source.flow
    return None, ANY_FLOW


def _is_plainly_at(target: str, hop: Hop) -> bool:
    """Whether the URI is ``sip:user@host:port`` of this hop, with no more to it than a transport."""
    head, _, place = target.partition("@")
    place, _, params = place.partition(";")
    user = head[4:]
    return (
        place == f"{hop.host}:{hop.port}"
        and head[:4] == "sip:"
        and user.isascii()
        and user.replace("-", "a").replace(".", "a").isalnum()
        and (not params or params in _UDP)
    )
