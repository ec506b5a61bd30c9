"""Puts together what topics, group and one worker say of a destination."""

from __future__ import annotations

from collections import Counter, defaultdict

import msgspec

from console.operate.entries import parked
from console.operate.gate import Gate, gate
from console.operate.groups import Member, group
from console.operate.links import Meta, Paused, metas
from console.operate.reader import Reader
from console.operate.target import Target


class Partition(msgspec.Struct, frozen=True):
    """One partition; `committed` and `lag` are None before a worker has committed.

    `commands` is the number of those that no worker has carried out yet.
    """

    partition: int
    end: int
    committed: int | None
    lag: int | None
    parked: dict[str, int]
    paused: Paused | None
    commands: int


class Overview(msgspec.Struct, frozen=True):
    """One destination; where no worker could be asked, `gate` is None.

    `gate_unknown` then says why. `paused` are the numbers of the paused partitions.
    """

    destination: str
    group: str
    group_state: str
    members: list[Member]
    gate: Gate | None
    gate_unknown: str | None
    lag: int
    parked: dict[str, int]
    paused: list[int]
    partitions: list[Partition]


def overview(target: Target) -> Overview:
    """Return how the destination is now; nothing is changed by looking."""
    of_group = group(target)
    with Reader(target.kafka) as reader:
        events = reader.bounds(target.topics.events.name, target.partitions)
        orders = reader.bounds(
            target.topics.commands(target.name).name, target.partitions
        )
        states: dict[int, Counter[str]] = defaultdict(Counter)
        for event in parked(reader, target, target.partitions):
            states[event.partition][event.state] += 1
        known = metas(reader, target)
    partitions = []
    for number, (_, end) in events.items():
        committed = of_group.committed.get(number)
        lag = None if committed is None else max(0, end - committed)
        meta = known.get(number, Meta())
        oldest, after = orders[number]
        partitions.append(
            Partition(
                partition=number,
                end=end,
                committed=committed,
                lag=lag,
                parked=states[number],
                paused=meta.paused,
                commands=after - max(oldest, meta.commands + 1),
            )
        )
    answer = gate(target.worker, target.name)
    return Overview(
        destination=target.name,
        group=target.group,
        group_state=of_group.state,
        members=of_group.members,
        gate=answer if isinstance(answer, Gate) else None,
        gate_unknown=answer if isinstance(answer, str) else None,
        lag=sum(one.lag or 0 for one in partitions),
        parked=sum(states.values(), Counter()),
        paused=[one.partition for one in partitions if one.paused],
        partitions=partitions,
    )
