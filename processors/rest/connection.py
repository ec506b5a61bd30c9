"""The part of a destination file that says how the destination is reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    Field,
    HttpUrl,
    PositiveFloat,
    PositiveInt,
    field_validator,
)

from processors.correlation.rules import Table
from processors.rest.auth import Auth
from processors.rest.errors import Errors
from processors.rest.rate_headers import RateHeaders
from processors.rest.tables import Requests

# These are the connector's own; a second one would contradict it.
_OWN_HEADERS = frozenset(
    {
        *("accept-encoding", "authorization", "connection", "content-length"),
        *("content-type", "cookie", "host", "transfer-encoding"),
    }
)


Operation = Literal[
    "find", "fetch", "create", "update", "deactivate", "restore", "delete"
]


class Rate(Table):
    """So many calls in so many seconds."""

    calls: PositiveInt = Field(description="calls allowed")
    per_seconds: PositiveFloat = Field(description="in any stretch of this length")
    keep_free: float = Field(
        0.0, ge=0.0, lt=1.0, description="the part of them that others may use"
    )
    operations: tuple[Operation, ...] = Field(
        (),
        description="kinds of calls that count; without any, all do (find, fetch, "
        "create, update, deactivate, restore, delete)",
    )


class Limits(Table):
    """How hard all workers together may push the destination."""

    rates: tuple[Rate, ...] = Field(
        min_length=1, description="a call waits until all of these allow it"
    )
    concurrency: PositiveInt | None = Field(
        None, description="calls in flight at a time; without it, as many as there are"
    )
    headers: tuple[RateHeaders, ...] = Field(
        (), description="headers of answers that say what is left, besides usual ones"
    )


HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,100}$")]
HeaderValue = Annotated[str, Field(pattern=r"^[\x20-\x7e]{1,1000}$")]


class Connection(Table):
    """All that the connector needs to know of a destination."""

    base_url: HttpUrl = Field(description="every request stays below it")
    timeout_seconds: PositiveFloat = Field(
        10.0,
        le=15.0,
        description="for one call, from asking to the last answer's last byte; a "
        "look-up's pages and a token's renewal are in it",
    )
    answer_bytes_max: PositiveInt = Field(
        1_048_576, description="a longer answer is a failed call"
    )
    headers: Mapping[HeaderName, HeaderValue] = Field(
        default_factory=dict, description="sent with every request"
    )
    auth: Auth = Field(description="who we are to the destination")
    limits: Limits = Field(description="how hard all workers may push it")
    requests: Requests = Field(description="what is sent for each kind of call")
    errors: Errors = Field(
        Errors(),
        description='`"STATUS"` or `"STATUS:PATTERN"` (a pattern of the body, `*` '
        "for any status) = what it means: retry, limited, auth, permanent, ok, "
        "conflict or gone",
    )

    @field_validator("base_url")
    @classmethod
    def _plain(cls, value: HttpUrl) -> HttpUrl:
        if value.username is not None or value.password is not None:
            raise ValueError("holds a name or password: move it to [auth]")
        if value.query is not None or value.fragment is not None:
            raise ValueError("ends in ? or #: end it with its path")
        return value

    @field_validator("headers")
    @classmethod
    def _not_ours(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for name in value:
            if name.lower() in _OWN_HEADERS:
                raise ValueError(
                    f"{name} is written by [auth] or the connector: remove it"
                )
        return value
