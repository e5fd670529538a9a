"""A private PostgreSQL server for tests: its data is in a temporary folder and is removed at the end of the session."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

_NAME = "mockstore"
_INSTALL = "install a PostgreSQL server (Debian: postgresql; macOS: brew install postgresql) for the tests of its store"
_OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "shared_buffers=16MB")
"""Options for speed: the data need not survive a crash."""


class PostgresServer:
    """A PostgreSQL server on a Unix socket in its own folder, so it needs no free port."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._numbers = count(1)
        self._run_as = _give_to_other_user(folder)

    def start(self) -> None:
        """Start the server and return once it accepts connections."""
        options = " ".join(f"-c {option}" for option in _OPTIONS)
        self._control("start", "-o", f"-c listen_addresses='' -k {self._folder} {options}", "-l", str(self._log))

    def stop(self) -> None:
        """Stop the server; connected clients lose their connections."""
        self._control("stop", "-m", "fast")

    def create(self) -> None:
        """Create the server's data folder."""
        options = ("--auth=trust", f"--username={_NAME}", "--encoding=UTF8", "--locale=C", "--no-sync")
        self._run("initdb", "-D", str(self._data), *options)

    def new_database(self, encoding: str = "UTF8") -> str:
        """Create an empty database and return its URL."""
        import psycopg  # noqa: PLC0415 - slow, and not needed by most test runs

        name = f"{_NAME}_{os.getpid()}_{next(self._numbers)}"
        with psycopg.connect(host=str(self._folder), user=_NAME, dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0".encode())
        return f"postgresql+psycopg://{_NAME}@/{name}?host={self._folder}"

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-w", "-s", *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._run_as, str(self._programs / program), *arguments]
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode:
            log = self._log.read_text() if self._log.exists() else ""
            raise RuntimeError(f"{program} failed: {done.stderr or done.stdout}\n{log}")


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a PostgreSQL server; if none is installed, skip the test, or fail it when the variable CI is set."""
    programs = _programs()
    if programs is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(_INSTALL)
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # a short path: that of a socket may have only about 100 characters
    try:
        server = PostgresServer(programs, folder)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The server of this test session; under pytest-xdist, of this worker."""
    with postgres_server() as server:
        yield server


def _programs() -> Path | None:
    """Return the folder with the programs `initdb` and `pg_ctl`, or None."""
    folders = [Path(found).parent for found in [shutil.which("initdb")] if found]
    if shutil.which("pg_config"):
        run = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)  # noqa: S607 - found on the PATH
        folders.append(Path(run.stdout.strip()))
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


def _give_to_other_user(folder: Path) -> Sequence[str]:
    """Return the command prefix that runs PostgreSQL as another user, who gets `folder`: it refuses to run as root."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return ()
    import pwd  # noqa: PLC0415 - does not exist on Windows, where this module is imported, too

    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    owner = users.get("postgres") or users["nobody"]
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return ("setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups")
