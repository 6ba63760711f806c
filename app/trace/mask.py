"""A SIP message as it may be shown: credentials, media keys and keyed digits are struck out."""

import re
from typing import Final

__all__ = ["masked"]

_FOLD: Final = re.compile(r"\r\n[ \t]+")
_CREDENTIALS: Final = re.compile(r"(?im)^((?:proxy-)?authorization[ \t]*:[ \t]*\w+)[^\r\n]*")
_KEYS: Final = re.compile(r"(?im)^(a=crypto:\S+ \S+ )[^\r\n]*")
_DTMF: Final = re.compile(r"(?im)^(?:content-type|c)[ \t]*:[ \t]*(?:application/dtmf|application/vnd\.[^\r\n]*digit)")
_SIGNAL: Final = re.compile(r"(?i)(signal[ \t]*=[ \t]*)[^\r\n]+")


def masked(data: bytes) -> str:
    """The message as text. What is no UTF-8 is shown as U+FFFD."""
    head, blank, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    head = _CREDENTIALS.sub(r"\1 ***", _FOLD.sub(" ", head))
    if _DTMF.search(head):
        shown = _SIGNAL.sub(r"\1*", body)
        body = shown if shown != body else "*" * len(body.strip())
    elif "a=crypto:" in body:
        body = _KEYS.sub(r"\1***", body)
    return f"{head}{blank}{body}"
