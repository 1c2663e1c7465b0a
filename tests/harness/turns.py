"""Threads that take turns: one runs at a time, the next is chosen at every AWS call, and a seed repeats the choice.

Step Functions runs Parallel branches and Map iterations side by side. Left to the operating system, the hundredth AWS
call is a different one in every run, and a crash right after it cannot be repeated. Here a thread gives up its turn
only at an AWS call, or to wait for another thread, so the whole order follows from the seed. Without a seed the order
is the plainest one: a thread keeps its turn until it ends or waits.

`TurnThread` and `TurnPool` stand in for `threading.Thread` and `ThreadPoolExecutor` in the engine's module.
"""

from __future__ import annotations

import contextvars
import random
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

_RELEASED = 0.01
"""How likely it is at each choice that what was held back goes on."""


class Cut(BaseException):
    """The process is gone. Not an Exception: whatever a program does about errors must not catch it."""


class Gate:
    """Something to wait for, and the threads that do."""

    def __init__(self) -> None:
        self.open = False
        self.waiting: list[Signal] = []


class Signal(threading.Semaphore):
    """By which one thread is given its turn. `stopped_by`: the gates behind which it is held back once they open."""

    def __init__(self, stopped_by: tuple[Gate, ...] = ()) -> None:
        super().__init__(0)
        self.stopped_by = stopped_by


class Turns:
    """The one right to run, and who is ready to take it. The thread that makes this object has the first turn."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed) if seed is not None else None
        self._ready: list[Signal] = []
        self._held: list[Signal] = []
        self._late: set[Signal] = set()
        self._live = 0
        self._own = threading.local()
        self._own.signal = Signal()

    def give(self) -> None:
        """Let any thread that is ready go on, maybe this one. Threads that were not started here are left alone."""
        if self._random is not None and self._ready and hasattr(self._own, "signal"):
            self._ready.append(self._own.signal)
            self._pass_on()

    def stop(self, gate: Gate) -> None:
        """Open a gate, and hold back whoever is stopped by it: what they had begun comes late."""
        self.open(gate)
        held = [signal for signal in self._ready if gate in signal.stopped_by]
        self._ready = [signal for signal in self._ready if signal not in held]
        self._held += held
        self._late |= {*held}

    def let_late_end(self) -> None:
        """Time passes: what was held back runs to its end."""
        self._release()
        while self._late:
            self._ready.append(self._own.signal)
            self._pass_on()

    def _release(self) -> None:
        self._ready += self._held
        self._held = []

    def start(self, run: Callable[[], None], stopped_by: tuple[Gate, ...] = ()) -> None:
        """Make a thread ready; it runs when it is chosen."""
        signal = Signal(stopped_by)

        def body() -> None:
            signal.acquire()
            self._own.signal = signal
            try:
                run()
            finally:
                self._live -= 1
                self._late.discard(signal)
                self._choose().release()

        self._live += 1
        self._ready.append(signal)
        threading.Thread(target=body, daemon=True).start()

    def wait_for(self, *gates: Gate) -> None:
        """Hand the turn on until one of the gates is open."""
        if not any(gate.open for gate in gates):
            for gate in gates:
                gate.waiting.append(self._own.signal)
            self._pass_on()
            for gate in gates:
                gate.waiting = [signal for signal in gate.waiting if signal is not self._own.signal]

    def open(self, gate: Gate) -> None:
        """Make ready whoever waits at the gate, and then at no other any more."""
        gate.open = True
        for signal in gate.waiting:
            if signal not in self._ready and signal not in self._held:
                self._ready.append(signal)
        gate.waiting = []

    def drain(self) -> None:
        """Let every thread that was started run to its end, those last that were held back."""
        while self._live:
            if not self._ready:
                self._release()
            self._ready.append(self._own.signal)
            self._pass_on()

    def _pass_on(self) -> None:
        chosen = self._choose()
        if chosen is not self._own.signal:
            chosen.release()
            self._own.signal.acquire()

    def _choose(self) -> Signal:
        if not self._ready or (self._random and self._held and self._random.random() < _RELEASED):
            self._release()
        return self._ready.pop(self._random.randrange(len(self._ready)) if self._random else 0)


@dataclass(frozen=True)
class Ends:
    """What ends early. `stopped_by`: the gates that stop a thread; `until`: the one that ends the wait for it."""

    stopped_by: tuple[Gate, ...] = ()
    until: tuple[Gate, ...] = ()


_ITS_OWN = Ends()


class TurnThread:
    """What the engine uses of `threading.Thread`: start and join."""

    def __init__(self, turns: Turns, target: Callable[..., Any], args: tuple[Any, ...], ends: Ends = _ITS_OWN) -> None:
        self._turns = turns
        self._ends = ends
        self._work = TurnFuture(turns, lambda: target(*args), ends)

    def start(self) -> None:
        """Make the thread ready."""
        self._turns.start(self._work.run, self._ends.stopped_by)

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end; if it was cut off, so is who waits for it."""
        self._work.wait()


class TurnFuture:
    """The outcome of one call made elsewhere."""

    def __init__(self, turns: Turns, call: Callable[[], Any], ends: Ends = _ITS_OWN) -> None:
        self._turns = turns
        self._call = call
        self._ends = ends
        self._context = contextvars.copy_context()  # work goes on in the name of whoever asked for it
        self._done = Gate()
        self._value: Any = None
        self._error: BaseException | None = None

    def run(self) -> None:
        """Make the call, on the thread of whoever does the work."""
        try:
            self._value = self._context.run(self._call)
        except BaseException as error:  # noqa: BLE001  # handed to whoever asks for the result
            self._error = error
        self._turns.open(self._done)

    def wait(self) -> None:
        """Hand the turn on until the call has ended; if it was cut off, so is who waits for it."""
        self._turns.wait_for(self._done, *self._ends.until)
        if isinstance(self._error, Cut):
            raise Cut

    def result(self, timeout: float | None = None) -> Any:
        """Its value or its error. Time does not pass here, so nothing times out."""
        self.wait()
        if self._error is not None:
            raise self._error
        return self._value


class TurnPool:
    """What is used of `ThreadPoolExecutor`: calls start in order, at most `max_workers` at once."""

    def __init__(self, turns: Turns, max_workers: int, ends: Ends = _ITS_OWN) -> None:
        self._turns = turns
        self._ends = ends
        self._idle = max_workers
        self._waiting: deque[TurnFuture] = deque()

    def submit(self, function: Callable[..., Any], *args: Any) -> TurnFuture:
        """Make the call as soon as a worker is idle."""
        future = TurnFuture(self._turns, lambda: function(*args), self._ends)
        self._waiting.append(future)
        if self._idle:
            self._idle -= 1
            self._turns.start(self._work, self._ends.stopped_by)
        return future

    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        """The outcomes of one call per item, in order."""
        futures = [self.submit(function, item) for item in items]
        return (future.result() for future in futures)

    def _work(self) -> None:
        while self._waiting:
            self._waiting.popleft().run()
        self._idle += 1

    def shutdown(self, wait: bool = True) -> None:
        """Nothing to do: the engine waits for the futures themselves."""

    def __enter__(self) -> TurnPool:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.shutdown()


def wait_for_all(futures: Iterable[TurnFuture]) -> None:
    """What the engine uses of `concurrent.futures.wait`."""
    for future in futures:
        future.wait()
