"""How a process ends when it cannot do its work: one line, one exit code."""

from __future__ import annotations

import sys
from typing import NoReturn

BAD_CONFIGURATION = 2
BROKER_UNREACHABLE = 3
TOO_MANY_WORKERS = 3  # like an unreachable broker it may be over at the next try


class BadConfiguration(Exception):
    """A setting, file or topic is wrong; the message names it and the cure."""

    exit_code = BAD_CONFIGURATION


class BrokerUnreachable(BadConfiguration):
    """No Kafka broker answered; the message names the address."""

    exit_code = BROKER_UNREACHABLE


class TooManyWorkers(BadConfiguration):
    """One more worker would leave somebody less than a call; the message says which."""

    exit_code = TOO_MANY_WORKERS


def refuse(program: str, error: BadConfiguration) -> NoReturn:
    """Print the one line that says what is wrong and how to mend it, and exit."""
    line = " ".join(str(error).split())
    print(f"{program}: {line}", file=sys.stderr)  # noqa: T201 -- the log is not set up
    raise SystemExit(error.exit_code)
