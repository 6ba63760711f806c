"""Messages that follow from others: responses to a request, ACK and CANCEL of an INVITE, the stamp of a received Via.

RFC 3261 §8.2.6 (responses), §9.1 (CANCEL), §17.1.1.3 (ACK to a failure), §18.2.1 and RFC 3581 (received, rport).
"""

from collections.abc import Iterable
from typing import Final

from sipcore.errors import BadHeader
from sipcore.message import marks
from sipcore.message.fields import NameAddr, tag_of, usual_address
from sipcore.message.grammar import split_quoted
from sipcore.message.headers import Header, end_of_quote, make_header
from sipcore.message.messages import Request, Response

__all__ = ["ack_for_failure", "cancel_for", "respond_to", "stamp_received", "trying", "with_tag", "without_tag"]

_COPIED_WITH_ROUTE: Final = marks.MANDATORY | marks.RECORD_ROUTE
_COPIED_INTO_TRYING: Final = marks.MANDATORY | marks.TIMESTAMP  # RFC 3261 §8.2.6.1
_SHARED: Final = marks.FROM | marks.TO | marks.CALL_ID | marks.ROUTE  # by all requests of one transaction


def respond_to(
    request: Request,
    status: int,
    reason: str | None = None,
    *,
    to_tag: str = "",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Response:
    """A response with the headers that RFC 3261 §8.2.6 wants copied; ``to_tag`` is added when To has none yet.

    Record-Route is copied into 101 to 299 (§12.1.1). ``headers`` are appended in order.
    """
    response = Response(status, reason, (), body)
    copied = _COPIED_WITH_ROUTE if 100 < status < 300 else marks.MANDATORY
    lines = [
        _tagged(header, to_tag) if to_tag and header.mark == marks.TO else header
        for header in request.headers
        if header.mark & copied
    ]
    if headers:
        lines += [make_header(name, value) for name, value in headers]
    response.headers = lines
    return response


def trying(request: Request) -> bytes:
    """The 100 to ``request`` as it is sent: ``respond_to`` and ``encode`` in one, for the most frequent answer."""
    lines = [header.raw for header in request.headers if header.mark & _COPIED_INTO_TRYING]
    return "\r\n".join(["SIP/2.0 100 Trying", *lines, "Content-Length: 0\r\n\r\n"]).encode("utf-8", "surrogateescape")


def _tagged(to: Header, tag: str) -> Header:
    if to.part:
        return to
    if to.part is None:  # nobody has looked
        return make_header("To", with_tag(to.value, tag))
    value = f"{to.value};tag={tag}"
    return Header("To", value, f"To: {value}", marks.TO, tag)


def with_tag(text: str, tag: str) -> str:
    """From or To text with ``tag`` added, unless it has one already (a value that cannot be read gets it as well)."""
    try:
        return text if tag_of(text, "To") else f"{text};tag={tag}"
    except BadHeader:
        return text if ";tag=" in text.lower() else f"{text};tag={tag}"


def without_tag(text: str) -> str:
    """From or To text without its tag; the rest stays as written."""
    if "tag" not in text.lower():
        return text
    end, _ = usual_address(text)
    if end:
        return text[:end]
    address = NameAddr.parse(text)
    if "tag" not in address.params:
        return text
    start = end_of_quote(text, 0) if text[:1] == '"' else 0
    left = text.find("<", start)
    at = text.find(">", left) + 1 if left >= 0 else 0
    parts = [part for part in split_quoted(text[at:], ";") if part.partition("=")[0].strip(" \t").lower() != "tag"]
    return (text[:at] + ";".join(parts)).rstrip(" \t")


def stamp_received(request: Request, host: str, port: int) -> None:
    """Note in the top Via where the request came from: ``received`` if the host differs, ``rport`` if asked for.

    RFC 3261 §18.2.1; RFC 3581 §4: with ``rport`` "the received parameter is added even if identical".
    """
    via = request.via
    asked = via.asks_port
    if not asked and via.host == host:
        return
    via.params["received"] = host
    if asked:
        via.params["rport"] = str(port)
    request.restamp(via)


def ack_for_failure(invite: Request, response: Response) -> Request:
    """The ACK to a non-2xx final response (RFC 3261 §17.1.1.3); its Via is that of the INVITE."""
    ack = _same_transaction(invite, "ACK")
    ack.set("To", response.get("To") or str(response.to))
    return ack


def cancel_for(invite: Request, headers: Iterable[tuple[str, str]] = ()) -> Request:
    """The CANCEL of an INVITE (RFC 3261 §9.1)."""
    cancel = _same_transaction(invite, "CANCEL")
    cancel.headers.extend([make_header(name, value) for name, value in headers])
    return cancel


def _same_transaction(invite: Request, method: str) -> Request:
    request = Request(method, invite.uri)
    request.headers.append(make_header("Via", str(invite.via)))
    for header in invite.headers:
        if header.mark & _SHARED:
            request.headers.append(header)
    number = f"{invite.cseq.number} {method}"
    request.headers.append(Header("CSeq", number, f"CSeq: {number}", marks.CSEQ))
    request.headers.append(make_header("Max-Forwards", "70"))
    return request
