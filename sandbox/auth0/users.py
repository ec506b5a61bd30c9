"""Generates a stream of events about many users, some far busier than others."""

import random
import string
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import msgspec

from sandbox.auth0.delivery import Event
from sandbox.auth0.people import Person

TENANT = "example-tenant"
CONTEXT = {
    "client": {"id": "QmK3vT0e8yXw2LrN5sZp", "name": "Example App", "metadata": {}},
    "tenant": {"id": TENANT},
}
ID_LETTERS = string.ascii_letters + string.digits
ID_LENGTH = 22
REDELIVERED_FROM_LAST = 100
DELETED_SHARE = 0.03
PARTIAL_SHARE = 0.3  # of updates; the rest sends the whole profile
BARE_DELETION_SHARE = 0.3  # of deletions; the rest sends the last profile too


def now_in_milliseconds() -> datetime:
    """Return the time in UTC, as fine as Auth0's."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


@dataclass(frozen=True)
class Population:
    """What to generate; equal values generate equal events.

    The user of rank r is as busy as 1 / r to the power of `zipf`. A deleted user's
    place is taken by a new one. `duplicates` is the share of events that come again
    later, unchanged; they are not counted in `events`.
    """

    users: int = 1000
    events: int = 1000
    zipf: float = 1.1
    seed: int = 0
    duplicates: float = 0.0
    events_per_second: float = 100.0
    started_at: datetime = field(default_factory=now_in_milliseconds)


def generate(population: Population) -> Iterator[Event]:
    """Yield the events in the order of their making, times growing for each user."""
    dice = random.Random(population.seed)
    recent: deque[Event] = deque(maxlen=REDELIVERED_FROM_LAST)
    tenant = Tenant(population, dice)
    for number in range(population.events):
        elapsed = timedelta(seconds=number / population.events_per_second)
        event = tenant.next_event(population.started_at + elapsed)
        yield event
        recent.append(event)
        if dice.random() < population.duplicates:
            yield dice.choice(recent)


class Tenant:
    """The users as they are now."""

    def __init__(self, population: Population, dice: random.Random) -> None:
        ranks = range(1, population.users + 1)
        self._busyness = list(accumulate(rank**-population.zipf for rank in ranks))
        self._people: list[Person | None] = [None] * population.users
        self._places = range(population.users)
        self._dice = dice
        self._born = 0
        self._stream = f"est_{self._letters()}"

    def next_event(self, now: datetime) -> Event:
        """Let something happen to one user, and return the event that tells of it."""
        # Who leaves is drawn evenly: else the busiest users would be the shortest-lived
        # and no key would stay busy.
        leaving = self._dice.random() < DELETED_SHARE
        weights = None if leaving else self._busyness
        [place] = self._dice.choices(self._places, cum_weights=weights)
        person = self._people[place]
        if person is None:
            self._born += 1
            person = self._people[place] = Person.born(self._born, self._dice, now)
            return self._event(person, "user.created", person.profile, now)
        if leaving:
            self._people[place] = None
            bare = self._dice.random() < BARE_DELETION_SHARE
            told = {"user_id": person.user_id} if bare else person.profile
            return self._event(person, "user.deleted", told, now)
        changed = person.change(self._dice)
        partial = self._dice.random() < PARTIAL_SHARE
        told = {"user_id": person.user_id, **changed} if partial else person.profile
        return self._event(person, "user.updated", told, now)

    def _event(
        self, person: Person, event_type: str, told: dict[str, Any], now: datetime
    ) -> Event:
        time, updated_at = person.tick(now)
        subject = told | {"updated_at": updated_at}
        if event_type == "user.deleted":
            subject["deleted_at"] = time
        event_id = f"evt_{self._letters()}"
        envelope = {
            "specversion": "1.0",
            "type": event_type,
            "source": f"urn:auth0:{TENANT}.auth0.com",
            "id": event_id,
            "time": time,
            "data": {"object": subject, "context": CONTEXT},
            "a0tenant": TENANT,
            "a0stream": self._stream,
        }
        return Event(event_id, person.user_id, msgspec.json.encode(envelope))

    def _letters(self) -> str:
        return "".join(self._dice.choices(ID_LETTERS, k=ID_LENGTH))
