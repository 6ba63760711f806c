"""Passwords that the configuration only refers to: ``env:NAME`` or ``file:/path``. The database never holds them."""

import os
from pathlib import Path
from typing import Final

__all__ = ["check_reference", "read_secret"]

_LONGEST: Final = 1024


def check_reference(text: str) -> str:
    """The text, if it is a reference; whether it leads anywhere is not asked. Raises ``ValueError``."""
    kind, _, where = text.partition(":")
    if kind == "env" and where and where.replace("_", "a").isalnum() and where.isascii() and not where[0].isdigit():
        return text
    if kind == "file" and where.startswith("/"):
        return text
    raise ValueError("write env:NAME (an environment variable of the service) or file:/absolute/path")


def read_secret(reference: str) -> str:
    """What the reference leads to: a file's first line. Raises ``ValueError`` with one sentence that does not show it."""
    kind, _, where = check_reference(reference).partition(":")
    found = os.environ.get(where) if kind == "env" else _first_line(Path(where))
    if found is None:
        raise ValueError(f"the environment variable {where} is not set")
    if not found:
        raise ValueError(f"{reference} is empty")
    if len(found) > _LONGEST or not found.isprintable():
        raise ValueError(f"{reference} holds no password: up to {_LONGEST} printable characters are one")
    return found


def _first_line(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline(_LONGEST + 2).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ValueError(f"{path} cannot be read: {reason}") from None
