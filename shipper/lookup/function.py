"""A user's function that names callers, asked in a way that can stop nothing.

``module:function`` comes in at start; answers come out, within a bound in time and
never as an exception. The function runs in a thread of its own. One that does not
answer in time is left behind with its thread; one that does so again and again is
not asked any more.
"""

from __future__ import annotations

import importlib
import inspect
import os
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final

from msgspec import Struct, field

from shipper.lookup.complaints import Complaints
from shipper.lookup.table import MAX_TEXT_LENGTH, UnusableError, sound
from shipper.matching import Answer, Miss
from shipper.request_view import RequestView

MAX_STRIKES: Final = 3  # time-outs; the third one switches the function off
FORGIVING_ANSWERS: Final = 100  # in time, take one strike back
MAX_KEY_LENGTH: Final = 65_536  # as in the writer

Call = Callable[[RequestView], object]
_RULES_HINT: Final = (
    "it is looked for where Python looks, then beside the configuration file; "
    "the other kinds of rule are in docs/identity.md"
)


def load_function(name: str, directory: str | None) -> Call:
    """Import a function.

    Args:
        name: ``module:function``.
        directory: Where a module is looked for that Python does not know, or None.

    Raises:
        UnusableError: There is none, or it cannot be called.
    """
    module_name, _, path = name.partition(":")
    if directory is not None and directory not in sys.path:
        # Last, so that it hides no module that others import.
        sys.path.append(directory)
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or module_name
        raise UnusableError(
            f"there is no module {missing}", hint=_RULES_HINT
        ) from error
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        # A module may end in any way; the message may hold what it read.
        place = _place_of(error, module_name)
        raise UnusableError(
            f"importing {module_name} failed: {place}",
            hint=f"try it: python -c 'import {module_name}'",
        ) from error
    for step in path.split("."):
        found = getattr(found, step, None)
    if found is None:
        raise UnusableError(f"the module {module_name} has no {path}")
    if not callable(found):
        raise UnusableError(f"{name} is no function")
    if inspect.iscoroutinefunction(found):
        raise UnusableError(f"{name} is async", hint="write a plain function")
    call: Call = found
    return call


def directory_of(config: str | None) -> str | None:
    """Return where modules beside a configuration file are looked for."""
    return os.path.dirname(os.path.abspath(config)) if config else None


class UserFunction:
    """Implements identification's `Function` over a user's one.

    Args:
        rule: The text of the rule, for events.
        call: What `load_function` returned.
        timeout_seconds: How long one answer may take.
        complaints: Told of what goes wrong.
    """

    def __init__(
        self,
        rule: str,
        call: Call,
        *,
        timeout_seconds: float,
        complaints: Complaints,
    ) -> None:
        # Mutable state, touched by the pipeline thread alone: the thread that
        # answers, the strikes against the function, its answers in time.
        self._rule = rule
        self._call = call
        self._timeout_seconds = timeout_seconds
        self._complaints = complaints
        self._thread: _Thread | None = None
        self._strikes = 0
        self._in_time = 0

    def ask(self, request: RequestView) -> Answer | Miss:
        """Return who made a request, or why the function does not say."""
        if self._strikes >= MAX_STRIKES:
            return Miss.OFF
        thread = self._thread
        if thread is None or thread.pid != os.getpid():
            try:
                thread = self._thread = _Thread(self._call)
            except RuntimeError as error:
                self._complaints.failed(self._rule, f"{error}, to ask it in")
                return Miss.FAILED
        thread.questions.put(request)
        try:
            answer = thread.answers.get(timeout=self._timeout_seconds)
        except queue.Empty:
            # What it says later is in a queue that nobody reads any more.
            thread.questions.put(None)
            self._thread = None
            return self._strike()
        self._in_time += 1
        if self._in_time >= FORGIVING_ANSWERS:
            self._in_time, self._strikes = 0, max(0, self._strikes - 1)
        if isinstance(answer, _Failure):
            self._complaints.failed(self._rule, answer.why)
            return Miss.FAILED
        return Miss.NONE if answer is None else answer

    def close(self) -> None:
        """Let the thread end as soon as it has answered; the next `ask` starts one."""
        if self._thread is not None:
            self._thread.questions.put(None)
            self._thread = None

    def _strike(self) -> Miss:
        self._in_time = 0
        self._strikes += 1
        seconds = self._timeout_seconds
        self._complaints.failed(self._rule, f"no answer within {seconds:g} s")
        if self._strikes >= MAX_STRIKES:
            self._complaints.switched_off(self._rule, self._strikes, seconds)
        return Miss.LATE


class _Failure(Struct, frozen=True):
    """Why there is no answer, without any value of the request."""

    why: str


class _Thread(Struct, frozen=True):
    """A thread that asks the function, one request after the other.

    `questions` ends with None. A thread does not survive a fork, hence `pid`.
    """

    call: Call
    questions: queue.SimpleQueue[RequestView | None] = field(
        default_factory=queue.SimpleQueue
    )
    answers: queue.SimpleQueue[Answer | _Failure | None] = field(
        default_factory=queue.SimpleQueue
    )
    pid: int = field(default_factory=os.getpid)

    def __post_init__(self) -> None:
        # A daemon: one that hangs must not keep the shipper from ending.
        threading.Thread(target=self._run, name="identify", daemon=True).start()

    def _run(self) -> None:
        while (request := self.questions.get()) is not None:
            self.answers.put(_answer_of(self.call, request))


def _answer_of(call: Call, request: RequestView) -> Answer | _Failure | None:
    try:
        answer = call(request)
        # Read here, because the answer's own methods are the user's code too.
        return None if answer is None else _read(answer)
    except BaseException as error:  # noqa: BLE001 - sys.exit ends no shipper
        return _Failure(_place_of(error, getattr(call, "__module__", "")))


def _read(answer: object) -> Answer | _Failure:
    if not isinstance(answer, Mapping):
        return _Failure(f"it returned {type(answer).__name__}, expected a dict or None")
    key = _text(answer.get("api_key"))
    if not key:
        return _Failure("it returned no api_key, or an empty one")
    if len(key) > MAX_KEY_LENGTH:
        return _Failure("it returned an api_key that is far too long")
    label, email = _text(answer.get("label")), _text(answer.get("email"))
    return Answer(key, label[:MAX_TEXT_LENGTH], email[:MAX_TEXT_LENGTH])


def _text(value: object) -> str:
    if value is None:
        return ""
    # An exact str: a subclass may compare with its own ideas. Without UTF-8 it could
    # not be sent, nor the batch that it stands in.
    return sound(str.__str__(value if isinstance(value, str) else str(value)))


def _place_of(error: BaseException, module_name: str) -> str:
    """Return kind and place of an error; its message may hold a credential."""
    kind = type(error).__name__
    place = ""
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_globals.get("__name__") == module_name:
            place = f" at {module_name} line {trace.tb_lineno}"
        trace = trace.tb_next
    return kind + place
