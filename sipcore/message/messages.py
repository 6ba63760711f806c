"""SIP messages as values: a list of headers in order, typed views of the common ones, and encoding (RFC 3261 §7).

A received header keeps its raw line and goes out exactly as it came, unless it is replaced. Typed views are parsed on
first use and remembered until a header changes: change headers through the methods, not through the list.
"""

from collections.abc import Iterable
from typing import Final

from sipcore.errors import BadHeader
from sipcore.message.fields import USUAL_CONTACT, CSeq, NameAddr, Via, usual_address
from sipcore.message.grammar import small_number
from sipcore.message.headers import KNOWN, LIST_HEADERS, Header, canonical_name, make_header, split_list
from sipcore.message.phrases import phrase

__all__ = ["Message", "Request", "Response"]

_MAX_HOPS: Final = 255


class Message:
    """What requests and responses share. ``headers`` are (canonical name, value, raw line), ``body`` is bytes."""

    __slots__ = (
        "_call_id", "_contact_uri", "_contacts", "_cseq", "_from", "_from_tag", "_to", "_to_tag", "_values",
        "_via", "body", "headers",
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
    _values: dict[str, str] | None

    def __init__(self, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> None:
        self.headers: list[Header] = [make_header(name, value) for name, value in headers] if headers else []
        self.body = body
        self._via = self._from = self._to = self._cseq = self._contacts = None
        self._call_id = self._from_tag = self._to_tag = self._contact_uri = None
        self._values = None  # by name, of a received message in which no header comes twice and none has changed

    # -- headers as text

    def get(self, name: str) -> str | None:
        """The first value of a header, None when absent. A list is not split."""
        name = KNOWN.get(name) or canonical_name(name)
        if self._values is not None:
            return self._values.get(name)
        for known, value, _ in self.headers:
            if known == name:
                return value
        return None

    def get_all(self, name: str) -> list[str]:
        """Every value of a header in order, comma lists split where the header may be one."""
        name = KNOWN.get(name) or canonical_name(name)
        if self._values is not None and name not in self._values:
            return []
        values = [value for known, value, _ in self.headers if known == name]
        if not values or name not in LIST_HEADERS:
            return values
        return [part for value in values for part in split_list(value)]

    def add(self, name: str, value: str) -> None:
        """Append a header. Raises ValueError for a line break in the value (as do the other changes)."""
        header = make_header(name, value)
        self.headers.append(header)
        self._forget(header[0])

    def prepend(self, name: str, value: str) -> None:
        """Put a header before all others."""
        header = make_header(name, value)
        self.headers.insert(0, header)
        self._forget(header[0])

    def push_via(self, value: str) -> None:
        """``prepend`` for a Via of our own making: not looked at for line breaks."""
        self.headers.insert(0, ("Via", value, f"Via: {value}"))
        self._via = self._values = None

    def set(self, name: str, value: str) -> None:
        """Replace every header of this name by one (at the place of the first), or append it."""
        new = make_header(name, value)
        kept: list[Header] = []
        placed = False
        for header in self.headers:
            if header[0] != new[0]:
                kept.append(header)
            elif not placed:
                kept.append(new)
                placed = True
        if not placed:
            kept.append(new)
        self.headers = kept
        self._forget(new[0])

    def remove(self, name: str) -> None:
        """Remove every header of this name."""
        name = KNOWN.get(name) or canonical_name(name)
        self.headers = [header for header in self.headers if header[0] != name]
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
        values = self._values
        if values is None or "," in values["Via"]:
            self.set_first("Via", str(via))
        else:  # its only Via: nothing else has to be looked at anew
            text = values["Via"] = str(via)
            for index, header in enumerate(self.headers):
                if header[0] == "Via":
                    self.headers[index] = ("Via", text, f"Via: {text}")
                    break
        self._via = via

    def _change_first(self, name: str, replacement: list[str]) -> bool:
        name = KNOWN.get(name) or canonical_name(name)
        self._forget(name)
        for index, header in enumerate(self.headers):
            if header[0] == name:
                rest = split_list(header[1])[1:] if name in LIST_HEADERS else []
                values = replacement + rest
                self.headers[index : index + 1] = [make_header(name, ", ".join(values))] if values else []
                return True
        return False

    def _forget(self, name: str) -> None:
        """A header has changed: its views are parsed anew. (A Via is stamped on every request: the others are kept.)"""
        self._values = None
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
        for known, value, _ in self.headers:
            if known == name:
                return value
        raise BadHeader(name, "missing")

    # -- typed views: values to read, not to change; each raises BadHeader naming the header

    def parse_views(self, values: dict[str, str]) -> CSeq:
        """Parse what nearly every message is asked for, and see that the rest can be. ``values``: header values by name."""
        single = len(values) == len(self.headers)  # no header comes twice
        if single:
            self._values = values
        via = values["Via"] if single else self._required("Via")
        self._via = Via.parse(_first_of(via) if "," in via else via)
        usual = usual_address(values["From"])
        self._from_tag = self.from_.tag if usual is None else usual[1]
        usual = usual_address(values["To"])
        self._to_tag = self.to.tag if usual is None else usual[1]
        self._call_id = values["Call-ID"]
        self._cseq = cseq = CSeq.parse(values["CSeq"])
        contact = values.get("Contact")
        if contact is not None:
            known = USUAL_CONTACT(contact) if single else None
            if known is None:
                _ = self.contacts
            else:
                self._contact_uri = known[1]
        return cseq

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
            usual = usual_address(self._required("From"))
            self._from_tag = self.from_.tag if usual is None else usual[1]
        return self._from_tag

    @property
    def to_tag(self) -> str:
        """The To tag, "" when absent: the request is outside a dialog."""
        if self._to_tag is None:
            usual = usual_address(self._required("To"))
            self._to_tag = self.to.tag if usual is None else usual[1]
        return self._to_tag

    @property
    def via(self) -> Via:
        """The top Via."""
        if self._via is None:
            value = self._required("Via")
            self._via = Via.parse(_first_of(value) if "," in value else value)
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
        hops = small_number(text, _MAX_HOPS)
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
        length = str(len(self.body))
        lines = [raw for name, _, raw in self.headers if name != "Content-Length"]
        if len(lines) == len(self.headers):  # as in nearly all that we build
            lines.append(f"Content-Length: {length}\r\n\r\n")
            return "\r\n".join([self.start_line(), *lines]).encode("utf-8", "surrogateescape") + self.body
        lines = [self.start_line()]
        placed = False
        for name, value, raw in self.headers:
            if name == "Content-Length":
                if placed:
                    continue
                placed = True
                lines.append(raw if value == length else f"Content-Length: {length}")
            else:
                lines.append(raw)
        lines.append("\r\n")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body

    def __str__(self) -> str:
        return self.encode().decode("utf-8", "replace")


def _first_of(value: str) -> str:
    parts = split_list(value)
    return parts[0] if parts else ""


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
