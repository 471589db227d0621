"""Events are one line each, with a stable name, on a stream that may fail."""

from __future__ import annotations

import io
import json
import string

import pytest

from shipper.events import EVENTS, EventLog
from tests.support.clock import FakeClock


def test_text_line() -> None:
    """Text has stamp, level, name and sentence."""
    stream = io.StringIO()
    log = EventLog(stream, clock=FakeClock())

    log.emit("circuit_opened", failures=8)

    assert stream.getvalue() == (
        "2026-11-23T12:00:00.000Z warning circuit_opened: "
        "8 failures in a row: one probe at a time until it heals\n"
    )


def test_json_line() -> None:
    """JSON has the same facts and the event's fields."""
    stream = io.StringIO()
    log = EventLog(stream, clock=FakeClock(), as_json=True)

    log.emit("file_gone", path="/var/log/x")
    log.emit("circuit_opened", failures=8)

    assert json.loads(stream.getvalue()) == {
        "time": "2026-11-23T12:00:00.000Z",
        "level": "warning",
        "event": "circuit_opened",
        "message": "8 failures in a row: one probe at a time until it heals",
        "failures": 8,
    }


def test_a_line_for_the_journal_has_a_priority_and_no_stamp() -> None:
    """The journal knows the time itself, and takes the priority off."""
    stream = io.StringIO()
    log = EventLog(stream, clock=FakeClock(), least="debug", for_journal=True)

    log.emit("file_gone", path="/var/log/x")
    log.emit("drained")
    log.emit("circuit_opened", failures=8)
    log.emit("file_unreadable", path="/var/log/x", why="no")

    assert [line.split(":")[0] for line in stream.getvalue().splitlines()] == [
        "<7>file_gone",
        "<6>drained",
        "<4>circuit_opened",
        "<3>file_unreadable",
    ]


def test_an_object_for_the_journal_stands_behind_its_priority() -> None:
    """Filters by priority work for JSON lines too."""
    stream = io.StringIO()
    log = EventLog(stream, clock=FakeClock(), as_json=True, for_journal=True)

    log.emit("circuit_opened", failures=8)

    prefix, text = stream.getvalue()[:3], stream.getvalue()[3:]
    assert prefix == "<4>"
    assert json.loads(text)["event"] == "circuit_opened"


def test_levels_below_the_least_are_silent() -> None:
    """Quiet means warnings and errors only."""
    stream = io.StringIO()
    log = EventLog(stream, clock=FakeClock(), least="warning")

    log.emit("drained")

    assert stream.getvalue() == ""


def test_hostile_text_stays_on_its_line() -> None:
    """A receiver's words cannot forge a second event or move the cursor."""
    stream = io.StringIO()
    log = EventLog(stream, clock=FakeClock())

    log.emit("batch_deferred", records=1, why="no\nerror \x1b[31m \u2028 forged")

    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()
    assert "\\x1b[31m \\u2028 forged" in stream.getvalue()


def test_unknown_name_is_a_fault_of_the_caller() -> None:
    """Only listed events can be told."""
    with pytest.raises(KeyError):
        EventLog(io.StringIO(), clock=FakeClock()).emit("no_such_event")


def test_broken_stream_does_not_stop_shipping() -> None:
    """A stderr that cannot be written is survived."""

    class Broken(io.StringIO):
        def write(self, text: str, /) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    EventLog(Broken(), clock=FakeClock()).emit("circuit_opened", failures=8)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_names_are_words_and_sentences_have_named_blanks(name: str) -> None:
    """Every event has a snake_case name and no positional blank."""
    fields = [
        field for _, field, _, _ in string.Formatter().parse(EVENTS[name].sentence)
    ]

    assert name.replace("_", "").isalpha()
    assert name.islower()
    assert "" not in fields


def test_one_of_something_is_no_plural() -> None:
    """One source is a source; what is no count keeps its words."""
    stream = io.StringIO()
    log = EventLog(stream, clock=FakeClock())
    log.emit("started", sources=1, endpoint="https://h")
    log.emit("bundle_sealed", path="b", records=1, parts=2)
    log.emit("worker_lost", worker=1, why="gone", seconds=1)

    told = stream.getvalue().splitlines()
    assert told[0].endswith("started: following 1 source, sending to https://h")
    assert told[1].endswith("bundle_sealed: b: sealed, 1 record in 2 parts")
    assert "worker 1 is lost" in told[2]
