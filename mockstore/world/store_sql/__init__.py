"""The store in a database, by SQLAlchemy Core: everything survives a restart, and several servers can share it.

Importing it needs SQLAlchemy, and raises `StartupError` that says how to get it.
"""

from mockstore.errors import StartupError

try:
    import sqlalchemy as _sqlalchemy  # noqa: F401 - only to say what helps where it is missing
except ImportError:
    raise StartupError("a database needs SQLAlchemy: pip install 'mockstore[sql]'") from None

from mockstore.world.store_sql.claims import BEAT, LOST
from mockstore.world.store_sql.database import Database
from mockstore.world.store_sql.store import SqlStore

__all__ = ["BEAT", "LOST", "Database", "SqlStore"]
