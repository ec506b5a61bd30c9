"""Users who sign up, change and log in, and the order in which we hear of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

UPDATES = 3
LOGINS = 10
SIGN_UP_SECONDS = 40.0  # all users sign up within so long
SECONDS = 100.0  # and log in for the last time within so long
WINDOW_SECONDS = 10.0  # in each of these, events come in any order
REPEATED = 0.05  # so many of all events come twice
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
CHANGED = ("name", "phone_number", "email")

Event = dict[str, Any]


@dataclass
class User:
    """One user: the states of the profile, oldest first, and the events by time."""

    user_id: str
    states: list[dict[str, str]] = field(default_factory=list)
    events: list[tuple[float, Event]] = field(default_factory=list)

    @property
    def record(self) -> dict[str, str]:
        """What the CRM must hold in the end."""
        last = self.states[-1]
        return {
            "auth0_user_id": self.user_id,
            "email": last["email"],
            "name": last["name"],
            "phone": last["phone_number"],
            "status": "active",
        }

    @property
    def changes(self) -> int:
        """How often a mapped field has really changed, the creation included."""
        return 1 + sum(before != after for before, after in pairwise(self.states))


class Population:
    """The same *users* and the same order for the same *seed*."""

    def __init__(self, users: int, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 -- no secret
        self.users = [self._user(number) for number in range(users)]

    @property
    def events(self) -> int:
        """How many events there are, repeats not counted."""
        return sum(len(user.events) for user in self.users)

    def windows(self) -> Iterator[list[Event]]:
        """Yield what happened in each window, in the order in which it is heard of.

        What is repeated comes again anywhere in its window or in the next one.
        """
        heard: list[list[Event]] = [[] for _ in range(int(SECONDS / WINDOW_SECONDS))]
        for user in self.users:
            for at, event in user.events:
                number = int(at / WINDOW_SECONDS)
                heard[number].append(event)
                if self._random.random() < REPEATED:
                    again = min(number + self._random.randint(0, 1), len(heard) - 1)
                    heard[again].append(event)
        for window in heard:
            self._random.shuffle(window)
            yield window

    def _user(self, number: int) -> User:
        user = User(f"auth0|bulk-{number}")
        begin = self._random.uniform(0, SIGN_UP_SECONDS)
        kinds = ["update"] * UPDATES + ["login"] * LOGINS
        self._random.shuffle(kinds)
        times = sorted(self._random.uniform(begin, SECONDS) for _ in kinds)
        state = {
            "email": f"bulk-{number}@example.com",
            "name": f"User {number}",
            "phone_number": f"+1555{number:07}",
        }
        user.states.append(state)
        user.events.append((begin, self._event(user, "created", begin, 0)))
        logins = 0
        for at, kind in zip(times, kinds, strict=True):
            if kind == "update":
                changed = self._random.choice(CHANGED)
                first_value = user.states[0][changed]
                state = {**state, changed: f"{len(user.states)}-{first_value}"}
                user.states.append(state)
            logins += kind == "login"
            user.events.append((at, self._event(user, "updated", at, logins)))
        return user

    def _event(self, user: User, kind: str, at: float, logins: int) -> Event:
        """Return the event as Auth0 sends it: with the whole profile of that moment."""
        moment = (BEGIN + timedelta(seconds=at)).isoformat(timespec="microseconds")
        number = len(user.events)
        profile = {
            "user_id": user.user_id,
            **user.states[-1],
            "email_verified": True,
            "logins_count": logins,
            "last_login": moment,
            "updated_at": moment,
        }
        return {
            "specversion": "1.0",
            "id": f"evt_{user.user_id.rpartition('|')[2]}-{number}",
            "source": "urn:bulk",
            "type": f"user.{kind}",
            "time": moment,
            "data": {"object": profile},
        }
