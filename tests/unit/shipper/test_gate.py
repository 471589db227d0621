"""The gate is free while requests are answered and lets one probe out in trouble."""

from __future__ import annotations

import pytest

from shipper.gate import FAILURES_TO_OPEN_CIRCUIT, Gate, backoff_seconds
from shipper.receipt import Cause, Deferred
from tests.support.events import RecordingEvents
from tests.support.posting import deferred_by


def a_gate() -> tuple[Gate, RecordingEvents]:
    """Return a gate whose jitter is always one half, and its events."""
    events = RecordingEvents()
    return Gate(events=events, jitter=lambda: 0.5), events


def test_backoff_doubles_up_to_the_cap() -> None:
    """The ceiling is 0.1 s, doubles with each failure and stops at 60 s."""
    ceilings = [backoff_seconds(failures, 1.0) for failures in (1, 2, 3, 11, 500)]

    assert ceilings == [0.1, 0.2, 0.4, 60.0, 60.0]


def test_backoff_has_full_jitter() -> None:
    """Scenario 35: the delay is anywhere between nothing and the ceiling."""
    assert backoff_seconds(4, 0.0) == 0.0
    assert backoff_seconds(4, 0.5) == pytest.approx(0.4)


def test_free_at_first() -> None:
    """A new gate is free."""
    gate, _ = a_gate()

    assert gate.is_free
    assert gate.probe_in(0.0) == 0.0
    assert gate.why_closed == ""


@pytest.mark.parametrize("cause", ["unavailable", "timeout", "network"])
def test_eight_failures_open_the_circuit(cause: str) -> None:
    """The eighth failure in a row closes the gate until a probe succeeds."""
    gate, events = a_gate()
    for _ in range(FAILURES_TO_OPEN_CIRCUIT - 1):
        gate.deferred(deferred_by(cause), 10.0, is_probe=False)
    was_free = gate.is_free

    gate.deferred(deferred_by(cause), 10.0, is_probe=False)

    assert (was_free, gate.is_free) == (True, False)
    assert 0 < gate.probe_in(10.0) <= 60.0
    assert "circuit_opened" in events.names()


def test_a_failure_is_told_before_it_closes_the_gate() -> None:
    """A run that ends early must name the network, not the length of its work."""
    gate, _ = a_gate()
    untold = gate.why_failing
    gate.deferred(Deferred(Cause.NETWORK, "no route"), 0.0, is_probe=False)
    told, closed = gate.why_failing, gate.why_closed

    gate.delivered(1.0, is_probe=False)

    assert (untold, told, closed) == ("", "no route", "")
    assert gate.why_failing == ""


def test_a_success_between_failures_keeps_the_circuit_closed() -> None:
    """Only failures in a row count."""
    gate, _ = a_gate()
    for _ in range(5 * FAILURES_TO_OPEN_CIRCUIT):
        gate.deferred(deferred_by("network"), 0.0, is_probe=False)
        gate.delivered(0.0, is_probe=False)

    assert gate.is_free


def test_probe_that_succeeds_frees_the_gate() -> None:
    """One accepted probe ends the trouble and says so."""
    gate, events = a_gate()
    gate.deferred(deferred_by("hold", status=401), 10.0, is_probe=False)

    freed = gate.delivered(40.0, is_probe=True)

    assert freed
    assert gate.is_free
    assert events.told[-1] == ("uploads_resumed", {"seconds": 30.0})


def test_late_answer_does_not_end_a_wait() -> None:
    """A request from before the trouble that succeeds late frees nothing."""
    gate, _ = a_gate()
    gate.deferred(deferred_by("busy", retry_after_seconds=100.0), 0.0, is_probe=False)

    assert not gate.delivered(1.0, is_probe=False)
    assert gate.probe_in(1.0) == 99.0


def test_wrong_key_holds_and_tells_once() -> None:
    """Scenario 32: a 401 holds with a hint; probes that meet it again stay silent."""
    gate, events = a_gate()
    gate.deferred(deferred_by("hold", status=401), 0.0, is_probe=False)
    gate.deferred(deferred_by("hold", status=401), 1.0, is_probe=True)
    gate.deferred(deferred_by("hold", status=401), 3.0, is_probe=True)

    assert events.names() == ["uploads_held"]
    assert "project key" in str(events.told[0][1]["hint"])


