"""Lines that are no records and bodies that stay here are told of, but not each."""

from __future__ import annotations

import pytest

from shipper.errors import StateError
from shipper.events import Value
from shipper.model import Commit, DeadLetter, LinePlace
from shipper.remarks import MOST_TOLD, Remarks
from tests.support.events import RecordingEvents


class Kept:
    """Implements the pipeline's checkpoints; fails if told to."""

    def __init__(self) -> None:
        # Mutable state: what was stored, and why nothing is.
        self.commits: list[Commit] = []
        self.failure: StateError | None = None

    def commit(self, commit: Commit) -> None:
        """Keep a commit."""
        if self.failure is not None:
            raise self.failure
        self.commits.append(commit)


def remarks(kept: Kept | None = None) -> tuple[Remarks, RecordingEvents]:
    """Return remarks on the file ``a``, and on others that are not followed."""
    events = RecordingEvents()
    paths = {"a": "/log/a.jsonl"}
    return Remarks(kept or Kept(), path_of=paths.get, events=events), events


def a_letter(
    start: int = 0,
    *,
    file_id: str = "a",
    id: str | None = None,  # noqa: A002 - the letter's own name for it
    reason: str = "not-json",
    retries: int = 0,
) -> DeadLetter:
    """Return a dead letter of a line at a place."""
    place = LinePlace(file_id, start, start + 10)
    return DeadLetter(place, id, reason, "no JSON", None, "", 9, retries)


def a_commit(*letters: DeadLetter, **withheld: int) -> Commit:
    """Return a commit of lines that became these."""
    counters = tuple((f"withheld:{why}", count) for why, count in withheld.items())
    return Commit((), letters, (("skipped:host", 3), *counters))


def fields(events: RecordingEvents, name: str) -> list[Value]:
    """Return the counts that were told under a name."""
    return [told["count"] for each, told in events.told if each == name]


def test_an_unreadable_line_is_told_with_its_place() -> None:
    """Under the name that its file has now."""
    told, events = remarks()
    told.commit(a_commit(a_letter(120)))

    assert events.told == [
        (
            "line_rejected",
            {
                "path": "/log/a.jsonl",
                "position": 120,
                "why": "not-json: no JSON",
                "count": 1,
            },
        )
    ]


def test_a_million_of_them_make_few_lines() -> None:
    """Each file and each reason is counted by itself."""
    told, events = remarks()
    told.commit(a_commit(*map(a_letter, range(99))))
    told.commit(a_commit(a_letter(500), a_letter(501, reason="schema")))
    told.commit(a_commit(a_letter(0, file_id="b")))

    assert fields(events, "line_rejected") == [1, 10, 100, 1, 1]
    assert events.told[-1][1]["path"] == "b"


def test_bodies_that_stay_here_are_told_by_reason() -> None:
    """A commit may hold many at once."""
    told, events = remarks()
    for _ in range(4):
        told.commit(a_commit(multipart=4, xml=1))

    assert fields(events, "body_withheld") == [4, 1, 12]
    assert "multipart" in str(events.told[0][1]["why"])


def test_what_was_told_elsewhere_is_not_told_again() -> None:
    """Refused records have an event of their own, and retries an answer."""
    told, events = remarks()
    told.commit(a_commit(a_letter(id="r", reason="refused"), a_letter(retries=1)))

    assert events.told == []


def test_nothing_is_told_that_is_not_stored() -> None:
    """The commit is tried again, and told of then."""
    kept = Kept()
    told, events = remarks(kept)
    kept.failure = StateError("full", path="state", is_temporary=True)
    with pytest.raises(StateError):
        told.commit(a_commit(a_letter()))
    assert events.told == []
    kept.failure = None
    told.commit(a_commit(a_letter()))

    assert (len(kept.commits), events.names()) == (1, ["line_rejected"])


def test_so_many_are_told_of_and_no_more() -> None:
    """Memory is bounded, whatever goes wrong."""
    told, events = remarks()
    letters = (a_letter(file_id=str(number)) for number in range(MOST_TOLD + 5))
    told.commit(a_commit(*letters))

    assert len(events.told) == MOST_TOLD
