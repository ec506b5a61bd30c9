"""A table of a destination file."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A table of the file: read once, and a misspelt key is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
