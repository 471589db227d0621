"""The product on one page: what happens to a line, and in which order.

`Shaper` says what one line becomes. `Pipeline` walks the lines in order, keeps
a bounded window of batches in flight, and commits what has been answered. It
opens nothing and knows no path: source, window and checkpoints are given.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import DecodeError, Struct, field
from msgspec.structs import replace

from shipper.batch import Batcher
from shipper.clock import Clock
from shipper.doors import Checkpoints, Desk, Shape, Sink, Source, Watch
from shipper.ending import Ending
from shipper.events import Events
from shipper.filters import Filters
from shipper.glance import Glance
from shipper.identify import Identifier
from shipper.limits.pace import QUIET
from shipper.model import Entry, Item, Line, Reject, Skip, Taken, Unsettled
from shipper.parse import Record, UnknownVersion, parse
from shipper.payload import PayloadBuilder
from shipper.redact import Redacted, Redactor
from shipper.sample import SAMPLE, Sampler
from shipper.serials import serial_in
from shipper.settle import commit_of
from shipper.storing import Storing
from shipper.sums import Sums
from shipper.suspicions import Suspicions
from shipper.takings import Takings
from shipper.values import Detector

IDLE_SECONDS = 10.0  # nothing is due; overdue requests are still looked at
LOOK_SECONDS = 1.0  # during a backlog too: rotation must not go unseen
# Before a run with an end is over: a read may have found other lines than it was to
# find, and only a look tells whose they are.
LAST_LOOKS = 2


class Shaper(Struct, frozen=True):
    """What one line becomes: parse, keep or skip, identify, redact, check, payload.

    Attributes:
        sampler: Asked after the filters, so that it takes its share of what they keep.
        detector: Asked after the redactor, about what would still leave.
        glance: Spares the two of them lines in which they would find nothing.
    """

    filters: Filters
    identifier: Identifier
    redactor: Redactor
    payloads: PayloadBuilder
    sampler: Sampler = field(default_factory=Sampler)
    detector: Detector = field(default_factory=Detector)
    glance: Glance = field(default_factory=Glance)

    def shape(self, line: Line) -> Item | UnknownVersion:
        """Return the line's item; never raises for what the line holds."""
        if line.fault is not None:
            why = "the line has no usable bytes"
            return Reject(line.fault.reason, why, serial_in(line.data))
        try:
            return self._shaped(parse(line.data, trusts_checksum=True), line)
        except (DecodeError, UnicodeDecodeError, RecursionError):
            # A right checksum of what is no entry: nothing is taken on trust.
            return self._checked(line)

    def _checked(self, line: Line) -> Item | UnknownVersion:
        try:
            return self._shaped(parse(line.data), line)
        except RecursionError:
            # Whatever a client nests, it ends no shipper, and nothing of it leaves.
            why = "something in it is nested too deeply for a rule to search"
            return Reject("too-deep", why, serial_in(line.data))

    def _shaped(
        self, record: Record | Skip | Reject | UnknownVersion, line: Line
    ) -> Item | UnknownVersion:
        if not isinstance(record, Record):
            if isinstance(record, Reject):
                # Kept as a dead letter, it is not missing.
                return Reject(record.reason, record.detail, serial_in(line.data))
            return record
        reason = self.filters.reason_to_skip(record)
        if reason is not None:
            return Skip(reason, record.w, record.dropped)
        if not self.sampler.keeps(record):
            return Skip(SAMPLE, record.w, record.dropped)
        caller = self.identifier.caller_of(record)
        if caller is None:
            return Skip("unidentified", record.w, record.dropped)
        checked = None
        if not record.is_open and self.glance.is_clear(line, record.entry):
            redacted = Redacted(record.entry)
        else:
            found = self.redactor.apply(record)
            if isinstance(found, Reject):
                return Reject(found.reason, found.detail, record.w, record.dropped)
            redacted = found
            checked = self.detector.check(redacted.entry)
        if checked is not None:
            withheld = redacted.withheld + checked.withheld
            redacted = Redacted(checked.entry, withheld)
        if self.sampler.is_on:
            entry = self.sampler.noted(record, redacted.entry)
            redacted = Redacted(entry, redacted.withheld)
        item = self.payloads.build(record, caller, redacted)
        return item if checked is None else replace(item, suspicions=checked.suspicions)


