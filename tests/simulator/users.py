"""The users of a run, by number: some have ids that look like something else."""

from __future__ import annotations

from tests.simulator.plan import USERS

_ODD = {3: "@meta", 4: "@@x", 5: "a@1@2", 6: "@owner"}


def user_id(number: int) -> str:
    """Return the user's id."""
    return _ODD.get(number) or f"auth0|{number}"


def email(number: int, change: int = 0) -> str:
    """Return an address that only this user has, or has after a change of it."""
    return f"u{number}.{change}@example.test"


NUMBERS = {user_id(number): number for number in range(USERS)}
