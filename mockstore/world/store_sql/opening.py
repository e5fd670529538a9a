"""Opens a database: makes its tables or checks their version, and registers this server."""

from datetime import datetime
from itertools import count
from shlex import quote
from typing import Final

from sqlalchemy import ColumnElement, Connection, Engine, func, insert, inspect, literal_column, select, text
from sqlalchemy.exc import SQLAlchemyError

from mockstore.errors import StartupError
from mockstore.world.store_sql.address import JOURNAL, Address
from mockstore.world.store_sql.claims import FREE_ALL
from mockstore.world.store_sql.connections import reason_of
from mockstore.world.store_sql.records import microseconds
from mockstore.world.store_sql.tables import VERSION, about, metadata, servers

_OPENING: Final = 5_177_001_994
"""The number of PostgreSQL's advisory lock that a server holds while it opens a database."""

_ROOT: Final = {
    "sqlite": "randomblob(32)",
    "postgresql": "sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))",
}
"""SQL for 32 random bytes from the database's secure generator."""


def opened(engine: Engine, address: Address, now: datetime) -> tuple[int, bytes]:
    """Return the number of this server and the secret from which keys are derived; raise `StartupError` with advice.

    A database that has tables of another program is not changed.
    """
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN" if address.shared else "BEGIN IMMEDIATE")
            if address.shared:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_OPENING})")
            _make_or_check(connection, address)
            number = _register(connection, now, shared=address.shared)
            root = connection.execute(select(about.c.root)).scalar_one()
            if not address.shared:
                connection.execute(FREE_ALL)
            connection.commit()
            if not address.shared:
                connection.exec_driver_sql(JOURNAL)
            return number, bytes(root)
    except SQLAlchemyError as error:
        raise StartupError(f"cannot open {address.text}: {reason_of(error)}; {_help(address)}") from None


def _make_or_check(connection: Connection, address: Address) -> None:
    inspected = inspect(connection)
    existing = set(inspected.get_table_names())
    if about.name in existing and "version" in {column["name"] for column in inspected.get_columns(about.name)}:
        version = connection.execute(text(f"SELECT version FROM {about.name}")).scalar()  # noqa: S608 - a constant name
        if isinstance(version, int):
            _check_version(version, address)
            return
    if existing:
        raise StartupError(
            f"{address.text} holds tables of something else ({', '.join(sorted(existing)[:3])}); name an empty database"
        )
    metadata.create_all(connection, checkfirst=False)
    random_bytes: ColumnElement[bytes] = literal_column(_ROOT[connection.dialect.name])
    connection.execute(insert(about).values(version=VERSION, root=random_bytes))


def _check_version(found: int, address: Address) -> None:
    if found == VERSION:
        return
    who = "a newer mockstore made it: pip install --upgrade mockstore"
    if found < VERSION:
        who = "an older mockstore made it, and can go on with it"
    raise StartupError(
        f"{address.text} has tables of version {found}, and this mockstore works with version {VERSION}; {who}; or "
        f"begin anew: {_fresh_start(address)}"
    )


def _fresh_start(address: Address) -> str:
    """Return the command that starts with a new empty database beside the existing one."""
    if address.path is None:
        return f"createdb {quote(f'{address.name}_2')}, and name that in --database"
    path, names = address.path, (f"{address.path.stem}-{number}{address.path.suffix}" for number in count(2))
    free = next(name for name in names if not path.with_name(name).exists())
    return f"mockstore serve --database {quote(f'sqlite:///{path.with_name(free)}')}"


def _register(connection: Connection, now: datetime, *, shared: bool) -> int:
    beat = func.clock_timestamp() if shared else None
    entered = insert(servers).values(opened_at=microseconds(now), beat_at=beat).returning(servers.c.number)
    return int(connection.execute(entered).scalar_one())


def _help(address: Address) -> str:
    if address.shared:
        return "see that the server runs, that the database exists, and that the user may create tables in it"
    return "see that its folder exists, that it may be written, and that the file is a SQLite database"
