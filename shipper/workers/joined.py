"""One engine of many processes: state, desk and limits here, pipelines in the workers.

`join_crew` stands in for `parts.join` where `workers` is more than 1. The pipeline of
this process reads no file: it sends dead letters again when somebody asks, and each
time it comes round the workers are heard.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from msgspec.structs import replace

from shipper.clock import Clock
from shipper.config.settings import Settings, SourceSettings
from shipper.desk import Desk
from shipper.events import Events
from shipper.heartbeat import Heartbeat
from shipper.joints import (
    Plan,
    desk_of,
    letterbox_of,
    pipeline_of,
    poster_of,
    source_of,
    state_of,
)
from shipper.limits.pace import Balance
from shipper.model import Batch, Commit, Taken
from shipper.pacing import pacing_of
from shipper.parts import Engine
from shipper.source import Shelf
from shipper.store import Store
from shipper.workers.crew import Crew
from shipper.workers.engine import CrewEngine
from shipper.workers.holding import Candid, HeldPace
from shipper.workers.keeper import Keeper
from shipper.workers.messages import Assignment
from shipper.workers.shares import Shares


def join_crew(
    parts: ExitStack,
    plan: Plan,
    *,
    once: bool,
    deadline: float | None,
    events: Events,
    clock: Clock,
    on_turn: Callable[[], None],
    beat: Callable[[], None],
    beat_seconds: float | None,
    taken: frozenset[Taken],
    balance: Balance,
) -> CrewEngine:
    """Open the state, and join what is needed to share the work; see `parts.join`.

    Raises:
        StateError: The state cannot be read or written, and waiting cannot help.
    """
    parts.push(plan.parts.pop_all())
    settings = plan.settings
    state = state_of(parts, settings, events=events, clock=clock)
    store = state.store
    shelf = Shelf(
        patterns=[source.paths for source in state.sources], find_file=store.file
    )
    pacing = pacing_of(settings, events=events, clock=clock, balance=balance)
    desk = desk_of(
        parts,
        plan,
        store=store,
        letterbox=letterbox_of(settings, store),
        files=shelf,
        pacing=pacing,
        events=events,
        clock=clock,
        beat=beat,
        beat_seconds=beat_seconds,
    )
    numbers = range(1, settings.batch.workers + 1)
    held = HeldPace(pacing.pace)
    keeper = Keeper(
        state=store,
        shares=Shares(
            workers=numbers,
            known=store.known_files(),
            places=shelf,
            find_files=store.find_files,
        ),
        pace=pacing.pace,
        clock=clock,
        on_commit=_Told(desk, plan.heartbeat).committed,
    )
    crew = Crew(
        numbers=numbers,
        keeper=keeper,
        assignment_for=_Assigner(
            replace(settings, sources=state.sources),
            store=store,
            shelf=shelf,
            once=once,
            deadline=deadline,
            taken=taken,
            clock=clock,
        ).assignment_for,
        pace=held,
        events=events,
        clock=clock,
    )
    parts.callback(crew.close)
    nothing = source_of(
        parts, settings, sources=(), catalog=store, events=events, clock=clock
    )
    pipeline = pipeline_of(
        parts,
        replace(plan, settings=replace(settings, watch="poll")),
        source=nothing,
        checkpoints=store,
        desk=_CrewDesk(desk, crew),
        pacing=pacing,
        pace=held,
        poster=Candid(poster_of(plan), crew.hold),
        once=once,
        deadline=deadline,
        events=events,
        clock=clock,
        on_turn=on_turn,
        taken=frozenset(),
    )
    return CrewEngine(
        Engine(pipeline, nothing, plan.uploader, plan.heartbeat),
        crew,
        keeper,
        clock,
        on_turn,
        settings.shutdown_timeout,
    )


class _Assigner:
    """Says what a worker is to do, at its start and at every other."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: Store,
        shelf: Shelf,
        once: bool,
        deadline: float | None,
        taken: frozenset[Taken],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._store = store
        self._shelf = shelf
        self._once = once
        self._deadline = deadline
        self._taken = taken
        self._clock = clock

    def assignment_for(self, number: int) -> Assignment:
        """Return the assignment of a worker that is started now."""
        deadline = self._deadline
        return Assignment(
            settings=replace(self._settings, sources=self._sources()),
            number=number,
            once=self._once,
            seconds_left=(
                None if deadline is None else deadline - self._clock.monotonic()
            ),
            taken=self._taken,
        )

    def _sources(self) -> tuple[SourceSettings, ...]:
        """Return the tables as they are for a worker, which knows a part of the files.

        `read_from` is for files that are there at the very first run of a table, and a
        worker without known files would take any run for that.
        """
        sources = self._settings.sources
        if all(source.read_from == "beginning" for source in sources):
            return sources
        paths = {row.path for row in self._store.known_files()}
        paths.update(self._store.gone_paths())
        begun = set(map(self._shelf.number_of, paths))
        return tuple(
            replace(source, read_from="beginning") if number in begun else source
            for number, source in enumerate(sources)
        )


class _Told:
    """Passes on what workers have committed to whoever waits for it here."""

    def __init__(self, desk: Desk, heartbeat: Heartbeat | None) -> None:
        self._desk = desk
        self._heartbeat = heartbeat

    def committed(self, commit: Commit) -> None:
        """Take note of a commit that has been stored."""
        self._desk.committed(commit)
        is_delivery = any(advance.delivered for advance in commit.advances)
        if is_delivery and self._heartbeat is not None:
            self._heartbeat.beat()


class _CrewDesk:
    """Implements the pipeline's desk: operators ask, and so do workers."""

    def __init__(self, desk: Desk, crew: Crew) -> None:
        self._desk = desk
        self._crew = crew

    @property
    def is_idle(self) -> bool:
        """True when nobody waits for an answer, and no worker works."""
        return self._desk.is_idle and not self._crew.is_at_work

    def turn(self, now: float) -> Batch | None:
        """Answer every worker, then carry out what operators asked."""
        self._crew.turn()
        return self._desk.turn(now)

    def committed(self, commit: Commit) -> None:
        """Take note of what has been stored."""
        self._desk.committed(commit)

    def rest(self, seconds: float) -> None:
        """Wait, or until somebody asks, or a worker is due."""
        due = self._crew.due_in()
        self._desk.rest(seconds if due is None else min(seconds, due))
