"""Users whose events never end: made, changed again and again, deleted, replaced."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate, count

import msgspec

USERS = 600
ZIPF = 0.5  # the busiest user has some 2 % of all events
MOODS = ("calm", "glad", "wild")


@dataclass(slots=True)
class User:
    """One user and the number of its last event."""

    number: int
    seq: int = 0

    @property
    def user_id(self) -> str:
        """A made-up id as Auth0 writes them."""
        return f"auth0|chaos{self.number}"


@dataclass(frozen=True, slots=True)
class Event:
    """One event, and what of it the history checker wants to know."""

    event_id: str
    user_id: str
    seq: int
    type: str
    time: str
    mood: str

    @property
    def body(self) -> bytes:
        """Return the event as Auth0 posts it."""
        number = self.user_id.removeprefix("auth0|")
        profile = {
            "user_id": self.user_id,
            "email": f"{number}@example.com",
            "email_verified": True,
            "name": str(self.seq),
            "phone_number": self.mood,
        }
        return msgspec.json.encode(
            {
                "specversion": "1.0",
                "id": self.event_id,
                "source": "urn:chaos",
                "type": self.type,
                "time": self.time,
                "data": {"object": profile},
            }
        )


class Population:
    """Draws events of some users more often than of others; the same for a seed."""

    def __init__(self, seed: int, deletions: float) -> None:
        self._random = random.Random(seed)  # noqa: S311 -- no secret
        self._deletions = deletions
        self._numbers = count(1)
        self._users = [User(next(self._numbers)) for _ in range(USERS)]
        self._weights = list(accumulate(n**-ZIPF for n in range(1, USERS + 1)))
        self._micros = 0

    def next(self) -> Event:
        """Return the next event; a deleted user is followed by a new one."""
        [place] = self._random.choices(range(USERS), cum_weights=self._weights)
        user = self._users[place]
        user.seq += 1
        kind = "user.created" if user.seq == 1 else "user.updated"
        if user.seq > 1 and self._random.random() < self._deletions:
            kind = "user.deleted"
            self._users[place] = User(next(self._numbers))
        return Event(
            event_id=f"evt_{user.number}_{user.seq}",
            user_id=user.user_id,
            seq=user.seq,
            type=kind,
            time=self._now(),
            mood=self._random.choice(MOODS),
        )

    def _now(self) -> str:
        """Return a time that no other event has."""
        self._micros = max(self._micros + 1, time.time_ns() // 1000)
        moment = datetime.fromtimestamp(self._micros / 1e6, UTC)
        return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