def test_a_hold_that_brings_its_own_hint_tells_that() -> None:
    """What keeps requests back may be on this machine."""
    gate, events = a_gate()

    gate.deferred(Deferred(Cause.HOLD, "why", hint="do this"), 0.0, is_probe=False)

    assert events.told == [("uploads_held", {"why": "why", "hint": "do this"})]


def test_hold_looks_again_ever_more_rarely() -> None:
    """The pause between probes doubles up to a minute."""
    gate, _ = a_gate()
    now, pauses = 0.0, []
    for _ in range(9):
        gate.deferred(deferred_by("hold", status=401), now, is_probe=True)
        pauses.append(gate.probe_in(now))
        now += pauses[-1]

    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]


def test_several_answers_of_one_round_count_once() -> None:
    """Four requests that meet the same 401 do not lengthen the pause."""
    gate, _ = a_gate()
    for _ in range(4):
        gate.deferred(deferred_by("hold", status=401), 0.0, is_probe=False)

    assert gate.probe_in(0.0) == 1.0


def test_one_403_asks_for_a_probe_at_once() -> None:
    """After a 403 the next request tells a bad record from a bad key."""
    gate, events = a_gate()

    gate.deferred(deferred_by("forbidden", status=403), 0.0, is_probe=False)

    assert not gate.is_free
    assert gate.probe_in(0.0) == 0.0
    assert events.names() == []


def test_403_that_a_probe_meets_too_holds() -> None:
    """Scenario 32: two 403s, one of them a probe's, hold everything."""
    gate, events = a_gate()
    gate.deferred(deferred_by("forbidden", status=403), 0.0, is_probe=False)

    gate.deferred(deferred_by("forbidden", status=403), 0.1, is_probe=True)

    assert gate.probe_in(0.1) > 0
    assert events.names() == ["uploads_held"]


def test_doubt_ends_with_any_acceptance() -> None:
    """A 403 beside accepted batches is that batch's own trouble."""
    gate, _ = a_gate()
    gate.deferred(deferred_by("forbidden", status=403), 0.0, is_probe=False)

    assert gate.delivered(0.1, is_probe=False)
    assert gate.is_free


def test_retry_after_is_obeyed_to_the_second() -> None:
    """Scenario 34: the receiver's own wish sets the time of the probe."""
    gate, _ = a_gate()

    gate.deferred(deferred_by("busy", retry_after_seconds=7.0), 100.0, is_probe=False)

    assert gate.probe_in(100.0) == 7.0


def test_of_several_wishes_the_longest_rules() -> None:
    """A shorter Retry-After of a parallel request does not shorten the wait."""
    gate, _ = a_gate()
    gate.deferred(deferred_by("busy", retry_after_seconds=60.0), 0.0, is_probe=False)
    gate.deferred(deferred_by("busy", retry_after_seconds=5.0), 1.0, is_probe=False)

    assert gate.probe_in(1.0) == 59.0


@pytest.mark.parametrize("status", [401, 404])
def test_a_hold_does_not_shorten_a_wish(status: int) -> None:
    """What a parallel request met besides is no leave to ask before the time."""
    gate, events = a_gate()
    gate.deferred(deferred_by("busy", retry_after_seconds=60.0), 0.0, is_probe=False)
    gate.deferred(deferred_by("hold", status=status), 1.0, is_probe=False)

    assert gate.probe_in(1.0) == 59.0
    assert events.names().count("uploads_held") == 2


@pytest.mark.parametrize("wish", [0.0, 0.001])
def test_a_wish_that_is_over_at_once_is_no_leave_to_hurry(wish: float) -> None:
    """A clock that is ahead reads every date so, and would ask without a pause."""
    gate, _ = a_gate()
    now, pauses = 0.0, []
    for _ in range(8):
        busy = deferred_by("busy", retry_after_seconds=wish)
        gate.deferred(busy, now, is_probe=True)
        pauses.append(gate.probe_in(now))
        now += pauses[-1]

    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


