"""The first look into a database: its tables are made, or their version is checked; and this server gets its number."""

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, Engine, func, insert, inspect, literal_column, select, text
from sqlalchemy.exc import SQLAlchemyError

from mockstore.errors import StartupError
from mockstore.world.store_sql.address import Address
from mockstore.world.store_sql.claims import FREE_ALL
from mockstore.world.store_sql.connections import reason_of
from mockstore.world.store_sql.records import microseconds
from mockstore.world.store_sql.tables import VERSION, about, metadata, servers

_OPENING: Final = 5_177_001_994
"""The number of PostgreSQL's advisory lock under which a database is opened by one server after the other."""

_ROOT: Final = {
    "sqlite": "randomblob(32)",
    "postgresql": "sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))",
}
"""32 bytes from the database's own strong dice."""


def opened(engine: Engine, address: Address, now: datetime) -> tuple[int, bytes]:
    """Return the number of this server and the root of keys; raise `StartupError` that says what helps."""
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN" if address.shared else "BEGIN IMMEDIATE")
            if address.shared:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_OPENING})")
            _make_or_check(connection, address)
            number = _enrol(connection, now, shared=address.shared)
            root = connection.execute(select(about.c.root)).scalar_one()
            if not address.shared:
                connection.execute(FREE_ALL)
            connection.commit()
            return number, bytes(root)
    except SQLAlchemyError as error:
        raise StartupError(f"cannot open {address.text}: {reason_of(error)}; {_help(address)}") from None


def _make_or_check(connection: Connection, address: Address) -> None:
    there = set(inspect(connection).get_table_names())
    if about.name in there:
        _check_version(connection, address)
        return
    if there:
        raise StartupError(
            f"{address.text} holds tables of something else ({', '.join(sorted(there)[:3])}); name an empty database"
        )
    metadata.create_all(connection, checkfirst=False)
    dice: ColumnElement[bytes] = literal_column(_ROOT[connection.dialect.name])
    connection.execute(insert(about).values(version=VERSION, root=dice))


def _check_version(connection: Connection, address: Address) -> None:
    found = connection.execute(text(f"SELECT version FROM {about.name}")).scalar_one()  # noqa: S608 - a name of ours
    if found != VERSION:
        which = "a newer mockstore: install that" if found > VERSION else "an older mockstore: go on with that"
        raise StartupError(
            f"{address.text} has tables of version {found}, and this mockstore works with version {VERSION}; it was "
            f"made by {which}, or name a new database"
        )


def _enrol(connection: Connection, now: datetime, *, shared: bool) -> int:
    beat = func.clock_timestamp() if shared else None
    entered = insert(servers).values(opened_at=microseconds(now), beat_at=beat).returning(servers.c.number)
    return int(connection.execute(entered).scalar_one())


def _help(address: Address) -> str:
    if address.shared:
        return "see that the server runs, that the database exists, and that the user may create tables in it"
    return "see that its folder exists, that it may be written, and that the file is a SQLite database"
