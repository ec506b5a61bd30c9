"""`python -m tests.explorer`: walks every interleaving of small scenarios.

`--large` walks more of them; names given besides choose scenarios.
"""

from __future__ import annotations

import sys
import time

from tests.explorer.scenarios import large, small
from tests.explorer.walk import Fault, walk


def tell(line: str) -> None:
    """Print *line* at once: a walk may take minutes."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Walk what *arguments* choose, print what was seen, and return an exit code."""
    names = [name for name in arguments if name != "--large"]
    states = failed = 0
    for scenario in large() if "--large" in arguments else small():
        if names and scenario.name not in names:
            continue
        begun = time.monotonic()
        trouble = scenario.trouble._asdict()
        bounds = " ".join(f"{kind}={n}" for kind, n in trouble.items() if n)
        tell(f"{scenario.name}: {len(scenario.events)} events {bounds}")
        try:
            seen = walk(scenario)
        except Fault as fault:
            failed += 1
            tell(f"  {fault}")
            continue
        states += seen.states
        seconds = time.monotonic() - begun
        tell(
            f"  {seen.states:,} states, {seen.steps:,} steps, {seen.ends} ends, "
            f"{seconds:.1f} s"
        )
    tell(f"RESULT states={states} failed={failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