def test_429_without_a_wish_waits_from_a_minute_to_an_hour() -> None:
    """The monthly quota may be behind a 429, so the waits grow long."""
    gate, _ = a_gate()
    now, pauses = 0.0, []
    for _ in range(8):
        gate.deferred(deferred_by("busy", status=429), now, is_probe=True)
        pauses.append(gate.probe_in(now))
        now += pauses[-1]

    assert pauses == [60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 3600.0, 3600.0]


@pytest.mark.parametrize(
    ("busy", "pause"),
    [
        (deferred_by("busy", status=429), 60.0),
        (deferred_by("busy", retry_after_seconds=0.0), 1.0),
        (deferred_by("hold", status=401), 1.0),
    ],
    ids=["no wish", "short wish", "hold"],
)
def test_probes_of_another_trouble_make_no_wait_longer(
    busy: Deferred, pause: float
) -> None:
    """After an outage the first 429 waits a minute: no probe has met one before."""
    gate, _ = a_gate()
    now = 0.0
    for _ in range(30):
        gate.deferred(deferred_by("unavailable", status=500), now, is_probe=True)
        now += gate.probe_in(now)
    gate.deferred(busy, now, is_probe=True)
    first = gate.probe_in(now)
    gate.deferred(busy, now + first, is_probe=True)

    assert (first, gate.probe_in(now + first)) == (pause, 2 * pause)


def test_an_outage_between_two_429_makes_the_second_wait_no_longer() -> None:
    """It is the second, whatever lies between them."""
    gate, _ = a_gate()
    busy = deferred_by("busy", status=429)
    gate.deferred(busy, 0.0, is_probe=True)
    now = gate.probe_in(0.0)
    for _ in range(30):
        gate.deferred(deferred_by("unavailable", status=500), now, is_probe=True)
        now += gate.probe_in(now)
    gate.deferred(busy, now, is_probe=True)

    assert gate.probe_in(now) == 120.0


@pytest.mark.parametrize(("wish", "pause"), [(None, 60.0), (0.0, 1.0)])
def test_requests_that_were_out_together_wait_once(
    wish: float | None, pause: float
) -> None:
    """Sixty-four answers of one moment are no sixty-four failed probes."""
    gate, _ = a_gate()
    busy = deferred_by("busy", status=429, retry_after_seconds=wish)
    for _ in range(64):
        gate.deferred(busy, 0.0, is_probe=False)
    first = gate.probe_in(0.0)
    gate.deferred(busy, first, is_probe=True)

    assert (first, gate.probe_in(first)) == (pause, 2 * pause)


def test_refusal_of_a_probe_frees_the_gate() -> None:
    """A receiver that refuses a record has taken the key: it is alive."""
    gate, _ = a_gate()
    gate.deferred(deferred_by("hold", status=401), 0.0, is_probe=False)

    assert gate.refused(2.0, is_probe=True)
    assert gate.is_free


def test_too_many_refusals_hold_until_an_acceptance() -> None:
    """When every record is refused, only an acceptance frees the gate."""
    gate, events = a_gate()
    gate.refuses_everything(0.0, "20 records refused")

    assert not gate.refused(2.0, is_probe=True)
    assert gate.why_closed == "20 records refused"
    assert gate.delivered(9.0, is_probe=True)
    assert events.names() == ["uploads_held", "uploads_resumed"]


def test_failed_probe_of_an_open_circuit_waits_longer() -> None:
    """Scenario 35: with the circuit open each failed probe sets the next, capped."""
    gate, _ = a_gate()
    now = 0.0
    for _ in range(30):
        gate.deferred(
            Deferred(Cause.NETWORK, "no route"), now, is_probe=not gate.is_free
        )
        now += gate.probe_in(now)

    gate.deferred(Deferred(Cause.NETWORK, "no route"), now, is_probe=True)

    assert gate.probe_in(now) == 30.0
