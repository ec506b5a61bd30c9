"""The `[errors]` table: what a destination's own statuses and words mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

from pydantic_core import core_schema

Meaning = Literal["retry", "limited", "auth", "permanent", "ok", "conflict", "gone"]
# So much of a body is searched: what is wrong is said at its beginning.
SEARCHED_BYTES = 65_536
_KEY = re.compile(r"(\d{3}|\*)(?::(.+))?", re.DOTALL)


class _Rule(NamedTuple):
    status: int | None
    pattern: re.Pattern[str] | None
    meaning: Meaning


class Errors:
    """Rules by status and words of the body; those with a pattern are asked first."""

    def __init__(self, table: Mapping[str, Meaning] | None = None) -> None:
        self.table = dict(table or {})
        rules = [_rule(key, meaning) for key, meaning in self.table.items()]
        self._rules = sorted(rules, key=lambda rule: rule.pattern is None)

    def meaning(self, status: int, body: bytes) -> Meaning | None:
        """Return what the file says that an answer means, if it says anything.

        >>> rules = Errors({"400": "permanent", "400:already exists": "conflict"})
        >>> rules.meaning(400, b"Already exists."), rules.meaning(400, b"")
        ('conflict', 'permanent')
        """
        if not self._rules:
            return None
        text = body[:SEARCHED_BYTES].decode(errors="replace")
        for rule in self._rules:
            if rule.status in (None, status) and (
                rule.pattern is None or rule.pattern.search(text)
            ):
                return rule.meaning
        return None

    @classmethod
    def __get_pydantic_core_schema__(
        cls, *_: object
    ) -> core_schema.PlainValidatorFunctionSchema:
        return core_schema.no_info_plain_validator_function(cls._validated)

    @classmethod
    def _validated(cls, value: Any) -> Errors:
        if isinstance(value, Errors):
            return value
        if not isinstance(value, dict):
            raise ValueError("is no table: write [errors]")  # noqa: TRY004 -- pydantic's
        return cls(value)


def _rule(key: str, meaning: Any) -> _Rule:
    found = _KEY.fullmatch(key)
    if found is None or (found[1] == "*" and found[2] is None):
        raise ValueError(f'"{key}": write "STATUS", "STATUS:PATTERN" or "*:PATTERN"')
    if meaning not in get_args(Meaning):
        raise ValueError(f'"{key}": should be one of {", ".join(get_args(Meaning))}')
    try:
        pattern = None if found[2] is None else re.compile(found[2], re.IGNORECASE)
    except re.error as error:
        raise ValueError(f'"{key}": is no regular expression: {error}') from None
    return _Rule(None if found[1] == "*" else int(found[1]), pattern, meaning)
