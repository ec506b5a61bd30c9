"""Dotted paths into a profile, split once."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from events.model import MISSING

DottedPath = Annotated[str, Field(pattern=r"^[^.\s]+(\.[^.\s]+)*$", max_length=200)]
Steps = tuple[str, ...]


def steps(path: str) -> Steps:
    """Return *path* as `at` takes it."""
    return tuple(path.split("."))


def at(value: Any, path: Steps) -> Any:
    """Return what is at *path*, or MISSING; null is a value.

    >>> at({"a": {"b": None}}, steps("a.b")), at({"a": 1}, steps("a.b"))
    (None, MISSING)
    """
    for step in path:
        if not isinstance(value, dict) or step not in value:
            return MISSING
        value = value[step]
    return value


def nested(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the body that dotted *fields* stand for.

    >>> nested({"name": "Ann", "address.city": "Ulm", "address.zip": "89073"})
    {'name': 'Ann', 'address': {'city': 'Ulm', 'zip': '89073'}}
    """
    body: dict[str, Any] = {}
    for target, value in fields.items():
        *tables, last = target.split(".")
        table = body
        for name in tables:
            table = table.setdefault(name, {})
        table[last] = value
    return body
