"""One run of the system, put together from its files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from tests.history.calls import Call, Calls
from tests.history.ledger import Ledger, Place
from tests.history.records import (
    DELETED,
    Acknowledged,
    Dumped,
    Fault,
    Line,
    Request,
    read,
)

DELETION = "user.deleted"


@dataclass(frozen=True, slots=True)
class Effect:
    """A change of the CRM: the newest event it carried, and all it stood for."""

    request: Request
    call: Call | None
    carried: int
    stood_for: frozenset[int]

    @property
    def deletes(self) -> bool:
        """Whether the user's record was deactivated or removed by it."""
        return self.request.seq == DELETED

    def __str__(self) -> str:
        by = "no known call" if self.call is None else f"call {self.call.id}"
        return f"{self.request.method} of {self.carried} by {by} at {self.at:.3f}"

    @property
    def at(self) -> float:
        """When it took effect."""
        assert self.request.effect_at is not None
        return self.request.effect_at


@dataclass(slots=True)
class User:
    """One user's events by their number, and the changes of its record in order."""

    id: str
    acknowledged: dict[int, Acknowledged] = field(default_factory=dict)
    places: defaultdict[int, list[Place]] = field(
        default_factory=lambda: defaultdict(list)
    )
    effects: list[Effect] = field(default_factory=list)

    def newest_deletion(self, among: Iterable[int]) -> int:
        """Return the number of the newest deletion, 0 without one."""
        known = self.acknowledged
        return max((n for n in among if known[n].type == DELETION), default=0)


class History:
    """All that is known of one run."""

    def __init__(
        self,
        acknowledged: Iterable[Acknowledged],
        requests: Iterable[Request],
        lines: Iterable[Line],
        faults: Iterable[Fault],
        dumped: Iterable[Dumped],
    ) -> None:
        self.users: dict[str, User] = {}
        self.ledger = Ledger(dumped)
        self.calls = Calls(lines)
        self.faults = sorted(faults, key=lambda fault: fault.at)
        self.requests = list(requests)
        known = {one.event_id: one for one in acknowledged}
        self.acknowledged = len(known)
        for one in known.values():
            user = self.users.setdefault(one.user_id, User(one.user_id))
            user.acknowledged[one.seq] = one
        for place, source in self.ledger.sources.items():
            if (event := known.get(source.event_id)) is not None:
                self.users[event.user_id].places[event.seq].append(place)
        self._seq = {
            place: seq
            for user in self.users.values()
            for seq, places in user.places.items()
            for place in places
        }
        changes = [one for one in self.requests if one.effect_at is not None]
        for change in sorted(changes, key=lambda one: one.effect_at or 0.0):
            self._add(change)

    @classmethod
    def read(cls, directory: Path) -> History:
        """Read the files that `records` names; raises Unreadable."""
        logs = sorted(directory.glob("calls-*.jsonl"))
        return cls(
            read(directory / "acknowledged.jsonl", Acknowledged),
            read(directory / "effects.jsonl", Request),
            chain.from_iterable(read(log, Line) for log in logs),
            read(directory / "faults.jsonl", Fault),
            read(directory / "topics.jsonl", Dumped),
        )

    def _add(self, change: Request) -> None:
        """Add a change of a user's record; of users never acknowledged none is kept."""
        user = self.users.get(change.user_id or "")
        if user is None:
            return
        call = self.calls.by_id.get(change.call or "")
        places = call.places if call else []
        named = {self._seq[place] for place in places if place in self._seq}
        if isinstance(change.seq, int):
            carried = change.seq
        else:
            carried = user.newest_deletion(named or user.acknowledged)
        user.effects.append(Effect(change, call, carried, frozenset(named | {carried})))
