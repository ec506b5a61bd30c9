"""Events as they come: late, again, in bursts, about users that are gone and back."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec

from tests.simulator.broker import Broker
from tests.simulator.clock import Clock
from tests.simulator.crm import REFUSED
from tests.simulator.plan import PARTITIONS, USERS, WELL, Plan
from tests.simulator.users import email, user_id

FIRST = datetime(2025, 6, 1, tzinfo=UTC)
BEGIN_SECONDS = 8.0  # by then all partitions are served, where no fault is
BURST = 30
MERGED, ABANDONED = "keepstep.user.merged", "keepstep.user.deleted"


@dataclass
class Traffic:
    """Appends the events of a run to the source topic."""

    clock: Clock
    random: Random
    plan: Plan
    broker: Broker
    _made: int = 0
    _steps: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    _emails: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    _deleted: set[int] = field(default_factory=set)
    _sent: list[tuple[bytes, bytes]] = field(default_factory=list)

    def begin(self) -> None:
        """Plan all events; what a burst takes is not sent otherwise."""
        left = self.plan.events
        while left > 0:
            burst = self._strikes("burst")
            number = min(self.random.randrange(USERS), self.random.randrange(USERS))
            events = self.random.randint(5, BURST) if burst else 1
            begin = BEGIN_SECONDS if self.plan.calm else 0.0
            at = self.random.uniform(begin, self.plan.seconds)
            for _ in range(events):
                later = at + self.random.random()
                self.clock.after(later, lambda of=number: self._send(of))  # type: ignore[misc]
            left -= events

    def send_one(self) -> None:
        """Send an event of somebody who is well: it shows that the destination is."""
        self._send(self.random.choice(WELL))

    def _strikes(self, kind: str) -> bool:
        return self.random.random() < self.plan.odds.get(kind, 0.0)

    def _send(self, number: int) -> None:
        if self._sent and self._strikes("again"):
            self.broker.produce(*self.random.choice(self._sent[-20:]))
            return
        if self._strikes("odd"):
            self._send_odd(number)
            return
        key, value = user_id(number).encode(), self._event(number)
        self._sent.append((key, value))
        self.broker.produce(key, value)

    def _send_odd(self, number: int) -> None:
        """Send what no ingest would: console tools and strangers do."""
        key, value = user_id(number).encode(), self._event(number)
        match self.random.randrange(5):
            case 0:
                self.broker.produce(b"another key", value)
            case 1:
                self.broker.produce(key, value, self.random.randrange(PARTITIONS))
            case 2:
                self.broker.produce(key, b"no event")
            case 3:
                self.broker.produce(key, None)
            case _:
                self.broker.produce(None, value)

    # ---- one event

    def _event(self, number: int) -> bytes:
        self._made += 1
        kind = self._kind(number)
        event: dict[str, Any] = {
            "id": f"evt_{self._made}",
            "type": kind,
            "time": self._time(number),
            "data": {"object": self._profile(number, kind)},
        }
        if kind in (MERGED, ABANDONED):
            event["data"]["primary_user_id"] = self.random.choice(
                ("auth0|p", "auth0|q")
            )
        if self._strikes("odd"):
            del event["time"]
        if self._strikes("odd"):
            event["a0purpose"] = "test"
        return msgspec.json.encode(event)

    def _kind(self, number: int) -> str:
        known = self._steps[number] > 0 and number not in self._deleted
        if self._strikes("mark"):
            return self.random.choice((MERGED, MERGED, ABANDONED))
        if self._strikes("odd"):
            return "user.blocked"
        if known and self._strikes("deletion"):
            self._deleted.add(number)
            return "user.deleted"
        self._deleted.discard(number)
        first = not known and self.random.random() < 0.8
        return "user.created" if first else "user.updated"

    def _time(self, number: int) -> str:
        self._steps[number] += self.random.choice((0, 1, 1, 1, 1))
        step = self._steps[number]
        if self._strikes("late_event"):
            step -= self.random.randint(1, 6)
        moment = FIRST + timedelta(minutes=step)
        return f"{moment:%Y-%m-%dT%H:%M:%S}{self.random.choice(('', '.5', '.000001'))}Z"

    def _profile(self, number: int, kind: str) -> dict[str, Any]:
        if self._strikes("other_email"):
            self._emails[number] += 1
        profile: dict[str, Any] = {"user_id": user_id(number)}
        if self.random.random() < 0.85:
            profile["email"] = email(number, self._emails[number])
        if kind in ("user.deleted", MERGED, ABANDONED):
            return profile
        if self.random.random() < 0.6:
            refused = self._strikes("refused_value")
            profile["name"] = REFUSED if refused else self.random.choice("AB")
        if self.random.random() < 0.5:
            profile["phone_number"] = self.random.choice("12")
        if self._strikes("bad_hint"):
            profile["app_metadata"] = {"crm_contact_id": "../7"}
        if self.random.random() < 0.2:
            profile["updated_at"] = self._time(number)
        return profile
