"""Dead letters and requests in real SQLite: what leaves, and that sums add up."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from shipper.errors import StateError
from shipper.fileid import FileRow
from shipper.model import Advance, Commit, DeadLetter, LinePlace
from shipper.store import (
    PURGE,
    RETRY,
    Answer,
    Counter,
    Letterbox,
    Outcomes,
    Request,
    Selection,
    Tried,
    open_reader,
    open_store,
)
from shipper.store.schema import MIGRATIONS
from tests.support.clock import FakeClock

DAY_SECONDS = 86_400.0


class Box:
    """A store with one file, of which every line of 10 bytes is a dead letter."""

    def __init__(self, state_dir: str) -> None:
        # Mutable state: the end of what was committed.
        self.clock = FakeClock()
        self.state_dir = state_dir
        self.store = open_store(state_dir, clock=self.clock)
        self.store.record(new=[FileRow(file_id="f", path="/logs/f", dev=1, ino=1)])
        self._end = 0

    def letterbox(self, *, max_bytes: int = 10**6, days: float = 30) -> Letterbox:
        """Return the letters, bounded."""
        return self.store.letterbox(max_bytes=max_bytes, max_age_days=days)

    def bury(self, count: int) -> list[DeadLetter]:
        """Commit so many lines that are dead, and one that is delivered."""
        start, end = self._end, self._end + 10 * (count + 1)
        letters = [a_letter(start + 10 * number) for number in range(count)]
        advance = Advance("f", start, end, start, end, b"\n", 1, 0, count, 0)
        self.store.commit(Commit((advance,), tuple(letters), ()))
        self._end = end
        return letters

    def numbers(self) -> list[int]:
        """Return the numbers of the letters that are kept."""
        return [kept.number for kept in self.store.dead_letters()]

    def dead_and_forgotten(self) -> tuple[int, int]:
        """Return both sums of the ledger."""
        connection = sqlite3.connect(os.path.join(self.state_dir, "state.sqlite3"))
        row = connection.execute("SELECT sum(dead), sum(forgotten) FROM ranges")
        dead, forgotten = row.fetchone()
        connection.close()
        return dead, forgotten


def a_letter(start: int, **changes: object) -> DeadLetter:
    """Return a dead letter of the file."""
    fields: dict[str, object] = {
        "place": LinePlace("f", start, start + 10),
        "id": f"id-{start}",
        "reason": "refused",
        "detail": "status 400: no",
        "payload": b"{}",
        "sha256": "00",
        "length_bytes": 2,
        **changes,
    }
    return DeadLetter(**fields)  # type: ignore[arg-type]  # a builder


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A store of one file."""
    box = Box(str(tmp_path / "state"))
    yield box
    box.store.close()


def test_a_recovered_letter_is_delivered_and_gone(box: Box) -> None:
    """Its line moves from dead to delivered in the stretch it stands in."""
    first, second, _ = box.bury(3)

    box.store.commit(Commit((), (), (), (first.place, second.place)))

    sums = box.store.sums()
    assert sums.lines == Outcomes(delivered=3, dead=1)
    assert sums.counters == {"letters_recovered": 2}
    assert len(box.numbers()) == 1


def test_recovering_twice_is_recovering_once(box: Box) -> None:
    """A commit that reached the disk though its answer was an error is no harm."""
    letters = box.bury(2)
    commit = Commit((), (), (), tuple(letter.place for letter in letters[:1]))

    box.store.commit(commit)
    box.store.commit(commit)

    assert box.store.sums().lines == Outcomes(delivered=2, dead=1)
    assert box.store.sums().counters == {"letters_recovered": 1}


def test_recovery_finds_the_stretch_of_its_line(box: Box) -> None:
    """With several stretches in the ledger the right one is corrected."""
    start = 2_000_000
    (early,) = box.bury(1)
    box.store.commit(
        Commit((Advance("f", 20, start, 20, start, b"\n", 9, 0, 0, 0),), (), ())
    )
    late = a_letter(start)
    box.store.commit(
        Commit(
            (Advance("f", start, start + 20, start, 7, b"\n", 1, 0, 1, 0),), (late,), ()
        )
    )

    box.store.commit(Commit((), (), (), (late.place,)))

    connection = sqlite3.connect(os.path.join(box.state_dir, "state.sqlite3"))
    rows = connection.execute("SELECT dead, delivered FROM ranges ORDER BY start_bytes")
    counts = rows.fetchall()
    connection.close()
    assert (counts[0][0], counts[-1]) == (1, (0, 2))
    assert early.place.start_bytes == 0


