"""`[on]`: what is done in each case."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from processors.correlation.table import Table

Missing = Literal["create", "review", "skip"]


class On(Table):
    """What is done in each case."""

    created_missing: Missing = Field(
        "create", description="a new user who has no record"
    )
    updated_missing: Missing = Field(
        "review", description="a changed user who has no record"
    )
    deleted_missing: Literal["skip", "review"] = Field(
        "skip", description="a deleted user who has no record"
    )
    deleted: Literal["deactivate", "delete", "ignore"] = Field(
        "deactivate", description="a deleted user's record"
    )
    gone: Literal["create", "review", "unlink"] = Field(
        "review", description="a known record that is not there any more"
    )
    first_link: Literal["overwrite", "fill_empty", "adopt"] = Field(
        "overwrite",
        description="a record that was there before us: overwrite it, fill what is "
        "empty, or change nothing until the profile does",
    )
    hint_conflict: Literal["relink", "review", "keep"] = Field(
        "relink", description="a newer hint that names another record than the link"
    )
    merged: Literal["keep", "deactivate", "review"] = Field(
        "keep", description="the record of a login that was merged into another"
    )
    blocked: Literal["ignore", "deactivate"] = Field(
        "ignore", description="a blocked user's record; unblocked it is restored"
    )
    deselected: Literal["ignore", "deactivate"] = Field(
        "ignore", description="a linked user for whom select turns false"
    )
