"""What holds after every single step: I1 to I4 of the ledger, and the bounds."""

from __future__ import annotations

from processors.delivery.lane import Entry
from tests.simulator.ledger import Ledger
from tests.simulator.notes import Broken
from tests.simulator.owned import Owned

HEADER_SECONDS = 0.0015


def check(owned: Owned, ledger: Ledger, fetch_max: int) -> None:
    """Hold one partition's memory against its bounds, and against what is durable.

    Raises:
        Broken: I4: memory has what is not durable, or lacks what is.
    """
    core = owned.core
    most = core.rules.bounds.events_max + fetch_max - 1
    if core.intake.memory.events > most:
        raise Broken(
            f"BOUND: partition {core.number} holds {core.intake.memory.events}"
        )
    if core.intake.memory.events < 0:
        raise Broken(f"BOUND: partition {core.number} counts less than nothing")
    served = core.state in ("active", "draining")
    if not served or not owned.is_owner or owned.writer.in_flight is not None:
        return
    if core.durable.raw_links != ledger.links:
        raise Broken(f"I4: links of {_different(core.durable.raw_links, ledger.links)}")
    if core.durable.meta != ledger.meta:
        raise Broken(f"I4: {core.durable.meta} is durably {ledger.meta}")
    _check_parked(owned, ledger)


def _check_parked(owned: Owned, ledger: Ledger) -> None:
    remembered = {
        event.retry_key: event.entry
        for lane in owned.core.lanes
        for event in lane.events
        if event.entry is not None
    }
    durable = {key: stored.event.entry for key, stored in ledger.retry.items()}
    same = remembered.keys() == durable.keys() and all(
        _is_same(entry, durable[key]) for key, entry in remembered.items()
    )
    if not same:
        raise Broken(f"I4: parked is {remembered}, durably {durable}")


def _is_same(one: Entry, other: Entry | None) -> bool:
    """Whether two entries decide the same; headers cut times to the millisecond."""
    assert other is not None
    apart = abs((one.due_at or 0.0) - (other.due_at or 0.0))
    same = (one.state, one.attempts) == (other.state, other.attempts)
    return same and apart < HEADER_SECONDS


def _different(one: dict[bytes, bytes], other: dict[bytes, bytes]) -> list[str]:
    users = sorted(one.keys() | other.keys())
    return [
        f"{user!r}: {one.get(user)!r} is durably {other.get(user)!r}"
        for user in users
        if one.get(user) != other.get(user)
    ]
