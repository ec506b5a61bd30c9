"""The part of a destination file that says which record is meant and what is sent."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import (
    AwareDatetime,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from processors.correlation.expressions import Expression
from processors.correlation.fields import FieldRule, Fields
from processors.correlation.mapping import Mapper
from processors.correlation.on import On
from processors.correlation.paths import DottedPath, Steps, steps
from processors.correlation.table import Table

__all__ = ["DottedPath", "Lookup", "On", "Rules", "Table"]

GRACE_SECONDS = 60.0


class Lookup(Table):
    """How the record of a user is found."""

    hint: DottedPath | None = Field(
        None, description="path of the record's id in the Auth0 profile"
    )
    id_pattern: str = Field(
        r"^[A-Za-z0-9_-]{1,64}$",
        description="what an id may look like; nothing else ever reaches a URL",
    )
    user_id_field: DottedPath | None = Field(
        None,
        description="the record's field that holds the Auth0 user_id: searched by "
        "before the email, and written with the other fields",
    )
    email_trust: Literal["verified", "any"] = Field(
        "verified",
        description="whose email counts; an untrusted one is neither searched by nor "
        "written",
    )
    trusted_connections: tuple[str, ...] = Field(
        (), description="connections whose emails count without the mark email_verified"
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

    @cached_property
    def hint_path(self) -> Steps | None:
        """The hint's path, split."""
        return None if self.hint is None else steps(self.hint)


class Rules(Table):
    """All that correlation needs to know of a destination."""

    mode: Literal["apply", "observe"] = Field(
        "apply",
        description="observe: reads only, and would_apply for every write",
    )
    select: str | None = Field(
        None,
        max_length=4000,
        description="JSONata over the profile: a user without a link for whom it is "
        "false is not taken up",
    )
    fold: bool = Field(
        True,  # noqa: FBT003 -- a default, not an argument
        description="whether waiting events of a user are one call; false: a call for "
        "each, also where nothing changed",
    )
    lookup: Lookup = Lookup()
    on: On = On()
    test_events: Literal["skip", "apply"] = Field(
        "skip", description="what is done with events that Auth0 marks as a test"
    )
    deletion_grace_seconds: NonNegativeFloat | None = Field(
        None,
        description="how long a deletion waits for the news that it was a merge: 60, "
        "and to be set where no request restores",
    )
    unmatched_grace_seconds: NonNegativeFloat = Field(
        30.0,
        description="how long a change of nobody waits for the creation that it came "
        "before, where updated_missing is review",
    )
    unmatched_recheck_seconds: PositiveFloat = Field(
        86_400.0,
        description="between look-ups for an open item that has got no new key",
    )
    deactivations_per_hour_max: PositiveInt | None = Field(
        None,
        description="beyond it deactivations wait for a person, all else goes on; by "
        "default 20, or 0.1 % of the links where that is more",
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
    fields: Annotated[Fields, Field(min_length=1)] = Field(
        description="the record's field = path in the Auth0 profile, or a table"
    )
    clears_with: Literal["null", "empty"] = Field(
        "null", description="what a cleared field is sent: null or an empty text"
    )

    @field_validator("select")
    @classmethod
    def _is_jsonata(cls, value: str | None) -> str | None:
        if value is not None:
            Expression(value)
        return value

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
        own = self.lookup.user_id_field
        for target, rule in self.fields.items():
            if rule.can_clear and (target == own or "email" in rule.from_):
                raise ValueError(
                    f"fields.{target}: a field that a look-up uses is never cleared: "
                    "leave on_null, on_empty and on_absent at skip"
                )
        if own in self.fields and self.fields[own].source != "user_id":
            raise ValueError(
                f"fields.{own}: lookup.user_id_field holds the user_id: map it from "
                '"user_id", or leave it out'
            )
        return self

    @model_validator(mode="after")
    def _states_what_is_risky(self) -> Self:
        stated = "deleted" in self.on.model_fields_set
        if self.lookup.user_id_field is None and not stated:
            raise ValueError(
                "on.deleted: must be stated, for without lookup.user_id_field two "
                "users may share one record: set either"
            )
        if not self.can_restore and self.deletion_grace_seconds is None:
            raise ValueError(
                "deletion_grace_seconds: must be stated, for without requests.restore "
                "nothing undoes the deactivation of a user who was merged: set either"
            )
        if not self.can_fetch and self.on.first_link == "fill_empty":
            raise ValueError(
                "on.first_link: fill_empty needs to know what is there: add "
                "requests.fetch"
            )
        return self

    @cached_property
    def written(self) -> dict[str, FieldRule]:
        """The fields that are written: the mapped ones, and the user_id."""
        own = self.lookup.user_id_field
        if own is None or own in self.fields:
            return self.fields
        return {**self.fields, own: FieldRule.model_validate({"from": "user_id"})}

    @cached_property
    def mapper(self) -> Mapper:
        """The written fields, compiled."""
        return Mapper(self.written, None if self.clears_with == "null" else "")

    @cached_property
    def condition(self) -> Expression | None:
        """What decides whether a user is taken up, compiled."""
        return None if self.select is None else Expression(self.select)

    @cached_property
    def switches(self) -> bool:
        """Whether a user who is there may be inactive."""
        return "deactivate" in (self.on.blocked, self.on.deselected)

    @property
    def grace_seconds(self) -> float:
        """How long a deletion waits."""
        grace = self.deletion_grace_seconds
        return GRACE_SECONDS if grace is None else grace

    @property
    def can_restore(self) -> bool:
        """Whether a deactivated record can be made active again."""
        return False

    @property
    def can_fetch(self) -> bool:
        """Whether one record can be read."""
        return False

    @property
    def look_ups(self) -> frozenset[str]:
        """The keys by which records can be found: `email`, `user_id`."""
        own = self.lookup.user_id_field is not None
        return frozenset(("email", "user_id") if own else ("email",))

    @property
    def held_types(self) -> frozenset[str]:
        """The event types whose dead letter holds the user's later events."""
        return frozenset(t for t, do in self.after_dead_letter.items() if do == "hold")

    @property
    def ends_fold(self) -> frozenset[str]:
        """The event types after which nothing is folded: the record is gone then."""
        return frozenset({"user.deleted"} if self.on.deleted == "delete" else ())
