"""Records that were delivered before, though no commit says so."""

from __future__ import annotations

from shipper.model import Advance, Commit, LinePlace, Skip, Taken
from shipper.takings import Takings
from tests.support.lines import an_entry, lines_of

FIRST, SECOND = lines_of([b"one", b"two"])


def taken(entry_number: int = 0) -> frozenset[Taken]:
    """Return the first line's record as one that was delivered."""
    place = LinePlace(FIRST.file_id, FIRST.start_bytes, FIRST.end_bytes)
    return frozenset({Taken(place, an_entry(entry_number).id)})


def test_a_record_that_was_delivered_is_not_sent_again() -> None:
    """It stands where it stood, and has the same id: it counts, without payload."""
    marked = Takings(taken()).marked(FIRST, an_entry(0))

    assert (marked.is_taken, marked.payload) == (True, b"")


def test_another_record_in_its_place_is_sent() -> None:
    """As is the same one in another place, and what is no entry stays what it is."""
    takings = Takings(taken())

    assert not takings.marked(FIRST, an_entry(1)).is_taken
    assert not takings.marked(SECOND, an_entry(0)).is_taken
    assert takings.marked(FIRST, Skip("host")) == Skip("host")


def test_it_is_forgotten_when_a_commit_has_passed_it() -> None:
    """And no sooner."""
    takings = Takings(taken())
    takings.forget(commit_to(FIRST.end_bytes - 1))
    before = takings.left
    takings.forget(commit_to(FIRST.end_bytes))

    assert (before, takings.left) == (taken(), frozenset())


def commit_to(end_bytes: int) -> Commit:
    """Return a commit of the file up to a place."""
    advance = Advance(
        file_id=FIRST.file_id,
        start_bytes=0,
        end_bytes=end_bytes,
        crc_before=0,
        crc_after=0,
        tail=b"",
        delivered=1,
        skipped=0,
        dead=0,
        blank=0,
    )
    return Commit(advances=(advance,), dead_letters=(), counters=())
