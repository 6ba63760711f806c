"""Overload: what is refused when too much is going on, and how cheaply: a refused INVITE is never parsed.

New INVITEs go first, other new requests at twice the bound; what belongs to a call (in-dialog requests, ACK, BYE, CANCEL) is
served, so that calls end and capacity comes back. Past four times the bound nothing new is taken in: memory has an end.
"""

from typing import Final

from sipcore.errors import SipError
from sipcore.message import Via
from sipcore.packets import Hop, Source
from sipcore.routing import response_hop

__all__ = ["FLOOD", "OTHERS", "head_of_refusal"]

OTHERS: Final = 2  # times ``max_transactions``: new requests that are no INVITE
FLOOD: Final = 4  # times ``max_transactions``: everything
_COPIED: Final = {
    b"via": b"Via", b"v": b"Via", b"from": b"From", b"f": b"From", b"to": b"To", b"t": b"To",
    b"call-id": b"Call-ID", b"i": b"Call-ID", b"cseq": b"CSeq",
    b"Via": b"Via", b"From": b"From", b"To": b"To", b"Call-ID": b"Call-ID", b"CSeq": b"CSeq",
}  # fmt: skip
_LONGEST_NAME: Final = 9  # of those, with white space after it


class RawHead:
    """The lines of a request's head that a response copies, without parsing: only the top Via is understood."""

    __slots__ = ("hop", "lines", "via")

    def __init__(self, via: Via, hop: Hop, lines: list[bytes]) -> None:
        self.via = via
        self.hop = hop  # where the response goes
        self.lines = lines

    def refusal(self, status_line: str, to_tag: str, *headers: str) -> bytes:
        """A final response (RFC 3261 §8.2.6)."""
        tag = b";tag=" + to_tag.encode()
        lines = [line + tag if line[:3] == b"To:" else line for line in self.lines]
        extra = "".join([f"{header}\r\n" for header in headers])
        return b"\r\n".join([status_line.encode(), *lines, extra.encode() + b"Content-Length: 0\r\n\r\n"])


def head_of_refusal(data: bytes, source: Source) -> RawHead | None:
    """What a new INVITE can be refused from, None where it has to be parsed: it is within a dialog, or unusual."""
    end = data.find(b"\r\n\r\n")
    if end < 0 or b"\r\n " in data[:end] or b"\r\n\t" in data[:end]:
        return None
    vias: list[bytes] = []
    others: dict[bytes, bytes] = {}
    for line in data[:end].split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if len(name) > _LONGEST_NAME:
            continue
        canonical = _COPIED.get(name) or _COPIED.get(name.strip(b" \t").lower())
        if canonical == b"Via":
            vias.append(value.strip(b" \t"))
        elif canonical in others:
            return None
        elif canonical is not None:
            others[canonical] = value.strip(b" \t")
    if not vias or len(others) != 4 or b"," in vias[0] or b"tag" in others[b"To"].lower():
        return None
    return _stamped(vias, others, source)


def _stamped(vias: list[bytes], others: dict[bytes, bytes], source: Source) -> RawHead | None:
    try:
        via = Via.parse(vias[0].decode("ascii"))
    except (SipError, UnicodeDecodeError):
        return None
    if via.asks_port:
        via.params["rport"] = str(source.hop.port)
        via.params["received"] = source.hop.host
    elif via.host != source.hop.host:
        via.params["received"] = source.hop.host
    vias[0] = str(via).encode()
    lines = [b"Via: " + value for value in vias]
    lines += [name + b": " + value for name, value in others.items()]
    return RawHead(via, response_hop(via, source), lines)
