"""What the books say of logs and of refused lines, commit by commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipper.backfill.books import Books
from shipper.backfill.choices import Choices
from shipper.backfill.log import Log
from shipper.backfill.outcome import LEFT_ALONE, SENT, FileOutcome, Progress
from shipper.backfill.reader import Opened
from shipper.backfill.shaping import Rejected
from shipper.model import Advance, Commit
from tests.support.pipes import MemoryCheckpoints
from tests.support.places import from_the_front
from wsgi_writer.mask import Masks


class Desk:
    """The books of two logs, and everything around them.

    Args:
        directory: Where the logs would be; none is there.
    """

    def __init__(self, directory: Path) -> None:
        # Mutable state: what the books told, and where.
        self.files = [FileOutcome(str(directory / name), name) for name in "ab"]
        self.opened = [
            Opened(
                file.name,
                from_the_front(file.path),
                open_log=lambda: Log(str(directory / "gone"), Choices()),
                translator_of=lambda log, place: log.translator(Masks(), place),
            )
            for file in self.files
        ]
        self.stored = MemoryCheckpoints()
        self.progress = Progress(lambda far: None)
        self.told: list[int] = []
        self.books = Books(
            self.stored,
            self.opened,
            self.files,
            progress=self.progress,
            on_reject=lambda refused: self.told.append(refused.offset_bytes),
        )

    def refuse(self, *places: int) -> None:
        """Refuse lines of the first log."""
        for place in places:
            refused = Rejected("a", 1, False, place, "shape", "no line", "text")
            self.books.refused(refused)

    def settle(self, end_bytes: int) -> None:
        """Settle the first log up to a place: three lines, one of them blank."""
        file_id = self.opened[0].file_id
        advance = Advance(file_id, 0, end_bytes, 0, 0, b"", *(1, 0, 1, 1))
        self.books.commit(Commit((advance,), (), ()))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Books in which nothing stands yet."""
    return Desk(tmp_path)


def test_a_refused_line_is_told_of_when_it_is_settled(desk: Desk) -> None:
    """The next run meets again what this one has not settled."""
    desk.refuse(10, 20, 30)
    desk.settle(30)

    assert desk.told == [10, 20]
    assert desk.files[0].rejects == {"shape": 2}


def test_a_commit_is_stored_and_counted(desk: Desk) -> None:
    """Blank lines are no records."""
    desk.settle(30)

    assert len(desk.stored.commits) == 1
    assert (desk.files[0].lines, desk.files[1].lines) == (3, 0)
    assert desk.progress.records == 2


def test_at_the_end_what_is_left_is_told_of(desk: Desk) -> None:
    """A log is sent, or it had trouble and says so."""
    desk.refuse(10)
    list(desk.opened[1].lines())
    desk.books.all_sent()

    sent, other = desk.files
    assert (desk.told, sent.state) == ([10], SENT)
    assert other.state != SENT
    assert "no such file" in other.why


def test_what_the_shipper_follows_now_is_left_to_it(desk: Desk) -> None:
    """The other logs are still ours."""
    desk.books.taken_over(desk.opened[0].file_id)

    assert [file.state == LEFT_ALONE for file in desk.files] == [True, False]
