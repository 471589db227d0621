"""Bundles in real SQLite: exported lines, and what a receipt makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shipper.fileid import FileRow
from shipper.model import Advance, Commit, DeadLetter, LinePlace
from shipper.store import (
    ACKNOWLEDGE,
    Acknowledgement,
    Answer,
    Bundle,
    Counter,
    DeadRecord,
    Outcomes,
    Selection,
    open_store,
)
from shipper.store.account import open_account
from tests.support.clock import FakeClock

BUNDLE = Bundle("b-1", "/media/b-1", 12, "aa", "sums", "")


class State:
    """A store with two files of lines of ten bytes, the first ones delivered."""

    def __init__(self, directory: str) -> None:
        # Mutable state: the store.
        self.directory = directory
        self.store = open_store(directory, clock=FakeClock())
        for name in "fg":
            row = FileRow(file_id=name, path=f"/logs/{name}", dev=1, ino=ord(name))
            self.store.record(new=[row])
        self.store.commit(Commit((_advance("f", 0, 20, delivered=2),), (), ()))

    def export(self) -> None:
        """Export ten lines of f, one of them dead, and three of g."""
        letter = DeadLetter(LinePlace("f", 110, 120), None, "torn", "why", None, "", 9)
        advances = (
            _advance("f", 20, 120, exported=9, dead=1),
            _advance("g", 0, 30, exported=3),
        )
        self.store.commit(Commit(advances, (letter,), ()), bundle=BUNDLE)

    def acknowledge(self, told: Acknowledgement) -> Answer:
        """Ask for it, and have it carried out."""
        letterbox = self.store.letterbox(max_bytes=10**6, max_age_days=30)
        letterbox.ask(ACKNOWLEDGE, told)
        (request,) = letterbox.requests()
        return letterbox.acknowledge(request)

    @property
    def lines(self) -> Outcomes:
        """What became of all lines."""
        return self.store.sums().lines

    def faults(self) -> list[tuple[str, int, int]]:
        """Return the bundles whose sums are wrong."""
        with open_account(self.directory) as account:
            unequal = account.unequal_bundles()
        return [(each.id, each.wanted, each.found) for each in unequal]


def _advance(name: str, start: int, end: int, **counts: int) -> Advance:
    sums = {"delivered": 0, "skipped": 0, "dead": 0, "blank": 0, **counts}
    return Advance(name, start, end, start, end, b"\n", **sums)


def a_dead_record(start: int = 30, **changes: object) -> DeadRecord:
    """Return a record that was refused, of a line of f."""
    fields: dict[str, object] = {
        "file_id": "f",
        "start_bytes": start,
        "end_bytes": start + 10,
        "id": f"id-{start}",
        "reason": "refused",
        "detail": "status 400: no",
        "payload": "{}",
        "sha256": "00",
        "length_bytes": 2,
        **changes,
    }
    return DeadRecord(**fields)  # type: ignore[arg-type]  # a builder


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """A store from which a bundle was exported."""
    state = State(str(tmp_path / "state"))
    state.export()
    yield state
    state.store.close()


def test_what_left_is_exported_until_its_receipt_comes(state: State) -> None:
    """It is neither delivered nor lost, and the bundle is known."""
    (bundle,) = state.store.unacknowledged()

    assert Outcomes(delivered=2, dead=1, exported=12) == state.lines
    assert (bundle.id, bundle.records, bundle.is_sealed) == ("b-1", 12, False)
    assert state.store.unsealed() == [BUNDLE]
    assert state.faults() == []
    state.store.sealed("b-1")
    assert state.store.unsealed() == []
    assert state.store.sums().bundles[0].is_sealed


def test_a_receipt_makes_it_delivered_and_dead(state: State) -> None:
    """Dead ones become letters of their own lines, in the stretch they stand in."""
    dead = (a_dead_record(30), a_dead_record(0, file_id="g", payload=None, id=None))
    answer = state.acknowledge(Acknowledgement("b-1", "aa", 12, 10, dead))

    letters = [kept.letter for kept in state.store.dead_letters()]
    files = {file.file_id: file.lines for file in state.store.sums().files}
    assert Answer(delivered=10, refused=2) == answer
    assert files == {"f": Outcomes(10, dead=2), "g": Outcomes(2, dead=1)}
    assert [(letter.place.file_id, letter.place.start_bytes) for letter in letters] == [
        ("f", 110),
        ("f", 30),
        ("g", 0),
    ]
    assert [letter.payload for letter in letters] == [None, b"{}", None]
    assert state.store.unacknowledged() == ()
    assert state.faults() == []


def test_a_receipt_counts_once(state: State) -> None:
    """The second time it says so, with the sums of the first."""
    told = Acknowledgement("b-1", "aa", 12, 11, (a_dead_record(),))
    state.acknowledge(told)
    before = state.lines

    again = state.acknowledge(told)

    assert (again.is_repeated, again.error) == (True, "")
    assert (again.delivered, again.refused) == (11, 1)
    assert "acknowledged before, at 2026-11-23" in again.notes[0]
    assert before == state.lines


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (Acknowledgement("b-2", "aa", 12, 12), "no bundle b-2 was exported"),
        (Acknowledgement("b-1", "bb", 12, 12), "of another bundle"),
        (Acknowledgement("b-1", "aa", 11, 11), "its counts are wrong: 12 records"),
        (Acknowledgement("b-1", "aa", 12, 12, (a_dead_record(),)), "counts are wrong"),
        (
            Acknowledgement("b-1", "aa", 12, 11, (a_dead_record(10),)),
            "not in the bundle",
        ),
        (
            Acknowledgement("b-1", "aa", 12, 11, (a_dead_record(115),)),
            "not in the bundle",
        ),
        (
            Acknowledgement("b-1", "aa", 12, 11, (a_dead_record(30, file_id="a"),)),
            "not in the bundle",
        ),
        (
            Acknowledgement("b-1", "aa", 12, 11, (a_dead_record(110),)),
            "that is dead already",
        ),
        (
            Acknowledgement("b-1", "aa", 12, 10, (a_dead_record(), a_dead_record())),
            "that is dead already",
        ),
        (
            Acknowledgement(
                "b-1",
                "aa",
                12,
                8,
                tuple(
                    a_dead_record(at, file_id="g", end_bytes=at + 2)
                    for at in range(0, 8, 2)
                ),
            ),
            "more than were exported",
        ),
    ],
)
def test_a_receipt_that_does_not_fit_changes_nothing(
    told: Acknowledgement, why: str, state: State
) -> None:
    """Unknown, of other counts, or of records that were never in it."""
    before = state.lines

    answer = state.acknowledge(told)

    assert why in answer.error
    assert before == state.lines
    assert len(state.store.unacknowledged()) == 1


def test_a_receipt_of_another_version_is_answered(state: State) -> None:
    """What cannot be read is refused, and asked no more."""
    counter = Counter(state.directory)
    number = counter.ask(ACKNOWLEDGE, Selection(), now="2026")
    letterbox = state.store.letterbox(max_bytes=10**6, max_age_days=30)

    letterbox.acknowledge(letterbox.requests()[0])

    answer = counter.answer_to(number)
    counter.close()
    assert answer is not None
    assert answer.error == "it cannot be read"
    assert letterbox.requests() == []


def test_what_is_read_later_is_no_part_of_the_bundle(state: State) -> None:
    """The stretch of a bundle does not grow by lines that are sent from here."""
    state.store.commit(Commit((_advance("f", 120, 130, delivered=1),), (), ()))
    state.acknowledge(Acknowledgement("b-1", "aa", 12, 12))

    with open_account(state.directory) as account:
        ranges = [
            (each.start_bytes, each.end_bytes, each.lines)
            for each in account.ranges("f")
        ]
    assert ranges == [
        (0, 20, Outcomes(2)),
        (20, 120, Outcomes(9, dead=1)),
        (120, 130, Outcomes(1)),
    ]


def test_sums_that_were_tampered_with_are_found(state: State) -> None:
    """An audit names the bundle of which the ledger says something else."""
    advance = _advance("g", 30, 40, exported=1)
    stray = Bundle("b-2", "/media/b-2", 5, "cc", "sums", "")
    state.store.commit(Commit((advance,), (), ()), bundle=stray)

    assert state.faults() == [("b-2", 5, 1)]
