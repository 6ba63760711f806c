"""Which of the caller's headers a callee sees. A B2BUA writes its own dialogs; all that crosses is named here."""

from typing import Final

from sipcore.message import BadUri, Request, Uri
from sipcore.message.grammar import quote

__all__ = ["caller_of", "passed_on", "passed_within", "user_of_uri"]

_ON_INVITE: Final = frozenset({
    "Subject", "Priority", "Accept-Language", "Alert-Info", "Call-Info", "Organization", "Privacy",
    "P-Asserted-Identity", "Diversion", "History-Info", "User-to-User",
})  # fmt: skip
_WITHIN: Final = frozenset({
    "Content-Type", "Content-Disposition", "Content-Encoding", "Refer-To", "Referred-By", "Refer-Sub", "Event",
    "Subscription-State", "Info-Package", "Accept", "Reason", "Target-Dialog",
})  # fmt: skip
_PRIVATE: Final = "X-"  # header names are canonical
_USUAL_USER: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.!~*()&=+$,-")


def passed_on(invite: Request) -> list[tuple[str, str]]:
    """Headers of a caller's INVITE that go to the callee: who and what the call is about, and every ``X-`` header."""
    return [
        (each.name, each.value) for each in invite.headers if each.name in _ON_INVITE or each.name.startswith(_PRIVATE)
    ]


def passed_within(message: Request) -> list[tuple[str, str]]:
    """Headers of an in-dialog request (INFO, REFER, NOTIFY, MESSAGE) that go to the other leg."""
    return [
        (each.name, each.value) for each in message.headers if each.name in _WITHIN or each.name.startswith(_PRIVATE)
    ]


def caller_of(invite: Request, host: str) -> tuple[str, str]:
    """The caller's user, and the From that a callee sees: the caller's display name and user, at our host."""
    before, _, rest = (invite.get("From") or "").partition("<")
    if before and not _is_quoted(before):
        sender = invite.from_
        uri, before = sender.uri, f"{quote(sender.display)} " if sender.display else ""
    else:
        uri = rest.partition(">")[0]
    user = user_of_uri(uri)
    return user, f"{before}<sip:{user}@{host}>" if user else f"{before}<sip:{host}>"


def _is_quoted(display: str) -> bool:
    """A display name as we write it ourselves: it can be taken over."""
    return (
        display[0] == '"'
        and display[-2:] == '" '
        and display.count('"') == 2
        and "\\" not in display
        and len(display) > 3
    )


def user_of_uri(uri: str) -> str:
    """The user part or number; empty where there is none or the URI is of a scheme that we do not read."""
    at = uri.find("@")
    if at > 4 and uri.startswith("sip:") and uri.find("@", at + 1) < 0:
        user = uri[4:at]
        if user.isalnum() or _USUAL_USER.issuperset(user):
            return user  # no need to look at the host
    try:
        return Uri.parse(uri).user or ""
    except BadUri:
        return ""
