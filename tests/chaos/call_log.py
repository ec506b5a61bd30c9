"""The call log of one worker process, written so that kill -9 loses nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tests.chaos.notes import Notes
from tests.history.records import Line


class About(NamedTuple):
    """The events that a call or a transaction is about."""

    partition: int
    offsets: Sequence[int] = ()
    user_id: str | None = None


class CallLog:
    """Writes lines as tests/history/records.py describes them."""

    def __init__(self, directory: Path, worker: str) -> None:
        self._worker = worker
        self._notes = Notes(directory / f"calls-{worker}-{os.getpid()}.jsonl")
        self._numbers = count(1)

    def new_call(self) -> str:
        """Return a name that no other call has."""
        return f"{self._worker}-{os.getpid()}-{next(self._numbers)}"

    def note(
        self,
        kind: Literal["start", "end", "durable", "assigned", "owner", "fenced"],
        about: About,
        **rest: Any,
    ) -> None:
        """Write down what happens now."""
        partition, offsets, user_id = about
        line = Line(
            at=time.time(),
            worker=self._worker,
            kind=kind,
            partition=partition,
            offsets=tuple(offsets),
            user_id=user_id,
            **rest,
        )
        self._notes.write(line)
