"""SIP messages as values: a list of headers in order, typed views of the common ones, and encoding (RFC 3261 §7).

A received header keeps its raw line and goes out exactly as it came, unless it is replaced. Typed views are parsed on
first use and remembered until a header changes: change headers through the methods, not through the list.
"""

from collections.abc import Iterable
from typing import Final

from sipcore.errors import BadHeader
from sipcore.message import marks
from sipcore.message.fields import CSeq, NameAddr, Via, tag_of
from sipcore.message.grammar import small_number
from sipcore.message.headers import KNOWN, LIST_HEADERS, Header, canonical_name, first_of, make_header, split_list
from sipcore.message.phrases import phrase

__all__ = ["MAX_HOPS", "Message", "Request", "Response"]

MAX_HOPS: Final = 255  # RFC 3261 §20.22
_ANY: Final = -1  # every bit: each header may be there


class Message:
    """What requests and responses share. ``headers`` are in order, ``body`` is bytes."""

    __slots__ = (
        "_call_id", "_contact_uri", "_contacts", "_cseq", "_from", "_from_tag", "_marks", "_to", "_to_tag", "_via",
        "body", "headers",
    )  # fmt: skip

    _via: Via | None
    _from: NameAddr | None
    _to: NameAddr | None
    _cseq: CSeq | None
    _call_id: str | None
    _from_tag: str | None
    _to_tag: str | None
    _contacts: list[NameAddr] | None
    _contact_uri: str | None

    def __init__(self, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> None:
        self.headers: list[Header] = [make_header(name, value) for name, value in headers] if headers else []
        self.body = body
        self._via = self._from = self._to = self._cseq = self._contacts = None
        self._call_id = self._from_tag = self._to_tag = self._contact_uri = None
        self._marks = _ANY  # of the headers that may be there

    # -- headers as text

    def get(self, name: str) -> str | None:
        """The first value of a header, None when absent. A list is not split."""
        known = KNOWN.get(name)
        if known is not None:
            if known.mark and not self._marks & known.mark:
                return None
            name = known.text
        else:
            name = canonical_name(name)
        for header in self.headers:
            if header.name == name:
                return header.value
        return None

    def get_all(self, name: str) -> list[str]:
        """Every value of a header in order, comma lists split where the header may be one."""
        known = KNOWN.get(name)
        if known is not None and known.mark and not self._marks & known.mark:
            return []
        name = canonical_name(name) if known is None else known.text
        values = [header.value for header in self.headers if header.name == name]
        if not values or name not in LIST_HEADERS:
            return values
        return [part for value in values for part in split_list(value)]

    def add(self, name: str, value: str) -> None:
        """Append a header. Raises ValueError for a line break in the value (as do the other changes)."""
        self.headers.append(make_header(name, value))
        self._forget(canonical_name(name))

    def prepend(self, name: str, value: str) -> None:
        """Put a header before all others."""
        header = make_header(name, value)
        self.headers.insert(0, header)
        self._forget(header.name)

    def push_via(self, value: str) -> None:
        """``prepend`` for a Via of our own making: not looked at for line breaks."""
        self.headers.insert(0, Header("Via", value, f"Via: {value}", marks.VIA))
        self._forget("Via")

    def set(self, name: str, value: str) -> None:
        """Replace every header of this name by one (at the place of the first), or append it."""
        new = make_header(name, value)
        kept: list[Header] = []
        placed = False
        for header in self.headers:
            if header.name != new.name:
                kept.append(header)
            elif not placed:
                kept.append(new)
                placed = True
        if not placed:
            kept.append(new)
        self.headers = kept
        self._forget(new.name)

    def remove(self, name: str) -> None:
        """Remove every header of this name."""
        name = canonical_name(name)
        self.headers = [header for header in self.headers if header.name != name]
        self._forget(name)

    def remove_first(self, name: str) -> None:
        """Remove the first element: of a header line that is a list only its first entry goes."""
        self._change_first(name, [])

    def set_first(self, name: str, value: str) -> None:
        """Replace the first element (the top Via, the first Route), or prepend it when there is none."""
        if not self._change_first(name, [value]):
            self.prepend(name, value)

    def restamp(self, via: Via) -> None:
        """Write the top Via anew from ``via``, its own view after a change."""
        for index, header in enumerate(self.headers):
            if header.mark == marks.VIA:
                if "," in header.value:
                    break
                text = str(via)
                self.headers[index] = Header("Via", text, f"Via: {text}", marks.VIA)
                self._via = via
                return
        self.set_first("Via", str(via))
        self._via = via

    def _change_first(self, name: str, replacement: list[str]) -> bool:
        name = canonical_name(name)
        self._forget(name)
        for index, header in enumerate(self.headers):
            if header.name == name:
                rest = split_list(header.value)[1:] if name in LIST_HEADERS else []
                values = replacement + rest
                self.headers[index : index + 1] = [make_header(name, ", ".join(values))] if values else []
                return True
        return False

    def _forget(self, name: str) -> None:
        """A header has changed: its views are parsed anew. (A Via is stamped on every request: the others are kept.)"""
        self._marks = _ANY
        if name == "Via":
            self._via = None
        elif name == "From":
            self._from = self._from_tag = None
        elif name == "To":
            self._to = self._to_tag = None
        elif name == "CSeq":
            self._cseq = None
        elif name == "Call-ID":
            self._call_id = None
        elif name == "Contact":
            self._contacts = self._contact_uri = None

    def _required(self, name: str) -> str:
        for header in self.headers:
            if header.name == name:
                return header.value
        raise BadHeader(name, "missing")

    def _tag(self, name: str) -> str:
        for header in self.headers:
            if header.name == name:
                return tag_of(header.value, name) if header.part is None else header.part
        raise BadHeader(name, "missing")

    # -- typed views: values to read, not to change; each raises BadHeader naming the header

    def receive(self, headers: list[Header]) -> int:
        """The headers that have come, read by the parser: all that nearly every message is asked for is there then.

        The Content-Length, -1 without. Raises BadHeader for what is missing, and for what may not be there twice.
        """
        self.headers = headers
        found = 0
        length = -1
        for header in headers:
            mark = header.mark
            if found & mark:
                self._receive_another(header)
            elif mark == marks.FROM:
                self._from_tag = header.part
            elif mark == marks.TO:
                self._to_tag = header.part
            elif mark == marks.CALL_ID:
                self._call_id = header.value
            elif mark == marks.CSEQ and header.part is not None:
                self._cseq = CSeq(header.number, header.part)
            elif mark == marks.CONTACT:
                self._contact_uri = header.part
            elif mark == marks.CONTENT_LENGTH:
                length = header.number
            found |= mark
        self._marks = found
        if found & marks.MANDATORY != marks.MANDATORY:
            raise BadHeader(next(name for name, mark in marks.BY_NAME.items() if mark & ~found), "missing")
        _ = self.via
        if found & marks.CONTACT and self._contact_uri is None:
            _ = self.contacts
        return length

    def _receive_another(self, header: Header) -> None:
        if header.mark & marks.SINGLE:
            raise BadHeader(header.name, "more than one")
        if header.mark == marks.CONTACT:
            self._contact_uri = None  # all of them are looked at

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        if self._call_id is None:
            self._call_id = self._required("Call-ID")
        return self._call_id

    @property
    def cseq(self) -> CSeq:
        """The CSeq."""
        if self._cseq is None:
            self._cseq = CSeq.parse(self._required("CSeq"))
        return self._cseq

    @property
    def from_(self) -> NameAddr:
        """The From header."""
        if self._from is None:
            self._from = NameAddr.parse(self._required("From"), "From")
        return self._from

    @property
    def to(self) -> NameAddr:
        """The To header."""
        if self._to is None:
            self._to = NameAddr.parse(self._required("To"), "To")
        return self._to

    @property
    def from_tag(self) -> str:
        """The From tag, "" when absent."""
        if self._from_tag is None:
            self._from_tag = self._tag("From")
        return self._from_tag

    @property
    def to_tag(self) -> str:
        """The To tag, "" when absent: the request is outside a dialog."""
        if self._to_tag is None:
            self._to_tag = self._tag("To")
        return self._to_tag

    @property
    def via(self) -> Via:
        """The top Via."""
        if self._via is None:
            value = self._required("Via")
            self._via = Via.parse(first_of(value) if "," in value else value)
        return self._via

    @property
    def contacts(self) -> list[NameAddr]:
        """Every Contact. ``*`` (REGISTER, RFC 3261 §10.2.2) is left out: see ``get("Contact")``."""
        if self._contacts is None:
            texts = self.get_all("Contact")
            self._contacts = [NameAddr.parse(text, "Contact") for text in texts if text != "*"]
        return self._contacts

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact, None when absent."""
        contacts = self.contacts
        return contacts[0] if contacts else None

    @property
    def contact_uri(self) -> str:
        """The URI of the first Contact as text, "" when absent."""
        if self._contact_uri is None:
            contact = self.contact
            self._contact_uri = "" if contact is None else contact.uri
        return self._contact_uri

    @property
    def max_forwards(self) -> int | None:
        """Max-Forwards (RFC 3261 §20.22: 0 to 255), None when absent."""
        text = self.get("Max-Forwards")
        if text is None:
            return None
        hops = small_number(text, MAX_HOPS)
        if hops < 0:
            raise BadHeader("Max-Forwards", "not 0 to 255")
        return hops

    @property
    def content_type(self) -> str:
        """The media type in lower case without parameters ("application/sdp"), "" when absent."""
        return (self.get("Content-Type") or "").partition(";")[0].strip(" \t").lower()

    @property
    def route(self) -> list[NameAddr]:
        """The Route set, first hop first."""
        return [NameAddr.parse(text, "Route") for text in self.get_all("Route")]

    @property
    def record_route(self) -> list[str]:
        """The Record-Route entries as text, in the order of the message."""
        return self.get_all("Record-Route")

    # -- encoding

    def start_line(self) -> str:
        """The first line, without its CRLF."""
        raise NotImplementedError

    def encode(self) -> bytes:
        """The message as bytes. Content-Length is always right; every other header goes out as its raw line."""
        for header in self.headers:
            if header.mark == marks.CONTENT_LENGTH:
                return self._encode_with_length()
        lines = [header.raw for header in self.headers]
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n" if self.body else "Content-Length: 0\r\n\r\n")
        rest = "\r\n".join(lines)
        head = f"{self.start_line()}\r\n{rest}".encode("utf-8", "surrogateescape")
        return head + self.body if self.body else head

    def _encode_with_length(self) -> bytes:
        """The same where a Content-Length has its place among the headers, as in what was received."""
        length = str(len(self.body))
        lines = [self.start_line()]
        placed = False
        for header in self.headers:
            if header.mark != marks.CONTENT_LENGTH:
                lines.append(header.raw)
            elif not placed:
                placed = True
                lines.append(header.raw if header.value == length else f"Content-Length: {length}")
        lines.append("\r\n")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body

    def __str__(self) -> str:
        return self.encode().decode("utf-8", "replace")


class Request(Message):
    """A SIP request. ``method`` is case-sensitive, ``uri`` the Request-URI as text."""

    __slots__ = ("method", "uri")

    def __init__(self, method: str, uri: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> None:
        Message.__init__(self, headers, body)
        self.method = method
        self.uri = uri

    def start_line(self) -> str:
        """RFC 3261 §7.1."""
        return f"{self.method} {self.uri} SIP/2.0"

    def copy(self) -> "Request":
        """A request of its own with the same headers (raw lines included) and body."""
        twin = Request(self.method, self.uri, (), self.body)
        twin.headers = self.headers.copy()
        return twin

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.uri}>"


class Response(Message):
    """A SIP response. ``reason`` None at construction: the standard phrase. ValueError: it has a line break."""

    __slots__ = ("reason", "status")

    def __init__(
        self, status: int, reason: str | None = None, headers: Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> None:
        Message.__init__(self, headers, body)
        if reason is None:
            reason = phrase(status)
        elif "\r" in reason or "\n" in reason:
            raise ValueError("line break in a reason phrase")
        self.status = status
        self.reason = reason

    def start_line(self) -> str:
        """RFC 3261 §7.2."""
        return f"SIP/2.0 {self.status} {self.reason}"

    def copy(self) -> "Response":
        """A response of its own with the same headers (raw lines included) and body."""
        twin = Response(self.status, self.reason, (), self.body)
        twin.headers = self.headers.copy()
        return twin

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason}>"
