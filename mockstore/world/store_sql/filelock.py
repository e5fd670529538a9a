"""A lock on a file that the operating system gives back whatever becomes of the process."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO


class FileLock:
    """Holds the lock of a file beside a database, from `take` to `close`, which leaves it empty, or `remove`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

    def take(self) -> bool:
        """Take the lock; False when another has it. Raises `OSError` where the file cannot be made."""
        while True:
            file = self.path.open("ab")
            try:
                _lock(file.fileno())
            except OSError:
                file.close()
                return False
            if self._is_there(file):
                self._file = file
                return True
            file.close()

    def remove(self) -> None:
        """Give the lock back, and remove its file."""
        if self._file is not None:
            with suppress(OSError):  # Windows removes no file that is open; it stays then, and harms nobody
                self.path.unlink()
            self.close()

    def _is_there(self, file: IO[bytes]) -> bool:
        """Tell whether it is still the file of that name: who held the lock before may have removed it meanwhile."""
        try:
            return os.path.samestat(os.fstat(file.fileno()), self.path.stat())
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            self._file.close()
            self._file = None


if sys.platform == "win32":

    def _lock(number: int) -> None:
        import msvcrt  # noqa: PLC0415 - of that system only

        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)

else:

    def _lock(number: int) -> None:
        import fcntl  # noqa: PLC0415 - of that system only

        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
