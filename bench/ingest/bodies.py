"""The bodies that every server is sent: made-up users in the shape of Auth0's."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from sandbox.auth0.users import Population, generate

USERS = 500
BODIES = 1_000
SIZES = range(1_250, 1_400)  # bytes; 1.3 kB on average


def write(path: Path) -> list[bytes]:
    """Write the bodies to *path*, one a line, and return them; the same each time."""
    events = generate(Population(users=USERS, events=100 * BODIES))
    fitting = (event.body for event in events if len(event.body) in SIZES)
    bodies = list(islice(fitting, BODIES))
    path.write_bytes(b"\n".join(bodies))
    return bodies
