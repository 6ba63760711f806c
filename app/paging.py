"""Lists in pages: ``?limit=&cursor=`` → ``{items, next_cursor}``.

A cursor is the sort key of the last item shown, so that a page neither skips nor repeats anything when objects are
added or removed meanwhile.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from app.problems import FieldError, invalid

__all__ = ["MAX_LIMIT", "Cursor", "Limit", "Page", "after_cursor", "page_of", "to_cursor"]

MAX_LIMIT = 200
T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Most items in one page.")]
Cursor = Annotated[str | None, Query(max_length=512, description="The last page's `next_cursor`.")]


class Page(BaseModel, Generic[T]):
    """``next_cursor`` is null on the last page."""

    items: list[T]
    next_cursor: str | None = None


def to_cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def after_cursor(cursor: str | None) -> str:
    """The sort key after which the page begins, "" for the first page. Raises the ``validation`` problem."""
    if cursor is None:
        return ""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise invalid([FieldError("cursor", "this is no cursor of ours", "query")]) from None


def page_of(found: Sequence[T], keys: Sequence[str], limit: int) -> Page[T]:
    """``found``: up to ``limit`` + 1 items (the extra one tells that there are more), with their sort keys."""
    more = len(found) > limit
    return Page(items=list(found[:limit]), next_cursor=to_cursor(keys[limit - 1]) if more else None)
