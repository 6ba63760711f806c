"""A request cut open at what is new each time that a phone says the same again: branch, From tag, CSeq number, credentials.

Looks at bytes alone: text that is cut has not been judged. Two requests with the same ``rest`` differ in nothing else, so
that one is well-formed and means the same if the other does.
"""

import re
from typing import Final

__all__ = ["Cut", "cut"]

_VIA: Final = "\r\nVia: "
_BRANCH: Final = ";branch=z9hG4bK"
_FROM: Final = "\r\nFrom: "
_TAG: Final = ";tag="
_CSEQ: Final = "\r\nCSeq: "
_CREDENTIALS: Final = "\r\nAuthorization: "
_LONGEST: Final = 256  # of a branch or tag
_LONGEST_NUMBER: Final = 9  # digits: below 2**31
_END_OF_TOKEN: Final = re.compile(r"[^A-Za-z0-9.!%*_+`'~-]").search


class Cut:
    """``branch`` and ``from_tag`` are tokens, ``cseq`` is digits; ``credentials``: what Authorization says, "" without."""

    __slots__ = ("branch", "credentials", "cseq", "from_tag", "rest")

    def __init__(self, branch: str, from_tag: str, cseq: str, credentials: str, rest: str) -> None:
        self.branch = branch
        self.from_tag = from_tag
        self.cseq = cseq
        self.credentials = credentials
        self.rest = rest


def cut(data: bytes) -> Cut | None:
    """None: not in the usual form (full names, Via before From before CSeq, no fold after credentials)."""
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        return None
    credentials = ""
    at = text.find(_CREDENTIALS)
    if at >= 0:
        end = text.find("\r\n", at + 2)
        if text[end + 2 : end + 3] in (" ", "\t") or text.find(_CREDENTIALS, end) >= 0:
            return None
        credentials = text[at + len(_CREDENTIALS) : end]
        text = text[:at] + text[end:]
    return _cut_text(text, credentials)


def _cut_text(text: str, credentials: str) -> Cut | None:
    via = text.find(_VIA)
    branch = text.find(_BRANCH, via) + len(";branch=")
    from_ = text.find(_FROM, branch)
    tag = text.find(_TAG, from_) + len(_TAG)
    number = text.find(_CSEQ, tag) + len(_CSEQ)
    if via < 0 or branch < via or from_ < branch or tag < from_ or number < tag:
        return None
    if "\r" in text[via + 2 : branch] or "\r" in text[from_ + 2 : tag]:
        return None
    after_branch, after_tag, after_number = (
        _END_OF_TOKEN(text, branch),
        _END_OF_TOKEN(text, tag),
        text.find(" ", number),
    )
    if after_branch is None or after_tag is None:
        return None
    branch_end, tag_end = after_branch.start(), after_tag.start()
    digits = text[number:after_number]
    if branch_end - branch > _LONGEST or tag_end - tag > _LONGEST or not _is_number(digits):
        return None
    rest = f"{text[:branch]}{text[branch_end:tag]}{text[tag_end:number]}{text[after_number:]}"
    return Cut(text[branch:branch_end], text[tag:tag_end], digits, credentials, rest)


def _is_number(digits: str) -> bool:
    return digits.isdigit() and len(digits) <= _LONGEST_NUMBER
