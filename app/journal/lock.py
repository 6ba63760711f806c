"""One process at a time owns a journal folder: a lock file with the owner's process id in it."""

import fcntl
import os
from pathlib import Path
from typing import Final

from app.journal.port import JournalError

__all__ = ["OwnerLock"]

_NAME: Final = "owner.lock"


class OwnerLock:
    """Holds ``<folder>/owner.lock`` until ``release`` or the end of the process, however it ends.

    Creates the folder. Raises ``JournalError`` when another process holds it or the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise JournalError(f"journal {folder} cannot be opened: {error.strerror or error}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(self._file, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise JournalError(f"journal {folder} is already in use by pid {owner}") from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let go; the file stays (removing it would race with the next owner)."""
        os.close(self._file)
