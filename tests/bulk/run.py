"""Sends a bulk as the time of its events goes by, with a kill -9 in the middle."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.bulk.calls import WRITES, Call, CallLog, logged
from tests.bulk.ends import Ends
from tests.bulk.population import Population
from tests.support.eventually import eventually
from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.several import quick
from tests.support.straight import Straight
from tests.support.worker import HASTY, PATIENT

WINDOW_SECONDS_MAX = 300.0
SETTINGS = {
    # A new event of a user who waits for a person has that user looked at again.
    "KEEPSTEP_WORKER_EARLY_TRY_SECONDS_MIN": "0.5",
    "KEEPSTEP_WORKER_RETRY_WAITS_SECONDS": "0.2,0.5,1,2,5",
    # A name of its own: it comes back into the group at once after the kill.
    "KEEPSTEP_WORKER_ID": "bulk",
    "KEEPSTEP_WORKER_SESSION_TIMEOUT_SECONDS": "20",
}


@dataclass
class Bulk:
    """What was sent, and what came of it."""

    population: Population
    sent: int = 0
    ends: list[Any] = field(default_factory=list)
    ended_once: bool = False
    contacts: list[dict[str, Any]] = field(default_factory=list)
    effects: list[dict[str, Any]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    in_flight: set[str] = field(default_factory=set)
    ended_at_the_kill: int = 0
    parked: int = 0


def patient(directory: Path) -> str:
    """Write the CRM's file without graces, but with time for a CRM that is busy."""
    found = Path(quick(directory)) / "crm.toml"
    text = found.read_text()
    hasty = HASTY.splitlines()[0]
    assert hasty in text
    found.write_text(text.replace(hasty, PATIENT))
    return str(directory)


def run(kafka: str, installation: str, directory: Path, population: Population) -> Bulk:
    """Return when every event has ended, with all that is to be judged."""
    told = {"KEEPSTEP_WORKER_DESTINATIONS_DIR": patient(directory), **SETTINGS}
    with (
        running_pipeline(kafka, installation, directory, **told) as pipeline,
        logged(pipeline.crm) as log,
    ):
        ends, crm = Ends(kafka, pipeline.topics.outcomes("crm")), pipeline.crm
        bulk = Bulk(population)
        _send(bulk, pipeline, ends, log)
        log.quiet()
        bulk.ends, bulk.ended_once = ends.all(), set(ends.places.values()) == {1}
        bulk.effects, bulk.calls = crm.effects(), list(log.calls)
        for user in population.users:
            bulk.contacts += crm.contacts(auth0_user_id=user.user_id)
        bulk.parked = len(pipeline.parked())
        ends.close()
    return bulk


def _send(bulk: Bulk, pipeline: Pipeline, ends: Ends, log: CallLog) -> None:
    """Send window after window; the next one waits until the last but one has ended.

    So events wait for as long as they would, and not for all the others.
    """
    straight = Straight(pipeline.kafka, pipeline.topics)
    windows = list(bulk.population.windows())
    ended_before = 0
    for number, window in enumerate(windows):
        eventually(partial(ends.have, ended_before), WINDOW_SECONDS_MAX)
        ended_before = bulk.sent
        straight.publish(window)
        bulk.sent += len(window)
        if number == len(windows) // 2:
            begun = bulk.sent - len(window) * 3 // 4
            eventually(partial(ends.have, begun), WINDOW_SECONDS_MAX)
            pipeline.worker.kill()
            bulk.ended_at_the_kill = ends.drain()
            bulk.in_flight = _in_flight(ends, log)
            pipeline.worker.start()
    eventually(partial(ends.have, bulk.sent), WINDOW_SECONDS_MAX)
    ends.drain()


def _in_flight(ends: Ends, log: CallLog) -> set[str]:
    """Return whose record was written without that being durable."""
    log.quiet()
    durable, written = ends.written(), writes(log.calls, log.crm.effects())
    return {user for user, times in written.items() if times > durable[user]}


def writes(calls: list[Call], effects: list[dict[str, Any]]) -> Counter[str]:
    """Return how often each user's record was written."""
    owners = owners_of(effects)
    assert sum(call["method"] in WRITES for call in calls) == len(effects)
    return Counter(owners[effect["contact_id"]] for effect in effects)


def owners_of(effects: list[dict[str, Any]]) -> dict[str, str]:
    """Return whose each record is, by its creation."""
    made = (effect for effect in effects if effect["method"] == "POST")
    return {effect["contact_id"]: effect["sent"]["auth0_user_id"] for effect in made}
