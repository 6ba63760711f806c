"""Bad SIP for a running service: hand-made cases, and valid messages broken at random (the seed is the caller's).

What is made here is bytes; it knows no sockets and nothing of ours.
"""

import random
from collections.abc import Callable, Iterator
from typing import Final

__all__ = ["CASES", "DROPPED", "REFUSED", "mutations", "valid"]

_BODY: Final = (
    "v=0\r\no=x 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
)
_METHODS: Final = (
    "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "INFO", "UPDATE", "REFER", "MESSAGE", "NOTIFY",
)  # fmt: skip


def valid(method: str, uri: str, sender: str, number: int) -> bytes:
    """A request that says all it should; ``sender`` is host:port for Via and Contact."""
    body = _BODY if method in ("INVITE", "UPDATE") else ""
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP {sender};branch=z9hG4bKbad{number};rport",
        f'From: "Mallory" <sip:mallory@{sender}>;tag=m{number}',
        f"To: <{uri}>",
        f"Call-ID: bad-{number}@{sender}",
        f"CSeq: {number} {method}",
        "Max-Forwards: 70",
        f"Contact: <sip:mallory@{sender}>",
        "Supported: timer, 100rel",
        *(["Content-Type: application/sdp"] if body else []),
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", body]).encode()


def _replaced(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(old.encode(), new.encode("latin-1"), 1)


def _without(header: str) -> Callable[[bytes], bytes]:
    prefix = f"{header}:".encode()
    return lambda data: b"\r\n".join(line for line in data.split(b"\r\n") if not line.startswith(prefix))


def _with(line: str) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(b"Max-Forwards", line.encode("latin-1") + b"\r\nMax-Forwards", 1)


CASES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "no Via": _without("Via"),
    "no From": _without("From"),
    "no To": _without("To"),
    "no Call-ID": _without("Call-ID"),
    "no CSeq": _without("CSeq"),
    "no Contact": _without("Contact"),
    "SIP/1.0": _replaced("SIP/2.0\r\n", "SIP/1.0\r\n"),
    "SIP/3.0": _replaced(" SIP/2.0\r\n", " SIP/3.0\r\n"),
    "no version": _replaced(" SIP/2.0\r\n", "\r\n"),
    "HTTP": _replaced(" SIP/2.0\r\n", " HTTP/1.1\r\n"),
    "no URI": _replaced("sip:nobody@", ""),
    "a URI with blanks": _replaced("sip:nobody@", "sip:no body@"),
    "a URI in brackets": _replaced(" sip:nobody@", " <sip:nobody@"),
    "another scheme": _replaced("sip:nobody@", "mailto:nobody@"),
    "a port too large": _replaced(" SIP/2.0\r\n", "0000 SIP/2.0\r\n"),
    "CSeq of another method": _replaced(" INVITE\r\nMax", " MESSAGE\r\nMax"),
    "CSeq too large": _replaced("CSeq: ", "CSeq: 99999999999"),
    "CSeq is no number": _replaced("CSeq: ", "CSeq: x"),
    "CSeq negative": _replaced("CSeq: ", "CSeq: -"),
    "Max-Forwards is no number": _replaced("Max-Forwards: 70", "Max-Forwards: many"),
    "Max-Forwards negative": _replaced("Max-Forwards: 70", "Max-Forwards: -1"),
    "no Max-Forwards left": _replaced("Max-Forwards: 70", "Max-Forwards: 0"),
    "Content-Length too large": _replaced("Content-Length: ", "Content-Length: 9"),
    "Content-Length negative": _replaced("Content-Length: ", "Content-Length: -"),
    "Content-Length is no number": _replaced("Content-Length: ", "Content-Length: x"),
    "two Content-Lengths": _with("Content-Length: 5"),
    "two Call-IDs": _with("Call-ID: another"),
    "two From": _with("From: <sip:two@127.0.0.1>;tag=2"),
    "an unfinished quote": _replaced('"Mallory"', '"Mallory'),
    "an unfinished bracket": _replaced(">;tag=", ";tag="),
    "a tag in To that nobody gave": _replaced("\r\nCall-ID", ";tag=nobody\r\nCall-ID"),
    "no branch": _replaced(";branch=z9hG4bKbad", ";nothing="),
    "a Via of another protocol": _replaced("SIP/2.0/UDP", "FOO/1.0/BAR"),
    "a Via without a host": _replaced("SIP/2.0/UDP 127.0.0.1", "SIP/2.0/UDP "),
    "a Via to elsewhere": _replaced("SIP/2.0/UDP 127.0.0.1", "SIP/2.0/UDP 255.255.255.255"),
    "a header without a colon": _with("Nonsense"),
    "a header without a name": _with(": nothing"),
    "a folded first line": _replaced("\r\nVia", "\r\n Via"),
    "a NUL": _with("Subject: a\0b"),
    "Latin-1": _with("Subject: caf\xe9 \xff\xfe"),
    "a long header": _with("Subject: " + "x" * 20_000),
    "three hundred headers": _with("\r\n".join(f"X-{number}: 1" for number in range(300))),
    "an unknown Require": _with("Require: levitation"),
    "a Content-Type of nothing": _replaced("application/sdp", ";;;"),
    "SDP that is none": _replaced("v=0\r\no=x", "w=0\r\np=x"),
    "SDP without media": _replaced("m=audio 9 RTP/AVP 8\r\na=rt", "a=rt"),
    "SDP with a port too large": _replaced("m=audio 9", "m=audio 99999"),
    "SDP to nowhere": _replaced("c=IN IP4 127.0.0.1", "c=IN IP4 999.1.1.1"),
    "a Route that is none": _with("Route: <<>>"),
    "a Route to elsewhere": _with("Route: <sip:127.0.0.1:9;lr>"),
    "a Session-Expires that is none": _with("Session-Expires: soon"),
    "a Session-Expires too short": _with("Session-Expires: 1"),
    "Expires that is none": _with("Expires: soon"),
    "Authorization that is none": _with("Authorization: Digest nonsense,,,=="),
    "line feeds only": lambda data: data.replace(b"\r\n", b"\n"),
    "cut in the head": lambda data: data[:97],
    "cut in the body": lambda data: data[:-20],
    "bytes behind the end": lambda data: data + b"\xff" * 100,
    "a response to nothing": lambda data: b"SIP/2.0 200 OK" + data[data.index(b"\r\n") :],
    "a status too large": lambda data: b"SIP/2.0 999 Huh" + data[data.index(b"\r\n") :],
    "a status that is none": lambda data: b"SIP/2.0 OK" + data[data.index(b"\r\n") :],
    "nothing but zeros": lambda _data: bytes(500),
    "an empty line": lambda _data: b"\r\n",
    "RTP": lambda _data: b"\x80\x08\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01" + b"\xd5" * 160,
}
"""What is done to a valid INVITE to ``nobody``, by what is wrong afterwards."""

