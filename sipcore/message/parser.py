"""Bytes → message (RFC 3261 §7, §25): one decode of the head, one pass over its lines, limits first.

After ``parse`` the typed views of Via, From, To, CSeq, Call-ID, Max-Forwards, Contact, Route and Record-Route cannot
raise. Header values that we do not interpret are not looked into.
"""

from dataclasses import dataclass
from sys import intern
from typing import Final, NoReturn

from sipcore.errors import BadHeader, ParseError
from sipcore.message.fields import NameAddr, Via
from sipcore.message.grammar import is_token, small_number
from sipcore.message.headers import KNOWN, SINGLE_HEADERS, Header, canonical_name, has_bare_nul
from sipcore.message.messages import Message, Request, Response

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
_LINE_ENDS: Final = (b"\r", b"\n")
_STATUSES: Final = {str(status): status for status in range(100, 700)}
_REPEATING: Final = frozenset({
    "Accept", "Accept-Encoding", "Accept-Language", "Allow", "Allow-Events", "Content-Disposition", "Content-Length",
    "Content-Type", "CSeq", "Event", "Expires", "Max-Forwards", "Min-SE", "Organization", "P-Early-Media", "Privacy",
    "Require", "Server", "Session-Expires", "Supported", "User-Agent",
})  # fmt: skip
"""Headers whose very lines come again and again, whoever calls whom."""

_MAX_REPEATED: Final = 4096
_LONGEST_REPEATED: Final = 256
_REPEATED: Final[dict[str, Header]] = {}
"""Such lines, already read: half of a usual head. Messages that are kept share them, too."""

_MANDATORY: Final = ("Via", "From", "To", "Call-ID", "CSeq")


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Request | Response:
    """One whole message. Raises ParseError (and nothing else), see there for what it carries."""
    message: Request | Response | None = None
    try:
        if data[:1] in _LINE_ENDS:
            data = data.lstrip(b"\r\n")  # §7.5: CRLFs before the start-line are ignored
        end = data.find(b"\r\n\r\n")
        if end < 0 or end > limits.head or len(data) > limits.message:
            _refuse_size(data, end, limits)
        lines = _lines(data[: end + 2].decode("utf-8", "surrogateescape"), limits)
        message = _start(lines[0], limits)
        values = _read_headers(message, lines)
        body = data[end + 4 :]
        if values.get("Content-Length") != str(len(body)) or len(body) > limits.body:
            body = _body(body, values.get("Content-Length"), limits)
        message.body = body
        _validate(message, values)
    except ParseError as error:
        if error.salvaged is None:
            error.salvaged = _salvage(data, message)
        raise
    return message


def _refuse_size(data: bytes, end: int, limits: Limits) -> NoReturn:
    if end > limits.head or (end < 0 and len(data) > limits.head):
        raise ParseError("the headers are too large", 513)
    if len(data) > limits.message:
        raise ParseError("the message is too large", 413)
    raise ParseError("no empty line ends the headers")


def _lines(head: str, limits: Limits) -> list[str]:
    """The lines of the head; folded headers are still on several."""
    lines = head.split("\r\n")
    del lines[-1]
    # A bare CR or LF is no line end here, but is one elsewhere: passing it on would smuggle headers.
    if head.count("\n") != len(lines) or head.count("\r") != len(lines) or ("\0" in head and has_bare_nul(head)):
        raise ParseError("stray CR, LF or NUL in the headers")
    if len(lines) - 1 > limits.headers:
        raise ParseError("too many headers", 513)
    if len(head) > limits.line and len(max(lines, key=len)) > limits.line:
        raise ParseError("a header line is too long", 414 if len(lines[0]) > limits.line else 513)
    return lines


def _join_folds(lines: list[str]) -> list[str]:
    joined: list[list[str]] = []
    for line in lines:
        if line[:1] not in (" ", "\t"):
            joined.append([line])
        elif joined:
            joined[-1].append(line)
        else:
            raise ParseError("folded start-line")
    return ["\r\n".join(parts) for parts in joined]


