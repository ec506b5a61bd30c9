"""A destination's effective configuration as text: each key, and where it is from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from processors.destination import Destination
from processors.destination_file import DestinationFile, Key
from processors.rest.errors import Errors
from processors.rest.secret import Secret

_BARE = re.compile(r"[A-Za-z0-9_-]+")
# Of what a file only refers to, this alone is no secret by any reading.
_SHOWN: frozenset[Key] = frozenset(
    {("base_url",), ("auth", "token_url"), ("auth", "client_id")}
)


def lines(file: DestinationFile, destination: Destination) -> Iterator[str]:
    """Yield `key = value  # origin` for each key that holds something."""
    for key, value in _leaves(file, destination.model_dump(by_alias=True), ()):
        origin = _origin(file, key)
        text = f"{'.'.join(map(_quoted, key))} = {_shown(file, key, value)}"
        yield f"{text:<60}  # {origin}"


def _leaves(file: DestinationFile, value: Any, key: Key) -> Iterator[tuple[Key, Any]]:
    if isinstance(value, Errors):
        value = value.table
    if isinstance(value, Mapping) and key in file.origins:
        yield key, _at(file.tables, key)  # as the file has it, which is shorter
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(file, inner, (*key, name))
    elif value not in (None, ()):
        yield key, value


def _at(tables: Any, key: Key) -> Any:
    for name in key:
        tables = tables[name]
    return tables


def _origin(file: DestinationFile, key: Key) -> str:
    for length in range(len(key), 0, -1):
        if key[:length] in file.origins:
            return str(file.origins[key[:length]])
    return "default"


def _shown(file: DestinationFile, key: Key, value: Any) -> str:
    origin = file.origins.get(key)
    refers = origin is not None and origin.variable is not None and key not in _SHOWN
    if refers or isinstance(value, Secret):
        return "set"
    return json.dumps(value, default=str, ensure_ascii=False)


def _quoted(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)
