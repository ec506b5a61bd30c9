"""Who we are to a destination: the `[auth]` table, by its type."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from processors.correlation.rules import Table
from processors.rest.secret import Secret

_KINDS = ("bearer", "basic", "header", "oauth2_client_credentials")


class Bearer(Table):
    """A token that stays the same until somebody changes it."""

    type: Literal["bearer"] = Field("bearer", description="Authorization: Bearer …")
    token: Secret = Field(description="by reference only: `{env = 'NAME'}`")


class Basic(Table):
    """A name and a password, as RFC 7617 has them."""

    type: Literal["basic"] = Field(description="Authorization: Basic …")
    username: str = Field(
        min_length=1,
        pattern=r"^[^:\x00-\x1f]*$",
        description="the name, without a colon",
    )
    password: Secret = Field(description="by reference only: `{env = 'NAME'}`")


class Header(Table):
    """A token in a header of its own."""

    type: Literal["header"] = Field(description="a header of the vendor's choosing")
    name: str = Field(
        pattern=r"^[A-Za-z0-9-]{1,100}$", description="such as `X-Api-Key`"
    )
    value: Secret = Field(description="by reference only: `{env = 'NAME'}`")


class ClientCredentials(Table):
    """Tokens that a server gives for a client's secret (RFC 6749, section 4.4)."""

    type: Literal["oauth2_client_credentials"] = Field(
        description="a token is fetched, shared by all calls, and renewed in time"
    )
    token_url: str = Field(
        pattern=r"^(/|https?://[^/@\s?#]+/)[^\s?#]*$",
        max_length=500,
        description="who gives the tokens: a URL, or a path below `base_url`; the "
        "secret goes nowhere else",
    )
    client_id: str = Field(min_length=1, description="who we are to that server")
    client_secret: Secret = Field(description="by reference only: `{env = 'NAME'}`")
    scope: str | None = Field(None, description="as the server names it, if it must be")
    client_in: Literal["body", "header"] = Field(
        "body", description="where the server reads the client's id and secret"
    )


def _kind(value: Any) -> str | None:
    """Return the tag: a table without a type is a bearer's."""
    found = value.get("type", "bearer") if isinstance(value, dict) else value.type
    return found if found in _KINDS else None


Auth = Annotated[
    Annotated[Bearer, Tag("bearer")]
    | Annotated[Basic, Tag("basic")]
    | Annotated[Header, Tag("header")]
    | Annotated[ClientCredentials, Tag("oauth2_client_credentials")],
    Discriminator(
        _kind,
        custom_error_type="auth_type",
        custom_error_message="type: should be one of " + ", ".join(_KINDS),
    ),
]
