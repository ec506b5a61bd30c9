"""The workers of a run and who starts them again: lives end, places stay."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.simulator.clock import Clock, Process
from tests.simulator.notes import Notes
from tests.simulator.plan import WORKERS
from tests.simulator.worker import Surroundings, Worker

LOOK_SECONDS = 0.5
RESTART_SECONDS_MIN = 2.0


class Fleet:
    """A supervisor: whoever ended is started again, but for a maintenance."""

    def __init__(self, around: Surroundings, random: Random) -> None:
        self._around = around
        self._random = random
        self._again_at = dict.fromkeys(WORKERS, 0.0)
        self._lives = 0
        self._until_stopped: Callable[[], None] | None = None
        self.workers: dict[str, Worker] = {}

    @property
    def _clock(self) -> Clock:
        return self._around.clock

    @property
    def _notes(self) -> Notes:
        return self._around.notes

    @property
    def alive(self) -> list[Worker]:
        """The workers that live, frozen ones too."""
        return [w for w in self.workers.values() if w.process.alive]

    @property
    def in_maintenance(self) -> bool:
        """Whether an operator has stopped all."""
        return self._until_stopped is not None

    def look(self) -> None:
        """Start whoever ended; again and again."""
        if self._until_stopped is None:
            for name in WORKERS:
                worker = self.workers.get(name)
                ended = worker is None or not worker.process.alive
                if ended and self._again_at[name] <= self._clock.now:
                    self._start(name)
        elif self._is_quiet:
            self._until_stopped()
            self._until_stopped = None
        self._clock.after(LOOK_SECONDS, self.look)

    @property
    def _is_quiet(self) -> bool:
        """Whether no worker lives, and nothing of one is on its way any more."""
        stalled_until = self._around.broker.stalled_until
        no_member = not self.alive and self._around.group.is_empty
        return no_member and self._clock.now > stalled_until + LOOK_SECONDS

    def _start(self, name: str) -> None:
        self._lives += 1
        process = Process(self._clock, f"{name}.{self._lives}")
        self.workers[name] = worker = Worker(self._around, name, process)
        self._notes("started", worker=process.name)
        worker.start()

    def pick(self) -> Worker | None:
        """Return a worker that lives and is not frozen."""
        awake = [worker for worker in self.alive if not worker.process.frozen]
        return self._random.choice(awake) if awake else None

    # ---- what befalls them

    def kill(self, process: Process) -> None:
        """End a process at once (SIGKILL)."""
        process.kill()
        self._notes("killed", worker=process.name)
        self._restart(process)

    def terminate(self, worker: Worker) -> None:
        """Ask a worker to end (SIGTERM)."""
        self._notes("terminated", worker=worker.process.name)
        worker.member.stop()
        self._restart(worker.process)

    def _restart(self, process: Process) -> None:
        name = process.name.partition(".")[0]
        wait = RESTART_SECONDS_MIN + self._random.choice((0.0, 1.0, 5.0, 25.0))
        self._again_at[name] = self._clock.now + wait

    def freeze(self, process: Process, seconds: float) -> None:
        """Stop a process (SIGSTOP) for some time."""
        if process.frozen:
            return
        process.freeze()
        self._notes("frozen", worker=process.name, seconds=seconds)
        self._clock.after(seconds, lambda: self._wake(process))

    def _wake(self, process: Process) -> None:
        if process.alive and process.frozen:
            self._notes("woken", worker=process.name)
            process.wake(self._random)

    def stop_all(self, then: Callable[[], None]) -> None:
        """Stop all workers, do *then* when the group has no member, and start all."""
        self._until_stopped = then
        for worker in self.alive:
            if worker.process.frozen or self._random.random() < 0.4:
                worker.process.kill()
            else:
                worker.member.stop()

    def heal(self) -> None:
        """Wake who is frozen, and let nobody wait for its start."""
        for worker in self.alive:
            self._wake(worker.process)
        self._again_at = dict.fromkeys(WORKERS, self._clock.now + RESTART_SECONDS_MIN)
