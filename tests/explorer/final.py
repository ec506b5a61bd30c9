"""What must hold in a world in which nothing is left to do."""

from __future__ import annotations

from tests.explorer.promises import below, promise
from tests.explorer.world import World


def check_end(world: World) -> None:
    """Check what must hold when nothing is left to do."""
    everything = below(world.end) & ~world.parked
    promise(not world.again & everything, "what an operator asked for is run again")
    promise(world.settled == everything, "S1: every event has ended")
    ended = world.outcomes | world.replayed
    promise(ended & everything == everything, "S5: every event has its outcome")
    for user in {spec.user for spec in world.scenario.events}:
        if world.attempted & world.parked & world.of(user):
            continue  # an open item may have reached the destination, or not
        names = {
            name
            for spec in world.scenario.events
            for name, _ in spec.fields
            if spec.user == user
        }
        for name in sorted(names):
            _check_final(world, user, name)


def _check_final(world: World, user: bytes, name: str) -> None:
    """S3, with its caveats: what a dead or skipped event superseded stays so."""
    carriers = [
        (change.version, bool(world.live >> offset & 1), offset, change.fields[name])
        for offset, spec in enumerate(world.scenario.events[: world.end])
        if spec.user == user
        and name in (change := spec.change(offset)).fields
        and not world.parked >> offset & 1
    ]
    if not carriers:
        return
    _, live, offset, value = max(carriers)
    if offset < world.restored_from or value is None:
        return
    found = world.values.get((user, name))
    if live:
        promise(found == value, f"S3: {name} ends with its newest value")
        return
    doubted = any(
        not carrier[1] and world.attempted >> carrier[2] & 1 for carrier in carriers
    )
    rest = [carrier for carrier in carriers if carrier[1]]
    if rest and not doubted and not world.rewinds:
        value = max(rest)[3]
        promise(
            value is None or found == value,
            f"S3: {name} ends with the newest value that was not given up",
        )