def test_a_letter_refused_again_keeps_its_number_and_age(box: Box) -> None:
    """Reason, words, payload and count are new; storing it twice changes nothing."""
    box.bury(1)
    (before,) = box.store.dead_letters()
    again = a_letter(0, detail="status 422: still no", payload=b"[]", retries=1)
    box.clock.advance(60)

    for _ in range(2):
        box.store.commit(Commit((), (again,), ()))

    (after,) = box.store.dead_letters()
    assert after.letter == again
    assert (after.number, after.created_at) == (before.number, before.created_at)
    assert after.tried_at == "2026-11-23T12:01:00.000+00:00"
    assert box.store.sums().lines.dead == 1


def test_a_letter_that_could_not_be_sent_again_has_the_new_reason(box: Box) -> None:
    """What was kept of it stays, and the try is counted, with its time."""
    (letter,) = box.bury(1)
    (before,) = box.store.dead_letters()
    box.clock.advance(60)

    box.letterbox().try_in_vain([Tried(before.number, "torn", "it ends early")])

    (after,) = box.store.dead_letters()
    assert after.letter == replace(
        letter, reason="torn", detail="it ends early", retries=1
    )
    assert after.created_at == before.created_at
    assert after.tried_at == "2026-11-23T12:01:00.000+00:00"


def test_a_letter_stored_twice_stays_as_it_was(box: Box) -> None:
    """What a retry has taught is not overwritten by the same commit coming again."""
    (letter,) = box.bury(1)
    again = a_letter(0, detail="status 422: still no", retries=1)
    box.store.commit(Commit((), (again,), ()))

    box.store.commit(Commit((), (letter,), ()))

    assert [again] == [kept.letter for kept in box.store.dead_letters()]


def test_numbers_are_never_given_out_again(box: Box) -> None:
    """What an operator noted down cannot mean another record later."""
    box.bury(2)
    box.letterbox().purge(_asked(box, PURGE, Selection()), Selection())
    box.bury(1)

    assert box.numbers() == [3]


@pytest.mark.parametrize(
    ("selection", "left"),
    [
        (Selection(), []),
        (Selection(numbers=(2, 99)), [1, 3, 4]),
        (Selection(before="2026-11-23T12:00:30.000+00:00"), [4]),
        (Selection(numbers=(3, 4), before="2026-11-23T12:00:30.000+00:00"), [1, 2, 4]),
    ],
)
def test_a_purge_forgets_what_was_named(
    selection: Selection, left: list[int], box: Box
) -> None:
    """Lines stay counted as dead, and each forgotten letter is counted as well."""
    box.bury(3)
    box.clock.advance(60)
    box.bury(1)

    answer = box.letterbox().purge(_asked(box, PURGE, selection), selection)

    purged = 4 - len(left)
    assert box.numbers() == left
    assert answer.purged == purged
    assert answer.missing == ((99,) if selection.numbers == (2, 99) else ())
    assert box.dead_and_forgotten() == (4, purged)
    assert box.store.sums().counters == {"letters_purged": purged}
    assert box.letterbox().requests() == []


@pytest.mark.parametrize("number", [0, -1, 2**63, 10**30, -(10**30)])
def test_a_number_that_no_letter_can_have_is_unknown(number: int, box: Box) -> None:
    """A request with it is answered, and ends no shipper."""
    box.bury(1)
    letters = box.letterbox()
    selection = Selection(numbers=(number, 1))
    request = _asked(box, PURGE, selection)

    assert letters.letter(number) is None
    assert letters.purge(request, selection) == Answer(purged=1, missing=(number,))


def test_old_letters_are_evicted(box: Box) -> None:
    """After `max_age_days` a letter is forgotten, which is counted."""
    box.bury(2)
    box.clock.advance(20 * DAY_SECONDS)
    box.bury(1)
    letterbox = box.letterbox(days=30)

    assert letterbox.evict() is None
    box.clock.advance(11 * DAY_SECONDS)
    evicted = letterbox.evict()

    assert evicted is not None
    assert evicted.letters == 2
    assert box.numbers() == [3]
    assert box.dead_and_forgotten() == (3, 2)
    assert box.store.sums().counters == {"letters_evicted": 2}


