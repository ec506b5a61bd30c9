"""Holds a bulk against its promises, and counts what it cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.bulk.calls import Call
from tests.bulk.run import Bulk, owners_of, writes

# By user_id and by email: before the creation has come, with it, and after a kill.
LOOK_UPS_MAX = 6
LOOK_UPS_OF_AN_ATTEMPT = 2
OK, CREATED = 200, 201


def faults(bulk: Bulk) -> list[str]:
    """Return what was not as it must be, one line each."""
    return [
        *_of_ends(bulk),
        *_of_records(bulk),
        *_of_writes(bulk),
        *_of_look_ups(bulk),
        *_of_calls(bulk),
    ]


def _of_ends(bulk: Bulk) -> Iterator[str]:
    if not bulk.ended_once or len(bulk.ends) != bulk.sent:
        yield f"{len(bulk.ends)} outcomes of {bulk.sent} messages, not one of each"
    usual = {"applied", "unchanged", "stale", "duplicate", "superseded"}
    odd = Counter(end.outcome for end in bulk.ends if end.outcome not in usual)
    if odd or bulk.parked:
        yield f"ended otherwise: {dict(odd)}; parked for ever: {bulk.parked}"


def _of_records(bulk: Bulk) -> Iterator[str]:
    held = defaultdict(list)
    for contact in bulk.contacts:
        held[contact["auth0_user_id"]].append(contact)
    for user in bulk.population.users:
        records = held[user.user_id]
        if len(records) != 1:
            yield f"{user.user_id}: {len(records)} records"
        elif not user.record.items() <= records[0].items():
            yield f"{user.user_id}: {records[0]} where {user.record} was due"


def _of_writes(bulk: Bulk) -> Iterator[str]:
    made, empty = writes(bulk.calls, bulk.effects), _empty(bulk)
    for user in bulk.population.users:
        extra = user.user_id in bulk.in_flight
        if made[user.user_id] > user.changes + extra:
            yield f"{user.user_id}: {made[user.user_id]} writes, {user.changes} changes"
        if empty[user.user_id] > extra:
            yield f"{user.user_id}: {empty[user.user_id]} writes that changed nothing"


def _empty(bulk: Bulk) -> Counter[str]:
    owners = owners_of(bulk.effects)
    return Counter(owners[e["contact_id"]] for e in bulk.effects if not e["changes"])


def _of_look_ups(bulk: Bulk) -> Iterator[str]:
    before, after = look_ups(bulk)
    for user_id, count in after.items():
        if count > LOOK_UPS_OF_AN_ATTEMPT * (user_id in bulk.in_flight):
            yield f"{user_id}: {count} look-ups of a known user"
    for user_id, count in before.items():
        if count > LOOK_UPS_MAX:
            yield f"{user_id}: {count} look-ups"


def look_ups(bulk: Bulk) -> tuple[Counter[str], Counter[str]]:
    """Return how often each user was searched for, before the record and with it."""
    before, after = Counter[str](), Counter[str]()
    for user_id, calls in _by_user(bulk).items():
        methods = [call["method"] for call in calls]
        known = methods.index("POST") if "POST" in methods else len(methods)
        before[user_id] = methods[:known].count("GET")
        after[user_id] = methods[known:].count("GET")
    return before, +after


def _by_user(bulk: Bulk) -> dict[str, list[Call]]:
    """Return the calls of each user, in their order."""
    owners = owners_of(bulk.effects)
    emails = {s["email"]: u.user_id for u in bulk.population.users for s in u.states}
    created = (
        e["sent"]["auth0_user_id"] for e in bulk.effects if e["method"] == "POST"
    )
    found = defaultdict(list)
    for call in bulk.calls:
        query = call["query"]
        if call["method"] == "POST":
            if call["status"] != CREATED:
                continue  # told of by `_of_calls`
            user_id = next(created)
        elif query:
            user_id = query.get("auth0_user_id") or emails[query["email"]]
        else:
            user_id = owners[call["path"].rpartition("/")[2]]
        found[user_id].append(call)
    return found


def _of_calls(bulk: Bulk) -> Iterator[str]:
    failed = Counter(
        c["status"] for c in bulk.calls if c["status"] not in (OK, CREATED)
    )
    if failed:
        yield f"calls failed, which says nothing of the rules: {dict(failed)}"
    if not bulk.in_flight:
        yield "the kill struck nobody"


def figures(bulk: Bulk) -> dict[str, int]:
    """Return what the bulk cost."""
    before, after = look_ups(bulk)
    outcomes = Counter(end.outcome for end in bulk.ends)
    return {
        "users": len(bulk.population.users),
        "events": bulk.population.events,
        "messages": bulk.sent,
        "ended_at_the_kill": bulk.ended_at_the_kill,
        "in_flight_at_the_kill": len(bulk.in_flight),
        "real_changes": sum(user.changes for user in bulk.population.users),
        "writes": len(bulk.effects),
        "writes_that_changed_nothing": sum(_empty(bulk).values()),
        "look_ups_before_the_record": sum(before.values()),
        "look_ups_of_known_users": sum(after.values()),
        "calls": len(bulk.calls),
        **dict(sorted(outcomes.items())),
    }
