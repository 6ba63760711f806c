"""Marks: a bit for each header that is looked for, so that those of a message are one number. 0: any other header."""

from typing import Final

__all__ = [
    "BY_NAME", "CALL_ID", "CONTACT", "CONTENT_LENGTH", "CSEQ", "FROM", "MANDATORY", "MAX_FORWARDS", "RECORD_ROUTE",
    "ROUTE", "SINGLE", "TIMESTAMP", "TO", "VIA",
]  # fmt: skip

VIA: Final = 0x1
FROM: Final = 0x2
TO: Final = 0x4
CALL_ID: Final = 0x8
CSEQ: Final = 0x10
CONTACT: Final = 0x20
CONTENT_LENGTH: Final = 0x40
MAX_FORWARDS: Final = 0x80
ROUTE: Final = 0x100
RECORD_ROUTE: Final = 0x200
TIMESTAMP: Final = 0x400

BY_NAME: Final = {
    "Via": VIA, "From": FROM, "To": TO, "Call-ID": CALL_ID, "CSeq": CSEQ, "Contact": CONTACT,
    "Content-Length": CONTENT_LENGTH, "Max-Forwards": MAX_FORWARDS, "Route": ROUTE, "Record-Route": RECORD_ROUTE,
    "Timestamp": TIMESTAMP, "Content-Type": 0x800, "Event": 0x1000, "Expires": 0x2000, "Min-SE": 0x4000,
    "RAck": 0x8000, "Refer-To": 0x10000, "Replaces": 0x20000, "RSeq": 0x40000, "Session-Expires": 0x80000,
    # of the rest those that messages are asked for most, and mostly in vain
    "Allow": 0x100000, "Authorization": 0x200000, "P-Asserted-Identity": 0x400000, "Proxy-Authorization": 0x800000,
    "Reason": 0x1000000, "Referred-By": 0x2000000, "Require": 0x4000000, "Supported": 0x8000000,
}  # fmt: skip

MANDATORY: Final = 0x1F  # Via, From, To, Call-ID, CSeq
"""What every message has (RFC 3261 §8.1.1; Max-Forwards is forgiven)."""

SINGLE: Final = sum([
    BY_NAME[name] for name in (
        "Call-ID", "Content-Length", "Content-Type", "CSeq", "Event", "Expires", "From", "Max-Forwards", "Min-SE",
        "RAck", "Refer-To", "Replaces", "RSeq", "Session-Expires", "To",
    )
])  # fmt: skip
"""Headers that may appear only once; a second one makes the message ambiguous (RFC 4475 §3.3.8)."""
