"""The `[requests]` table of a destination file: one table for each kind of call."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, PositiveInt, model_validator

from processors.correlation.rules import DottedPath, Table
from processors.rest.templates import FIXED, refuse_unknown, variables
from processors.rest.url import climbs

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


def _stays(path: str) -> str:
    if "//" in path or climbs(path):
        raise ValueError("would leave base_url: write a path without `..` and `//`")
    return path


Path = Annotated[
    str, Field(pattern=r"^/[^\s?#]*$", max_length=500), AfterValidator(_stays)
]
Status = Annotated[int, Field(ge=200, le=599)]


class Request(Table):
    """What every request has."""

    method: Method = Field("GET", description="HTTP method")
    path: Path = Field(description="below `base_url`; values in braces are escaped")
    query: Mapping[str, str] = Field(
        default_factory=dict, description="parameters; values in braces are escaped"
    )
    success: tuple[Status, ...] = Field(
        (), description="statuses of success, where not all of 200 to 299 are"
    )
    # What may stand in braces, and of that what must.
    known: ClassVar[Collection[str]] = FIXED
    needed: ClassVar[str | None] = None

    @property
    def templates(self) -> tuple[Any, ...]:
        """All that may have values in braces."""
        return self.path, self.query, getattr(self, "body", None)

    @model_validator(mode="after")
    def _names_values(self) -> Self:
        refuse_unknown(self.templates, {*self.known, *FIXED})
        if self.needed is not None and self.needed not in variables(self.templates):
            raise ValueError(f"path: has no {{{self.needed}}}: write it where it goes")
        return self


class Next(Table):
    """How a look-up goes on where its answer is only the first page."""

    link: DottedPath | None = Field(
        None, description="where the next page's URL is; it must lie below `base_url`"
    )
    cursor: DottedPath | None = Field(
        None, description="where the next page's cursor is; `-1` is a list's last entry"
    )
    parameter: DottedPath | None = Field(
        None, description="where the cursor goes: a query parameter, or a body's path"
    )
    only_if: DottedPath | None = Field(
        None, description="what must be true in the answer for a next page to exist"
    )
    pages_max: PositiveInt = Field(
        10, le=100, description="a look-up with more pages is a failed call"
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.link is None) == (self.cursor is None):
            raise ValueError("say either link or cursor")
        if (self.cursor is None) != (self.parameter is None):
            raise ValueError("cursor and parameter go together: say both")
        return self


class Search(Request):
    """A look-up; every hit is checked, since servers match parts of a value."""

    body: Mapping[str, Any] | None = Field(
        None, description="of a look-up by POST; values in braces are filled in"
    )
    quoting: Literal["none", "soql"] = Field(
        "none", description="how the value is escaped inside a query language"
    )
    single: bool = Field(
        default=False, description="the answer is one record, not a list of them"
    )
    items: DottedPath | None = Field(
        None, description="where the answer has its list; the answer itself if not set"
    )
    id: DottedPath = Field("id", description="where a hit's id is")
    next: Next | None = Field(None, description="further pages")


class FindRequest(Search):
    """Search records by the user's email."""

    email: DottedPath = Field(
        "email", description="a hit's field that must be the address, in any case"
    )
    known = ("email",)
    needed = "email"


class FindByUserIdRequest(Search):
    """Search records by `lookup.user_id_field`, which must be the user_id exactly."""

    known = ("user_id",)
    needed = "user_id"


class CreateRequest(Request):
    """Make a record from the mapped fields."""

    method: Method = Field("POST", description="HTTP method")
    body: Mapping[str, Any] | None = Field(
        None, description="what is sent besides the mapped fields, which win over it"
    )
    id: DottedPath = Field("id", description="where the answer holds the new id")
    id_from: Literal["body", "location"] = Field(
        "body", description="or it is the last part of the answer's Location header"
    )
    idempotency_header: (
        Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,100}$")] | None
    ) = Field(None, description="header of the key by which the server knows a repeat")


class RecordRequest(Request):
    """A request about one record."""

    known = ("id",)
    needed = "id"


class FetchRequest(RecordRequest):
    """Read one record."""


class UpdateRequest(RecordRequest):
    """Change the mapped fields of a record and no others."""

    method: Method = Field("PATCH", description="HTTP method")
    body: Mapping[str, Any] | None = Field(
        None, description="what is sent besides the mapped fields, which win over it"
    )


class FixedRequest(RecordRequest):
    """A request whose body the file gives."""

    method: Method = Field("PATCH", description="HTTP method")
    body: Mapping[str, Any] | None = Field(
        None, description="as it is sent; none where not set"
    )


class DeleteRequest(FixedRequest):
    """Remove one record."""

    method: Method = Field("DELETE", description="HTTP method")


class Requests(Table):
    """What is sent for each kind of call, and how a record looks in it."""

    encoding: Literal["json", "form"] = Field(
        "json", description="of bodies; `form` nests as `a[b]=c` and clears with `a=`"
    )
    fields_at: DottedPath | None = Field(
        None, description="where in a record its fields are, when sent and answered"
    )
    find: FindRequest | None = Field(None, description="look-up by email")
    find_by_user_id: FindByUserIdRequest | None = Field(
        None, description="look-up by the field that holds our user_id"
    )
    fetch: FetchRequest | None = Field(None, description="reads one record")
    create: CreateRequest = Field(description="makes a record")
    update: UpdateRequest = Field(description="changes a record")
    deactivate: FixedRequest | None = Field(None, description="for a deleted user")
    restore: FixedRequest | None = Field(
        None, description="undoes deactivate; without it a record stays inactive"
    )
    delete: DeleteRequest | None = Field(None, description="for a deleted user")

    @model_validator(mode="after")
    def _finds(self) -> Self:
        if self.find is None and self.find_by_user_id is None:
            raise ValueError("no look-up: write requests.find or .find_by_user_id")
        return self
