"""A state as a value: what two states must agree in to have the same future.

Times count from now, and who opened the ledger only as whether it was the last one to.
`test_walk` checks that states with the same value have the same successors.
"""

from __future__ import annotations

import hashlib
import marshal
from typing import Any

from processors.delivery import link as links
from processors.delivery.lane import Entry, Lane, Waiting
from processors.delivery.lanes import Attempt, Lanes
from processors.delivery.operations import Operation
from processors.delivery.partition import Batch, Partition
from processors.delivery.records import (
    Letter,
    Meta,
    Outcome,
    Park,
    PutLink,
    PutMeta,
    Record,
    Unpark,
)
from tests.explorer.play import Play
from tests.explorer.worker import Worker

Value = Any  # nested tuples of what `marshal` writes


def digest(play: Play) -> bytes:
    """Return the state of *play* in a few bytes."""
    written = marshal.dumps(value(play), 2)  # version 2: equal values, equal bytes
    return hashlib.blake2b(written, digest_size=10).digest()


def value(play: Play) -> Value:
    """Return the state of *play* as nested tuples."""
    world, now, left = play.world, play.world.clock, play.left
    return (
        tuple(left),
        world.committed,
        world.marked,
        tuple(world.links.items()),
        _meta(world.meta),
        tuple((o, _entry(world.retry[o], now)) for o in sorted(world.retry)),
        tuple((c.offset, c.name, c.event) for c in world.commands),
        world.asked,
        tuple(sorted(world.values.items())),
        world.settled,
        world.live,
        world.letters,
        world.outcomes,
        world.replayed,
        world.attempted,
        world.effects,
        world.held,
        world.again,
        world.rewinds,
        world.restored_from,
        play.owner and _worker(play.owner, world.producer, now),
        play.frozen and _worker(play.frozen, world.producer, now),
        play.late,
        play.kept and _worker(play.kept, world.producer, now),
    )


def _worker(worker: Worker, producer: int, now: float) -> Value:
    attempt = worker.attempt
    return (
        worker.producer == producer,
        worker.position,
        worker.acked,
        worker.next_command,
        attempt and _attempt(attempt, worker.core),
        tuple(worker.sends.items()),
        worker.landed,
        worker.batch and _batch(worker.batch, now),
        _core(worker.core, now),
    )


def _attempt(attempt: Attempt, core: Partition) -> Value:
    current = attempt.epoch == core.epoch
    return (
        tuple(event.offset for event in attempt.events),
        current,
        current and (attempt.number, attempt.early),
    )


def _core(core: Partition, now: float) -> Value:
    sequencer, memory, durable = core.intake.sequencer, core.intake.memory, core.durable
    transactions = core._transactions
    in_flight = transactions._in_flight
    return (
        core.state,
        core.calls,
        tuple(sequencer._waiting),
        tuple(sorted(sequencer._ended)),
        sequencer.newest,
        tuple(sorted(memory._messages)),
        memory.events,
        memory.size_bytes,
        tuple(durable.raw_links.items()),
        _meta(durable.meta),
        _lanes(core.lanes, now),
        tuple(_operation(o, now) for o in transactions._operations),
        in_flight and _batch(in_flight, now),
        tuple(_event(event, now) for event in core._parked),
        core._to_commit,
        core._probing,
        tuple(command.offset for command in core.commands._waiting),
        core.commands._writing and _operation(core.commands._writing, now),
    )


def _lanes(lanes: Lanes, now: float) -> Value:
    ready = tuple((lane.user, lanes.get(lane.user) is lane) for lane in lanes._ready)
    return lanes.draining, ready, tuple(_lane(lane, now) for lane in lanes)


def _lane(lane: Lane, now: float) -> Value:
    return (
        lane.user,
        tuple(_event(event, now) for event in lane.events),
        lane.busy,
        lane.attempts,
        max(lane.due_at - now, 0.0),
        lane.early_at if lane.early_at is None else max(lane.early_at + 60 - now, 0.0),
        lane.early,
        bool(lane.live_until),
        lane.tried and lane.tried.offset,
        lane.single and lane.single.offset,
        lane.ready,
        _seconds(lane.wake_at, now),
    )


def _event(event: Waiting, now: float) -> Value:
    kept = event.body is not None
    live = bool(event.live_until)
    return event.offset, event.entry and _entry(event.entry, now), kept, live


def _entry(entry: Entry, now: float) -> Value:
    return entry.state, entry.attempts, _seconds(entry.due_at, now)


def _seconds(at: float | None, now: float) -> float | None:
    return None if at is None else max(at - now, 0.0)


def _meta(meta: Meta | None) -> Value:
    return meta and (meta.topic_id, meta.start, meta.commands, meta.paused)


def _batch(batch: Batch, now: float) -> Value:
    return tuple(_operation(operation, now) for operation in batch.operations)


def _operation(operation: Operation, now: float) -> Value:
    records = tuple(_record(record, now) for record in operation.records)
    return tuple(lane.user for lane in operation.lanes), records


def _record(record: Record, now: float) -> Value:
    name = type(record).__name__
    match record:
        case PutLink(user=user, link=link):
            what: Value = (user, links.encode(link))
        case PutMeta(meta=meta):
            what = _meta(meta)
        case Park(event=event, entry=entry):
            what = (event.offset, _entry(entry, now))
        case Unpark(event=event) | Letter(event=event):
            what = event.offset
        case Outcome(event=event, end=end, replay=replay):
            what = (event.offset, end.outcome, replay)
        case _:
            what = None
    return name, what
