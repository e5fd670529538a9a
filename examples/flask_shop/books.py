"""The shop's books (sqlite3): orders, adoptions, takings. Each event is booked once, completely or not at all."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS booked (event_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, step INTEGER DEFAULT 0, paid INTEGER DEFAULT 0, problem TEXT);
CREATE TABLE IF NOT EXISTS adoptions (pet_id TEXT PRIMARY KEY, name TEXT, email TEXT);
CREATE TABLE IF NOT EXISTS till (currency TEXT PRIMARY KEY, cents INTEGER);
"""

STEPS = ("UNKNOWN", "PENDING", "PROCESSING", "SHIPPED", "DELIVERED", "CANCELLED")
"""The statuses of an order; it only moves to the right, so a late event does not move it back."""


class Books:
    """The database; every call opens its own connection, so any thread may use it."""

    def __init__(self, path: Path, timeout: float = 1) -> None:
        self._path = path
        self._timeout = timeout
        with self._open() as db:
            db.executescript(TABLES)

    def book(self, event: Mapping[str, Any]) -> None:
        """Book an event unless it is booked; raise `sqlite3.OperationalError` when another program is writing."""
        with self._open() as db, db:  # the id and the work are one transaction
            is_new = db.execute("INSERT OR IGNORE INTO booked VALUES (?)", (event["id"],)).rowcount
            handler = HANDLERS.get(event["eventType"])
            if is_new and handler is not None:
                handler(db, event["data"])

    def query(self, sql: str, *values: str) -> list[tuple[Any, ...]]:
        """Return the rows that an SQL query selects."""
        with self._open() as db:
            return db.execute(sql, values).fetchall()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self._path, timeout=self._timeout)
        try:
            yield db
        finally:
            db.close()


def _set_status(db: sqlite3.Connection, order_id: str, status: str) -> None:
    step = STEPS.index(status) if status in STEPS else 0
    _ensure_order(db, order_id)
    db.execute("UPDATE orders SET step = max(step, ?) WHERE id = ?", (step, order_id))


def _ensure_order(db: sqlite3.Connection, order_id: str) -> None:
    db.execute("INSERT OR IGNORE INTO orders (id) VALUES (?)", (order_id,))  # any of its events may be the first


def _order_created(db: sqlite3.Connection, data: Mapping[str, Any]) -> None:
    _set_status(db, data["order"]["id"], data["order"]["status"])


def _status_changed(db: sqlite3.Connection, data: Mapping[str, Any]) -> None:
    _set_status(db, data["orderId"], data["newStatus"])


def _payment_succeeded(db: sqlite3.Connection, data: Mapping[str, Any]) -> None:
    payment = data["payment"]
    _ensure_order(db, payment["orderId"])
    db.execute("UPDATE orders SET paid = 1, problem = NULL WHERE id = ?", (payment["orderId"],))
    cents = round(Decimal(str(payment["amount"])) * 100)
    db.execute("INSERT OR IGNORE INTO till VALUES (?, 0)", (payment["currency"],))
    db.execute("UPDATE till SET cents = cents + ? WHERE currency = ?", (cents, payment["currency"]))


def _payment_failed(db: sqlite3.Connection, data: Mapping[str, Any]) -> None:
    order_id = data["payment"]["orderId"]
    _ensure_order(db, order_id)
    db.execute("UPDATE orders SET problem = ? WHERE id = ? AND NOT paid", (data["error"]["code"], order_id))


def _pet_adopted(db: sqlite3.Connection, data: Mapping[str, Any]) -> None:
    row = (data["pet"]["id"], data["pet"]["name"], data["adopter"]["email"])
    db.execute("INSERT OR REPLACE INTO adoptions VALUES (?, ?, ?)", row)


HANDLERS: Mapping[str, Callable[[sqlite3.Connection, Mapping[str, Any]], None]] = {
    "order.created": _order_created,
    "order.status_changed": _status_changed,
    "payment.succeeded": _payment_succeeded,
    "payment.failed": _payment_failed,
    "pet.adopted": _pet_adopted,
}
