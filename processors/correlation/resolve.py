"""Who is who: the record that a user's events mean, or why there is none to be had."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

from processors.correlation.calls import Answer, Call, Find, Found
from processors.correlation.fold import Fold
from processors.correlation.rules import Rules


class Match(NamedTuple):
    """A record that was looked up; a `stranger` was there before us."""

    record_id: str
    stranger: bool


class Ambiguous(NamedTuple):
    """More than one record, or one that is somebody else's: nothing is guessed.

    *ours*: more than one has our user's user_id in it.
    """

    ours: bool = False


Resolved = Match | Ambiguous | None


def look_up(fold: Fold, rules: Rules) -> Generator[Call, Answer, Resolved]:
    """Look for the record, first by the user_id that we wrote, then by email."""
    user_id = fold.items[0].event.user_id
    if "user_id" in rules.look_ups:
        answer = yield Find(user_id, "user_id")
        assert isinstance(answer, Found)  # noqa: S101 -- a Find has no other answer
        if len(answer.record_ids) > 1:
            return Ambiguous(ours=True)
        if answer.record_ids:
            return Match(answer.record_ids[0], stranger=False)
    for email in fold.emails if "email" in rules.look_ups else ():
        answer = yield Find(email)
        assert isinstance(answer, Found)  # noqa: S101 -- a Find has no other answer
        if len(answer.record_ids) > 1:
            return _made_before(fold, answer) or Ambiguous()
        for record_id in answer.record_ids:
            if answer.owners.get(record_id, user_id) not in ("", user_id):
                return Ambiguous()
            return Match(record_id, stranger=True)
    return None


def _made_before(fold: Fold, found: Found) -> Resolved:
    """Return the one of several that a creation in a person's name has made.

    Its answer may have been lost, and the destination may not search by user_id.
    """
    user_id = fold.items[0].event.user_id
    own = [one for one in found.record_ids if found.owners.get(one) == user_id]
    if not fold.ordered or not own:
        return None
    return Match(own[0], stranger=False) if len(own) == 1 else Ambiguous(ours=True)
