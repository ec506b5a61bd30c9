"""What can happen next in a state of the walk."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from tests.explorer.play import EFFECTS, LANDED, Choice, Play
from tests.explorer.worker import Worker

# A fault may be chosen; everything else is what goes on by itself.
FAULTS = frozenset(
    (
        "crash",
        "freeze",
        "woken open",
        "fence",
        "lost",
        "away",
        "refused",
        "review",
        "unknown",
        "aborted",
        "drain",
        "rewind",
        "operate",
    )
)


def choices(play: Play) -> list[Choice]:
    """Return everything that can happen next."""
    found: list[Choice] = []
    if play.owner is None:
        found.extend(_unowned(play))
    else:
        found.extend(_own(play, play.owner))
        found.extend(_trouble(play, play.owner))
    if play.frozen is not None:
        found.extend(_woken(play, play.frozen))
    if play.late:
        found.append(("woken open",))
    return found


def _unowned(play: Play) -> Iterator[Choice]:
    yield ("assign",)
    if play.kept is not None:
        yield ("assign kept",)
    world = play.world
    stopped = play.frozen is None and play.kept is None
    if play.left.rewinds and stopped and world.committed:
        for offset in range(world.committed):
            yield ("rewind", offset, "as it is")
            if play.scenario.restores:
                yield ("rewind", offset, "restored")


def _own(play: Play, worker: Worker) -> Iterator[Choice]:
    core, world = worker.core, play.world
    want = core.want()
    if want != "nothing":
        yield (want,)
    if worker.batch is not None:
        yield from _results(play, worker)
    delivers = core.state == "active" or play.scenario.trouble.fences
    if delivers and worker.position < world.end:
        yield ("arrive",)
    if worker.attempt is not None:
        yield from _ends(play, worker)
    if core.state == "active":
        yield from _served(play, worker)


def _served(play: Play, worker: Worker) -> Iterator[Choice]:
    lanes, paused = worker.core.lanes, worker.core.durable.meta.paused
    if worker.attempt is None and lanes.has_ready and not paused:
        yield ("start",)
    if lanes.due_at() is not None:
        yield ("wake",)
    if play.left.rooms and any(lane.ready and lane.in_memory for lane in lanes):
        yield ("room",)
    if worker.next_command < len(play.world.commands):
        yield ("command",)
    elif paused and play.world.pauses:
        yield ("resume",)


def _results(play: Play, worker: Worker) -> Iterator[Choice]:
    if worker.producer != play.world.producer:
        yield ("fenced",)
        return
    yield ("durable",)
    if play.left.unknown:
        yield from (("unknown", landed) for landed in LANDED)
    if play.left.aborts:
        yield ("aborted",)


def _ends(play: Play, worker: Worker) -> Iterator[Choice]:
    assert worker.attempt is not None
    yield ("answered",)
    if play.left.lost:
        yield from product(("lost",), EFFECTS, play.scenario.waits)
    if play.left.away:
        yield from (("away", effect) for effect in EFFECTS)
    if play.left.refusals:
        yield ("refused", "as a whole")
        if play.scenario.culprit and len(worker.attempt.events) > 1:
            yield ("refused", "for its last event")
    if play.left.reviews:
        yield ("review",)


def _trouble(play: Play, worker: Worker) -> Iterator[Choice]:
    core, world = worker.core, play.world
    if play.left.crashes or (play.left.freezes and not play.frozen):
        effects = EFFECTS if worker.attempt else EFFECTS[1:]
        mine = worker.producer == world.producer
        landed = LANDED if worker.batch and mine else LANDED[1:]
        told = world.committed if world.committed is not None else -1
        commits = [told, *range(max(told, 0), worker.acked + 1)]
        for stop in product(effects, landed, sorted(set(commits))):
            if play.left.crashes:
                yield ("crash", *stop)
            if play.left.freezes and not play.frozen:
                yield ("freeze", *stop)
    if play.left.fences and worker.producer == world.producer:
        yield ("fence",)
    if play.left.drains and core.state == "active":
        yield ("drain",)
    if play.left.commands:
        yield from _orders(play)


def _orders(play: Play) -> Iterator[Choice]:
    """What an operator may order who looks now: of the first or the last parked."""
    parked = play.world.retry
    for order in play.scenario.orders:
        if order == "pause":
            yield ("operate", order, 0)
        elif parked:
            for offset in sorted({min(parked), max(parked)}):
                yield ("operate", order, offset)


def _woken(play: Play, worker: Worker) -> Iterator[Choice]:
    """What a former owner does that wakes before anybody has fenced it."""
    yield ("hear",)
    if worker.batch is not None or worker.core.want() == "write":
        yield ("woken write",)
