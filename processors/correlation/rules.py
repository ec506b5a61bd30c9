"""The part of a destination file that says which record is meant and what is sent."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Literal, Self

from pydantic import AwareDatetime, Field, field_validator, model_validator

from processors.correlation.fields import Fields
from processors.correlation.mapping import Mapper
from processors.correlation.paths import DottedPath
from processors.correlation.table import Table

__all__ = ["DottedPath", "Lookup", "On", "Rules", "Table"]


class Lookup(Table):
    """How the record of a user is found."""

    hint: DottedPath | None = Field(
        None, description="path of the record's id in the Auth0 profile"
    )
    id_pattern: str = Field(
        r"^[A-Za-z0-9_-]{1,64}$",
        description="what an id may look like; nothing else ever reaches a URL",
    )

    @field_validator("id_pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        return value

    def is_id(self, text: str) -> bool:
        """Whether *text* may be sent as the id of a record."""
        return re.fullmatch(self.id_pattern, text) is not None


class On(Table):
    """What is done in each case."""

    created_missing: Literal["create", "review", "skip"] = Field(
        "create", description="a new user who has no record"
    )
    updated_missing: Literal["create", "review", "skip"] = Field(
        "review", description="a changed user who has no record"
    )
    deleted_missing: Literal["skip", "review"] = Field(
        "skip", description="a deleted user who has no record"
    )
    deleted: Literal["deactivate", "delete", "ignore"] = Field(
        "deactivate", description="a deleted user's record"
    )


class Rules(Table):
    """All that correlation needs to know of a destination."""

    lookup: Lookup = Lookup()
    on: On = On()
    test_events: Literal["skip", "apply"] = Field(
        "skip", description="what is done with events that Auth0 marks as a test"
    )
    after_dead_letter: dict[str, Literal["continue", "hold"]] = Field(
        default_factory=dict,
        description="by event type: whether a dead letter lets the user's later events "
        "go on (continue), or holds them until a person releases or skips it (hold)",
    )
    start: Literal["earliest", "now"] | AwareDatetime = Field(
        "earliest",
        description="where a new destination begins to read: earliest, now or a time",
    )
    fields: Fields = Field(
        min_length=1, description="the record's field = path in the Auth0 profile"
    )
    clears_with: Literal["null", "empty"] = Field(
        "null", description="what a cleared field is sent: null or an empty text"
    )

    @field_validator("fields")
    @classmethod
    def _nests(cls, fields: Fields) -> Fields:
        for target in fields:
            if target.startswith("@"):
                raise ValueError(f"{target}: no field can be named so")
            inside = [other for other in fields if other.startswith(f"{target}.")]
            if inside:
                raise ValueError(f"{target} is a value, so {inside[0]} has no room")
        return fields

    @model_validator(mode="after")
    def _keeps_keys(self) -> Self:
        for target, rule in self.fields.items():
            if rule.can_clear and "email" in rule.from_:
                raise ValueError(
                    f"fields.{target}: a field that a look-up uses is never cleared: "
                    "leave on_null, on_empty and on_absent at skip"
                )
        return self

    @cached_property
    def mapper(self) -> Mapper:
        """The fields, compiled."""
        return Mapper(self.fields, None if self.clears_with == "null" else "")

    @property
    def can_restore(self) -> bool:
        """Whether a deactivated record can be made active again."""
        return False

    @property
    def held_types(self) -> frozenset[str]:
        """The event types whose dead letter holds the user's later events."""
        return frozenset(t for t, do in self.after_dead_letter.items() if do == "hold")
