"""What the topics say: which events there are, how they ended, and what waits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from tests.history.records import Dumped, Unreadable

Place = tuple[int, int]  # partition and offset in keepstep.events


class Source(NamedTuple):
    """One message of the topic events."""

    user: str
    event_id: str


class _Outcome(msgspec.Struct, gc=False):
    outcome: str
    source: tuple[str, int, int]
    replay: bool = False


class _Link(msgspec.Struct, gc=False):
    taken: int


class _Identified(msgspec.Struct, gc=False):
    id: str = ""


class Ledger:
    """The records of all topics, by the place of the event that they are about."""

    def __init__(self, dumped: Iterable[Dumped]) -> None:
        self.sources: dict[Place, Source] = {}
        self.outcomes: defaultdict[Place, list[str]] = defaultdict(list)
        self.letters: Counter[Place] = Counter()
        self.parked: set[Place] = set()
        self.taken: dict[str, int] = {}
        take = {
            "events": self._event,
            "outcomes": self._outcome,
            "retry": self._retry,
            "dead": self._letter,
            "links": self._link,
        }
        for record in dumped:
            try:
                take[record.topic.rpartition(".")[2]](record)
            except (KeyError, ValueError) as error:
                at = f"{record.topic}-{record.partition}, offset {record.offset}"
                raise Unreadable(f"{at}: {error!r}") from None

    def names(self, place: Place) -> str:
        """Return the outcomes of the event at *place*, for a person to read."""
        return " and ".join(self.outcomes.get(place, [])) or "none"

    def _event(self, record: Dumped) -> None:
        event_id = record.headers.get("event-id")
        if event_id is None:  # console tools drop headers
            event_id = msgspec.json.decode(record.value or "{}", type=_Identified).id
        place = record.partition, record.offset
        self.sources[place] = Source(record.key or "", event_id)

    def _outcome(self, record: Dumped) -> None:
        said = msgspec.json.decode(record.value or "", type=_Outcome)
        if not said.replay:
            self.outcomes[said.source[1:]].append(said.outcome)

    def _retry(self, record: Dumped) -> None:
        """Take in an entry; its key ends with `@<topic>@<offset>`."""
        place = record.partition, int((record.key or "").rpartition("@")[2])
        if record.value is None:
            self.parked.discard(place)
        else:
            self.parked.add(place)

    def _letter(self, record: Dumped) -> None:
        headers = record.headers
        place = int(headers["source-partition"]), int(headers["source-offset"])
        self.letters[place] += 1

    def _link(self, record: Dumped) -> None:
        """Take in a link; one "@" before a key marks the partition's own records."""
        key = record.key or ""
        ours = key.startswith("@") and not key.startswith("@@")
        if not ours and record.value is not None:
            link = msgspec.json.decode(record.value, type=_Link)
            self.taken[key.removeprefix("@")] = link.taken
