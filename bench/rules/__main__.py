"""Maps, guards, folds and compares events of linked users, and waits for no budget.

CPU time, no network.
"""

from __future__ import annotations

import gc
import time
from datetime import UTC, datetime, timedelta
from typing import cast

from bench.rules.budget import microseconds_per_call
from events.model import Event
from processors.correlation.calls import Done
from processors.correlation.correlate import Conversation, Moment, correlate
from processors.correlation.reading import Fingerprints, item_of
from processors.correlation.rules import On, Rules
from processors.delivery.link import Link
from processors.delivery.verdict import Settled

EVENTS, ROUNDS, FOLD = 20_000, 7, 4
MICROSECONDS_MAX = 60.0
BUDGET_MICROSECONDS_MAX = 20.0
RULES = Rules(
    on=On(deleted="deactivate"),
    deletion_grace_seconds=60.0,
    fields={
        "email": "email",
        "name": "name",
        "phone": "phone_number",
        "plan": "app_metadata.plan",
        "auth0_user_id": "user_id",
    },
)
FIRST = datetime(2025, 6, 1, tzinfo=UTC)
NOW = Moment(0.0, 0.0)
SECRET = Fingerprints("bench")


def events() -> list[Event]:
    """Return events of one user each: every second changes the name, as many do."""
    return [
        Event(
            f"evt_{number}",
            "user.updated",
            f"{FIRST + timedelta(seconds=number):%Y-%m-%dT%H:%M:%S}.{number:06}Z",
            "auth0|1",
            test=False,
            profile={
                "user_id": "auth0|1",
                "email": "ann@example.com",
                "email_verified": True,
                "name": f"Ann {number // 2}",
                "phone_number": "+15550100",
                "app_metadata": {"plan": "pro"},
                "updated_at": "2025-06-01T12:00:00.123Z",
            },
        )
        for number in range(EVENTS)
    ]


def settled(conversation: Conversation) -> Settled:
    """Answer the one call there may be."""
    try:
        next(conversation)
        conversation.send(Done("c_1"))
    except StopIteration as end:
        return cast("Settled", end.value)
    raise AssertionError("more calls than one")


def microseconds(given: list[Event], fold: int) -> float:
    """Return what an event costs where *fold* events of a user wait together."""
    link = Link(record_id="c_1")
    started = time.process_time()
    for begin in range(0, len(given), fold):
        items = [
            item_of(event, begin + number, 0.0, RULES, SECRET)
            for number, event in enumerate(given[begin : begin + fold])
        ]
        link = settled(correlate(items, link, RULES, NOW)).link
    return (time.process_time() - started) / len(given) * 1e6


def main() -> int:
    """Print the figures; exit code 1 where the bar is not held."""
    given = events()
    gc.freeze()  # what is given is not the garbage of the rules
    found = {
        fold: min(microseconds(given, fold) for _ in range(ROUNDS))
        for fold in (1, FOLD)
    }
    for fold, cost in found.items():
        print(f"{cost:6.1f} us per event, {fold} of a user at a time")
    budget = microseconds_per_call()
    print(f"{budget:6.1f} us of budget per call that need not wait")
    print(f"RESULT rules_us_per_event={found[1]:.1f} budget_us_per_call={budget:.1f}")
    held = found[1] <= MICROSECONDS_MAX and budget <= BUDGET_MICROSECONDS_MAX
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main())
