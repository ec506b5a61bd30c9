"""What one run does, drawn from its seed: rules, bounds, and which faults strike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal

from processors.correlation.rules import Lookup, On, Rules
from processors.delivery import lanes
from processors.delivery.bounds import Bounds
from processors.delivery.brake import Brake
from processors.delivery.retry import RetryPolicy

PARTITIONS = 12
USERS = 50
ILL, WELL = range(20), range(45, USERS)  # who may always fail, and who never does
WORKERS = ("w1", "w2", "w3")
FIELDS = {"email": "email", "name": "name", "phone": "phone_number"}

# Mean seconds between two of a kind, in a run that has the kind at all.
TIMED = {
    "kill": 50.0,
    "freeze_short": 40.0,
    "freeze_long": 80.0,
    "freeze_at_send": 60.0,
    "terminate": 60.0,
    "stall": 60.0,
    "outage": 70.0,
    "limited": 70.0,
    "auth": 120.0,
    "command": 6.0,
    "pause": 80.0,
    "stranger": 40.0,
    "reset": 100.0,
    "recreate": 200.0,
    "expire": 150.0,
}
# How likely a single transaction, call or event is of a kind, in a run that has it.
ODDS = {
    "commit_unknown": 0.04,
    "commit_aborted": 0.05,
    "commit_timed_out": 0.01,
    "answer_lost": 0.12,
    "error": 0.12,
    "slow": 0.2,
    "late_event": 0.25,
    "again": 0.10,
    "deletion": 0.08,
    "refused_value": 0.06,
    "bad_hint": 0.02,
    "burst": 0.05,
    "odd": 0.04,
    "mark": 0.1,
    "other_email": 0.03,
}


def seeded(text: str) -> Random:
    """Return a stream of chance that *text* decides, in every process alike."""
    return Random(text)  # noqa: S311 -- chance that can be had again, nothing secret


class RestoringRules(Rules):
    """Rules of a destination that can make a record active again."""

    @property
    def can_restore(self) -> bool:
        """Whether a deactivated record can be made active again."""
        return True

    @property
    def can_fetch(self) -> bool:
        """Whether one record can be read."""
        return True


@dataclass(frozen=True)
class Plan:
    """All that a seed decides before the run begins.

    A `calm` run has users in trouble and no other fault: in it nobody else is delayed.
    """

    seed: int
    calm: bool
    seconds: float
    events: int
    correlation: Rules
    delivery: lanes.Rules
    calls_max: int
    events_max: int
    fetch_max: int
    static: bool
    start: Literal["earliest", "now"]
    timed: Mapping[str, float]
    odds: Mapping[str, float]
    failing: frozenset[int]  # users, by number, whose calls are not answered well
    failing_from: float  # seconds after the beginning
    failing_until: float  # some outlast everything else
    kept: frozenset[int]  # users, by number, whose record may not be deactivated
    known: Mapping[int, int]  # how many records a user has from the start


def draw(seed: int) -> Plan:
    """Return the plan of *seed*, always the same."""
    random = seeded(f"plan {seed}")
    calm = random.random() < 0.12
    users = range(USERS)
    timed = {} if calm else _some(random, TIMED, 0.35)
    odds = _some(random, ODDS, 0.6)
    correlation = _correlation(random)
    if calm:
        quiet = ("commit_unknown", "commit_aborted", "commit_timed_out")
        for kind in (*quiet, "answer_lost", "error", "slow"):
            odds.pop(kind, None)
    seconds = random.uniform(50.0, 80.0) if calm else random.uniform(80.0, 170.0)
    return Plan(
        seed=seed,
        calm=calm,
        seconds=seconds,
        events=random.randint(40, 120),
        correlation=correlation,
        delivery=_delivery(random, correlation),
        calls_max=random.choice((6, 12, 32)),
        events_max=random.choice((30, 60, 200)),
        fetch_max=random.choice((1, 3, 8)),
        static=random.random() < 0.3,
        start="now" if random.random() < 0.15 else "earliest",
        timed=timed,
        odds=odds,
        failing=frozenset(random.sample(ILL, random.choice((0, 1, 2, 4)))),
        failing_from=seconds * random.choice((0.0, 0.2, 0.4)),
        failing_until=seconds * random.choice((0.5, 0.7, 4.0)),
        kept=frozenset(random.sample(users, random.choice((0, 5, 20)))),
        known={n: random.choice((1, 1, 1, 2)) for n in random.sample(users, 15)},
    )


def _some(random: Random, kinds: Mapping[str, float], share: float) -> dict[str, float]:
    """Return some of *kinds*: a run of a few faults goes where one of all does not."""
    return {kind: value for kind, value in kinds.items() if random.random() < share}


def _correlation(random: Random) -> Rules:
    kind = random.choice((Rules, RestoringRules))
    held = random.random() < 0.3
    return kind(
        lookup=Lookup(
            hint="app_metadata.crm_contact_id",
            user_id_field=random.choice((None, None, None, "user_id")),
            email_trust="any",
        ),
        deletion_grace_seconds=random.choice((0.0, 0.0, 0.0, 2.0, 20.0)),
        unmatched_grace_seconds=random.choice((0.0, 5.0)),
        unmatched_recheck_seconds=random.choice((20.0, *[86_400.0] * 4)),
        on=On(
            created_missing=random.choice(("create", "create", "create", "review")),
            updated_missing=random.choice(("create", "create", "review", "skip")),
            deleted_missing=random.choice(("skip", "skip", "review")),
            deleted=random.choice(("deactivate", "deactivate", "delete", "ignore")),
        ),
        after_dead_letter={"user.updated": "hold"} if held else {},
        fields=FIELDS,
    )


def _delivery(random: Random, rules: Rules) -> lanes.Rules:
    waits = random.choice(((0.5, 2.0), (1.0, 5.0, 20.0), (0.2, 0.5, 1.0, 60.0, 90.0)))
    bounds = Bounds(
        events_max=random.choice((6, 12, 40)),
        distance_max=random.choice((6, 20, 10_000)),
        lane_events_max=random.choice((2, 5, 64)),
        fold_events_max=random.choice((1, 3, 20, 100)),
        batch_records_max=random.choice((4, 20, 500)),
        early_try_seconds_min=random.choice((5.0, 60.0)),
        backlog_after_seconds=random.choice((0.5, 5.0, 60.0)),
    )
    brake = Brake(random.choice((None, 24, 10_000)), PARTITIONS)
    return lanes.Rules(
        bounds, RetryPolicy(waits), rules.held_types, rules.ends_fold, brake
    )
