"""Who hears of each delivery: the record file and, on a terminal, a progress bar."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from sandbox.auth0.delivery import Delivery
from sandbox.auth0.record import Record

OnDelivery = Callable[[Delivery], None]
screen = Console(stderr=True)


@contextmanager
def listeners(record: Path | None, total: int | None) -> Iterator[OnDelivery]:
    """Yield what to call for each delivery: record file and, on a TTY, progress bar."""
    with ExitStack() as stack:
        called: list[OnDelivery] = []
        if record is not None:
            called.append(Record(stack.enter_context(record.open("wb"))).write)
        if screen.is_terminal:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("[red]{task.fields[failed]}[/red]"),
            )
            bar = stack.enter_context(Progress(*columns, console=screen))
            called.append(drawer(bar, total))

        def on_delivery(delivery: Delivery) -> None:
            for call in called:
                call(delivery)

        yield on_delivery


def drawer(bar: Progress, total: int | None) -> OnDelivery:
    """Return what moves the bar on at each delivery, and tells how many failed."""
    task = bar.add_task("Sending", total=total, failed="")
    failed = 0

    def draw(delivery: Delivery) -> None:
        nonlocal failed
        failed += not delivery.delivered
        bar.update(task, advance=1, failed=f"{failed} failed" if failed else "")

    return draw
