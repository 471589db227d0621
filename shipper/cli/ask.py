"""Have a change made: by the running shipper, or here if there is none.

Only the process that holds the state's lock writes to it. So a command tries to
take the lock; while somebody else has it, it leaves a request and waits for the
answer, and takes over if the other one ends meanwhile.
"""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from shipper.cli import console
from shipper.clock import Clock, SystemClock
from shipper.errors import (
    EXIT_NO_INPUT,
    EXIT_OK,
    EXIT_TRY_AGAIN,
    ConfigError,
    StateLockedError,
)
from shipper.reports.amounts import counted

if TYPE_CHECKING:
    from shipper.cli.options import Common
    from shipper.store import Answer, Argument, Counter, Selection

LOOK_SECONDS = 0.1
OWN_SECONDS = 0.5  # what a run of our own gets at least


def carry_out(
    chosen: Common, verb: str, selection: Selection, *, wait_seconds: float
) -> int:
    """Ask, wait, tell the outcome, and return the exit code."""
    clock = SystemClock()
    with closing(Errand(chosen, verb, selection, clock)) as errand:
        answer = errand.outcome(within_seconds=wait_seconds)
    if chosen.as_json:
        fields = None if answer is None else asdict(answer)
        console.say_json({"answered": answer is not None, "answer": fields})
    elif answer is not None and not answer.error:
        for note in answer.notes:
            console.notice(note)
        if not chosen.is_quiet:
            console.say(_sentence(verb, answer))
    if answer is None:
        return no_outcome()
    if answer.error:
        console.notice(f"the request was not carried out: {answer.error}")
        return EXIT_TRY_AGAIN
    if answer.missing:
        numbers = ", ".join(map(str, answer.missing))
        console.notice(f"no dead letter has this number: {numbers}")
        return EXIT_NO_INPUT
    return EXIT_OK


def no_outcome() -> int:
    """Say that nobody has answered in time, and return the exit code."""
    console.notice(
        "no outcome yet: the request stays, and the shipper will carry it out"
    )
    return EXIT_TRY_AGAIN


class Errand:
    """One request, on its way to an outcome."""

    def __init__(
        self, chosen: Common, verb: str, argument: Argument, clock: Clock
    ) -> None:
        # Late, because it takes a tenth of a second that --help should not pay.
        from shipper.config import load  # noqa: PLC0415

        # Mutable state: the request once it is written down, and where answers are
        # read while another process works on it.
        self._chosen = chosen
        self._verb = verb
        self._argument = argument
        self._clock = clock
        self._state_dir = load(
            chosen.config, os.environ, checks="file", needs_source=False
        ).state_dir
        self._number: int | None = None
        self._counter: Counter | None = None

    def outcome(self, *, within_seconds: float) -> Answer | None:
        """Return the answer; None if there is none in time."""
        end = self._clock.monotonic() + within_seconds
        while True:
            left = end - self._clock.monotonic()
            try:
                self._carry_out_here(max(left, OWN_SECONDS))
            except StateLockedError:
                answer = self._ask_there()
                if answer is None and left > 0:
                    self._clock.wait(LOOK_SECONDS)
                    continue
                return answer
            return self._ask_there()

    def close(self) -> None:
        """Stop looking for an answer; the request stays."""
        if self._counter is not None:
            self._counter.close()

    def _carry_out_here(self, seconds: float) -> None:
        """Carry it out in this process.

        Raises:
            StateLockedError: Another one is there for it.
        """
        from shipper.config import load  # noqa: PLC0415 - late, as above
        from shipper.errand import carry_out  # noqa: PLC0415
        from shipper.store import PURGE, Acknowledgement, StateLock  # noqa: PLC0415

        # The lock first: beside a daemon no project key is needed, which may be
        # closed to whoever types this.
        lock = StateLock(self._state_dir)
        lock.acquire()
        lock.release()
        chosen = self._chosen
        if isinstance(self._argument, Acknowledgement):
            from shipper.airgap.acknowledging import acknowledge  # noqa: PLC0415

            # Counting needs no key, and must not touch the network.
            self._number = acknowledge(
                load(chosen.config, os.environ, checks="file", needs_source=False),
                self._argument,
                number=self._number,
                clock=self._clock,
            )
            return
        try:
            settings = load(chosen.config, os.environ, needs_source=False)
        except ConfigError:
            if self._verb != PURGE:
                raise
            # Forgetting needs no key.
            settings = load(
                chosen.config, os.environ, checks="file", needs_source=False
            )
        self._number = carry_out(
            settings,
            self._verb,
            self._argument,
            number=self._number,
            max_duration_seconds=seconds,
            events=console.event_log(chosen, self._clock, unless_verbose="warning"),
            clock=self._clock,
        )

    def _ask_there(self) -> Answer | None:
        """Return the answer of the process that holds the lock, if it is there."""
        from shipper.store import Counter  # noqa: PLC0415 - late, as above

        if self._counter is None:
            self._counter = Counter(self._state_dir)
        if self._number is None:
            stamp = self._clock.now().isoformat(timespec="milliseconds")
            self._number = self._counter.ask(self._verb, self._argument, now=stamp)
        return self._counter.answer_to(self._number)


def _sentence(verb: str, answer: Answer) -> str:
    from shipper.store import PURGE  # noqa: PLC0415 - late, as above

    if verb == PURGE:
        return f"{counted(answer.purged, 'dead letter')} forgotten"
    kept = answer.refused + answer.unsent
    return (
        f"{answer.delivered:,} delivered, {kept:,} kept "
        f"({answer.refused:,} refused again, {answer.unsent:,} could not be sent)"
    )
