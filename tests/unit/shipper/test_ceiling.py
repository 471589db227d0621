"""How many records a request may hold, by what the receiver has shown."""

from __future__ import annotations

from itertools import pairwise

from shipper.ceiling import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Ceiling

MINUTE = 60.0


def test_what_was_too_large_once_is_so_for_good() -> None:
    """A limit of a receiver's in bytes does not pass by."""
    ceiling = Ceiling(100)

    ceiling.refused(100)
    ceiling.delivered(30 * LONGEST_PAUSE_SECONDS)

    assert ceiling.max_records == 50


def test_what_came_too_slowly_is_tried_again_step_by_step() -> None:
    """Months of hiccups do not add up: in an hour all is as before."""
    ceiling = Ceiling(100)
    for records in (100, 50, 25, 13):
        ceiling.timed_out(records, 0.0)

    seen = []
    for minute in range(0, 300, 5):
        ceiling.delivered(minute * MINUTE)
        seen.append(ceiling.max_records)

    assert list(dict.fromkeys(seen)) == [7, 14, 28, 56, 100]


def test_it_grows_by_answers_alone() -> None:
    """While nothing is taken, there is no reason to try more."""
    ceiling = Ceiling(8)

    ceiling.timed_out(8, 0.0)

    assert ceiling.max_records == 4
    ceiling.delivered(FIRST_PAUSE_SECONDS - 1)
    assert ceiling.max_records == 4
    ceiling.delivered(FIRST_PAUSE_SECONDS)
    assert ceiling.max_records == 8


def test_a_receiver_that_stays_slow_is_tried_less_and_less_often() -> None:
    """Every try costs a time-out, and may send records twice."""
    ceiling = Ceiling(8)
    now, tries = 0.0, []
    ceiling.timed_out(8, now)
    while now < 10 * LONGEST_PAUSE_SECONDS:
        now += MINUTE
        ceiling.delivered(now)
        if ceiling.max_records == 8:
            tries.append(now)
            ceiling.timed_out(8, now)

    pauses = [after - before for before, after in pairwise(tries)]
    assert pauses[:3] == [2 * FIRST_PAUSE_SECONDS * 2**number for number in range(3)]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS
    assert len(tries) < 20


def test_pauses_begin_anew_after_a_good_time() -> None:
    """What was too slow last year says nothing of today."""
    ceiling = Ceiling(8)
    for moment in (0.0, 1.0):
        ceiling.timed_out(8, moment)
        ceiling.timed_out(4, moment)

    for minute in range(200):
        ceiling.delivered(minute * MINUTE)
    assert ceiling.max_records == 8
    ceiling.timed_out(8, 20_000.0)
    ceiling.delivered(20_000.0 + FIRST_PAUSE_SECONDS)

    assert ceiling.max_records == 8


def test_batches_that_were_out_together_lower_it_once() -> None:
    """Four at a time meet the same slow minute."""
    ceiling = Ceiling(100)

    for _ in range(4):
        ceiling.timed_out(100, 1.0)

    assert ceiling.max_records == 50


def test_one_record_is_the_least() -> None:
    """A batch of two becomes two of one."""
    ceiling = Ceiling(100)

    ceiling.refused(2)
    ceiling.timed_out(2, 0.0)

    assert ceiling.max_records == 1
