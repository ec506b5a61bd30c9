"""A worker that is started again whenever it ends, as any supervisor would."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from pathlib import Path

from tests.chaos.notes import Faults
from tests.chaos.process import Process, free_port

AGAIN_SECONDS = 0.5
POINT_SECONDS_MAX = 15.0
STOP_SECONDS_MAX = 30.0


class Worker:
    """One place for a worker process; its ends and starts are noted as faults."""

    def __init__(
        self, name: str, env: Mapping[str, str], directory: Path, faults: Faults
    ) -> None:
        self.name = name
        self._directory = directory
        self._faults = faults
        port = free_port()
        env = {**env, "KEEPSTEP_WORKER_ADMIN_PORT": str(port)}
        self._process = Process(
            ["tests.chaos.worker", name, str(directory)],
            env,
            directory / "logs" / f"{name}.log",
            f"http://127.0.0.1:{port}/readyz",
        )
        self._wanted, self._closed = threading.Event(), threading.Event()
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name=name)
        self._thread.start()

    def up(self) -> None:
        """Have it run from now on."""
        self._wanted.set()

    def down(self) -> None:
        """End it in order, and do not start it again until `up`."""
        self._wanted.clear()
        self.term()

    def term(self) -> None:
        """Ask it to end (SIGTERM); it is started again."""
        self._faults.note("term", self.name)
        self._process.signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once (SIGKILL); it is started again."""
        self._process.signal(signal.SIGKILL)

    def restart(self) -> bool:
        """Return whether it ended in order in time; it is started again."""
        self._gone.clear()
        self.term()
        return self._gone.wait(STOP_SECONDS_MAX)

    def kill_at(self, point: str) -> bool:
        """Have it kill itself at *point*, `<step>:<count>`; False: not yet."""
        self._gone.clear()
        (self._directory / f"{self.name}.kill-at").write_text(point)
        self._process.signal(signal.SIGUSR1)
        return self._gone.wait(POINT_SECONDS_MAX)

    def freeze(self) -> None:
        """Stop it where it is (SIGSTOP)."""
        self._process.signal(signal.SIGSTOP)
        self._faults.note("freeze", self.name)

    def wake(self) -> None:
        """Let a frozen one go on."""
        self._faults.note("wake", self.name)
        self._process.signal(signal.SIGCONT)

    def ready(self) -> bool:
        """Whether it owns what it shall own."""
        return self._process.ready()

    def end(self) -> None:
        """Ask it to end for good, and do not wait."""
        self._closed.set()
        self._wanted.clear()
        self._process.signal(signal.SIGTERM)
        self._process.signal(signal.SIGCONT)  # a frozen one hears nothing else

    def close(self) -> None:
        """Wait for its end; kill it where that takes too long."""
        self._thread.join(STOP_SECONDS_MAX)
        self._process.signal(signal.SIGKILL)
        self._thread.join()

    def _supervise(self) -> None:
        while not self._closed.is_set():
            if not self._wanted.wait(0.1):
                continue
            self._faults.note("start", self.name)
            self._process.start()
            code = self._process.wait()
            if code == -signal.SIGKILL:
                self._faults.note("kill", self.name)
            else:
                self._faults.note("exit", self.name, code)
            self._gone.set()
            self._closed.wait(AGAIN_SECONDS)
