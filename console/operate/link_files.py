"""`keepstep links export|import`: which record is whose, as lines of JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from console.operate.linking import lookup_of, refuse_unfit_id
from console.operate.links import all_links
from console.operate.orders import of_user
from console.operate.reader import Reader
from console.operate.sending import send
from console.operate.target import Destination, target
from events.codec import KEY_CHARACTERS_MAX
from events.exits import BadConfiguration
from processors.correlation.rules import Lookup

app = typer.Typer(
    no_args_is_help=True,
    help="Which record is whose: export the links, or import those that are known.",
)
File = Annotated[
    Path,
    typer.Argument(
        exists=True, dir_okay=False, help='lines of {"user_id": "…", "record_id": "…"}'
    ),
]


class Known(msgspec.Struct):
    """One line of a file."""

    user_id: Annotated[str, msgspec.Meta(min_length=1, max_length=KEY_CHARACTERS_MAX)]
    record_id: str


_decoder = msgspec.json.Decoder(Known)


@app.command("export")
def export(destination: Destination) -> None:
    """Print a line of JSON for each user whose record is known."""
    chosen = target(destination)
    with Reader(chosen.kafka) as reader:
        links = all_links(reader, chosen)
    for user_id, link in sorted(links.items()):
        if link.record_id is not None:
            line = {
                "user_id": user_id,
                "record_id": link.record_id,
                "fields": sorted(link.fingerprints),
            }
            typer.echo(msgspec.json.encode(line).decode())


@app.command("import")
def import_(destination: Destination, file: File) -> None:
    """Link the users of *file*; all its lines are read before the first is sent."""
    chosen = target(destination)
    known = list(read_lines(file, lookup_of(chosen)))
    orders = (
        of_user(chosen, "link", line.user_id, record=line.record_id) for line in known
    )
    sent = send(chosen.kafka, orders)
    typer.echo(
        f"sent: {sent} links; a worker writes them, see `keepstep status {chosen.name}`"
    )


def read_lines(file: Path, lookup: Lookup) -> Iterator[Known]:
    """Yield what *file* says; empty lines are passed over.

    Raises:
        BadConfiguration: A line is wrong, a user has two, or two users have a record
            that says whose it is; names the line.
    """
    users: dict[str, int] = {}
    records: dict[str, int] = {}
    with file.open("rb") as lines:
        for number, raw in enumerate(lines, start=1):
            if not raw.strip():
                continue
            where = f"{file.name}, line {number}"
            try:
                line = _decoder.decode(raw)
                refuse_unfit_id(line.record_id, lookup)
            except (msgspec.DecodeError, UnicodeDecodeError, BadConfiguration) as error:
                raise BadConfiguration(f"{where}: {error}; nothing was sent") from None
            twice = [("user", users.get(line.user_id))]
            if lookup.user_id_field is not None:
                twice.append(("record", records.get(line.record_id)))
            for what, before in twice:
                if before is not None:
                    raise BadConfiguration(
                        f"{where}: this {what} stands in line {before} already: keep "
                        "one of them; nothing was sent"
                    )
            users[line.user_id] = records[line.record_id] = number
            yield line
