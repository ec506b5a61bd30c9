"""Bodies as a destination takes them: JSON, or a form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def placed(
    fields: Mapping[str, Any], at: str | None, besides: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return a body with *fields* at a dotted path, over what is sent *besides*.

    A dot in a field's name leads into an object; objects merge.

    >>> placed({"a": 1, "b.c": 2}, "properties", {"kind": "x"})
    {'kind': 'x', 'properties': {'a': 1, 'b': {'c': 2}}}
    >>> placed({"b": {"c": 2}}, None, {"b": {"d": 1}})
    {'b': {'d': 1, 'c': 2}}
    """
    body = _copied(besides or {})
    inside = body
    for step in at.split(".") if at else ():
        inside = _table(inside, step)
    for target, value in fields.items():
        *steps, last = target.split(".")
        table = inside
        for step in steps:
            table = _table(table, step)
        _put(table, last, value)
    return body


def _put(table: dict[str, Any], name: str, value: Any) -> None:
    if isinstance(value, Mapping) and isinstance(table.get(name), dict):
        for inner, its in value.items():
            _put(table[name], inner, its)
    else:
        table[name] = value


def _copied(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _copied(inner) if isinstance(inner, Mapping) else inner
        for name, inner in value.items()
    }


def _table(inside: dict[str, Any], step: str) -> dict[str, Any]:
    if not isinstance(inside.get(step), dict):
        inside[step] = {}
    found: dict[str, Any] = inside[step]
    return found


def encoded(body: Mapping[str, Any], encoding: str) -> tuple[bytes, str]:
    """Return *body* as bytes, and their content type.

    >>> encoded({"a": {"b": True}, "c": None, "d": ["x"]}, "form")[0]
    b'a%5Bb%5D=true&c=&d%5B0%5D=x'
    """
    if encoding == "json":
        return msgspec.json.encode(dict(body)), JSON
    return urlencode(list(_pairs(body, ""))).encode(), FORM


def _pairs(value: Any, name: str) -> Iterator[tuple[str, str]]:
    match value:
        case Mapping():
            for key, inner in value.items():
                yield from _pairs(inner, f"{name}[{key}]" if name else str(key))
        case list() | tuple():
            for index, inner in enumerate(value):
                yield from _pairs(inner, f"{name}[{index}]")
        case bool():
            yield name, "true" if value else "false"
        case None:
            yield name, ""
        case _:
            yield name, str(value)
