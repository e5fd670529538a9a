"""The hotline's database (sqlite3): pets and notes. The work of each event is done once, completely or not at all."""

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
"""A late event does not replace a newer status; timestamps of this form sort as texts."""


class Board:
    """The database. Its methods are short and run on the event loop, so no two of them run at the same time."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, timeout=0)  # waiting would block the event loop
        self._db.executescript(TABLES)

    def take(self, event: Mapping[str, Any]) -> None:
        """Do the work of an event unless it was done before.

        Raises `sqlite3.OperationalError` when another program is writing: the answer is 500, and the event is retried.
        """
        with self._db:  # the id and the work are one transaction
            if self._db.execute("INSERT OR IGNORE INTO taken VALUES (?)", (event["id"],)).rowcount:
                self._work(event["eventType"], event["data"], event["timestamp"])

    def status(self, pet_id: str) -> str | None:
        """Return the status of a pet by its newest event; None when there was no event about it."""
        row = self._db.execute("SELECT status FROM pets WHERE id = ?", (pet_id,)).fetchone()
        return None if row is None else str(row[0])

    def notes(self) -> list[str]:
        """Return the notes for the hotline's staff, oldest first."""
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
