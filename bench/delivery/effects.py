"""What the calls of one turn say: how fast, in which order, and how they ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.delivery.crm import Call


@dataclass(frozen=True)
class Effects:
    """What the CRM double saw of the events that were measured."""

    calls: int
    seconds: float  # from the first call to the last answer
    reordered: int  # first calls of an event after one of a later event of the user
    stale: int  # contacts whose last call is not of their user's last event


def effects(calls: Sequence[Call], users: Sequence[int], first: int) -> Effects:
    """Return what *calls* did for the events *first*, *first* + 1, … of *users*."""
    measured = [call for call in calls if call.event >= first]
    newest = {f"c_{user}": number for number, user in enumerate(users, first)}
    highest, last, seen = dict[str, int](), dict[str, int](), set[int]()
    reordered = 0
    for call in measured:
        again = call.event in seen
        reordered += not again and call.event < highest.get(call.contact, -1)
        seen.add(call.event)
        highest[call.contact] = max(call.event, highest.get(call.contact, -1))
        last[call.contact] = call.event
    return Effects(
        calls=len(measured),
        seconds=measured[-1].at - measured[0].at if measured else 0.0,
        reordered=reordered,
        stale=sum(last.get(contact) != number for contact, number in newest.items()),
    )
