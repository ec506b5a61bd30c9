"""What the history checker reads: JSON lines in files of one directory.

All times are epoch seconds of one clock. Users are synthetic. The files:

- `acknowledged.jsonl`: `Acknowledged`, what ingest answered 202 to;
- `effects.jsonl`: `Request`, every request that the CRM got;
- `calls-*.jsonl`: `Line`, one file for each worker process;
- `faults.jsonl`: `Fault`, what was done to the system, and what ended by itself;
- `topics.jsonl`: `Dumped`, the topics events, outcomes, retry, dead and links, read
  with `read_committed`, each partition in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

Record = TypeVar("Record", bound=msgspec.Struct)
DELETED = "deactivated"


class Unreadable(Exception):
    """A file is missing, or a line is not what it should be; says which."""


class Acknowledged(msgspec.Struct, frozen=True, gc=False):
    """An event that must not be lost.

    `seq` counts the events of one user from 1 in the order in which they were sent,
    each only after the 202 of the one before; `time` (RFC 3339) grows with it. The
    record's field holds `seq` once the event has taken effect, and another one `mood`:
    it goes back and forth between few values, so no later event mends a lost change.
    """

    at: float
    event_id: str
    user_id: str
    seq: int
    type: str
    time: str
    mood: str | None = None


class Request(msgspec.Struct, frozen=True, gc=False):
    """One request as the CRM saw it.

    `arrived_at` is when its first bytes were read, `effect_at` when it changed the
    record, None where it changed nothing. `call` is the header `x-call`. `seq` is what
    was sent, `deactivated` for a deletion; `mood` is what the record held then.
    `answer` is the status that was sent; `ok` for a 2XX, `lost` where there was none
    (hung until the caller left, or reset).
    """

    arrived_at: float
    ended_at: float
    call: str | None
    method: str
    answer: Literal["ok", "lost"] | int
    user_id: str | None = None
    record: str | None = None
    seq: int | Literal["deactivated"] | None = None
    mood: str | None = None
    effect_at: float | None = None


class Line(msgspec.Struct, frozen=True, gc=False):
    """What a worker noted, in one `write` on an `O_APPEND` file: kill -9 loses none.

    - `start`: a call begins, for the events of `user_id` at `offsets`;
    - `end`: it is over; `saw` is `ok` or what the worker saw instead;
    - `durable`: a transaction that settles or parks `offsets` has been committed; it
      began at `began_at`;
    - `assigned`: the group gave `partition` to the worker;
    - `owner`: the worker has fenced former owners and serves `partition` from now on;
    - `fenced`: it lost `partition`, or does not know whether a commit became durable.
    """

    at: float
    worker: str
    kind: Literal["start", "end", "durable", "assigned", "owner", "fenced"]
    partition: int = -1
    offsets: tuple[int, ...] = ()
    call: str | None = None
    user_id: str | None = None
    saw: str | None = None
    began_at: float | None = None


class Fault(msgspec.Struct, frozen=True, gc=False):
    """Something was done to the system, or one of its processes ended.

    `at` of `kill` and `freeze` is taken after the signal, of all others before. A
    `freeze` (SIGSTOP) lasts longer than the worker's session until its `wake`. `exit`
    is the end of a worker, with its `code`, that nobody killed.
    """

    at: float
    kind: str
    worker: str | None = None
    code: int | None = None


class Dumped(msgspec.Struct, frozen=True, gc=False):
    """One record of a topic; the last part of the topic's name says which it is."""

    topic: str
    partition: int
    offset: int
    key: str | None
    value: str | None
    headers: dict[str, str] = {}


def read(path: Path, kind: type[Record]) -> Iterator[Record]:
    """Yield the lines of *path*.

    Raises:
        Unreadable: There is no such file, or a line of it is no *kind*.
    """
    decode = msgspec.json.Decoder(kind).decode
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield decode(line)
                except msgspec.DecodeError as error:
                    raise Unreadable(f"{path}, line {number}: {error}") from None
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
