"""The board of pets and the notes of the hotline (sqlite3). Each event is taken once, whole or not at all."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS taken (event_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS pets (id TEXT PRIMARY KEY, status TEXT, since TEXT);
CREATE TABLE IF NOT EXISTS notes (number INTEGER PRIMARY KEY, text TEXT);
"""

NEWEST = """
INSERT INTO pets VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET status = excluded.status, since = excluded.since
WHERE excluded.since >= since
"""
"""What arrives late does not replace what is newer; times of this form sort as texts."""


class Board:
    """The database. Its calls are short and made on the event loop, which makes each of them one step."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, timeout=0)  # to wait would hold up the event loop
        self._db.executescript(TABLES)

    def take(self, event: Mapping[str, Any]) -> None:
        """Do what the event asks for, unless it was done before.

        Raises `sqlite3.OperationalError` when somebody else is writing: the answer is 500, and the event comes again.
        """
        with self._db:  # the id and the work are one transaction
            if self._db.execute("INSERT OR IGNORE INTO taken VALUES (?)", (event["id"],)).rowcount:
                self._work(event["eventType"], event["data"], event["timestamp"])

    def status(self, pet_id: str) -> str | None:
        """Return how a pet was when it was last heard of; None when it never was."""
        row = self._db.execute("SELECT status FROM pets WHERE id = ?", (pet_id,)).fetchone()
        return None if row is None else str(row[0])

    def notes(self) -> list[str]:
        """Return what a human is to read, oldest first."""
        return [text for (text,) in self._db.execute("SELECT text FROM notes ORDER BY number")]

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def _work(self, event_type: str, data: Mapping[str, Any], since: str) -> None:
        match event_type:
            case "pet.status_changed":
                self._db.execute(NEWEST, (data["petId"], data["newStatus"], since))
            case "pet.adopted":
                self._db.execute(NEWEST, (data["pet"]["id"], "ADOPTED", since))
                self._note(f"Welcome {data['adopter']['email']}: {data['pet']['name']} moves in.")
            case "payment.failed":
                self._note(f"Call about order {data['payment']['orderId']}: {data['error']['code']}.")
            case "order.created":
                self._note(f"Order {data['order']['id']} is placed.")

    def _note(self, text: str) -> None:
        self._db.execute("INSERT INTO notes (text) VALUES (?)", (text,))
