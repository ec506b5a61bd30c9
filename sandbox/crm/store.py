"""Contacts and the history of their effects, in one SQLite file."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import msgspec

from sandbox.crm.contact import Contact, changes_between
from sandbox.crm.history import Call, Effect

SCHEMA = """
CREATE TABLE IF NOT EXISTS contacts (
    id TEXT PRIMARY KEY,
    email_key TEXT,          -- casefolded: SQLite's NOCASE knows ASCII only
    auth0_user_id TEXT,
    document BLOB NOT NULL,
    sequence INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS contacts_email ON contacts (email_key);
CREATE INDEX IF NOT EXISTS contacts_user ON contacts (auth0_user_id);
CREATE INDEX IF NOT EXISTS contacts_sequence ON contacts (sequence);
CREATE TABLE IF NOT EXISTS history (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    contact_id TEXT NOT NULL,
    effect BLOB NOT NULL
);
"""
SEARCHABLE = {"email": "email_key", "auth0_user_id": "auth0_user_id"}


class IdTaken(Exception):
    """A contact with the wanted id exists already."""


class ContactStore:
    """Contacts that survive a killed process; each effect is told exactly once.

    An effect and its line in the history are one transaction. Calls block for some
    ten microseconds and belong to the thread that made the store. Not promised: to
    survive a power cut (the log is not synchronised at each commit).

    Without *database* everything is in memory and gone with the process.
    """

    def __init__(self, database: Path | None = None) -> None:
        self._connection = sqlite3.connect(database or ":memory:", isolation_level=None)
        self._connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + SCHEMA
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def find(self, sought: dict[str, str], *, limit: int) -> list[Contact]:
        """Return at most *limit* contacts that match all of *sought*, newest first.

        *sought* may name `email` (case does not matter) and `auth0_user_id`.
        """
        clauses = "".join(f" AND {SEARCHABLE[name]} = ?" for name in sought)
        keys = [
            value.casefold() if name == "email" else value
            for name, value in sought.items()
        ]
        rows = self._connection.execute(
            # The clauses come from the constants above, never from a caller.
            f"SELECT document FROM contacts WHERE TRUE{clauses}"  # noqa: S608 - as said
            " ORDER BY sequence DESC LIMIT ?",
            [*keys, limit],
        )
        return [msgspec.json.decode(document) for (document,) in rows]

    def read(self, contact_id: str) -> Contact | None:
        """Return the contact, or None where there is no such id."""
        row = self._connection.execute(
            "SELECT document FROM contacts WHERE id = ?", [contact_id]
        ).fetchone()
        return None if row is None else msgspec.json.decode(row[0])

    def create(self, contact: Contact, call: Call) -> Contact:
        """Keep a new *contact* and tell of it.

        Raises:
            IdTaken: Its id is another contact's.
        """
        with self._transaction():
            if self.read(contact["id"]) is not None:
                raise IdTaken
            self._write(contact, self._tell(call, contact["id"], {}, contact))
        return contact

    def patch(self, contact_id: str, fields: Contact, call: Call) -> Contact | None:
        """Change only *fields*; None where there is no such id.

        A patch that changes no value is an effect too, with empty changes.
        """
        with self._transaction():
            before = self.read(contact_id)
            if before is None:
                return None
            after = before | fields
            self._write(after, self._tell(call, contact_id, before, after))
        return after

    def delete(self, contact_id: str, call: Call) -> bool:
        """Remove the contact; False where there is no such id."""
        with self._transaction():
            before = self.read(contact_id)
            if before is None:
                return False
            self._tell(call, contact_id, before, {})
            self._connection.execute("DELETE FROM contacts WHERE id = ?", [contact_id])
        return True

    def history(self, *, after: int = 0, limit: int) -> list[Effect]:
        """Return the first *limit* effects whose sequence is above *after*."""
        return self._effects("WHERE sequence > ? ORDER BY sequence", after, limit)

    def newest_effects(self, limit: int) -> list[Effect]:
        """Return the last *limit* effects, newest first."""
        return self._effects("WHERE sequence > ? ORDER BY sequence DESC", 0, limit)

    def counts(self) -> tuple[int, int]:
        """Return how many contacts there are and the sequence of the last effect."""
        row = self._connection.execute(
            "SELECT (SELECT count(*) FROM contacts),"
            " (SELECT coalesce(max(sequence), 0) FROM history)"
        ).fetchone()
        return row[0], row[1]

    def _effects(self, which: str, after: int, limit: int) -> list[Effect]:
        rows = self._connection.execute(
            f"SELECT sequence, effect FROM history {which} LIMIT ?",  # noqa: S608 - both callers are above
            [after, limit],
        )
        return [
            Effect(sequence=sequence, **msgspec.json.decode(effect))
            for sequence, effect in rows
        ]

    def _tell(
        self, call: Call, contact_id: str, before: Contact, after: Contact
    ) -> int:
        told = msgspec.to_builtins(call)
        told |= {"contact_id": contact_id, "changes": changes_between(before, after)}
        cursor = self._connection.execute(
            "INSERT INTO history (contact_id, effect) VALUES (?, ?)",
            [contact_id, msgspec.json.encode(told)],
        )
        return cursor.lastrowid or 0

    def _write(self, contact: Contact, sequence: int) -> None:
        email: Any = contact.get("email")
        self._connection.execute(
            "INSERT OR REPLACE INTO contacts VALUES (?, ?, ?, ?, ?)",
            [
                contact["id"],
                None if email is None else email.casefold(),
                contact.get("auth0_user_id"),
                msgspec.json.encode(contact),
                sequence,
            ],
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
