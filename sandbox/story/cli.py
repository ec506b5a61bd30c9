"""`python -m sandbox story`: what `make run` runs."""

from __future__ import annotations

import contextlib
import signal
import time
from typing import Annotated

import typer
from rich.console import Console

from sandbox.kafka import KafkaMissing
from sandbox.story.children import NotReady
from sandbox.story.ending import Held, faults
from sandbox.story.play import follow, play
from sandbox.story.screen import Screen
from sandbox.story.stack import DESTINATIONS, Stack, running
from sandbox.story.table import Rows
from sandbox.story.watch import Watch

app = typer.Typer(add_completion=False)

WHERE_TO_LOOK = """
CRM page  {crm_url}/
events    .sandbox/bin/kafka-console-consumer.sh --bootstrap-server {kafka} \
--topic keepstep.events --from-beginning --formatter-property print.key=true \
--formatter-property print.headers=true
logs      .sandbox/logs/

Add yourself to the table:
curl -i {webhook_url} -H 'Authorization: Bearer {token}' -d \
'{{"id":"evt_you","type":"user.created","time":"2026-01-01T00:00:00Z",\
"data":{{"object":{{"user_id":"auth0|you","email":"you@example.com","name":"You"}}}}}}'

Ctrl-C stops everything.
"""


@app.callback(invoke_without_command=True)
def story(
    *, once: Annotated[bool, typer.Option(help="check the end and exit 0 or 1")] = False
) -> None:
    """Start everything, play the story, and stay up until Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    rows = Rows(DESTINATIONS)
    screen = Screen(Console(), rows)
    try:
        with running(lambda part: screen.say(f"starting {part} …", "dim")) as stack:
            code = _told(stack, rows, screen, started, once=once)
    except (NotReady, KafkaMissing) as error:
        screen.say(str(error), "red")
        code = 1
    except KeyboardInterrupt:
        code = 0
    raise SystemExit(code)


def _told(
    stack: Stack, rows: Rows, screen: Screen, started: float, *, once: bool
) -> int:
    watch = Watch(stack.kafka, stack.topics, DESTINATIONS)
    with contextlib.closing(watch), screen:
        play(stack, watch, rows, screen.show)
        found = faults(rows.rows, Held(stack.contacts(), stack.customers()))
        for line in found:
            screen.say(f"wrong: {line}", "red")
        if not found:
            seconds = time.monotonic() - started
            screen.say(f"The story ended as it must, {seconds:.0f} s after the start.")
        if once:
            return 1 if found else 0
        screen.say(
            WHERE_TO_LOOK.format(
                crm_url=stack.crm_url,
                kafka=stack.kafka.bootstrap_servers,
                webhook_url=stack.webhook_url,
                token=stack.webhook_token,
            )
        )
        while True:
            follow(watch, rows, screen.show)
