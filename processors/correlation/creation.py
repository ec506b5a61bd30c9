"""Which open items may end in a new record, where a person wants that."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from processors.correlation.rules import Lookup
from processors.delivery.commands import BRAKED, CREATED

# The reasons for which it is no matter of a record at all, and what helps.
UNLINKED: Mapping[str, str] = {
    BRAKED: "it waits because too many were deactivated of late: say `keepstep "
    "deactivations confirm`, or `discard`",
    "merged": "the login was merged into another one: end it with `keepstep review "
    "ignore`, or set on.merged and say `keepstep retry`",
}
_INSTEAD: Mapping[str, str] = {
    **UNLINKED,
    "hint_conflict": "the profile names another record than the link: say which one "
    "with `keepstep review link`",
}


def refusal(reason: str, lookup: Lookup, look_ups: Collection[str]) -> str | None:
    """Return why no record is made for an item open for *reason*, None if it may be.

    Whoever makes a record must find it again: the answer may be lost, and the next
    attempt would make another one. A new record beside others with its address is told
    from them by the user_id in it, one without an address is found by nothing else.
    *look_ups* are the keys that records can be found by.
    """
    if reason not in CREATED:
        return _INSTEAD.get(reason, f"no record is ever made for the reason {reason}")
    if reason == "ambiguous" and lookup.user_id_field is None:
        return (
            "without lookup.user_id_field nothing would tell the new record from the "
            "others with its address: say whose it is with `keepstep review link`"
        )
    if reason == "unverified" and "user_id" not in look_ups:
        return (
            "no address of this user counts, and without requests.find_by_user_id a "
            "record without one is not found again: say whose it is with `keepstep "
            "review link`"
        )
    return None
