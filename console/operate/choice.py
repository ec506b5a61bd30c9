"""Finds the one parked event that an operator means, or says why there is none."""

from __future__ import annotations

from typing import NamedTuple

from console.operate.entries import STATES, Parked, parked
from console.operate.reader import Reader
from console.operate.target import Target
from events.exits import BadConfiguration

# What a worker carries out in which state; of anything else it only takes note.
_FITS = {
    "release": ("held",),
    "retry": tuple(state for state in STATES if state != "held"),
    "skip": STATES,
}
_INSTEAD = {
    "release": "let it be tried now with `keepstep retry`, or end it with "
    "`keepstep skip`",
    "retry": "let it go on with `keepstep release`, or end it with `keepstep skip`",
}


class Meant(NamedTuple):
    """How an operator names an event; the topic only where two have that offset."""

    user_id: str
    offset: int
    topic_ref: str | None


def find(reader: Reader, target: Target, meant: Meant) -> Parked:
    """Return the parked event that is meant.

    Raises:
        BadConfiguration: It is not parked, or two are; the message names the cure, and
            never the user.
    """
    partition = target.partition_of(meant.user_id)
    of_user = [
        event
        for event in parked(reader, target, [partition])
        if event.user == meant.user_id
    ]
    found = [
        event
        for event in of_user
        if event.offset == meant.offset and meant.topic_ref in (None, event.topic_ref)
    ]
    if len(found) > 1:
        refs = " or ".join(event.topic_ref for event in found)
        raise BadConfiguration(
            f"two events of this user are parked at offset {meant.offset}, since the "
            f"events topic was made anew: add --topic {refs}"
        )
    if not found:
        raise BadConfiguration(_not_there(target, meant, of_user))
    return found[0]


def refuse_unfit(command: str, event: Parked) -> None:
    """Return if *command* does something to an event in this state.

    Raises:
        BadConfiguration: A worker would leave the event as it is.
    """
    if event.state not in _FITS[command]:
        raise BadConfiguration(
            f"{command}: the event at offset {event.offset} is in state "
            f"{event.state}: {_INSTEAD[command]}"
        )


def _not_there(target: Target, meant: Meant, of_user: list[Parked]) -> str:
    offsets = ", ".join(str(event.offset) for event in of_user)
    of_topic = f" of topic {meant.topic_ref}" if meant.topic_ref else ""
    return (
        f"no event of this user is parked at offset {meant.offset}{of_topic}: "
        + (f"say one of {offsets}" if offsets else "the user has none parked")
        + f"; `keepstep parked {target.name}` shows all"
    )