REFUSED: Final = frozenset(
    {
        "CSeq of another method", "CSeq too large", "CSeq is no number", "CSeq negative", "Max-Forwards is no number",
        "Max-Forwards negative", "Content-Length too large", "Content-Length negative", "Content-Length is no number",
        "an unfinished quote", "a header without a colon", "two Call-IDs", "two From", "cut in the body",
    }
)  # fmt: skip
"""Those that are owed a 400: the request is wrong, and its Via says whom to tell."""

DROPPED: Final = frozenset(
    {"no Via", "no From", "no To", "no Call-ID", "no CSeq", "cut in the head", "a status that is none", "RTP"}
)
"""Those that nobody can answer: a response has to repeat what is missing here (RFC 3261 §8.2.6.2)."""


def mutations(count: int, seed: int, uri: str, sender: str) -> Iterator[bytes]:
    """``count`` messages of every method with one to four random faults each; the same ones for the same seed."""
    chance = random.Random(seed)
    faults = (_flip, _cut, _double, _drop_line, _swap_lines, _insert, _digits)
    for number in range(count):
        data = valid(chance.choice(_METHODS), uri, sender, 10_000 + number)
        for _ in range(chance.randint(1, 4)):
            data = chance.choice(faults)(chance, data)
        yield data[:60_000]


def _flip(chance: random.Random, data: bytes) -> bytes:
    broken = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        if broken:
            broken[chance.randrange(len(broken))] = chance.randrange(256)
    return bytes(broken)


def _cut(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randint(0, len(data))]


def _double(chance: random.Random, data: bytes) -> bytes:
    first = chance.randint(0, len(data))
    piece = data[first : first + chance.randint(1, 80)]
    return data[:first] + piece * chance.choice((2, 3, 200)) + data[first:]


def _drop_line(chance: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\r\n")
    del lines[chance.randrange(len(lines))]
    return b"\r\n".join(lines)


def _swap_lines(chance: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\r\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\r\n".join(lines)


def _insert(chance: random.Random, data: bytes) -> bytes:
    at = chance.randint(0, len(data))
    token = chance.choice(
        (b"\r\n", b"\r\n\r\n", b"\0", b"<", b">", b'"', b";", b",", b"%", b"\xc3\x28", b" ", b"@", b"[")
    )
    return data[:at] + token + data[at:]


def _digits(chance: random.Random, data: bytes) -> bytes:
    """A number becomes another one."""
    places = [at for at, byte in enumerate(data) if 48 <= byte <= 57]
    if not places:
        return data
    at = chance.choice(places)
    return data[:at] + chance.choice((b"-1", b"4294967296", b"", b"00000000000000000000", b"1e9")) + data[at + 1 :]
