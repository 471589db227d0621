"""Many pipelines as one engine: run, heard to their end, and told of in one sum.

Stands where `parts.Engine` does. The pipeline of this process is one of them; the
others run in the workers of a crew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from shipper.clock import Clock
from shipper.ending import Ending
from shipper.model import Taken
from shipper.parts import Engine
from shipper.sums import Sums
from shipper.workers.crew import Crew
from shipper.workers.keeper import Keeper
from shipper.workers.messages import Pause, Stop

LOOK_SECONDS: Final = 0.5
GRACE_SECONDS: Final = 2.0  # beyond `shutdown_timeout`, for saving and saying so


@dataclass(frozen=True, slots=True)
class CrewEngine:
    """An engine whose pipelines run in other processes; see `parts.Engine`."""

    engine: Engine
    crew: Crew
    keeper: Keeper
    clock: Clock
    on_turn: Callable[[], None]
    shutdown_seconds: float

    @property
    def is_ready(self) -> bool:
        """True once every worker has opened its logs."""
        return self.crew.is_ready

    @property
    def sums(self) -> Sums:
        """Lines committed in this life, by outcome."""
        return self.engine.sums + self.keeper.sums

    @property
    def trouble(self) -> str:
        """What keeps work from being finished, in words, or nothing."""
        return self.engine.trouble or self.crew.vital.trouble

    @property
    def records_in_flight(self) -> int:
        """How many records were read and have no answer yet."""
        return self.engine.records_in_flight + self.crew.vital.in_flight

    @property
    def taken(self) -> frozenset[Taken]:
        """Records that were delivered though no commit says so; for the next one."""
        return self.engine.taken | self.crew.taken

    def pending_bytes(self) -> int:
        """Return how much is on disk and not read yet, by the workers' last words."""
        return self.crew.vital.unread_bytes

    def pause(self) -> None:
        """End the run so that another can go on in its place."""
        self.crew.order(Pause())
        self.engine.pause()

    def stop(self, signal_name: str) -> None:
        """End the run soon; called from a signal handler."""
        self.crew.order(Stop(signal_name))
        self.engine.stop(signal_name)

    def run(self) -> Ending:
        """Ship until stopped, paused, drained or out of time."""
        self.crew.start()
        ending = self.engine.run()
        if ending is not Ending.PAUSED:
            self.crew.order(Stop(ending.value))
        return self._worst(ending, was_stopped=self._wind_up(ending))

    def _wind_up(self, ending: Ending) -> bool:
        """Hear the workers to their end; True if a stop has cut a pause short."""
        end: float | None = None
        while self.crew.is_at_work:
            self.crew.turn()
            self.on_turn()
            now = self.clock.monotonic()
            if ending is not Ending.PAUSED or self.crew.is_stopping:
                end = end or now + self.shutdown_seconds + GRACE_SECONDS
                if now >= end:
                    # What they have not seen committed is read again.
                    self.crew.close()
                    break
            self.clock.wait(LOOK_SECONDS)
        return self.crew.is_stopping

    def _worst(self, ending: Ending, *, was_stopped: bool) -> Ending:
        if ending is Ending.PAUSED and was_stopped:
            return Ending.STOPPED
        if ending is Ending.DRAINED:
            for worse in (Ending.OUT_OF_TIME, Ending.QUIET):
                if worse in self.crew.endings:
                    return worse
        return ending
