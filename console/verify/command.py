"""`keepstep verify`: a test user's life, through everything that runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from console.operate.reader import Reader
from console.operate.table import printable
from console.operate.target import Destination as Name
from console.operate.target import target
from console.verify.outcomes import Ended, Outcomes
from console.verify.plot import DELETED, Plot, Step, found_in, is_same
from console.verify.webhook import Webhook, webhook
from events.exits import BadConfiguration
from events.model import MISSING
from processors.correlation.calls import Delete, Done, Fetch, Fetched, Gone
from processors.destination import Destination, load
from processors.destination_file import OBSERVED, environment
from processors.rest.answers import Meaning
from processors.rest.client import RestClient

READ_SECONDS_MAX = 10.0
AGAIN_SECONDS = 0.25
DIFFERS = 1
Profile = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, help="JSON object of more attributes of the user"
    ),
]
Url = Annotated[
    str | None, typer.Option("--webhook", help="where ingest is reached from here")
]
Seconds = Annotated[
    float, typer.Option(min=1, help="how long an event may take, besides its grace")
]


def verify(
    destination: Name,
    *,
    url: Url = None,
    profile: Profile = None,
    seconds_max: Seconds = 30.0,
) -> None:
    """Create, change and delete a test user, and look into the destination each time.

    The events go to the webhook, so every destination gets the test user. Exits 0 where
    all is as expected, 1 where something differs or takes too long, 2 where something
    must be corrected first.
    """
    chosen = target(destination)
    found = _applied(destination, chosen.worker.destinations_dir)
    door = webhook(url)
    plot = Plot(found, door.source, _attributes(profile))
    typer.echo(f"test user {plot.user_id}, {plot.email}")
    with Reader(chosen.kafka) as reader:
        outcomes = Outcomes(reader, chosen, plot.user_id)
        walk = Walk(found, plot, door, outcomes, seconds_max)
        raise typer.Exit(asyncio.run(walk.walk()))


class Walk:
    """One test user at one destination, from its creation until nothing is left."""

    def __init__(
        self,
        destination: Destination,
        plot: Plot,
        door: Webhook,
        outcomes: Outcomes,
        seconds_max: float,
    ) -> None:
        self._destination, self._plot, self._door = destination, plot, door
        self._outcomes, self._seconds_max = outcomes, seconds_max
        self._record_id: str | None = None
        self._begun = self._deleting = self._deleted = self._differs = False

    async def walk(self) -> int:
        """Return the exit code; each step is told as it is made."""
        found = self._destination
        async with RestClient(
            found, found.lookup, lambda: True, targets=found.fields
        ) as client:
            try:
                for step in self._plot.steps():
                    if not await self._made(step, client):
                        break
            finally:
                await self._clean_up(client)
        return DIFFERS if self._differs else 0

    async def _made(self, step: Step, client: RestClient) -> bool:
        """Send the step's event and look at what came of it; False: it did not end."""
        ended = await self._sent(step)
        if ended is None:
            self._tell(step.title, "outcome", step.outcome, "none in time", same=False)
            return False
        same = str(ended).split(":")[0] == step.outcome
        self._tell(step.title, "outcome", step.outcome, str(ended), same=same)
        self._record_id = ended.record_id or self._record_id
        await self._look(step, client)
        return True

    async def _sent(self, step: Step) -> Ended | None:
        """Post the step's event, and return its outcome, None without one in time."""
        self._door.post(step.body)
        self._begun, self._deleting = True, step.title == DELETED
        grace_seconds = self._destination.grace_seconds if self._deleting else 0.0
        seconds_max = self._seconds_max + grace_seconds
        ended = await asyncio.to_thread(self._outcomes.of, step.event_id, seconds_max)
        self._deleted = self._deleting and ended is not None
        return ended

    async def _look(self, step: Step, client: RestClient) -> None:
        """Read the record until it is as it must be, for a while."""
        if self._record_id is None or not self._destination.can_fetch:
            return
        loop = asyncio.get_running_loop()
        deadline = loop.time() + READ_SECONDS_MAX
        while True:
            meaning = (await client.call(Fetch(self._record_id))).meaning
            lines = list(_compared(step, self._record_id, meaning))
            if all(same for *_, same in lines) or loop.time() > deadline:
                break
            await asyncio.sleep(AGAIN_SECONDS)
        for what, expected, found, same in lines:
            self._tell(step.title, what, expected, found, same=same)

    def _tell(
        self, title: str, what: str, expected: str, found: str, *, same: bool
    ) -> None:
        self._differs |= not same
        verdict = "ok" if same else "DIFFERS"
        line = f"{title}: {what}: expected {expected}, found {found}: {verdict}"
        typer.echo(printable(line))

    async def _clean_up(self, client: RestClient) -> None:
        """Delete the test user where that is still to do, and then its record.

        While the deletion is on its way, the worker needs the record.
        """
        if self._begun and not self._deleting:
            await self._sent(self._plot.deletion())
        if self._record_id is None:
            return
        if self._deleted and self._destination.requests.delete is not None:
            meaning = (await client.call(Delete(self._record_id))).meaning
            if isinstance(meaning, Done | Gone):
                typer.echo("cleaned up: the record is removed")
                return
        typer.echo(f"the record {printable(self._record_id)} stays: remove it by hand")


def _compared(
    step: Step, record_id: str, meaning: Meaning
) -> Iterator[tuple[str, str, str, bool]]:
    """Yield what is compared, what is expected, what was found, and whether it fits."""
    there = isinstance(meaning, Fetched)
    gone = isinstance(meaning, Gone)
    shown = record_id if there else "gone" if gone else type(meaning).__name__
    if step.record is None:
        yield "record", "gone", shown, gone
        return
    yield "record", record_id, shown, there
    if isinstance(meaning, Fetched):
        for name, expected in step.record.items():
            found = found_in(meaning.fields, name)
            yield name, _shown(expected), _shown(found), is_same(expected, found)


def _shown(value: Any) -> str:
    return "nothing" if value is MISSING else msgspec.json.encode(value).decode()


def _applied(name: str, directory: Path) -> Destination:
    """Return the destination; it must write, and take up a new user."""
    found = load(directory, name.removesuffix(OBSERVED), environment())
    if found.mode == "observe":
        raise BadConfiguration(
            f"{name}: mode: observe writes nothing, so nothing can be verified: use "
            "`keepstep try`, or apply"
        )
    if found.on.created_missing != "create":
        raise BadConfiguration(
            f"{name}: on.created_missing: {found.on.created_missing} creates no record "
            "for a test user: verify where it says create"
        )
    return found


def _attributes(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"{path}: {error}: write a JSON object") from None
