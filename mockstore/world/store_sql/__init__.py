"""The store in a database, with SQLAlchemy Core: records survive a restart, and servers can share a PostgreSQL.

Raises `StartupError` at import when SQLAlchemy is not installed.
"""

from mockstore.errors import StartupError

try:
    import sqlalchemy as _sqlalchemy  # noqa: F401 - only to find out whether it is installed
except ImportError:
    raise StartupError("a database needs SQLAlchemy: pip install 'mockstore[sql]'") from None

from mockstore.world.store_sql.claims import BEAT, LOST
from mockstore.world.store_sql.database import Database
from mockstore.world.store_sql.store import SqlStore

__all__ = ["BEAT", "LOST", "Database", "SqlStore"]
