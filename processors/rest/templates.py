"""Texts and bodies of a destination file with `{…}` where a value goes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

_VARIABLE = re.compile(r"\{([a-z_]*)\}")
# What holds for all calls of one destination.
FIXED = frozenset({"user_id_field", "field_names"})


def variables(template: Any) -> Iterator[str]:
    """Yield the names that stand in braces, anywhere in *template*."""
    match template:
        case str():
            yield from _VARIABLE.findall(template)
        case Mapping():
            for inner in template.values():
                yield from variables(inner)
        case list() | tuple():
            for inner in template:
                yield from variables(inner)


def refuse_unknown(template: Any, known: Collection[str]) -> None:
    """Raise ValueError for a name that nothing stands for."""
    for name in variables(template):
        if name not in known:
            allowed = ", ".join(f"{{{one}}}" for one in sorted(known))
            raise ValueError(
                f"{{{name}}} stands for nothing here: use one of {allowed}"
            )


def filled(
    template: Any, values: Mapping[str, str], escaped: Callable[[str], str] = str
) -> Any:
    """Return *template* with *escaped* values in it; a value is never filled again.

    >>> filled({"q": ["{a}", 1]}, {"a": "{b}", "b": "x"})
    {'q': ['{b}', 1]}
    """
    if not template:
        return template  # most requests have no query, and many no body of their own
    match template:
        case str():
            return _VARIABLE.sub(lambda found: escaped(values[found[1]]), template)
        case Mapping():
            return {
                name: filled(inner, values, escaped) for name, inner in template.items()
            }
        case list() | tuple():
            return [filled(inner, values, escaped) for inner in template]
        case _:
            return template


def in_soql(value: str) -> str:
    r"""Return *value* as the inside of a SOQL string literal.

    >>> in_soql("o'neil")
    "o\\'neil"
    """
    return re.sub(r"([\\'\"])", r"\\\1", value)
