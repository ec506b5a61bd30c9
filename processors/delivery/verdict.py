"""How one attempt ended, and how the events that it stood for did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from processors.delivery.link import Link

OutcomeName = Literal[
    "applied",
    "would_apply",
    "unchanged",
    "duplicate",
    "stale",
    "superseded",
    "merged",
    "noted",
    "test",
    "unhandled",
    "not_selected",
    "skipped",
    "ignored",
    "rerouted",
    "dead",
]
Action = Literal["created", "updated", "deactivated", "restored", "deleted"]
DeadClass = Literal["rejected", "bad_external_id", "unreadable", "gave_up"]


@dataclass(frozen=True, slots=True)
class End:
    """How one event ended, for its outcome record."""

    outcome: OutcomeName
    action: Action | None = None
    record_id: str | None = None
    fields: tuple[str, ...] = ()
    dead_class: DeadClass | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """Nothing is left to do: an end for each event of the attempt, and the new link."""

    ends: tuple[End, ...]
    link: Link


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The destination could not take it now; `after_seconds` is what it asked for."""

    reason: str
    after_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Rejected:
    """No later attempt can succeed.

    Where `culprit` is set (an offset), that event alone is at fault and what the
    attempt stood for besides is superseded by it; otherwise each is tried by itself.
    """

    dead_class: DeadClass
    reason: str
    culprit: int | None = None


ReviewReason = Literal[
    "unmatched",
    "ambiguous",
    "unverified",
    "gone",
    "hint_conflict",
    "merged",
    "mass_deactivation",
]


@dataclass(frozen=True, slots=True)
class NeedsReview:
    """A person or a key is waited for; the link says why, where there is one.

    The events at `superseded` offsets contribute nothing. At `recheck_at` (epoch
    seconds) it is tried again.
    """

    reason: ReviewReason
    superseded: frozenset[int] = frozenset()
    link: Link | None = None
    recheck_at: float | None = None


@dataclass(frozen=True, slots=True)
class NeedsGrace:
    """Too early: once the log has been read up to `due_at` (epoch seconds), again."""

    due_at: float
    reason: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A fault of the whole destination: no attempt is counted."""

    cause: Literal["limited", "auth", "unreachable"]
    reason: str
    after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class NotMade:
    """No call was made: the lease was lost, or the worker stops."""


Verdict = (
    Settled | RetryLater | Rejected | NeedsReview | NeedsGrace | Unavailable | NotMade
)
