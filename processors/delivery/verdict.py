"""How one attempt ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["applied", "skipped", "test", "unhandled", "dead"]
Action = Literal["created", "updated", "deactivated", "deleted"]
DeadClass = Literal["rejected", "bad_external_id", "unreadable", "gave_up"]


@dataclass(frozen=True)
class Settled:
    """The event has ended; nothing is left to do for it."""

    outcome: Outcome
    action: Action | None = None
    record_id: str | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class RetryLater:
    """The destination could not take it now; `after_seconds` is what it asked for."""

    reason: str
    after_seconds: float = 0.0


@dataclass(frozen=True)
class Rejected:
    """No later attempt can succeed."""

    dead_class: DeadClass
    reason: str


@dataclass(frozen=True)
class NeedsReview:
    """A person must decide: `unmatched` or `ambiguous`."""

    reason: Literal["unmatched", "ambiguous"]


Verdict = Settled | RetryLater | Rejected | NeedsReview
