"""The structured header values: name-addr, Via, CSeq (RFC 3261 §20, §25; RFC 3581 for ``rport``).

Each parser raises ``BadHeader`` naming the header that it was given.
"""

from typing import Final

from sipcore.errors import BadHeader
from sipcore.message.grammar import (
    Params,
    format_params,
    is_digits,
    is_host,
    is_token,
    parse_host_port,
    parse_params,
    parse_port,
    quote,
    unquote,
)  # fmt: skip
from sipcore.message.headers import end_of_quote

__all__ = ["CSeq", "NameAddr", "Via", "tag_of", "usual_address", "usual_contact"]

MAX_CSEQ: Final = 2**31  # RFC 3261 §8.1.1.5: "less than 2**31"
_VIA_PREFIX: Final = "SIP/2.0/"
_TRANSPORTS: Final = {f"{_VIA_PREFIX}{name}": name for name in ("UDP", "TCP", "TLS", "WS", "WSS", "SCTP")}
_COMMON_METHODS: Final = frozenset({"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "INFO", "UPDATE"})
_LONGEST_USUAL_HEAD: Final = 64  # of a Via, up to its parameters
_MAX_USUAL_HEADS: Final = 4096


class CSeq:
    """RFC 3261 §20.16: the number orders the requests of a dialog, the method tells a CANCEL or ACK from its INVITE."""

    __slots__ = ("method", "number")

    def __init__(self, number: int, method: str) -> None:
        self.number = number
        self.method = method

    def __str__(self) -> str:
        return f"{self.number} {self.method}"

    def __repr__(self) -> str:
        return f"CSeq({self!s})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CSeq):
            return NotImplemented
        return self.number == other.number and self.method == other.method

    def __hash__(self) -> int:
        return hash(str(self))

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        """Raises BadHeader."""
        digits, _, method = text.partition(" ")
        if method not in _COMMON_METHODS or len(digits) > 10 or not is_digits(digits):
            digits, method = cls._odd(text)
        if len(digits) > 10 or int(digits) >= MAX_CSEQ:
            raise BadHeader("CSeq", "the number is 2**31 or more")
        return CSeq(int(digits), method)

    @staticmethod
    def _odd(text: str) -> tuple[str, str]:
        parts = text.split()
        if len(parts) != 2 or not is_digits(parts[0]) or not is_token(parts[1]):
            raise BadHeader("CSeq", "not a number and a method")
        return parts[0].lstrip("0") or "0", parts[1]


class NameAddr:
    """``"Display" <uri>;params`` or the bare ``uri;params`` (RFC 3261 §20.10): From, To, Contact, Route and the like.

    ``display`` is unquoted; ``uri`` is text as received; ``params`` are the header's (names in lower case).
    """

    __slots__ = ("display", "params", "uri")

    def __init__(self, uri: str, display: str = "", params: Params | None = None) -> None:
        self.display = display
        self.uri = uri
        self.params: Params = {} if params is None else params

    @property
    def tag(self) -> str:
        """The tag, "" when absent (RFC 3261 §19.3)."""
        return self.params.get("tag") or ""

    def __str__(self) -> str:
        display = f"{quote(self.display)} " if self.display else ""
        return f"{display}<{self.uri}>{format_params(self.params)}"

    def __repr__(self) -> str:
        return f"NameAddr({self!s})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NameAddr):
            return NotImplemented
        return self.uri == other.uri and self.display == other.display and self.params == other.params

    __hash__ = None  # type: ignore[assignment]  # mutable

    @classmethod
    def parse(cls, text: str, header: str = "name-addr") -> "NameAddr":
        """Raises BadHeader naming ``header``."""
        left = text.find("<")
        if left == 0:
            display = ""
        elif left > 0 and '"' not in text:
            display = text[:left].rstrip(" \t")
            if "," in display or ";" in display:
                raise BadHeader(header, "bad display name")
        elif text[:1] == '"':
            display, left = cls._quoted_display(text, header)
        else:
            return cls._bare(text, header)
        right = text.find(">", left)
        uri = text[left + 1 : right]
        if right < 0 or not _looks_like_uri(uri):
            raise BadHeader(header, "no URI between < and >")
        if right + 1 == len(text):
            return NameAddr(uri, display)
        rest = text[right + 1 :].lstrip(" \t")
        if rest[:1] != ";":
            raise BadHeader(header, "text after >")
        return NameAddr(uri, display, parse_params(rest[1:], header))

    @staticmethod
    def _quoted_display(text: str, header: str) -> tuple[str, int]:
        """The display name and where the "<" after it is."""
        if "\\" not in text:
            end = text.find('"', 1)
            if end > 0 and text[end + 1 : end + 3] == " <":
                return text[1:end], end + 2
        end = end_of_quote(text, 0)
        if end < 2 or text[end - 1] != '"':
            raise BadHeader(header, "unterminated quoted string")
        left = text.find("<", end)
        if left < 0 or (left > end and text[end:left].strip(" \t")):
            raise BadHeader(header, "no < after the display name")
        return unquote(text[:end]), left

    @classmethod
    def _token_display(cls, text: str, header: str) -> "NameAddr":
        """``Alice <uri>;param="quoted"``: quotes, but not around the display name."""
        display, _, rest = text.partition("<")
        if "," in display or ";" in display:
            raise BadHeader(header, "bad display name")
        address = cls.parse(f"<{rest}", header)
        address.display = display.rstrip(" \t")
        return address

    @classmethod
    def _bare(cls, text: str, header: str) -> "NameAddr":
        if "<" in text.partition('"')[0]:
            return cls._token_display(text, header)
        uri, semicolon, rest = text.partition(";")
        uri = uri.rstrip(" \t")
        # RFC 3261 §20.10: "Even if the display-name is empty, the name-addr form MUST be used if the addr-spec
        # contains a comma, semicolon, or question mark."
        if not _looks_like_uri(uri) or "?" in uri or "," in uri or ">" in uri:
            raise BadHeader(header, "no URI")
        return NameAddr(uri, "", parse_params(rest, header) if semicolon else None)


def usual_address(text: str) -> tuple[int, str]:
    """Where the address ends behind its ``>``, and the tag ("": none), of nearly every From and To; (0, ""): parse it.

    What it takes ``NameAddr.parse`` takes, for several times as much: most messages are asked for no more than the tags.
    """
    end = _end_of_usual(text)
    if end == len(text):
        return end, ""
    if end and text[end : end + 5] == ";tag=":
        tag = text[end + 5 :]
        if tag.isalnum() or (tag and not (";" in tag or '"' in tag or " " in tag or "\t" in tag)):
            return end, tag
    return 0, ""


def tag_of(text: str, header: str) -> str:
    """The tag of a From or To, "" when absent. Raises BadHeader naming ``header``."""
    end, tag = usual_address(text)
    return tag if end else NameAddr.parse(text, header).tag


def usual_contact(text: str) -> str | None:
    """The URI of a Contact that is one address, with ``expires`` at most; None: parse it."""
    end = _end_of_usual(text)
    if not end or (end < len(text) and (text[end : end + 9] != ";expires=" or not is_digits(text[end + 9 :]))):
        return None
    return text[text.rfind("<", 0, end) + 1 : end - 1]


def _end_of_usual(text: str) -> int:
    """The index behind the ``>`` in ``<sip:…>``, ``"Display" <sip:…>`` or ``Display <sip:…>``; 0: something else."""
    left = text.find("<")
    if left < 0:
        return 0
    if left > 0 and text[0] == '"':
        left = text.find('"', 1) + 2
        if text[left - 1 : left + 1] != " <" or "\\" in text:
            return 0
    elif left > 0 and ('"' in text or "," in text[:left] or ";" in text[:left]):
        return 0
    right = text.find(">", left)
    return right + 1 if right > 0 and _looks_like_uri(text[left + 1 : right]) else 0


def _looks_like_uri(text: str) -> bool:
    """Enough to carry it on: a scheme, something behind it, and nothing that breaks out of angle brackets."""
    if " " in text or "<" in text or '"' in text or "\t" in text:
        return False
    if text[:4] == "sip:":
        return len(text) > 4
    scheme, _, rest = text.partition(":")
    return rest != "" and is_token(scheme)


class Via:
    """One Via element (RFC 3261 §20.42). ``host`` is without the brackets of an IPv6 reference; ``port`` None: default.

    ``branch`` is "" when absent (RFC 2543 peers). ``params`` holds every parameter, ``branch`` among them.
    """

    __slots__ = ("_asks_port", "_branch", "_params", "_sent_by", "host", "port", "transport")

    def __init__(self, transport: str, host: str, port: int | None = None, params: Params | None = None) -> None:
        self.transport = transport
        self.host = host
        self.port = port
        self._params = params  # None: no more than the next two say
        self._branch = ""
        self._asks_port = False
        self._sent_by: str | None = None

    @property
    def params(self) -> Params:
        """Every parameter, to be changed at will."""
        if self._params is None:
            self._params = {"branch": self._branch} if self._branch else {}
            if self._asks_port:
                self._params["rport"] = None
        return self._params

    @property
    def branch(self) -> str:
        """The branch parameter, "" when absent."""
        return self._branch if self._params is None else self._params.get("branch") or ""

    @property
    def asks_port(self) -> bool:
        """Whether ``rport`` is there: the peer wants its responses where the request came from (RFC 3581)."""
        return self._asks_port if self._params is None else "rport" in self._params

    @property
    def sent_by(self) -> str:
        """``host[:port]`` as it stands in the header."""
        if self._sent_by is None:
            host = f"[{self.host}]" if ":" in self.host else self.host
            self._sent_by = host if self.port is None else f"{host}:{self.port}"
        return self._sent_by

    @property
    def received(self) -> str:
        """The address the request really came from, "" when not noted (RFC 3261 §18.2.1)."""
        return (self.params.get("received") or "").strip("[]")

    @property
    def rport(self) -> int | None:
        """The port the request really came from (RFC 3581), None when absent or still empty."""
        value = self.params.get("rport")
        return int(value) if value else None

    def __str__(self) -> str:
        return f"SIP/2.0/{self.transport} {self.sent_by}{format_params(self.params)}"

    def __repr__(self) -> str:
        return f"Via({self!s})"

    @classmethod
    def parse(cls, text: str) -> "Via":
        """Raises BadHeader."""
        at = text.find(";")
        head = text if at < 0 else text[:at]
        known = _USUAL_HEADS.get(head) or _via_head(head)
        via = Via(known.transport, known.host, known.port)
        via._sent_by = known.sent_by
        if at >= 0 and not via._take_usual(text, at):
            via._params = params = parse_params(text[at + 1 :], "Via")
            if params.get("rport"):
                parse_port(params["rport"] or "", "Via")
        return via

    def _take_usual(self, text: str, at: int) -> bool:
        """Parameters that are a branch, and perhaps an ``rport`` to be filled in. False: all others."""
        if text[at : at + 8] != ";branch=" or text.find(" ", at) >= 0 or '"' in text or "\t" in text:
            return False
        more = text.find(";", at + 8)
        if more >= 0 and text[more:] != ";rport":
            return False
        self._branch = text[at + 8 :] if more < 0 else text[at + 8 : more]
        self._asks_port = more >= 0
        return self._branch != ""


_USUAL_HEADS: Final[dict[str, Via]] = {}
"""By all before the parameters, which is the same in every message of a peer."""


def _via_head(head: str) -> Via:
    """Transport, host and port."""
    protocol, _, sent_by = head.partition(" ")
    transport = _TRANSPORTS.get(protocol)
    if transport is None or not sent_by:
        transport, sent_by = _odd_protocol(head)
    host, colon, digits = sent_by.partition(":")
    if is_host(host):
        via = Via(transport, host, parse_port(digits, "Via") if colon else None)
    else:
        via = Via(transport, *parse_host_port(sent_by.strip(" \t"), "Via"))
    if len(head) <= _LONGEST_USUAL_HEAD:
        if len(_USUAL_HEADS) >= _MAX_USUAL_HEADS:
            _USUAL_HEADS.clear()
        _USUAL_HEADS[head] = via
    return via


def _odd_protocol(head: str) -> tuple[str, str]:
    """``SIP / 2.0 / UDP host``: white space is allowed around the slashes, and tabs everywhere; case does not count."""
    parts = head.split("/")
    if len(parts) != 3 or parts[0].strip(" \t").upper() != "SIP" or parts[1].strip(" \t") != "2.0":
        raise BadHeader("Via", "not SIP/2.0")
    words = parts[2].split(None, 1)
    if len(words) != 2 or not is_token(words[0]):
        raise BadHeader("Via", "no transport or no sent-by")
    return words[0].upper(), words[1]
