"""Reads events from files, to send them byte for byte."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from sandbox.auth0.delivery import Event


class NotAnEvent(Exception):
    """A file holds no CloudEvent of Auth0; the text says which file and why."""


@dataclass(frozen=True)
class Found:
    """The events of some files, and the files of directories that hold none."""

    events: list[Event]
    skipped: list[Path]


def read_events(paths: Iterable[Path]) -> Found:
    """Return the events of *paths* in order; a directory's `.json` files by name.

    Raises:
        NotAnEvent: A file that was named itself holds no event.
        OSError: A path cannot be read.
    """
    events: list[Event] = []
    skipped: list[Path] = []
    for path in paths:
        if not path.is_dir():
            events.append(read_event(path))
            continue
        for file in sorted(path.glob("*.json")):
            try:
                events.append(read_event(file))
            except NotAnEvent:
                skipped.append(file)
    return Found(events, skipped)


def read_event(path: Path) -> Event:
    """Return the event of one file; raises NotAnEvent."""
    body = path.read_bytes()
    try:
        event = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotAnEvent(f"{path} is not JSON") from error
    match event:
        case {"id": str(event_id), "type": str(), "data": {"object": dict(subject)}}:
            return Event(event_id, subject_id(subject) or event_id, body)
    raise NotAnEvent(f"{path} has not the id, type and data.object of one CloudEvent")


def subject_id(subject: dict[str, Any]) -> str | None:
    """Return the id whose events must stay in order: a user's, else the object's."""
    match subject:
        case {"user_id": str(found)} | {"user": {"user_id": str(found)}}:
            return found
        case {"id": str(found)}:
            return found
    return None