def test_too_many_letters_push_out_the_oldest(box: Box) -> None:
    """The newest that fit stay; more than one portion is no problem."""
    box.bury(1200)
    one = 256 + len("status 400: no") + len("{}")

    evicted = box.letterbox(max_bytes=3 * one).evict()

    assert evicted is not None
    assert (evicted.letters, evicted.size_bytes) == (1197, 1197 * one)
    assert box.numbers() == [1198, 1199, 1200]
    assert box.dead_and_forgotten() == (1200, 1197)


def test_a_request_is_found_and_answered_from_another_process(box: Box) -> None:
    """Whoever asks beside the shipper is heard, and reads the answer."""
    letterbox = box.letterbox()
    assert letterbox.has_news()  # the first look
    assert not letterbox.has_news()
    counter = Counter(box.state_dir)

    number = counter.ask(RETRY, Selection(numbers=(7,)), now="2026")
    is_heard, is_heard_again = letterbox.has_news(), letterbox.has_news()
    (request,) = letterbox.requests()
    before = counter.answer_to(number)
    letterbox.answer(number, Answer(delivered=3, notes=("ok",)))
    after = counter.answer_to(number)
    counter.close()

    assert (is_heard, is_heard_again) == (True, False)
    assert (request.verb, request.selection()) == (RETRY, Selection(numbers=(7,)))
    assert (before, after) == (None, Answer(delivered=3, notes=("ok",)))
    assert letterbox.requests() == []


def test_answers_of_long_ago_are_dropped(box: Box) -> None:
    """The table does not grow with every request, and open ones stay."""
    letterbox = box.letterbox()
    first = letterbox.ask(RETRY, Selection())
    for _ in range(250):
        letterbox.answer(letterbox.ask(PURGE, Selection()), Answer())

    connection = sqlite3.connect(os.path.join(box.state_dir, "state.sqlite3"))
    (count,) = connection.execute("SELECT count(*) FROM requests").fetchone()
    connection.close()
    assert count == 101
    assert [request.number for request in letterbox.requests()] == [first]


def test_asking_without_a_state_is_an_error(tmp_path: Path) -> None:
    """A typing error in `state_dir` makes no database."""
    with pytest.raises(StateError, match="no state yet"):
        Counter(str(tmp_path))

    assert list(tmp_path.iterdir()) == []


def test_letters_of_the_first_version_are_taken_over(tmp_path: Path) -> None:
    """A migration numbers what is there, oldest first, and loses nothing of it."""
    path = tmp_path / "state.sqlite3"
    connection = sqlite3.connect(path)
    connection.executescript(MIGRATIONS[0] + "PRAGMA user_version=1;")
    connection.executemany(
        "INSERT INTO dead_letters (file_id, start_bytes, end_bytes, id, reason, detail,"
        " payload, sha256, length_bytes, created_at) VALUES (?,?,?,?,?,?,?,?,?,?)",
        [
            ("f", 10, 20, "id-10", "refused", "why", b"{}", "00", 2, "2026-02"),
            ("f", 0, 10, None, "not-json", "why", None, "11", 9, "2026-01"),
        ],
    )
    connection.commit()
    connection.close()

    store = open_store(str(tmp_path))
    letters = [(kept.number, kept.letter) for kept in store.dead_letters()]
    store.close()

    unreadable = DeadLetter(
        LinePlace("f", 0, 10), None, "not-json", "why", None, "11", 9
    )
    refused = a_letter(10, detail="why")
    assert letters == [(1, unreadable), (2, refused)]


def test_a_reader_sees_letters_beside_the_writer(box: Box) -> None:
    """A list has no payloads; one letter has all of it."""
    (letter,) = box.bury(1)
    reader = open_reader(box.state_dir)
    assert reader is not None

    (listed,) = reader.dead_letters(with_payload=False)
    shown = reader.dead_letter(listed.number)
    nobody = reader.dead_letter(4711)
    reader.close()

    assert (listed.letter.payload, listed.has_payload) == (None, True)
    assert listed.path == "/logs/f"
    assert shown is not None
    assert shown.letter == letter
    assert nobody is None


def _asked(box: Box, verb: str, selection: Selection) -> Request:
    letterbox = box.letterbox()
    letterbox.ask(verb, selection)
    return letterbox.requests()[-1]
