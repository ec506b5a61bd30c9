"""Appends JSON lines to a file of the run so that no kill loses or splits one."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec

from tests.history.records import Fault

_json = msgspec.json.Encoder()


class Notes:
    """One file; each line is one `write` with O_APPEND, by whichever process."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._file = os.open(path, flags, 0o644)

    def write(self, record: msgspec.Struct) -> None:
        """Append *record*; it is in the kernel's hands when this returns."""
        os.write(self._file, _json.encode(record) + b"\n")


class Faults:
    """The file that says what was done to the system."""

    def __init__(self, directory: Path) -> None:
        self._notes = Notes(directory / "faults.jsonl")

    def note(
        self, kind: str, worker: str | None = None, code: int | None = None
    ) -> None:
        """Note a fault of now."""
        self._notes.write(Fault(time.time(), kind, worker, code))
