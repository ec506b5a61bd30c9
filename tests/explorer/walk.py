"""Walks every interleaving, depth first, and never the same state twice."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from tests.explorer.choices import FAULTS, choices
from tests.explorer.copies import Copies
from tests.explorer.play import Choice, Play
from tests.explorer.scenario import Scenario
from tests.explorer.state import digest

STATES_MAX = 10_000_000


class Fault(AssertionError):
    """The walk found a state in which a promise was broken, and how to get there."""

    def __init__(self, path: list[Choice], error: BaseException) -> None:
        self.path = path
        self.error = error
        steps = "\n".join("  " + " ".join(map(str, choice)) for choice in path)
        super().__init__(f"{type(error).__name__}: {error}, after\n{steps}")


@dataclass(frozen=True)
class Walk:
    """What a walk has seen."""

    scenario: str
    states: int
    steps: int
    ends: int


class _Frame:
    __slots__ = ("choices", "number", "snapshot", "taken")

    def __init__(self, number: int, choices: list[Choice], snapshot: bytes) -> None:
        self.number = number
        self.choices = choices
        self.snapshot = snapshot
        self.taken = 0


def walk(scenario: Scenario, *, audited: bool = False) -> Walk:
    """Return once every state of *scenario* was seen.

    *audited* looks at every state that was seen before once more, and compares what
    may follow with what did the first time: it takes several times as long.

    Raises:
        Fault: A promise was broken, or a state was found from which no end is reached.
    """
    return _Walker(scenario, audited=audited).walk()


class _Walker:
    def __init__(self, scenario: Scenario, *, audited: bool) -> None:
        self._scenario = scenario
        self._audited = audited
        self._copies = Copies(scenario)
        self._seen: dict[bytes, int] = {}
        self._frames: list[_Frame] = []
        self._parents = array("q")
        self._ways: list[Choice | None] = []
        self._edges = array("q")  # pairs of numbers: from, to; without faults
        self._ends: list[int] = []
        self._futures: list[dict[Choice, bytes]] = []
        self._steps = 0

    def walk(self) -> Walk:
        play = Play(self._scenario)
        self._go_on(self._enter(play, None), play)
        while self._frames:
            frame = self._frames[-1]
            if frame.taken == len(frame.choices):
                self._frames.pop()
            else:
                self._go_on(frame, self._copies.loads(frame.snapshot))
        self._check_ways_out()
        states = len(self._seen)
        return Walk(self._scenario.name, states, self._steps, len(self._ends))

    def _go_on(self, frame: _Frame | None, play: Play) -> None:
        """Take the frame's next choice, and the first of every state that is new."""
        while frame is not None:
            choice = frame.choices[frame.taken]
            frame.taken += 1
            self._steps += 1
            try:
                play.do(choice)
            except Exception as error:
                raise Fault(
                    [f.choices[f.taken - 1] for f in self._frames], error
                ) from error
            frame = self._enter(play, choice)

    def _enter(self, play: Play, choice: Choice | None) -> _Frame | None:
        """Return the state's frame, or None where nothing is to be walked from it."""
        key = digest(play)
        origin = self._frames[-1].number if self._frames else -1
        known = self._seen.get(key)
        number = len(self._seen) if known is None else known
        if choice is not None and choice[0] not in FAULTS:
            self._edges.extend((origin, number))
        if known is not None:
            if self._audited:
                self._audit(play, number)
            return None
        self._seen[key] = number
        self._parents.append(origin)
        self._ways.append(choice)
        assert number < STATES_MAX, "the walk has too many states"
        if self._audited:
            self._futures.append(self._future(play))
        following = choices(play)
        if all(choice[0] in FAULTS for choice in following):
            try:
                play.check_end()
            except AssertionError as error:
                path = [f.choices[f.taken - 1] for f in self._frames]
                raise Fault(path, error) from error
            self._ends.append(number)
        if not following:
            return None
        snapshot = self._copies.dumps(play) if len(following) > 1 else b""
        frame = _Frame(number, following, snapshot)
        self._frames.append(frame)
        return frame

    def _audit(self, play: Play, number: int) -> None:
        """A state that counts as seen has the same future as the one that was."""
        future, known = self._future(play), self._futures[number]
        if future != known:
            choices = {*future, *known}
            differ = sorted(str(c) for c in choices if future.get(c) != known.get(c))
            path = [f.choices[f.taken - 1] for f in self._frames]
            raise Fault(path, AssertionError(f"two states are taken for one: {differ}"))

    def _future(self, play: Play) -> dict[Choice, bytes]:
        written, future = self._copies.dumps(play), {}
        for choice in choices(play):
            then = self._copies.loads(written)
            then.do(choice)
            future[choice] = digest(then)
        return future

    def _check_ways_out(self) -> None:
        """From every state an end is reached without any more trouble."""
        before: list[list[int]] = [[] for _ in self._seen]
        pairs = iter(self._edges)
        for origin, number in zip(pairs, pairs, strict=True):
            before[number].append(origin)
        waiting, reached = list(self._ends), bytearray(len(self._seen))
        while waiting:
            number = waiting.pop()
            if not reached[number]:
                reached[number] = 1
                waiting.extend(before[number])
        stuck = reached.find(0)
        if stuck >= 0:
            raise Fault(self._way_to(stuck), AssertionError("no end is reached"))

    def _way_to(self, number: int) -> list[Choice]:
        path = []
        while (choice := self._ways[number]) is not None:
            path.append(choice)
            number = self._parents[number]
        return path[::-1]
