"""A destination as its file describes it: what to reach, how, and by which rules."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from events.exits import BadConfiguration
from processors.correlation.rules import Rules
from processors.destination_file import DestinationFile, names, read
from processors.rest.connection import Connection

__all__ = ["Destination", "load", "names", "of_file"]

_UNKNOWN = "is no key of a destination file: "


class Destination(Rules, Connection):
    """One destination file, `destinations/<name>.toml`."""

    extends: str | None = Field(
        None,
        description="a file that comes with Keepstep: this file's keys win over it, "
        "one by one",
    )

    @property
    def can_restore(self) -> bool:
        """Whether the file says how a deactivated record is made active again."""
        return self.requests.restore is not None

    @property
    def can_fetch(self) -> bool:
        """Whether the file says how one record is read."""
        return self.requests.fetch is not None

    @property
    def look_ups(self) -> frozenset[str]:
        """The keys by which records can be found: `email`, `user_id`."""
        found = {"email": self.requests.find, "user_id": self.requests.find_by_user_id}
        return frozenset(key for key, request in found.items() if request is not None)

    @model_validator(mode="after")
    def _can_do_what_it_says(self) -> Self:
        deleted = self.on.deleted
        if deleted != "ignore" and getattr(self.requests, deleted) is None:
            raise ValueError(
                f'on.deleted: "{deleted}" needs requests.{deleted}: write it, or say '
                "another policy"
            )
        for policy in ("merged", "blocked", "deselected"):
            wanted = getattr(self.on, policy) == "deactivate"
            if wanted and self.requests.deactivate is None:
                raise ValueError(
                    f'on.{policy}: "deactivate" needs requests.deactivate: write it, '
                    "or say another policy"
                )
        by_user_id = self.requests.find_by_user_id is not None
        if by_user_id and self.lookup.user_id_field is None:
            raise ValueError(
                "lookup.user_id_field: is missing, and requests.find_by_user_id needs "
                "it: add it"
            )
        return self


def load(directory: Path, name: str, environ: Mapping[str, str]) -> Destination:
    """Return the destination *name*, its references filled from *environ*.

    Raises:
        BadConfiguration: One line that names file, key and cure.
    """
    return of_file(read(directory, name, environ))


def of_file(file: DestinationFile) -> Destination:
    """Return the destination that *file* describes.

    Raises:
        BadConfiguration: One line that names file, key and cure.
    """
    try:
        return Destination.model_validate(file.tables)
    except ValidationError as error:
        raise BadConfiguration(_sentence(file, error)) from None


def _sentence(file: DestinationFile, error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    # Pydantic puts the kind of [auth] into the path: the file has no such key.
    key = tuple(
        str(part)
        for index, part in enumerate(first["loc"])
        if not (index == 1 and first["loc"][0] == "auth") and part != "[key]"
    )
    message = first["msg"].removeprefix("Value error, ")
    message = message.replace("Input should be", "should be")
    # A rule about several keys names the one to mend first.
    if found := re.match(r"([a-z_.]+|\"[^\n]*?\"): (?=\S)", message):
        key, message = (*key, found[1]), message[found.end() :]
    match first["type"]:
        case "extra_forbidden":
            message = _UNKNOWN + _cure(key)
        case "missing":
            message = "is missing: add it"
    return f"{file.file_of(key)}: {'.'.join(key)}: {message}"


def _cure(key: tuple[str, ...]) -> str:
    known = _keys_at(Destination, key[:-1])
    near = difflib.get_close_matches(key[-1], known, n=1)
    return f"did you mean {near[0]}?" if near else "correct or remove it"


def _keys_at(model: type[BaseModel], key: tuple[str, ...]) -> list[str]:
    for step in key:
        field = model.model_fields.get(step)
        inner = next(_models(field.annotation), None) if field else None
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models(part)
