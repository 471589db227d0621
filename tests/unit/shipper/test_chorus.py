"""What several workers tell of one thing is passed on once."""

from __future__ import annotations

from shipper.workers.chorus import Chorus

EMPTY = "source_empty", {"pattern": "/log/*.jsonl", "hint": "it is waited for"}


def test_each_worker_says_it_and_one_is_heard() -> None:
    """Whichever comes first."""
    chorus = Chorus()

    assert [chorus.is_news(worker, *EMPTY) for worker in (2, 1, 3)] == [
        True,
        False,
        False,
    ]


def test_what_happens_again_is_news_again() -> None:
    """A file came and went, or the worker was replaced; the others follow."""
    chorus = Chorus()
    for worker in (1, 2):
        chorus.is_news(worker, *EMPTY)

    assert [chorus.is_news(worker, *EMPTY) for worker in (2, 1)] == [True, False]


def test_what_is_about_other_things_is_not_mixed_up() -> None:
    """Neither two patterns, nor what workers tell of their own logs."""
    chorus = Chorus()
    chorus.is_news(1, *EMPTY)

    assert chorus.is_news(2, "source_empty", {"pattern": "/b", "hint": "x"})
    assert chorus.is_news(1, "file_gone", {"path": "/a"})
    assert chorus.is_news(2, "file_gone", {"path": "/a"})
