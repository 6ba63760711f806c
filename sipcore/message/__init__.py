"""SIP messages: parse, change, build, encode (RFC 3261 §7, §19, §20, §25). Knows nothing of transactions or time."""

from sipcore.errors import BadHeader, BadUri, ParseError
from sipcore.message.builder import ack_for_failure, cancel_for, respond_to, stamp_received, trying
from sipcore.message.fields import CSeq, NameAddr, Via
from sipcore.message.headers import Header
from sipcore.message.messages import Message, Request, Response
from sipcore.message.parser import DEFAULT_LIMITS, Limits, parse
from sipcore.message.phrases import phrase
from sipcore.message.uri import Uri

__all__ = [
    "DEFAULT_LIMITS", "BadHeader", "BadUri", "CSeq", "Header", "Limits", "Message", "NameAddr", "ParseError", "Request",
    "Response", "Uri", "Via", "ack_for_failure", "cancel_for", "parse", "phrase", "respond_to", "stamp_received",
    "trying",
]  # fmt: skip
