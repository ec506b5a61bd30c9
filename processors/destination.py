"""Reads a destination file: what to reach, how, and which rules hold."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from events.exits import BadConfiguration
from processors.correlation.rules import Rules
from processors.rest.connection import Connection


class Destination(Rules, Connection):
    """One destination file, `destinations/<name>.toml`."""

    @property
    def can_restore(self) -> bool:
        """Whether the file says how a deactivated record is made active again."""
        return self.requests.restore is not None

    @property
    def can_fetch(self) -> bool:
        """Whether the file says how one record is read."""
        return self.requests.fetch is not None


def names(directory: Path) -> list[str]:
    """Return the names of the destinations that *directory* describes."""
    return sorted(path.stem for path in directory.glob("*.toml"))


def load(directory: Path, name: str, environ: Mapping[str, str]) -> Destination:
    """Return the destination *name*, its references filled from *environ*.

    Raises:
        BadConfiguration: One line that names file, key and cure.
    """
    path = directory / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(names(directory)) or "none"
        raise BadConfiguration(
            f"there is no destination {name!r} in {directory}: known are {known}"
        )
    try:
        tables = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"{path.name} is no TOML: {error}") from None
    try:
        return Destination.model_validate(_filled(tables, path.name, "", environ))
    except ValidationError as error:
        raise BadConfiguration(_sentence(path.name, error)) from None


def _filled(value: Any, file: str, key: str, environ: Mapping[str, str]) -> Any:
    """Replace every `{env = "NAME"}` by what the environment holds under NAME."""
    if not isinstance(value, dict):
        if key == "auth.token":
            raise BadConfiguration(
                f"{file}: auth.token: a secret stands here by reference only: write "
                '{env = "NAME"} and set NAME in the environment'
            )
        return value
    if value.keys() == {"env"}:
        found = environ.get(str(value["env"]))
        if not found:
            raise BadConfiguration(
                f"{file}: {key}: {value['env']} is not set: set it in the environment "
                "or in .env"
            )
        return found
    return {
        name: _filled(inner, file, f"{key}.{name}".lstrip("."), environ)
        for name, inner in value.items()
    }


def _sentence(file: str, error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        message = "is no key of a destination file: correct or remove it"
    if first["type"] == "missing":
        message = "is missing: add it"
    return f"{file}: {key}: {message}"
