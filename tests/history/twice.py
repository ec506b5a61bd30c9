"""S5: the topics show each event exactly once."""

from __future__ import annotations

from collections.abc import Iterator

from tests.history.findings import Finding
from tests.history.history import History
from tests.history.ledger import Ledger, Place, Source


def twice_in_kafka(history: History) -> Iterator[Finding]:
    """Yield events that ended twice, or ended and would be run again all the same."""
    ledger = history.ledger
    for place, source in ledger.sources.items():
        for shows in _shown(ledger, place, source):
            where = f"{source.event_id} (partition {place[0]}, offset {place[1]})"
            yield Finding("twice-in-kafka", source.user, f"{where} {shows}")


def _shown(ledger: Ledger, place: Place, source: Source) -> Iterator[str]:
    ends = ledger.outcomes.get(place, [])
    if len(ends) > 1:
        yield f"has {len(ends)} outcomes: {ledger.names(place)}"
    if ledger.letters[place] > 1:
        yield f"has {ledger.letters[place]} dead letters"
    if ends and place in ledger.parked:
        yield f"has the outcome {ledger.names(place)} and is still parked"
    taken = ledger.taken.get(source.user)
    if ends and taken is not None and taken < place[1]:
        yield f"has the outcome {ledger.names(place)}, but taken is {taken}"
