"""The product's worker with a call log.

`python -m tests.chaos.worker <name> <directory>`; the log goes into the directory. The
process kills itself where `CHAOS_KILL_AT` says, or the directory's `<name>.kill-at`
when SIGUSR1 comes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from processors.__main__ import main
from tests.chaos import seams
from tests.chaos.call_log import CallLog
from tests.chaos.fault_points import VARIABLE, FaultPoints

if __name__ == "__main__":
    name, directory = sys.argv[1], Path(sys.argv[2])
    points = FaultPoints()
    points.arm_on_signal(directory / f"{name}.kill-at")
    if VARIABLE in os.environ:
        points.arm(os.environ[VARIABLE])
    seams.install(CallLog(directory, name), points)
    main(["worker", "crm"])