class Pipeline:
    """Lines in, commits out; every wait ends early when somebody wakes the clock.

    Args:
        drain: End when everything readable has been settled (``--once``).
        deadline: Monotonic second after which the run ends, or None.
        shutdown_seconds: How long requests in flight may take after `stop`.
        on_turn: Called each time the loop has come round, and while it winds down;
            may call `pause` or `stop`.
        taken: Records that were delivered before, though no commit says so.
    """

    def __init__(
        self,
        *,
        source: Source,
        shaper: Shape,
        batcher: Batcher,
        window: Sink,
        checkpoints: Checkpoints,
        watch: Watch,
        desk: Desk,
        clock: Clock,
        events: Events,
        drain: bool = False,
        deadline: float | None = None,
        shutdown_seconds: float = 5.0,
        on_turn: Callable[[], None] = lambda: None,
        taken: frozenset[Taken] = frozenset(),
    ) -> None:
        # Mutable state, touched by the pipeline thread alone; `_stopping` is set
        # from a signal handler, which only ever names one.
        self._source = source
        self._shaper = shaper
        self._batcher = batcher
        self._window = window
        self._storing = Storing(checkpoints, events)
        self._watch = watch
        self._desk = desk
        self._clock = clock
        self._events = events
        self._drain = drain
        self._deadline = deadline
        self._shutdown_seconds = shutdown_seconds
        self._on_turn = on_turn
        self._takings = Takings(taken)
        self._is_pausing = False
        self._stopping = ""
        self._at_rest = True
        self._last_looks = LAST_LOOKS
        self._looked_at = self._look_at = clock.monotonic()
        self._suspicions = Suspicions(events)
        self.sums = Sums()

    @property
    def trouble(self) -> str:
        """What keeps work from being finished, in words, or nothing."""
        return self._storing.trouble or self._window.trouble

    @property
    def taken(self) -> frozenset[Taken]:
        """Records that were delivered though no commit says so; for the next one."""
        return self._takings.left | self._window.taken()

    @property
    def records_in_flight(self) -> int:
        """How many records were read and have no answer yet."""
        return self._window.records

    def pause(self) -> None:
        """Ask the run to end so that another pipeline can go on in its place.

        Nothing is given up: requests that are out are waited for, however long
        their time-outs allow, and `taken` says which records were delivered without a
        commit. `stop` cuts it short.
        """
        self._is_pausing = True

    def stop(self, signal_name: str) -> None:
        """Ask the run to finish what is in flight and end; safe in a handler."""
        self._stopping = signal_name
        self._clock.wake()

    def run(self) -> Ending:
        """Follow until stopped, drained or out of time."""
        found_lines = False  # since the last rest
        while True:
            now = self._clock.monotonic()
            if self._stopping or self._is_late(now):
                return self._end()
            if self._is_pausing:
                if self._is_settled(now):
                    return Ending.PAUSED
                continue
            found_lines = self._fill(now) or found_lines
            self._serve(now)
            self._window.turn(now)
            committed = self._commit(now)
            self._on_turn()
            if self._drain and self._is_drained():
                if not self._last_looks:
                    return Ending.DRAINED
                self._last_looks -= 1
                self._look_at = now
                continue
            if self._drain and self._window.limit == QUIET:
                self._wind_down()
                return Ending.DRAINED if self._is_drained() else Ending.QUIET
            may_read = self._window.has_room and not self._at_rest
            if not committed and not may_read:
                self._rest(found_lines=found_lines)
                found_lines = False

    def _fill(self, now: float) -> bool:
        """Read and shape lines until the window is full or no line is left.

        Not for longer than up to the next look: where a user's function takes its time
        for each line, signals, answers and the watchdog would wait for hundreds.
        """
        self._batcher.limit(self._window.max_records)
        if now >= self._look_at:
            self._source.look()
            self._looked_at, self._look_at = now, now + LOOK_SECONDS
        elif self._at_rest:
            # All was read that was there at the last look. What came since is not
            # read before the next one, which sees first what else has changed.
            self._hand_over_rest(now)
            return False
        self._at_rest = False
        found_lines = False
        has_room = self._window.has_room
        # Hoisted names: this loop runs once a line.
        next_line, shape = self._source.next_line, self._shaper.shape
        marked, monotonic = self._takings.marked, self._clock.monotonic
        while has_room:
            line = next_line()
            if line is None:
                self._at_rest = True
                self._hand_over_rest(now)
                break
            found_lines = True
            self._last_looks = LAST_LOOKS
            item = marked(line, shape(line))
            if isinstance(item, UnknownVersion):
                self._source.stop_file(line.file_id, item.why)
            elif not isinstance(item, Unsettled) and self._gather(line, item, now):
                has_room = self._window.has_room
            if (later := monotonic()) >= self._look_at:
                if has_room and self._batcher.is_ready(later):
                    self._hand_over(later)
                break
        return found_lines

    def _gather(self, line: Line, item: Item, now: float) -> bool:
        """Let a line join the open batch; True if a batch was handed over."""
        if isinstance(item, Entry) and item.suspicions:
            self._suspicions.tell(item.suspicions)
        is_closed = not self._batcher.has_room_for(item)
        if is_closed:
            self._hand_over(now)
        self._batcher.add(line, item, now)
        if self._batcher.is_full:
            self._hand_over(now)
            return True
        return is_closed

    def _serve(self, now: float) -> None:
        """Let a batch of dead letters in, beside the lines, if somebody asked."""
        batch = self._desk.turn(now)
        if batch is not None:
            self._window.admit(batch)

    def _hand_over_rest(self, now: float) -> None:
        """Let what no line follows wait for company, unless the run has an end."""
        if self._drain or self._batcher.is_ready(now):
            self._hand_over(now)

    def _hand_over(self, now: float) -> None:
        batch = self._batcher.take()
        if batch is not None:
            self._window.admit(batch)
            self._window.turn(now)

    def _commit(self, now: float) -> bool:
        """Store what is settled at the front of the window; True if anything was."""
        settlements = self._window.settled()
        if not settlements:
            return False
        commit = commit_of(settlements)
        if not self._storing.store(commit, now):
            # The batches stay in the window, so reading pauses by itself.
            return False
        self._window.leave(len(settlements))
        self._desk.committed(commit)
        self._takings.forget(commit)
        self.sums.count(commit)
        return True

    def _rest(self, *, found_lines: bool) -> None:
        if self._is_pausing:
            return
        now = self._clock.monotonic()
        pauses = [IDLE_SECONDS]
        if self._window.has_room:
            # Counted from the last look: an answer that wakes us is no reason for
            # one, and must not put it off either.
            pause = self._watch.pause_seconds(found_lines=found_lines)
            self._look_at = self._looked_at + pause
            pauses.append(self._look_at - now)
            if (batch_due := self._batcher.due_in(now)) is not None:
                pauses.append(batch_due)
        if (part_due := self._window.due_in(now)) is not None:
            pauses.append(part_due)
        if (retry_due := self._storing.due_in(now)) is not None:
            pauses.append(retry_due)
        if self._deadline is not None:
            pauses.append(self._deadline - now)
        self._desk.rest(max(0.0, min(pauses)))

    def _is_late(self, now: float) -> bool:
        return self._deadline is not None and now >= self._deadline

    def _is_drained(self) -> bool:
        is_read = self._at_rest and self._batcher.is_empty
        return is_read and self._window.is_empty and self._desk.is_idle

    def _is_settled(self, now: float) -> bool:
        """Wait a little for requests that are out; True when there are none.

        What was read and not sent is left to be read again.
        """
        self._window.turn(now, may_post=False)
        if not self._window.posted:
            # Their own request is still in the state, and is carried out anew.
            self._window.abandon_retries()
        self._commit(now)
        if self._window.posted:
            self._clock.wait(LOOK_SECONDS)
            self._on_turn()
        return not self._window.posted

    def _end(self) -> Ending:
        """Wind down, and say why."""
        self._on_turn()
        if self._stopping:
            self._events.emit("stopping", signal=self._stopping)
        self._wind_down()
        if self._stopping:
            return Ending.STOPPED
        # A run that drains would have said so itself, had it looked for the last time.
        is_done = not self._drain and self._is_drained()
        return Ending.DRAINED if is_done else Ending.OUT_OF_TIME

    def _wind_down(self) -> None:
        """Send what waits once more, let the requests out there end, and commit."""
        now = self._clock.monotonic()
        end = now + self._shutdown_seconds
        self._hand_over(now)
        while True:
            # Answers first: the bell that announced them may have been heard.
            self._window.turn(now, may_post=False)
            self._commit(now)
            if not self._window.posted or now >= end:
                return
            self._clock.wait(min(LOOK_SECONDS, end - now))
            self._on_turn()
            now = self._clock.monotonic()
