"""Who calls: the number by which a caller is known again, and can be called back."""

from typing import Final

from b2bua.header_policy import user_of_uri
from sipcore.errors import SipError
from sipcore.message import NameAddr, Request

__all__ = ["MAX_NUMBER", "caller_number", "is_number"]

MAX_NUMBER: Final = 64
_ALLOWED: Final = frozenset("0123456789+*#ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-")
_NOBODY: Final = frozenset({"anonymous", "unknown", "restricted", "unavailable", "private", "asterisk"})
"""Callers who do not say who they are (RFC 3323 §4.1.1.3 and what gateways write): none of them is known again."""


def is_number(text: str) -> bool:
    """Whether this can be dialled: letters, digits and ``+*#._-`` only, so that it can stand in a URI as it is."""
    return 0 < len(text) <= MAX_NUMBER and _ALLOWED.issuperset(text)


def caller_number(request: Request, user: str, *, trusted: bool) -> str:
    """The number that a trusted network asserts (RFC 3325), else ``user`` of From; "" where there is none to go by."""
    asserted = _asserted(request) if trusted else ""
    number = asserted or user
    return number if is_number(number) and number.lower() not in _NOBODY else ""


def _asserted(request: Request) -> str:
    if request.get("P-Asserted-Identity") is None:
        return ""
    try:
        values = request.get_all("P-Asserted-Identity")
    except SipError:
        return ""
    return next((user for user in map(_user, values) if is_number(user)), "")


def _user(value: str) -> str:
    try:
        return user_of_uri(NameAddr.parse(value).uri)
    except SipError:
        return ""
