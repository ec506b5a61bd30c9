"""A history made by hand: one user, one partition, the workers w1 and w2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

USER = "auth0|1"
TOPIC = "i.events"


class HandMade:
    """Writes the files that the history checker reads; times are given in seconds."""

    def __init__(self) -> None:
        self.acknowledged: list[dict[str, Any]] = []
        self.effects: list[dict[str, Any]] = []
        self.lines: list[dict[str, Any]] = []
        self.faults: list[dict[str, Any]] = []
        self.topics: list[dict[str, Any]] = []

    def event(
        self, seq: int, *, offset: int = -1, kind: str = "user.updated", **without: bool
    ) -> None:
        """Ingest acknowledges an event; its offset is its number where not given."""
        if without.get("acknowledged", True):
            said = {"at": 0.0, "event_id": f"e{seq}", "user_id": USER, "seq": seq}
            time = f"2025-01-01T00:00:{seq:02}Z"
            self.acknowledged.append(said | {"type": kind, "time": time})
        if without.get("stored", True):
            at = seq if offset < 0 else offset
            self._record("events", at, USER, {}, {"event-id": f"e{seq}"})

    def call(self, at: float, *seqs: int, worker: str = "w1", **request: Any) -> str:
        """A worker calls for the events at *seqs*; it takes 0.2 s."""
        call = f"{worker}-{len(self.effects)}"
        self.line(at, "start", worker, *seqs, call=call, user_id=USER)
        saw = request.pop("saw", "ok")
        if saw is not None:
            self.line(at + 0.2, "end", worker, *seqs, call=call, saw=saw)
        self.request(at + 0.1, call=call, seq=max(seqs), **request)
        return call

    def request(self, at: float, **request: Any) -> None:
        """The CRM gets a request; it changes the record at once."""
        usual = {"arrived_at": at, "ended_at": at, "effect_at": at, "method": "PATCH"}
        usual |= {"answer": "ok", "user_id": USER, "record": "c_1", "call": None}
        self.effects.append(usual | request)

    def line(
        self, at: float, kind: str, worker: str, *offsets: int, **rest: Any
    ) -> None:
        line = {"at": at, "worker": worker, "kind": kind, "partition": 0}
        self.lines.append(line | {"offsets": offsets} | rest)

    def fault(self, at: float, kind: str, worker: str = "w1", **rest: Any) -> None:
        self.faults.append({"at": at, "kind": kind, "worker": worker} | rest)

    def outcome(self, seq: int, outcome: str = "applied", **rest: Any) -> None:
        value = {"outcome": outcome, "source": [TOPIC, 0, seq]} | rest
        self._record("crm.outcomes", seq, "ref", value)

    def done(self, at: float, *seqs: int, worker: str = "w1") -> None:
        """A transaction settles the events at *seqs* as applied."""
        self.line(at, "durable", worker, *seqs, began_at=at - 0.01)
        for seq in seqs:
            self.outcome(seq)

    def parked(self, seq: int) -> None:
        self._record("crm.retry", seq, f"{USER}@abcdefgh@{seq}", {"id": f"e{seq}"})

    def unparked(self, seq: int) -> None:
        self._record("crm.retry", seq, f"{USER}@abcdefgh@{seq}", None)

    def letter(self, seq: int) -> None:
        headers = {"source-partition": "0", "source-offset": str(seq)}
        self._record("crm.dead", seq, USER, {"id": f"e{seq}"}, headers)

    def link(self, key: str, value: dict[str, Any]) -> None:
        self._record("crm.links", 0, key, value)

    def write(self, directory: Path) -> Path:
        """Write all files; return their directory."""
        for name, rows in {
            "acknowledged": self.acknowledged,
            "effects": self.effects,
            "calls-w1-1": [one for one in self.lines if one["worker"] == "w1"],
            "calls-w2-1": [one for one in self.lines if one["worker"] == "w2"],
            "faults": self.faults,
            "topics": self.topics,
        }.items():
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (directory / f"{name}.jsonl").write_text(text)
        return directory

    def _record(
        self,
        topic: str,
        offset: int,
        key: str,
        value: dict[str, Any] | None,
        headers: dict[str, str] | None = None,
    ) -> None:
        record = {"topic": f"i.{topic}", "partition": 0, "offset": offset, "key": key}
        text = None if value is None else json.dumps(value)
        self.topics.append(record | {"value": text, "headers": headers or {}})
