"""Bytes → message (RFC 3261 §7, §25): one pass over the lines of the head, each of which is read once and remembered.

After ``parse`` the typed views of Via, From, To, CSeq, Call-ID, Max-Forwards, Contact, Route and Record-Route cannot
raise. Header values that we do not interpret are not looked into.
"""

from dataclasses import dataclass
from sys import intern
from typing import Final

from sipcore.errors import BadHeader, ParseError
from sipcore.message import marks
from sipcore.message.fields import CSeq, NameAddr, Via, tag_of, usual_contact
from sipcore.message.grammar import is_token, small_number
from sipcore.message.headers import KNOWN, Header, canonical_name, has_bare_nul, split_list
from sipcore.message.messages import MAX_HOPS, Message, Request, Response
from sipcore.message.phrases import STATUS_LINES

__all__ = ["DEFAULT_LIMITS", "Limits", "parse"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a message is read at most; sizes in bytes (of lines and URIs: characters)."""

    message: int = 65_535
    head: int = 32_768
    headers: int = 200
    line: int = 8_192
    uri: int = 2_048
    body: int = 65_535


DEFAULT_LIMITS: Final = Limits()

_METHODS: Final = {
    name: name
    for name in (
        "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO",
        "REFER", "MESSAGE", "UPDATE", "KDMQ",
    )
}  # fmt: skip
_MAX_LENGTH: Final = 2**31
_SALVAGED_LINES: Final = 200
_SALVAGED_PARAMS: Final = 16
_BREAKS: Final = frozenset("\r\n\0")
_CR: Final = 13
_LF: Final = 10
_STATUSES: Final = {str(status): status for status in range(100, 700)}

_MAX_REMEMBERED: Final = 4096
_LONGEST_REMEMBERED: Final = 256
_READ: Final[dict[str, Header]] = {}
"""Lines that come again and again, already read: most of a usual head. Messages that are kept share them, too."""


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Request | Response:
    """One whole message. Raises ParseError (and nothing else), see there for what it carries."""
    message: Request | Response | None = None
    try:
        if data and data[0] in (_CR, _LF):
            data = data.lstrip(b"\r\n")  # §7.5: CRLFs before the start-line are ignored
        if len(data) > limits.head or len(data) > limits.message:
            _check_size(data, limits)
        text, more = _text_of(data)
        end = text.find("\n") - 1
        if end < 1 or ord(text[end]) != _CR or end > limits.line:
            raise ParseError("bad start-line", 414 if end > limits.line else 400)
        message = _start(text[:end], limits)
        headers, at = _read_headers(text, end + 2, limits)
        if "\0" in text and has_bare_nul(text[:at]):
            raise ParseError("NUL in the headers")
        _fill(message, headers, data[at + more :], limits)
        if isinstance(message, Request) and message.cseq.method != message.method:
            raise BadHeader("CSeq", "not the method of the request")
    except ParseError as error:
        if error.salvaged is None:
            error.salvaged = _salvage(data, message)
        raise
    return message


def _check_size(data: bytes, limits: Limits) -> None:
    end = data.find(b"\r\n\r\n")
    if end > limits.head or (end < 0 and len(data) > limits.head):
        raise ParseError("the headers are too large", 513)
    if len(data) > limits.message:
        raise ParseError("the message is too large", 413)


def _text_of(data: bytes) -> tuple[str, int]:
    """The whole message where all of it is ASCII, as nearly always, else its head, and how many more bytes that has."""
    try:
        return data.decode("ascii"), 0
    except UnicodeDecodeError:
        end = data.find(b"\r\n\r\n") + 4
    if end < 4:
        raise ParseError("no empty line ends the headers")
    head = data[:end].decode("utf-8", "surrogateescape")
    return head, end - len(head)


def _start(line: str, limits: Limits) -> Request | Response:
    usual = STATUS_LINES.get(line) if line.startswith("SIP/2.0 ") else None
    if usual is not None:
        return Response(usual[0], usual[1])
    if "\r" in line:
        raise ParseError("stray CR in the start-line")
    first, _, rest = line.partition(" ")
    method = _METHODS.get(first)
    if method is not None and rest.endswith(" SIP/2.0"):
        return _request(method, rest[:-8], limits)
    middle, _, last = rest.partition(" ")
    if method is None:
        if first[:4].upper() == "SIP/":
            return _status_line(first, middle, last)
        if not is_token(first):
            raise ParseError("bad method")
        method = intern(first) if len(first) <= 32 else first
    if last != "SIP/2.0":
        _check_version(last)
    return _request(method, middle, limits)


def _request(method: str, uri: str, limits: Limits) -> Request:
    if len(uri) > limits.uri:
        raise ParseError("the Request-URI is too long", 414)
    if ":" not in uri or " " in uri or "<" in uri or ">" in uri or '"' in uri or "\t" in uri:
        raise ParseError("bad Request-URI")
    return Request(method, uri)


def _check_version(text: str) -> None:
    version = text.upper()
    if version == "SIP/2.0":
        return
    if version[:4] != "SIP/" or " " in version:
        raise ParseError("bad start-line")
    raise ParseError("SIP version not supported", 505)


def _status_line(version: str, status: str, reason: str) -> Response:
    if version != "SIP/2.0" and version.upper() != "SIP/2.0":
        raise ParseError("SIP version not supported", 505)
    number = _STATUSES.get(status)
    if number is None:
        raise ParseError("bad status code")
    return Response(number, reason)


def _read_headers(text: str, at: int, limits: Limits) -> tuple[list[Header], int]:
    """The headers from ``at`` on, and where the body begins."""
    start = at
    headers: list[Header] = []
    while True:
        end = text.find("\n", at) - 1
        if end <= at or ord(text[end]) != _CR or end - at > limits.line:
            return headers, _end_of_head(text, at, end)
        line = text[at:end]
        at = end + 2
        header = _READ.get(line) if headers else _top_via(line)
        if header is None:
            if line[0] in (" ", "\t") or text[at : at + 1] in (" ", "\t"):
                return _read_folded(text, start, limits)
            header = _read(line)
        headers.append(header)
        if len(headers) > limits.headers:
            raise ParseError("too many headers", 513)


def _top_via(line: str) -> Header | None:
    """What is on top of nearly every head, and never comes again. None: it has to be read like any other line."""
    value = line[5:].strip(" \t") if line.startswith("Via: ") and "\r" not in line else ""
    return Header("Via", value, line, marks.VIA) if value else None


def _end_of_head(text: str, at: int, end: int) -> int:
    """Behind the empty line; ``end`` is before the next LF. Raises ParseError: it is no empty line, but a bad one."""
    if end < 0:
        raise ParseError("no empty line ends the headers")
    # A bare CR or LF is no line end here, but is one elsewhere: passing it on would smuggle headers.
    if end < at or ord(text[end]) != _CR:
        raise ParseError("stray LF in the headers")
    if end > at:
        raise ParseError("a header line is too long", 513)
    return end + 2


def _read_folded(text: str, at: int, limits: Limits) -> tuple[list[Header], int]:
    """The same where headers go over several lines (§7.3.1): the raw line keeps its CRLFs, the value has spaces."""
    folded: list[list[str]] = []
    while True:
        end = text.find("\n", at) - 1
        if end <= at or ord(text[end]) != _CR or end - at > limits.line:
            break
        line = text[at:end]
        at = end + 2
        if "\r" in line:
            raise ParseError("stray CR in the headers")
        if line[0] not in (" ", "\t"):
            folded.append([line])
        elif folded:
            folded[-1].append(line)
        else:
            raise ParseError("folded start-line")
    if len(folded) > limits.headers:
        raise ParseError("too many headers", 513)
    return [_read("\r\n".join(parts), folded=True) for parts in folded], _end_of_head(text, at, end)


def _read(line: str, *, folded: bool = False) -> Header:
    """Raises BadHeader for a value that those above could not read."""
    spelling, colon, value = line.partition(":")
    if not colon:
        raise ParseError("a header line without a colon")
    if folded:
        value = " ".join([part.strip(" \t") for part in value.split("\r\n")])
    elif "\r" in line:
        raise ParseError("stray CR in the headers")
    value = value.strip(" \t")
    known = KNOWN.get(spelling)
    if known is None:
        name = _rare_name(spelling)
        known = KNOWN.get(name)
        if known is None:
            return Header(name, value, line)
    header = Header(known.text, value, line, known.mark)
    if known.mark:
        _judge(header)
    if known.repeats and len(line) <= _LONGEST_REMEMBERED:
        if len(_READ) >= _MAX_REMEMBERED:
            _READ.clear()
        _READ[line] = header
    return header


def _judge(header: Header) -> None:
    """Read what everyone above will ask for, so that nothing there can raise."""
    mark, value = header.mark, header.value
    if not value and mark & marks.MANDATORY:
        raise BadHeader(header.name, "missing")
    if mark in (marks.FROM, marks.TO):
        header.part = tag_of(value, header.name)
    elif mark == marks.CONTACT:
        header.part = usual_contact(value)
    elif mark == marks.CSEQ:
        cseq = CSeq.parse(value)
        header.number, header.part = cseq.number, cseq.method
    elif mark == marks.CALL_ID:
        if " " in value:
            raise BadHeader("Call-ID", "white space within")
    elif mark == marks.CONTENT_LENGTH:
        header.number = _number(header, _MAX_LENGTH)
    elif mark == marks.MAX_FORWARDS:
        header.number = _number(header, MAX_HOPS)
    elif mark in (marks.ROUTE, marks.RECORD_ROUTE):
        for text in split_list(value):
            NameAddr.parse(text, header.name)


def _number(header: Header, most: int) -> int:
    number = small_number(header.value, most)
    if number < 0:
        raise BadHeader(header.name, f"not a number up to {most}")
    return number


def _rare_name(spelling: str) -> str:
    try:
        return canonical_name(spelling)
    except ValueError:
        raise ParseError("bad header name") from None


def _fill(message: Message, headers: list[Header], body: bytes, limits: Limits) -> None:
    length = message.receive(headers)
    if length != len(body) or length > limits.body:
        body = _body(body, length, limits)
    message.body = body


def _body(rest: bytes, length: int, limits: Limits) -> bytes:
    """§18.3: without Content-Length the body is the rest of the datagram; bytes beyond it are discarded."""
    if length > len(rest):
        raise BadHeader("Content-Length", "longer than the body")
    if length >= 0:
        rest = rest[:length]
    if len(rest) > limits.body:
        raise ParseError("the body is too large", 413)
    return rest


def _salvage(data: bytes, message: Request | Response | None) -> Request | None:
    """A request that an answer can be built from, made with whatever of the head is readable."""
    head = data[:65_535].partition(b"\r\n\r\n")[0].decode("utf-8", "surrogateescape")
    lines = head.split("\r\n", _SALVAGED_LINES)[:_SALVAGED_LINES]
    method, _, rest = lines[0].partition(" ")
    if isinstance(message, Response) or not is_token(method) or method in ("ACK", "SIP/2.0"):
        return None
    request = Request(method, rest.partition(" ")[0])
    for line in lines[1:]:
        spelling, colon, value = line.partition(":")
        known = KNOWN.get(spelling.rstrip(" \t"))
        if not colon or known is None or not known.mark & marks.MANDATORY or not _BREAKS.isdisjoint(line):
            continue
        if known.mark == marks.VIA or request.get(known.text) is None:
            request.headers.append(Header(known.text, value.strip(" \t"), line, known.mark))
    if not all(request.get(name) for name in ("Via", "From", "To", "Call-ID", "CSeq")):
        return None
    try:
        _ = request.via
    except BadHeader:
        via = _salvage_via(request.get_all("Via"))
        if via is None:
            return None
        request.set_first("Via", via)
    return request


def _salvage_via(values: list[str]) -> str | None:
    """The top Via with what is wrong left out: its version, its bad parameters. None: nobody knows where to answer."""
    head, _, tail = (values[0] if values else "").partition(";")
    protocol, _, sent_by = head.strip(" \t").rpartition(" ")
    if protocol[:3].upper() != "SIP":
        return None
    kept = f"SIP/2.0/{protocol.rpartition('/')[2].strip()} {sent_by}"
    for param in ["", *tail.split(";", _SALVAGED_PARAMS)[:_SALVAGED_PARAMS]]:
        try:
            Via.parse(f"{kept};{param}" if param else kept)
        except BadHeader:
            if not param:
                return None
        else:
            kept = f"{kept};{param}" if param else kept
    return kept
