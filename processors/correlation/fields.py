"""`[fields]`: how one field of the record comes out of the profile."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import msgspec
from pydantic import BeforeValidator, Field, model_validator

from processors.correlation.expressions import Expression
from processors.correlation.paths import DottedPath
from processors.correlation.table import Table
from processors.correlation.transforms import Const, Transform

Sent = Literal["create", "update"]


def _many(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _text_is_from(value: Any) -> Any:
    return {"from": value} if isinstance(value, str) else value


class FieldRule(Table):
    """One field; in the file, a text alone stands for `{from = …}`."""

    from_: Annotated[tuple[DottedPath, ...], BeforeValidator(_many)] = Field(
        (),
        alias="from",
        description="path in the Auth0 profile; of several, all must be there",
    )
    expr: str | None = Field(
        None, max_length=4000, description="JSONata over the profile, instead of from"
    )
    requires: tuple[DottedPath, ...] = Field(
        (), description="paths without which expr has no value"
    )
    transform: Annotated[tuple[Transform, ...], BeforeValidator(_many)] = Field(
        (), description="one or several, in order"
    )
    on_null: Literal["skip", "clear"] = Field(
        "skip", description="for null: leave the field alone, or clear it"
    )
    on_empty: Literal["skip", "clear"] = Field("skip", description="for empty text")
    on_absent: str = Field(
        "skip",
        pattern=r"^(skip|clear|default:.+)$",
        description="for an event without it: skip, clear, or default:<text>",
    )
    on: tuple[Sent, ...] = Field(
        ("create", "update"), min_length=1, description="in which calls it is sent"
    )

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        constant = any(isinstance(each, Const) for each in self.transform)
        if bool(self.from_) + (self.expr is not None) > 1 or not (
            self.from_ or self.expr is not None or constant
        ):
            raise ValueError("takes one of from, expr and transform = {const = …}")
        if self.requires and self.expr is None:
            raise ValueError("requires goes with expr")
        if self.expr is not None:
            Expression(self.expr)
        return self

    @property
    def source(self) -> str:
        """What the value is made of: where it changes, the field is sent anew."""
        if len(self.from_) == 1 and not self.transform:
            return self.from_[0]
        made_of = self.model_dump(
            include={"from_", "expr", "requires", "transform"}, exclude_defaults=True
        )
        return msgspec.json.encode(made_of, order="deterministic").decode()

    @property
    def can_clear(self) -> bool:
        """Whether the field may ever be cleared."""
        return "clear" in (self.on_null, self.on_empty, self.on_absent)


Fields = dict[DottedPath, Annotated[FieldRule, BeforeValidator(_text_is_from)]]
