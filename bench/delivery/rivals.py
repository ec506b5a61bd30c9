"""What a Python team would pick instead: the peers, and how each is started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.delivery import environments
from bench.delivery.contestants import (
    CALLS_IN_FLIGHT_MAX,
    PARTITIONS,
    ROOT,
    Contestant,
    Habits,
    clean_environ,
)
from bench.delivery.environments import PEERS, Version
from events.topics import Topics

SESSION_SECONDS = 10  # after a kill -9 nobody waits a whole minute for the group
SERIAL_SECONDS_MAX = 15.0
USUAL = Habits()


@dataclass(frozen=True)
class Rival:
    """One peer; those without an *oldest* Python run in that of ours."""

    title: str
    folder: str
    habits: Habits = USUAL
    oldest: Version | None = None
    environ: Mapping[str, str] = field(default_factory=dict)

    def python(self) -> Path:
        """Return the Python that runs it.

        Raises:
            Missing: It could not be installed; the message says why.
        """
        if self.oldest is None:
            return environments.of_ours()
        return environments.of_peer(self.folder, self.oldest)

    def enter(self, kafka: str, run: str) -> Contestant:
        """Return its worker for topics and a group of its own.

        Raises:
            Missing: As above.
        """
        topics = Topics(f"bench-{run}-{self.folder}", PARTITIONS)
        given = {
            "PEER_KAFKA": kafka,
            "PEER_TOPIC": topics.events.name,
            "PEER_GROUP": topics.installation,
            "PEER_PARTITIONS": str(PARTITIONS),
            "PEER_CALLS_IN_FLIGHT_MAX": str(CALLS_IN_FLIGHT_MAX),
            "PEER_SESSION_SECONDS": str(SESSION_SECONDS),
            "PYTHONPATH": str(ROOT),
        }
        return Contestant(
            title=self.title,
            command=(str(self.python()), str(PEERS / self.folder / "app.py")),
            environ=clean_environ() | given | dict(self.environ),
            topics=topics,
            group=topics.installation,
            needed=(topics.events,),
            habits=self.habits,
        )


PYRALLEL = Rival("pyrallel-consumer", "pyrallel", oldest=(3, 12))
LANES = Rival("hand-written lanes", "lanes", Habits(commits=False))
FASTSTREAM = Rival(
    "FastStream",
    "faststream",
    Habits(warm_up_events=250, killed_events=4_000),
    oldest=(3, 11),
)
FAUST = Rival(
    "Faust, 1 actor",
    "faust_httpx",
    Habits(warm_up_events=50, killed_events=1_000, seconds_max=SERIAL_SECONDS_MAX),
    environ={"PEER_ACTORS": "1"},
)
FAUST_64 = Rival(
    "Faust, 64 actors",
    "faust_httpx",
    Habits(key_ordered=False, warm_up_events=250),
    environ={"PEER_ACTORS": "64"},
)
RIVALS = (LANES, PYRALLEL, FASTSTREAM, FAUST, FAUST_64)
