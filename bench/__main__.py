"""Our engine beside what a Python team would pick instead: `python -m bench`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from bench import running
from bench.engine import figures, predicted
from bench.engine.beside import measured
from bench.engine.plan import FULL, QUICK
from bench.engine.run import compare

console = Console(width=180, soft_wrap=True)  # the table has many columns


def say(line: str) -> None:
    """Print a line as it is."""
    console.print(line, markup=False, highlight=False)


def main(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="few events: does everything work?")
    ] = False,
    broker: running.Broker = None,
) -> None:
    """Kafka → CRM by every engine, the cost of the rules, the use of a budget.

    Exits 0 when our worker lost nothing, kept order and left the newest state behind,
    1 when not or when it failed, 2 when something needed is missing.
    """
    plan = QUICK if quick else FULL
    titles = {name: scenario.title for name, scenario in plan.scenarios.items()}
    with running.kafka(broker, say) as settings:
        found = compare(settings, plan, say)
        rules = measured("bench.rules", (), say)
        options = (*plan.budget, "--broker", settings.bootstrap_servers)
        budget = measured("bench.budget", options, say)
    console.print(figures.table(found, titles))
    say("* was cut off there: events/s if all goes on at the pace of its busiest user")
    for line in [*figures.bars(found), *predicted.lines(found, plan)]:
        say(line)
    say(" ".join(f"{name}={value}" for name, value in rules.items()))
    used, refused = (budget.get(n, "nan") for n in ("allowance_used", "answers_429"))
    last = f"allowance_used={used} answers_429={refused}"
    print(f"RESULT {figures.result(found)} {last}")
    raise typer.Exit(0 if found.correct else 1)


if __name__ == "__main__":
    typer.run(main)
