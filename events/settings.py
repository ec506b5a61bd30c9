"""Reads a process's settings once, and says in one line what is wrong with them.

A value comes from the environment, else from `.env`, else from a file of that name
in lower case in the directory KEEPSTEP_SECRETS_DIR (as Docker and Kubernetes mount
secrets).
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from events.exits import BadConfiguration
from events.topics import Topics

Model = TypeVar("Model", bound=BaseSettings)
ENV_FILE = ".env"
SECRET_CHARACTERS_MIN = 16
_EXAMPLES = ("change", "example", "secret", "password", "token", "xxxx", "1234")


class InstallationSettings(BaseSettings):
    """What ingest, workers and tools of one installation must agree about."""

    model_config = SettingsConfigDict(
        env_prefix="KEEPSTEP_", frozen=True, extra="ignore"
    )

    installation: str = Field(
        "keepstep",
        pattern=r"^[a-z0-9][a-z0-9-]{0,30}$",
        description="first part of every topic, group and transactional id",
    )
    partitions: int = Field(
        12,
        ge=1,
        le=1000,
        description="of every topic but quarantine; fixed once the topics are made",
    )
    user_ref_secret: SecretStr = Field(
        description="key of the hash that stands for a user in logs and outcomes"
    )

    @field_validator("user_ref_secret")
    @classmethod
    def _strong(cls, value: SecretStr) -> SecretStr:
        refuse_weak(value.get_secret_value())
        return value

    @property
    def topics(self) -> Topics:
        """The names and settings of this installation's topics."""
        return Topics(self.installation, self.partitions)


def refuse_weak(secret: str) -> None:
    """Raise ValueError for a secret that is short or looks like an example.

    The message never holds the secret.
    """
    lowered = secret.lower()
    weak = len(secret) < SECRET_CHARACTERS_MIN or len(set(secret)) < 6  # noqa: PLR2004 -- "aaaaaaaa…" has one
    if weak or any(lowered.startswith(word) for word in _EXAMPLES):
        raise ValueError(
            f"needs a secret of at least {SECRET_CHARACTERS_MIN} characters that is no "
            "example: make one with `openssl rand -hex 32`"
        )


def read(model: type[Model], environ: dict[str, str] | None = None) -> Model:
    """Return *model* filled from environment, `.env` and secrets directory.

    Raises:
        BadConfiguration: Names the variable that is missing, unknown or wrong.
    """
    names = os.environ if environ is None else environ
    prefix = model.model_config.get("env_prefix", "")
    known = {f"{prefix}{name}".upper() for name in model.model_fields}
    present = {**dotenv_values(ENV_FILE), **names}
    _refuse_unknown(prefix, known, present)
    secrets_dir = names.get("KEEPSTEP_SECRETS_DIR")
    if secrets_dir is not None and not Path(secrets_dir).is_dir():
        raise BadConfiguration(
            f"KEEPSTEP_SECRETS_DIR={secrets_dir} is no directory: "
            "mount the secrets there"
        )
    try:
        return model(_env_file=ENV_FILE, _secrets_dir=secrets_dir)
    except ValidationError as error:
        raise BadConfiguration(_sentence(prefix, error)) from None


def _refuse_unknown(prefix: str, known: set[str], present: Iterable[str]) -> None:
    own = prefix.count("_") > 1  # KEEPSTEP_ alone is also the start of free names
    for name in sorted(present):
        if not name.startswith(prefix) or name in known:
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.9)
        if own or near:
            cure = f"did you mean {near[0]}?" if near else "remove it"
            raise BadConfiguration(f"{name} is no setting: {cure}")


def _sentence(prefix: str, error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if first["loc"]:
        name = f"{prefix}{first['loc'][0]}".upper()
    else:  # a rule about several fields names the one to mend first
        field, _, message = message.partition(": ")
        name = f"{prefix}{field}".upper()
    if first["type"] == "missing":
        return f"{name} is not set: set it in the environment or in {ENV_FILE}"
    return f"{name}: {message}"