def _start(line: str, limits: Limits) -> Request | Response:
    first, _, rest = line.partition(" ")
    middle, _, last = rest.partition(" ")
    method = _METHODS.get(first)
    if method is None:
        if first[:4].upper() == "SIP/":
            return _status_line(first, middle, last)
        if not is_token(first):
            raise ParseError("bad method")
        method = intern(first) if len(first) <= 32 else first
    if last != "SIP/2.0":
        _check_version(last)
    if len(middle) > limits.uri:
        raise ParseError("the Request-URI is too long", 414)
    if ":" not in middle or "<" in middle or ">" in middle or '"' in middle or "\t" in middle:
        raise ParseError("bad Request-URI")
    return Request(method, middle)


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


def _read_headers(message: Message, lines: list[str]) -> dict[str, str]:
    """Fill ``message.headers``; the values by name are returned for the checks that follow (of several: the last)."""
    headers = message.headers
    values: dict[str, str] = {}
    del lines[0]
    for line in lines:
        header = _REPEATED.get(line)
        if header is not None:
            headers.append(header)
            values[header[0]] = header[1]
            continue
        spelling, colon, value = line.partition(":")
        name = KNOWN.get(spelling)
        if name is None:
            if line[:1] in (" ", "\t"):
                return _read_folded(message, lines)
            name = _rare_name(spelling)
        if not colon:
            raise ParseError("a header line without a colon")
        values[name] = value = value.strip(" \t")
        header = (name, value, line)
        headers.append(header)
        if name in _REPEATING and len(line) <= _LONGEST_REPEATED:
            _remember(line, header)
    if len(values) != len(headers):
        _check_repeated(headers)
    return values


def _remember(line: str, header: Header) -> None:
    if len(_REPEATED) >= _MAX_REPEATED:
        _REPEATED.clear()
    _REPEATED[line] = header


def _read_folded(message: Message, lines: list[str]) -> dict[str, str]:
    """The same where headers go over several lines (§7.3.1): the raw line keeps its CRLFs, the value has spaces."""
    headers: list[Header] = []
    message.headers = headers
    for line in _join_folds(lines):
        spelling, colon, value = line.partition(":")
        if not colon:
            raise ParseError("a header line without a colon")
        name = KNOWN.get(spelling) or _rare_name(spelling)
        value = " ".join([part.strip(" \t") for part in value.split("\r\n")])
        headers.append((name, value.strip(" \t"), line))
    _check_repeated(headers)
    return {name: value for name, value, _ in headers}


def _check_repeated(headers: list[Header]) -> None:
    seen: set[str] = set()
    for name, _, _ in headers:
        if name in seen and name in SINGLE_HEADERS:
            raise BadHeader(name, "more than one")
        seen.add(name)


def _rare_name(spelling: str) -> str:
    try:
        return canonical_name(spelling)
    except ValueError:
        raise ParseError("bad header name") from None


def _body(rest: bytes, length: str | None, limits: Limits) -> bytes:
    """§18.3: without Content-Length the body is the rest of the datagram; bytes beyond it are discarded."""
    if length is not None:
        size = small_number(length, _MAX_LENGTH)
        if size < 0:
            raise BadHeader("Content-Length", "not a number")
        if size > len(rest):
            raise BadHeader("Content-Length", "longer than the body")
        rest = rest[:size]
    if len(rest) > limits.body:
        raise ParseError("the body is too large", 413)
    return rest


def _validate(message: Request | Response, values: dict[str, str]) -> None:
    """Parse what everyone above will ask for, so that nothing there can raise."""
    get = values.get
    if not (get("Via") and get("From") and get("To") and get("Call-ID") and get("CSeq")):
        raise BadHeader(next(name for name in _MANDATORY if not get(name)), "missing")
    if " " in values["Call-ID"]:
        raise BadHeader("Call-ID", "white space within")
    cseq = message.parse_views(values)
    if isinstance(message, Request) and cseq.method != message.method:
        raise BadHeader("CSeq", "not the method of the request")
    if get("Max-Forwards", "70") != "70":
        _ = message.max_forwards
    if "Route" in values:
        _ = message.route
    if "Record-Route" in values:
        for text in message.record_route:
            NameAddr.parse(text, "Record-Route")


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
        name = KNOWN.get(spelling.rstrip(" \t"))
        if not colon or name not in _MANDATORY or not _BREAKS.isdisjoint(line):
            continue
        if name == "Via" or request.get(name) is None:
            request.headers.append((name, value.strip(" \t"), line))
    if not all(request.get(name) for name in _MANDATORY):
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
