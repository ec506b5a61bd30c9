"""How the stand-in CRM misbehaves: at random, for one user, or for everybody."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Literal

Kind = Literal["well", "error", "hang", "reset"]
Outage = Literal["refusing", "limiting", "failing"]

LATENCY_SECONDS = (0.005, 0.03)
SICK_SECONDS = (3.0, 8.0)
SICKNESS = 0.0005  # how many requests begin one, for their user
ILLS: tuple[tuple[Kind, float], ...] = (
    ("error", 0.02),
    ("hang", 0.003),
    ("reset", 0.006),
)


@dataclass(frozen=True, slots=True)
class Strike:
    """What becomes of one request; `effect` says whether it changes the record."""

    kind: Kind
    effect: bool = False
    status: int = 200
    seconds: float = 0.0


class Moods:
    """Decides for each request; the same decisions for the same seed and requests."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 -- no secret
        self._sick_until: dict[str, float] = {}
        self._outage: Outage | None = None
        self._outage_until = 0.0
        self._refusing = asyncio.Event()

    def begin(self, outage: Outage, seconds: float) -> None:
        """Be at fault as a whole for some time."""
        self._outage, self._outage_until = outage, time.monotonic() + seconds
        if outage == "refusing":
            self._refusing.set()

    @property
    def outage(self) -> Outage | None:
        """What is wrong with the whole CRM now."""
        return self._outage if time.monotonic() < self._outage_until else None

    async def until_refusing(self) -> float:
        """Return when nobody shall be listened to, and for how many seconds."""
        await self._refusing.wait()
        self._refusing.clear()
        return self._outage_until - time.monotonic()

    def strike(self, user: str) -> Strike:
        """Return what becomes of a request about *user*."""
        seconds = self._random.uniform(*LATENCY_SECONDS)
        if self.outage == "refusing":
            return Strike("reset")
        if self.outage == "limiting":
            return Strike("error", status=429)
        if self.outage == "failing" or self._is_sick(user):
            return Strike("error", status=503, seconds=seconds)
        chance, effect = self._random.random(), self._random.random() < 0.5
        for kind, share in ILLS:
            chance -= share
            if chance < 0:
                return Strike(kind, effect, 500, seconds)
        return Strike("well", effect=True, seconds=seconds)

    def _is_sick(self, user: str) -> bool:
        now = time.monotonic()
        if self._random.random() < SICKNESS:
            self._sick_until[user] = now + self._random.uniform(*SICK_SECONDS)
        return now < self._sick_until.get(user, 0.0)
