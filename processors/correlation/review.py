"""What an attempt cannot settle: it is too early, or a person or a key is missing."""

from __future__ import annotations

from typing import NamedTuple

from processors.correlation.fold import Fold
from processors.delivery.commands import BRAKED
from processors.delivery.link import HINT, Open
from processors.delivery.verdict import NeedsGrace, NeedsReview, ReviewReason


class Moment(NamedTuple):
    """When an attempt is made: epoch seconds.

    Whatever was published up to `read_until` has been read from the log; where the
    worker lags behind, that is long before `now`.
    """

    now: float
    read_until: float


def open_item(fold: Fold, reason: ReviewReason, moment: Moment) -> NeedsReview:
    """Leave it to a person; what sets no field any more is superseded."""
    item = Open(reason, _keys(fold), moment.now)
    recheck_at = None
    if reason != BRAKED:
        recheck_at = moment.now + fold.rules.unmatched_recheck_seconds
    return NeedsReview(reason, fold.superseded(), fold.noting(item), recheck_at)


def still_open(fold: Fold, moment: Moment) -> NeedsReview | None:
    """Return the open item again where nothing can have changed, without any call.

    What the brake holds waits for a person, also when others may go on.
    """
    item = fold.link.open
    if item is None:
        return None
    reason: ReviewReason = item.reason  # type: ignore[assignment]  # we wrote it
    ends = fold.deletion is not None
    if reason == BRAKED:
        held = ends or fold.switches_off
        review = NeedsReview(reason, fold.superseded(), fold.link)
        return review if held else None
    recheck_at = item.at + fold.rules.unmatched_recheck_seconds
    if ends or item.keys != _keys(fold) or recheck_at <= moment.now:
        return None
    return NeedsReview(reason, fold.superseded(), fold.link, recheck_at)


def _keys(fold: Fold) -> str:
    """Return what stands for all that a record could be found or made by."""
    hint = fold.hint
    known = [hint and hint.change.fields[HINT], fold.emails, fold.creates]
    return fold.items[0].secret.of("@keys", "", known)


def grace(due_at: float, reason: str, moment: Moment) -> NeedsGrace | None:
    """Wait until all that was published up to *due_at* has been read, if it was not."""
    return NeedsGrace(due_at, reason) if due_at > moment.read_until else None
