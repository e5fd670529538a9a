"""The store in a database, by SQLAlchemy Core: everything survives a restart, and several servers can share it."""
