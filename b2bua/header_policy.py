"""Which of the caller's headers a callee sees. A B2BUA writes its own dialogs; all that crosses is named here."""

from typing import Final

from sipcore.message import BadUri, NameAddr, Request, Uri

__all__ = ["caller_identity", "passed_on", "passed_within", "user_of", "user_of_uri"]

_ON_INVITE: Final = (
    "Subject", "Priority", "Accept-Language", "Alert-Info", "Call-Info", "Organization", "Privacy",
    "P-Asserted-Identity", "Diversion", "History-Info", "User-to-User",
)  # fmt: skip
_WITHIN: Final = (
    "Content-Type", "Content-Disposition", "Content-Encoding", "Refer-To", "Referred-By", "Refer-Sub", "Event",
    "Subscription-State", "Info-Package", "Accept", "Reason", "Target-Dialog",
)  # fmt: skip
_PRIVATE: Final = ("X-", "x-")


def passed_on(invite: Request) -> list[tuple[str, str]]:
    """Headers of a caller's INVITE that go to the callee: who and what the call is about, and every ``X-`` header."""
    return [(name, value) for name, value, _ in invite.headers if name in _ON_INVITE or name[:2] in _PRIVATE]


def passed_within(message: Request) -> list[tuple[str, str]]:
    """Headers of an in-dialog request (INFO, REFER, NOTIFY, MESSAGE) that go to the other leg."""
    return [(name, value) for name, value, _ in message.headers if name in _WITHIN or name[:2] in _PRIVATE]


def caller_identity(invite: Request, host: str) -> str:
    """The From that a callee sees: the caller's display name and user, at our host."""
    sender = invite.from_
    user = user_of(sender)
    address = f"<sip:{user}@{host}>" if user else f"<sip:{host}>"
    return str(NameAddr(address[1:-1], sender.display))


def user_of(address: NameAddr) -> str:
    """The user part or number; empty where there is none or the URI is of a scheme that we do not read."""
    return user_of_uri(address.uri)


def user_of_uri(uri: str) -> str:
    try:
        return Uri.parse(uri).user or ""
    except BadUri:
        return ""
