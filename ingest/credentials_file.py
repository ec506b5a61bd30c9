"""Reads the file of secrets that can be changed while the process runs."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
)

from events.exits import BadConfiguration
from events.settings import refuse_weak

SETTING = "KEEPSTEP_INGEST_CREDENTIALS_FILE"


def _strong(secret: SecretStr) -> SecretStr:
    refuse_weak(secret.get_secret_value())
    return secret


def _strong_pair(pair: SecretStr) -> SecretStr:
    user, colon, password = pair.get_secret_value().partition(":")
    if not user or not colon:
        raise ValueError("write it as user:password")
    refuse_weak(password)
    return pair


StrongSecret = Annotated[SecretStr, AfterValidator(_strong)]
StrongPair = Annotated[SecretStr, AfterValidator(_strong_pair)]
# What Auth0 takes as `header_key` (Management API, webhook_authorization).
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]


class CredentialsFile(BaseModel):
    """What the TOML file may hold; every secret in it is valid."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    bearer: tuple[StrongSecret, ...] = Field((), description="tokens")
    basic: tuple[StrongPair, ...] = Field((), description="user:password pairs")
    header: dict[HeaderName, tuple[StrongSecret, ...]] = Field(
        default_factory=dict, description="values, by the name of a custom header"
    )


def read(path: Path) -> CredentialsFile:
    """Return the secrets in *path*.

    Raises:
        BadConfiguration: Says what is wrong where, and never holds a secret.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return CredentialsFile.model_validate(tomllib.loads(text))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise BadConfiguration(f"{SETTING}={path}: {where}: {message}") from None
    except tomllib.TOMLDecodeError as error:
        raise BadConfiguration(f"{SETTING}={path}: no TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no UTF-8"
        raise BadConfiguration(f"{SETTING}={path}: {reason}: mend the file") from None
