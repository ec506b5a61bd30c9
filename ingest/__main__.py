"""HTTP in, Kafka out: `python -m ingest`, which is `keepstep ingest`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run until SIGTERM; exit 0, 1 broken, 2 wrongly configured, 3 no broker."""
    # structlog draws tracebacks for terminals with rich wherever it can import it:
    # 4 MB that a JSON log never uses. It has no switch, and None means "not there".
    sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
    from ingest.start import run  # noqa: PLC0415 -- after the line above

    run()


if __name__ == "__main__":
    main()
