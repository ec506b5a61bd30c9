"""From an Auth0 profile to the fields of a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from events.model import MISSING
from processors.correlation import transforms
from processors.correlation.expressions import Expression, Unmappable
from processors.correlation.fields import FieldRule
from processors.correlation.paths import Steps, at, steps

Source = Callable[[dict[str, Any]], Any]


class Mapped(NamedTuple):
    """The record's fields that a profile has a value for, and those it spoils."""

    values: dict[str, Any]
    unmappable: tuple[str, ...] = ()


class Mapper:
    """The rules of `[fields]`, compiled; *cleared* is what a cleared field is sent."""

    def __init__(self, fields: Mapping[str, FieldRule], cleared: str | None) -> None:
        self.sources = {target: rule.source for target, rule in fields.items()}
        self._fields = [
            (target, _Field(rule, cleared)) for target, rule in fields.items()
        ]

    def of(self, profile: dict[str, Any]) -> Mapped:
        """Return the fields that *profile* has a value for.

        Present, null, empty and absent are four things: what the rules do not clear is
        left out, and the destination keeps what it has.
        """
        values: dict[str, Any] = {}
        unmappable: tuple[str, ...] = ()
        for target, field in self._fields:
            plain = field.plain
            if plain is not None:  # most fields are, and each is asked for every event
                value = profile.get(plain, MISSING)
                if value is not None and value != "":
                    if value is not MISSING:
                        values[target] = value
                    continue
            try:
                value = field.of(profile)
            except Unmappable:
                unmappable += (target,)
                continue
            if value is not MISSING:
                values[target] = value
        return Mapped(values, unmappable)


class _Field:
    def __init__(self, rule: FieldRule, cleared: str | None) -> None:
        self._source = _source(rule)
        self._path = steps(rule.from_[0]) if len(rule.from_) == 1 else None
        self._transforms = [transforms.compiled(each) for each in rule.transform]
        self._if_null = cleared if rule.on_null == "clear" else MISSING
        self._if_empty = cleared if rule.on_empty == "clear" else MISSING
        kind, _, default = rule.on_absent.partition(":")
        instead = {"skip": MISSING, "clear": cleared, "default": default}
        self._if_absent = instead[kind]
        self.plain: str | None = None  # the one name that is all of the rule
        path = self._path or ()
        if len(path) == 1 and not self._transforms and kind == "skip":
            self.plain = path[0]

    def of(self, profile: dict[str, Any]) -> Any:
        path = self._path
        value = self._source(profile) if path is None else at(profile, path)
        if value is MISSING:
            return self._if_absent
        for change in self._transforms:
            if value is None or value == "":
                break
            value = change(value)
        if value is None:
            return self._if_null
        return self._if_empty if value == "" else value


def _source(rule: FieldRule) -> Source:
    if rule.expr is not None:
        return _computed(Expression(rule.expr), [steps(path) for path in rule.requires])
    if rule.from_:
        return _together([steps(path) for path in rule.from_])
    return lambda _: True  # a constant stands in its place


def _computed(expression: Expression, required: list[Steps]) -> Source:
    def source(profile: dict[str, Any]) -> Any:
        if any(at(profile, path) is MISSING for path in required):
            return MISSING
        return expression.of(profile)

    return source


def _together(paths: list[Steps]) -> Source:
    def source(profile: dict[str, Any]) -> Any:
        values = [at(profile, path) for path in paths]
        return MISSING if MISSING in values else values

    return source
