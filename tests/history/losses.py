"""S1: what ingest acknowledged is settled, or waits in the retry topic."""

from __future__ import annotations

from collections.abc import Iterator

from tests.history.findings import Finding
from tests.history.history import History, User
from tests.history.ledger import Place

# Ended without a change of the CRM; what such an event had replaced stays replaced.
DECIDED = frozenset({"dead", "ignored", "skipped"})
WITHOUT_EFFECT = DECIDED | {"test", "unhandled"}


def lost(history: History) -> Iterator[Finding]:
    """Yield what cannot be found again, and what is said to be done and is not."""
    yield from _unstored(history)
    yield from _unsettled(history)
    for user in history.users.values():
        yield from _without_effect(history, user)


def _unstored(history: History) -> Iterator[Finding]:
    for user in history.users.values():
        for seq, event in user.acknowledged.items():
            if seq not in user.places:
                shows = f"{event.event_id} ({seq}) was acknowledged and is in no topic"
                yield Finding("lost", user.id, shows)


def _unsettled(history: History) -> Iterator[Finding]:
    ledger = history.ledger
    for place, source in ledger.sources.items():
        ends = ledger.outcomes.get(place, [])
        if not ends and place not in ledger.parked:
            shows = f"{_at(source.event_id, place)} has no outcome and is not parked"
            yield Finding("lost", source.user, shows)
        if ("dead" in ends) != bool(ledger.letters[place]):
            shows = f"{_at(source.event_id, place)}: outcome {ledger.names(place)}, "
            shows += f"dead letters {ledger.letters[place]}"
            yield Finding("lost", source.user, shows)


def _without_effect(history: History, user: User) -> Iterator[Finding]:
    """An event is done when the CRM was told it, or a newer one in its place."""
    told = max((effect.carried for effect in user.effects), default=0)
    others = (n for n in user.places if _is_without_effect(history, user, n))
    replaced = max(told, max(others, default=0))
    for seq in user.places:
        ends = _ends_of(history, user, seq)
        done = told if ends & {"applied", "unchanged"} else replaced
        if ends and not ends & WITHOUT_EFFECT and done < seq:
            event_id = user.acknowledged[seq].event_id
            shows = f"{event_id} ({seq}) ended as {' and '.join(sorted(ends))}, "
            shows += f"the CRM was told {told} at most"
            yield Finding("lost", user.id, shows)


def _is_without_effect(history: History, user: User, seq: int) -> bool:
    """Whether the event could replace others though the CRM was never told it."""
    parked = any(place in history.ledger.parked for place in user.places[seq])
    return parked or bool(DECIDED & _ends_of(history, user, seq))


def _ends_of(history: History, user: User, seq: int) -> set[str]:
    """Return the outcomes of the event, wherever in the topic it is."""
    outcomes = history.ledger.outcomes
    return {end for place in user.places[seq] for end in outcomes.get(place, [])}


def _at(event_id: str, place: Place) -> str:
    return f"{event_id} (partition {place[0]}, offset {place[1]})"
