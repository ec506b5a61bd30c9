"""Checks one run's files: python -m tests.history <directory>.

Prints one finding a line, then how often each explanation was given, then a summary.
Ends with 1 on any finding but explained duplicates, with 2 where a file is unreadable.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.history.check import Report
from tests.history.history import History
from tests.history.records import Unreadable


def main(arguments: list[str]) -> int:
    """Check the directory that *arguments* names; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("say: python -m tests.history <directory>\n")
        return 2
    try:
        report = Report(History.read(Path(arguments[0])))
    except Unreadable as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.writelines(f"{line}\n" for line in report.lines())
    return 0 if report.summary.clean else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
