"""The shop's books: orders, adoptions, and what is in the till. Each event is booked once, whole or not at all."""

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
"""An order only moves to the right: what arrives late does not take it back."""


class Books:
    """The database; every call has a connection of its own, so it may be used from any thread."""

    def __init__(self, path: Path, patience: float = 1) -> None:
        self._path = path
        self._patience = patience
        with self._open() as db:
            db.executescript(TABLES)

    def book(self, event: Mapping[str, Any]) -> None:
        """Book an event unless it is booked already; raise `sqlite3.OperationalError` when somebody else is writing."""
        with self._open() as db, db:  # the id and the work are one transaction
            is_new = db.execute("INSERT OR IGNORE INTO booked VALUES (?)", (event["id"],)).rowcount
            work = WORK.get(event["eventType"])
            if is_new and work is not None:
                work(db, event["data"])

    def ask(self, question: str, *values: str) -> list[tuple[Any, ...]]:
        """Return the rows that answer an SQL question."""
        with self._open() as db:
            return db.execute(question, values).fetchall()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self._path, timeout=self._patience)
        try:
            yield db
        finally:
            db.close()


def _move(db: sqlite3.Connection, order_id: str, status: str) -> None:
    step = STEPS.index(status) if status in STEPS else 0
    _know(db, order_id)
    db.execute("UPDATE orders SET step = max(step, ?) WHERE id = ?", (step, order_id))


def _know(db: sqlite3.Connection, order_id: str) -> None:
    db.execute("INSERT OR IGNORE INTO orders (id) VALUES (?)", (order_id,))  # any of its events may be the first


def _created(db: sqlite3.Connection, data: Mapping[str, Any]) -> None:
    _move(db, data["order"]["id"], data["order"]["status"])


def _moved(db: sqlite3.Connection, data: Mapping[str, Any]) -> None:
    _move(db, data["orderId"], data["newStatus"])


def _paid(db: sqlite3.Connection, data: Mapping[str, Any]) -> None:
    payment = data["payment"]
    _know(db, payment["orderId"])
    db.execute("UPDATE orders SET paid = 1, problem = NULL WHERE id = ?", (payment["orderId"],))
    cents = round(Decimal(str(payment["amount"])) * 100)
    db.execute("INSERT OR IGNORE INTO till VALUES (?, 0)", (payment["currency"],))
    db.execute("UPDATE till SET cents = cents + ? WHERE currency = ?", (cents, payment["currency"]))


def _not_paid(db: sqlite3.Connection, data: Mapping[str, Any]) -> None:
    order_id = data["payment"]["orderId"]
    _know(db, order_id)
    db.execute("UPDATE orders SET problem = ? WHERE id = ? AND NOT paid", (data["error"]["code"], order_id))


def _adopted(db: sqlite3.Connection, data: Mapping[str, Any]) -> None:
    row = (data["pet"]["id"], data["pet"]["name"], data["adopter"]["email"])
    db.execute("INSERT OR REPLACE INTO adoptions VALUES (?, ?, ?)", row)


WORK: Mapping[str, Callable[[sqlite3.Connection, Mapping[str, Any]], None]] = {
    "order.created": _created,
    "order.status_changed": _moved,
    "payment.succeeded": _paid,
    "payment.failed": _not_paid,
    "pet.adopted": _adopted,
}
