"""Reads the tables of a destination file: its preset, its references, its origins."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from dotenv import dotenv_values

import destinations
from events.exits import BadConfiguration
from events.settings import ENV_FILE
from processors.rest.secret import Referenced, referenced

FILE_BYTES_MAX = 1_048_576
SECRETS_DIR = "KEEPSTEP_SECRETS_DIR"
OBSERVED = "-observe"
Key = tuple[str, ...]


class Origin(NamedTuple):
    """Where a key is from: a file, and the variable that it refers to, if it does."""

    file: str
    variable: str | None = None

    def __str__(self) -> str:
        return self.file if self.variable is None else f"{self.file}, {self.variable}"


@dataclass(frozen=True)
class DestinationFile:
    """What a file and its preset say, references filled; where each key is from."""

    name: str
    tables: dict[str, Any]
    origins: Mapping[Key, Origin]
    preset: str | None

    @property
    def file(self) -> str:
        """The name of the file, for messages."""
        return f"{self.name}.toml"

    def file_of(self, key: Key) -> str:
        """Return the file that *key*, or a key that it is inside of, was read from."""
        for length in range(len(key), 0, -1):
            if key[:length] in self.origins:
                return self.origins[key[:length]].file
        return self.file


def shipped() -> Path:
    """Return the directory of the files that come with Keepstep."""
    return Path(next(iter(destinations.__path__)))


def names(directory: Path) -> list[str]:
    """Return the names of the destinations that *directory* describes.

    A preset is no destination: it is there to be extended.
    """
    return sorted(p.stem for p in directory.glob("*.toml") if not _is_preset(p))


def ledgers(directory: Path) -> list[str]:
    """Return the names under which the destinations of *directory* keep their state.

    One that is only observed has a group, links and outcomes of its own.
    """
    return [ledger_name(name, _mode(directory, name)) for name in names(directory)]


def ledger_name(name: str, mode: object) -> str:
    """Return the name for group and topics of the destination *name* in *mode*."""
    return f"{name}{OBSERVED}" if mode == "observe" else name


def described(directory: Path, name: str) -> dict[str, Any]:
    """Return the tables of the file *name* over its preset's; no reference is filled.

    Raises:
        BadConfiguration: One line that names file, key and cure.
    """
    own = _tables(directory / f"{name}.toml")
    base = _base(f"{name}.toml", own["extends"])[1] if "extends" in own else {}
    return _merged(base, own)


def _mode(directory: Path, name: str) -> object:
    try:
        own = tomllib.loads((directory / f"{name}.toml").read_text())
    except (OSError, ValueError):
        return None  # whoever reads it says what is wrong
    return own.get("mode")


def _is_preset(path: Path) -> bool:
    try:
        return tomllib.loads(path.read_text()).get("preset") is True
    except (OSError, ValueError):
        return False  # whoever reads it says what is wrong


def read(directory: Path, name: str, environ: Mapping[str, str]) -> DestinationFile:
    """Return the file *name* of *directory*, over the preset that it extends.

    Raises:
        BadConfiguration: One line that names file, key and cure.
    """
    path = directory / f"{name}.toml"
    if "/" in name or not path.is_file():
        known = ", ".join(names(directory)) or "none"
        raise BadConfiguration(
            f"there is no destination {name!r} in {directory}: known are {known}"
        )
    own = _tables(path)
    if own.get("preset") is True:
        raise BadConfiguration(
            f"{path.name}: preset: is no destination by itself: write a file with "
            f'extends = "{name}" and set KEEPSTEP_WORKER_DESTINATIONS_DIR to its folder'
        )
    tables, preset = own, None
    origins = {key: Origin(path.name) for key, _ in _leaves(own)}
    if "extends" in own:
        preset, base = _base(path.name, own["extends"])
        tables = _merged(base, own)
        of_base = {key: Origin(preset) for key, _ in _leaves(tables)}
        origins = {**of_base, **origins}
    filled = _filled(tables, (), environ, origins)
    return DestinationFile(name, filled, origins, preset)


def environment() -> dict[str, str]:
    """Return what references are filled from: `.env`, and the environment over it."""
    return {k: v for k, v in dotenv_values(ENV_FILE).items() if v} | os.environ


def _tables(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise BadConfiguration(f"{path.name} is longer than 1 MiB: shorten it")
        return tomllib.loads(path.read_text())
    except (ValueError, RecursionError) as error:
        raise BadConfiguration(f"{path.name} is no TOML: {error}") from None
    except OSError as error:
        raise BadConfiguration(
            f"{path.name} cannot be read ({error.strerror}): mend its permissions"
        ) from None


def _base(file: str, preset: Any) -> tuple[str, dict[str, Any]]:
    known = sorted(path.stem for path in shipped().glob("*.toml"))
    if preset not in known:
        raise BadConfiguration(
            f"{file}: extends: there is no preset {preset!r}: "
            f"write one of {', '.join(known)}"
        )
    path = shipped() / f"{preset}.toml"
    base = _tables(path)
    base.pop("preset", None)
    return path.name, base


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in own.items():
        below = merged.get(name)
        if isinstance(below, dict) and isinstance(value, dict):
            merged[name] = value if _is_reference(value) else _merged(below, value)
        else:
            merged[name] = value
    return merged


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"env"}


def _leaves(tables: Mapping[str, Any], at: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Yield each key that holds no table, with what it holds."""
    for name, value in tables.items():
        if isinstance(value, dict) and value and not _is_reference(value):
            yield from _leaves(value, (*at, name))
        else:
            yield (*at, name), value


def _filled(
    value: Any, key: Key, environ: Mapping[str, str], origins: dict[Key, Origin]
) -> Any:
    """Replace every `{env = "NAME"}` by what the environment holds under NAME."""
    if isinstance(value, list):
        return [_filled(inner, key, environ, origins) for inner in value]
    if not isinstance(value, dict):
        return value
    if _is_reference(value):
        file, variable = origins[key].file, value["env"]
        origins[key] = Origin(file, str(variable))
        return _reference(variable, f"{file}: {'.'.join(key)}", environ)
    return {
        name: _filled(inner, (*key, name), environ, origins)
        for name, inner in value.items()
    }


def _reference(name: Any, where: str, environ: Mapping[str, str]) -> Referenced:
    if not isinstance(name, str) or not name:
        raise BadConfiguration(f'{where}: write {{env = "NAME"}}')
    read = _reader(name, environ)
    try:
        if read is not None and (value := referenced(read)):
            return value
    except (OSError, UnicodeDecodeError):
        raise BadConfiguration(
            f"{where}: {name.lower()} in {SECRETS_DIR} cannot be read: mend its "
            "permissions and contents"
        ) from None
    raise BadConfiguration(
        f"{where}: {name} is not set: set it in the environment, in .env or in "
        f"{SECRETS_DIR}"
    )


def _reader(name: str, environ: Mapping[str, str]) -> Callable[[], str] | None:
    """Say how *name* is read: as every setting, from a mounted file last."""
    if value := environ.get(name):
        return lambda: value
    mounted = environ.get(SECRETS_DIR)
    if mounted and (path := Path(mounted) / name.lower()).is_file():
        return lambda: path.read_text().strip()
    return None
