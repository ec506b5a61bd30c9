"""The part of a destination file that says how the destination is reached."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, HttpUrl, PositiveFloat, PositiveInt, SecretStr

from processors.correlation.rules import DottedPath, Table

Path = Annotated[str, Field(pattern=r"^/\S*$", max_length=500)]
RecordPath = Annotated[str, Field(pattern=r"^/\S*\{id\}\S*$", max_length=500)]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Auth(Table):
    """Who we are to the destination."""

    type: Literal["bearer"] = Field("bearer", description="Authorization: Bearer …")
    token: SecretStr = Field(
        min_length=1, description="by reference only: {env = 'NAME'}"
    )


class Rate(Table):
    """So many calls in so many seconds."""

    calls: PositiveInt = Field(description="calls allowed")
    per_seconds: PositiveFloat = Field(description="in any stretch of this length")


class Limits(Table):
    """How hard one worker may push the destination."""

    rates: tuple[Rate, ...] = Field(
        min_length=1, description="a call waits until all of these allow it"
    )


class FindRequest(Table):
    """Search records by the user's email."""

    method: Method = Field("GET", description="HTTP method")
    path: Path = Field(description="below base_url")
    query: dict[str, str] = Field(description="parameters; {email} stands for it")
    user_id_query: dict[str, str] | None = Field(
        None, description="to search by lookup.user_id_field; {user_id} stands for it"
    )
    id: DottedPath = Field("id", description="where a hit's id is")
    email: DottedPath = Field(
        "email", description="where a hit's email is: it must match exactly"
    )
    user_id: DottedPath | None = Field(
        None, description="where a hit's user_id is; else as lookup.user_id_field"
    )


class CreateRequest(Table):
    """Make a record from the mapped fields."""

    method: Method = Field("POST", description="HTTP method")
    path: Path = Field(description="below base_url")
    id: DottedPath = Field("id", description="where the answer holds the new id")


class RecordRequest(Table):
    """A request about one record."""

    method: Method = Field("PATCH", description="HTTP method")
    path: RecordPath = Field(description="with {id} where the id goes")
    body: dict[str, Any] | None = Field(
        None, description="fixed body; the mapped fields where not set"
    )


class FetchRequest(RecordRequest):
    """Read one record."""

    method: Method = Field("GET", description="HTTP method")


class DeleteRequest(RecordRequest):
    """Remove one record."""

    method: Method = Field("DELETE", description="HTTP method")


class Requests(Table):
    """What is sent for each kind of call."""

    find: FindRequest
    fetch: FetchRequest | None = Field(
        None, description="reads one record, for on.first_link = fill_empty"
    )
    create: CreateRequest
    update: RecordRequest
    deactivate: RecordRequest
    restore: RecordRequest | None = Field(
        None, description="undoes deactivate; without it a record stays inactive"
    )
    delete: DeleteRequest


class Connection(Table):
    """All that the connector needs to know of a destination."""

    base_url: HttpUrl = Field(description="every request stays below it")
    timeout_seconds: PositiveFloat = Field(
        10.0, le=15.0, description="for one call, from asking to the answer's last byte"
    )
    answer_bytes_max: PositiveInt = Field(
        1_048_576, description="a longer answer is a failed call"
    )
    auth: Auth
    limits: Limits
    requests: Requests
