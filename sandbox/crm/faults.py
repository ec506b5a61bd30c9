"""The faults a person or a test can program into the CRM."""

import random
import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
from msgspec import Meta

Ratio = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(ge=0)]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a fault strikes; without limits at every call to /contacts, for ever."""

    requests: Annotated[int, Meta(ge=1)] | None = None  # the next N that it strikes
    method: str | None = None
    path: str | None = None  # a regular expression that the whole path must match
    ratio: Ratio = 1.0
    seed: int = 0  # of the dice behind `ratio` and `jitter_seconds`
    seconds: Seconds | None = None  # counted from when it was programmed


class Latency(Limits, frozen=True, kw_only=True, tag_field="kind", tag="latency"):
    """Wait before anything else; up to `jitter_seconds` are added at random."""

    latency_seconds: Seconds
    jitter_seconds: Seconds = 0.0


class Busy(Limits, frozen=True, kw_only=True, tag_field="kind", tag="busy"):
    """Answer 429 with Retry-After; no effect."""

    retry_after_seconds: Annotated[int, Meta(ge=0)] = 1


class Limit(Limits, frozen=True, kw_only=True, tag_field="kind", tag="limit"):
    """Take so many calls in any stretch of time, and answer 429 to all others.

    A call counts as it arrives, unless it is refused. With `named` the answer says in
    Retry-After when there is room again; no effect.
    """

    calls: Annotated[int, Meta(ge=1)]
    per_seconds: Annotated[float, Meta(gt=0)]
    named: bool = False


class Error(Limits, frozen=True, kw_only=True, tag_field="kind", tag="error"):
    """Answer an error of the server; no effect."""

    status: Annotated[int, Meta(ge=500, le=599)] = 503


class DropBefore(
    Limits, frozen=True, kw_only=True, tag_field="kind", tag="drop_before"
):
    """Close the connection without an answer and without an effect."""


class DropAfter(Limits, frozen=True, kw_only=True, tag_field="kind", tag="drop_after"):
    """Close the connection without an answer; the effect is kept."""


class BrokenJson(
    Limits, frozen=True, kw_only=True, tag_field="kind", tag="broken_json"
):
    """Answer as usual, but with half of the JSON; the effect is kept."""


class Slow(Limits, frozen=True, kw_only=True, tag_field="kind", tag="slow"):
    """Answer byte by byte; the effect is kept."""

    seconds_per_byte: Seconds = 1.0


Fault = Latency | Busy | Limit | Error | DropBefore | DropAfter | BrokenJson | Slow
FAULTS_MAX = 100


class BadFault(Exception):
    """The text describes no fault; its message says what is wrong."""


def read_faults(body: bytes) -> list[Fault]:
    """Return the faults of a JSON list; raises BadFault."""
    try:
        faults = msgspec.json.decode(body, type=list[Fault])
    except msgspec.DecodeError as error:
        raise BadFault(str(error)) from error
    return _checked(faults)


def read_fault(text: str) -> Fault:
    """Return the fault of one command-line value; raises BadFault.

    >>> read_fault("busy,retry_after_seconds=2,ratio=0.5").retry_after_seconds
    2
    """
    kind, *pairs = text.split(",")
    fields: dict[str, Any] = {"kind": kind}
    for pair in pairs:
        name, _, value = pair.partition("=")
        fields[name] = value
    try:
        fault = msgspec.convert(fields, type=Fault, strict=False)
    except msgspec.ValidationError as error:
        raise BadFault(str(error)) from error
    return _checked([fault])[0]


def _checked(faults: list[Fault]) -> list[Fault]:
    if len(faults) > FAULTS_MAX:
        raise BadFault(f"at most {FAULTS_MAX} faults")
    for fault in faults:
        try:
            re.compile(fault.path or "")
        except re.error as error:
            raise BadFault(f"path is no regular expression: {error}") from error
    return faults


@dataclass
class Programmed:
    """A fault at work, with what is left of its limits."""

    fault: Fault
    ends_at: float | None
    dice: random.Random
    struck: int = 0
    taken: deque[float] = field(default_factory=deque)  # of a Limit

    def strikes(self, method: str, path: str, now: float) -> bool:
        """Tell whether it hits this call, and roll its dice if all else fits."""
        fault = self.fault
        return (
            (self.ends_at is None or now < self.ends_at)
            and (fault.requests is None or self.struck < fault.requests)
            and (fault.method is None or fault.method.upper() == method)
            and (fault.path is None or re.fullmatch(fault.path, path) is not None)
            and (fault.ratio == 1 or self.dice.random() < fault.ratio)
            and (not isinstance(fault, Limit) or self._is_over(fault, now))
        )

    def _is_over(self, limit: Limit, now: float) -> bool:
        """Count a call that arrives *now*; tell whether it is one too many."""
        while self.taken and self.taken[0] <= now - limit.per_seconds:
            self.taken.popleft()
        if len(self.taken) >= limit.calls:
            return True
        self.taken.append(now)
        return False


@dataclass(frozen=True)
class Strike:
    """What one call suffers: a wait, and at most one other fault."""

    latency_seconds: float = 0.0
    fault: Fault | None = None


@dataclass
class FaultProgram:
    """The faults at work: latencies add up, of the others the first one strikes."""

    clock: Callable[[], float] = time.monotonic
    programmed: list[Programmed] = field(default_factory=list)

    def put(self, faults: Sequence[Fault]) -> None:
        """Replace all faults by *faults*."""
        now = self.clock()
        self.programmed = [
            Programmed(
                fault,
                None if fault.seconds is None else now + fault.seconds,
                random.Random(fault.seed),
            )
            for fault in faults
        ]

    def strike(self, method: str, path: str) -> Strike:
        """Return what the call suffers and count it against the limits."""
        now = self.clock()
        latency_seconds = 0.0
        struck: Fault | None = None
        for programmed in self.programmed:
            fault = programmed.fault
            if struck is not None and not isinstance(fault, Latency):
                continue
            if not programmed.strikes(method, path, now):
                continue
            programmed.struck += 1
            if isinstance(fault, Latency):
                jitter_seconds = programmed.dice.uniform(0, fault.jitter_seconds)
                latency_seconds += fault.latency_seconds + jitter_seconds
            else:
                struck = fault
        return Strike(latency_seconds, struck)
