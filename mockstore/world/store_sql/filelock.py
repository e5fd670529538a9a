"""A lock on a file; the operating system releases it when the process ends in any way."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO


class FileLock:
    """A lock on a file beside a database, held from `take` until `close` or `remove`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

    def take(self) -> bool:
        """Take the lock; return False when another process has it; raise `OSError` when the file cannot be made."""
        while True:
            file = self.path.open("ab")
            try:
                _lock(file.fileno())
            except OSError:
                file.close()
                return False
            if self._is_current(file):
                self._file = file
                return True
            file.close()

    def remove(self) -> None:
        """Release the lock and delete its file."""
        if self._file is not None:
            with suppress(OSError):  # Windows cannot delete an open file; then it remains, which does no harm
                self.path.unlink()
            self.close()

    def _is_current(self, file: IO[bytes]) -> bool:
        """Return whether `path` is still this file: the process that held the lock before may have deleted it."""
        try:
            return os.path.samestat(os.fstat(file.fileno()), self.path.stat())
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Release the lock; the empty file remains."""
        if self._file is not None:
            self._file.close()
            self._file = None


if sys.platform == "win32":

    def _lock(descriptor: int) -> None:
        import msvcrt  # noqa: PLC0415 - exists only on Windows

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:

    def _lock(descriptor: int) -> None:
        import fcntl  # noqa: PLC0415 - does not exist on Windows

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
