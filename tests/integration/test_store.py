"""The state database: one transaction a commit, no gap, sums that add up."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipper.errors import (
    EXIT_IO_ERROR,
    EXIT_TRY_AGAIN,
    StateError,
    StateLockedError,
    StateUnusableError,
)
from shipper.fileid import Cut, FileRow, FileState, Head, Mark, mark_of
from shipper.model import Advance, Commit, DeadLetter, LinePlace
from shipper.store import Outcomes, StateLock, Store, open_reader, open_store
from shipper.store.directory import unusable
from tests.support.clock import FakeClock


@pytest.fixture
def state_dir(tmp_path: Path) -> str:
    """A state directory that does not exist yet."""
    return str(tmp_path / "var" / "state")


@pytest.fixture
def store(state_dir: str) -> Iterator[Store]:
    """A new store that knows one file."""
    store = open_store(state_dir, clock=FakeClock())
    store.record(new=[a_row()])
    yield store
    store.close()


def a_row(file_id: str = "file-1", **changes: object) -> FileRow:
    """Return a row of a file nothing was read of."""
    fields: dict[str, object] = {
        "file_id": file_id,
        "path": f"/logs/{file_id}",
        "dev": 1,
        "ino": 2,
        **changes,
    }
    return FileRow(**fields)  # type: ignore[arg-type]  # a builder


def an_advance(start: int, end: int, **changes: object) -> Advance:
    """Return an advance whose checksums are its offsets."""
    fields: dict[str, object] = {
        "file_id": "file-1",
        "start_bytes": start,
        "end_bytes": end,
        "crc_before": start,
        "crc_after": end,
        "tail": b"tail of %d\n" % end,
        "delivered": 0,
        "skipped": 0,
        "dead": 0,
        "blank": 0,
        **changes,
    }
    return Advance(**fields)  # type: ignore[arg-type]  # a builder


def a_commit(*advances: Advance, letters: tuple[DeadLetter, ...] = ()) -> Commit:
    """Return a commit without counters."""
    return Commit(advances, letters, ())


def a_letter(start: int = 0, **changes: object) -> DeadLetter:
    """Return a dead letter of file-1."""
    fields: dict[str, object] = {
        "place": LinePlace("file-1", start, start + 10),
        "id": "id-1",
        "reason": "refused",
        "detail": "status 400: no",
        "payload": b"{}",
        "sha256": "00",
        "length_bytes": 2,
        **changes,
    }
    return DeadLetter(**fields)  # type: ignore[arg-type]  # a builder


def test_a_commit_moves_the_position_with_everything_else(
    store: Store, state_dir: str
) -> None:
    """Position, marker, ledger, dead letter and counters are there after a reopen."""
    advance = an_advance(0, 100, delivered=3, skipped=2, dead=1, blank=4)
    store.commit(Commit((advance,), (a_letter(),), (("skipped:method", 2),)))
    store.close()

    again = open_store(state_dir)
    (row,) = again.known_files()
    sums = again.sums()
    letters = list(again.dead_letters())
    again.close()

    assert (100, 100, mark_of(b"tail of 100\n")) == (
        row.offset_bytes,
        row.crc,
        row.mark,
    )
    assert Outcomes(3, 2, 1, 4) == sums.lines == sums.files[0].lines
    assert sums.counters == {"skipped:method": 2}
    assert [(a_letter(), "2026-11-23T12:00:00.000+00:00")] == [
        (kept.letter, kept.created_at) for kept in letters
    ]


@pytest.mark.parametrize(
    "advance",
    [
        an_advance(101, 200),
        an_advance(99, 200),
        an_advance(0, 200),
        an_advance(100, 200, crc_before=7),
        an_advance(0, 5, file_id="unknown"),
    ],
)
def test_a_commit_that_does_not_join_is_refused_whole(
    store: Store, advance: Advance
) -> None:
    """A gap is never stored, nor anything that came with it."""
    store.record(new=[a_row("file-2")])
    store.commit(a_commit(an_advance(0, 100, delivered=1)))
    before = store.sums()

    with pytest.raises(StateError) as caught:
        store.commit(
            Commit(
                (an_advance(0, 50, file_id="file-2"), advance),
                (a_letter(),),
                (("x", 1),),
            )
        )

    assert not caught.value.is_temporary
    assert before == store.sums()
    assert list(store.dead_letters()) == []


def test_the_same_commit_twice_counts_once(store: Store) -> None:
    """A commit that reached the disk although its answer was an error is known."""
    commit = Commit((an_advance(0, 100, delivered=2),), (a_letter(),), (("x", 1),))
    store.commit(commit)

    store.commit(commit)

    assert Outcomes(delivered=2) == store.sums().lines
    assert store.sums().counters == {"x": 1}


def test_neighbouring_ranges_are_merged_up_to_a_mebibyte(
    store: Store, state_dir: str
) -> None:
    """The ledger grows by a row a mebibyte, and its sums stay exact."""
    step = 100_000
    for number in range(30):
        start = number * step
        store.commit(a_commit(an_advance(start, start + step, delivered=1)))
    connection = sqlite3.connect(os.path.join(state_dir, "state.sqlite3"))
    ranges = connection.execute(
        "SELECT start_bytes, end_bytes, crc_before, crc_after, delivered FROM ranges"
    ).fetchall()
    connection.close()

    assert ranges == [
        (0, 1_000_000, 0, 1_000_000, 10),
        (1_000_000, 2_000_000, 1_000_000, 2_000_000, 10),
        (2_000_000, 3_000_000, 2_000_000, 3_000_000, 10),
    ]


def test_a_rotated_file_is_done_when_its_end_is_committed(store: Store) -> None:
    """Whichever comes last, the rotation or the commit, the file is done."""
    store.record(new=[a_row("a"), a_row("b")])
    rotated = {"size_bytes": 50, "state": FileState.ROTATED}
    store.record(changed=[a_row("a", **rotated)])
    store.commit(a_commit(an_advance(0, 50, file_id="a")))
    store.commit(a_commit(an_advance(0, 50, file_id="b")))
    store.record(changed=[a_row("b", **rotated)])
    store.record(new=[a_row("c", **(rotated | {"size_bytes": None}))])

    states = {row.file_id: row.state.value for row in store.known_files()}
    assert states == {"file-1": "open", "a": "done", "b": "done", "c": "rotated"}


def test_a_file_may_move_several_times_in_one_commit(store: Store) -> None:
    """Advances that join one another are stored whole, however many there are."""
    steps = (an_advance(0, 50), an_advance(50, 80), an_advance(80, 100))
    store.commit(a_commit(*steps))

    (row,) = store.known_files()

    assert (row.offset_bytes, row.crc) == (100, 100)


def test_record_never_moves_a_position(store: Store) -> None:
    """What the file system says leaves the committed position alone."""
    store.commit(a_commit(an_advance(0, 100)))
    store.record(changed=[a_row(path="/elsewhere", ino=9)])

    (row,) = store.known_files()

    assert (
        row.path,
        row.ino,
        row.offset_bytes,
        row.crc,
    ) == ("/elsewhere", 9, 100, 100)


def test_a_row_comes_back_as_it_was_stored(store: Store) -> None:
    """Every field survives, large inodes and names that are no UTF-8 included."""
    row = FileRow(
        file_id="odd",
        path=os.fsdecode(b"/logs/\xff\xfe.log"),
        dev=2**63 - 1,
        ino=2**64 - 1,
        head=Head(100, b"h" * 32),
        start_bytes=3,
        offset_bytes=5,
        crc=2**32 - 1,
        mark=Mark(7, b"m" * 16),
        cut=Cut(4, Mark(1, b"c" * 16)),
        size_bytes=None,
        mtime_ns=11,
        state=FileState.ROTATED,
        packing="gzip",
        first_seen="then",
        last_seen="now",
    )
    store.record(new=[row])

    assert [row] == store.find_files(row.head)
    assert row.path in {file.path for file in store.sums().files}


def test_a_cut_is_kept_until_it_is_taken_back(store: Store) -> None:
    """It changes with what is seen of a file, and no commit touches it."""
    cut = Cut(50, Mark(2, b"c" * 16))
    store.record(changed=[a_row(cut=cut)])
    store.commit(a_commit(an_advance(0, 100)))
    (cut_short,) = store.known_files()
    store.record(changed=[a_row()])

    assert (cut_short.cut, cut_short.offset_bytes) == (cut, 100)
    assert [row.cut for row in store.known_files()] == [None]


def test_gone_files_are_found_by_content_only(store: Store) -> None:
    """A file that is gone is not followed, but known when its content returns."""
    head = Head(80, b"x" * 32)
    store.record(changed=[a_row(head=head, state=FileState.GONE)])

    assert store.known_files() == []
    assert [row.file_id for row in store.find_files(head)] == ["file-1"]


def test_a_reader_sees_one_moment_beside_the_writer(
    store: Store, state_dir: str
) -> None:
    """`status` reads while the daemon is in the middle of its life."""
    reader = open_reader(state_dir)
    assert reader is not None
    before = reader.sums().lines
    store.commit(a_commit(an_advance(0, 100, delivered=5)))
    after = reader.sums().lines
    reader.close()

    assert (Outcomes(), Outcomes(delivered=5)) == (before, after)


def test_before_the_first_run_there_is_nothing_to_read(state_dir: str) -> None:
    """Looking on makes nothing, not even a directory."""
    assert open_reader(state_dir) is None
    assert not os.path.exists(state_dir)


def test_state_is_closed_to_other_users(store: Store, state_dir: str) -> None:
    """Directory 0700, every file in it 0600, whatever the umask."""
    lock = StateLock(state_dir)
    lock.acquire()
    store.commit(a_commit(an_advance(0, 1)))
    modes = {
        name: stat.S_IMODE(os.stat(os.path.join(state_dir, name)).st_mode)
        for name in os.listdir(state_dir)
    }
    lock.release()

    assert stat.S_IMODE(os.stat(state_dir).st_mode) == 0o700
    assert {0o600} == set(modes.values())
    assert {"lock", "state.sqlite3"} <= set(modes)


def test_a_second_lock_is_refused_and_names_the_first(state_dir: str) -> None:
    """Scenario 28: one shipper a state directory; the other exits 75 and says why."""
    first, second = StateLock(state_dir), StateLock(state_dir)
    first.acquire()

    with pytest.raises(StateLockedError, match=rf"\(pid {os.getpid()}\)") as caught:
        second.acquire()
    first.release()
    second.acquire()
    second.release()

    assert caught.value.exit_code == EXIT_TRY_AGAIN
    assert caught.value.hint


def test_a_forked_child_does_not_hold_the_lock(state_dir: str) -> None:
    """It may outlive the shipper, and nobody would know who keeps the next one out."""
    first, second = StateLock(state_dir), StateLock(state_dir)
    first.acquire()
    is_born, is_over = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(is_born[1], b"x")
        os.read(is_over[0], 1)
        os._exit(0)
    os.read(is_born[0], 1)
    try:
        with pytest.raises(StateLockedError):
            second.acquire()
        first.release()

        second.acquire()
    finally:
        os.write(is_over[1], b"x")
        os.waitpid(pid, 0)
        for handle in (*is_born, *is_over):
            os.close(handle)
    second.release()


def test_the_lock_file_stays(state_dir: str) -> None:
    """Removing it would let two processes hold two locks of one name."""
    lock = StateLock(state_dir)
    lock.acquire()
    inode = os.stat(os.path.join(state_dir, "lock")).st_ino
    lock.release()

    assert inode == os.stat(os.path.join(state_dir, "lock")).st_ino


def test_a_backfill_has_a_lock_of_its_own(state_dir: str) -> None:
    """Another name is another lock in the same directory."""
    daemon, backfill = StateLock(state_dir), StateLock(state_dir, name="backfill.lock")
    daemon.acquire()
    backfill.acquire()

    with (
        open(os.path.join(state_dir, "lock"), "rb") as held,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    daemon.release()
    backfill.release()


def test_a_full_disk_at_the_lock_is_explained(state_dir: str) -> None:
    """A new state without a byte of room is no bug of ours, and holds no lock."""

    def write_nothing(_handle: int, _content: bytes, _at_bytes: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(StateError, match="No space left on device") as caught:
        StateLock(state_dir, os_pwrite=write_nothing).acquire()
    later = StateLock(state_dir)
    later.acquire()
    later.release()

    assert caught.value.exit_code == EXIT_IO_ERROR
    assert "free some disk space" in str(caught.value.hint)


def test_a_path_that_is_too_long_is_explained(tmp_path: Path) -> None:
    """SQLite alone minds it, and says no more than that it cannot open the file."""
    state_dir = tmp_path.joinpath(*["a" * 200] * 3)
    state_dir.mkdir(parents=True)

    with pytest.raises(StateError, match="unable to open") as caught:
        open_store(str(state_dir))

    assert "shorten state_dir" in str(caught.value.hint)


@pytest.mark.parametrize("make", [open_store, lambda path: StateLock(path).acquire()])
def test_a_directory_that_cannot_be_made_is_explained(
    tmp_path: Path,
    make: object,
) -> None:
    """A file in the way is named, with what to do."""
    (tmp_path / "file").touch()

    for path in (tmp_path / "file", tmp_path / "file" / "state"):
        with pytest.raises(StateUnusableError) as caught:
            make(str(path))  # type: ignore[operator]  # either of two
        assert caught.value.hint
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("code", "hint", "is_temporary"),
    [
        (errno.EACCES, "run this as the shipper's user", False),
        (errno.EROFS, "read-only", False),
        (errno.ENOSPC, "free some disk space", True),
        (errno.EDQUOT, "free some disk space", True),
        (errno.EIO, "check the disk", False),
    ],
)
def test_trouble_with_the_directory_comes_with_a_way_out(
    code: int, hint: str, *, is_temporary: bool
) -> None:
    """Each kind of failure has its hint; a full disk alone may pass."""
    error = unusable("/var/lib/shipper", OSError(code, os.strerror(code)))

    assert hint in str(error.hint)
    assert is_temporary == error.is_temporary
    assert os.strerror(code) in str(error)


def test_pending_bytes_are_those_beyond_the_position(store: Store) -> None:
    """By the noted size; a file that is done has none."""
    store.record(
        new=[
            a_row("a", size_bytes=70),
            a_row("b", size_bytes=70, state=FileState.DONE),
            a_row("c", size_bytes=None, packing="gzip"),
        ]
    )
    store.commit(a_commit(an_advance(0, 50, file_id="a")))
    pending = {file.file_id: file.pending_bytes for file in store.sums().files}

    assert pending == {"file-1": 0, "a": 20, "b": 0, "c": 0}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_closed_to_us_is_explained(tmp_path: Path) -> None:
    """No permission: the message has the path, the hint has the user."""
    tmp_path.chmod(0o500)

    with pytest.raises(StateUnusableError, match="Permission denied"):
        open_store(str(tmp_path / "state"))


def test_a_state_whose_name_is_odd_is_read_beside_its_writer(tmp_path: Path) -> None:
    """Names are bytes: not UTF-8, or with what has a meaning in a URI."""
    state_dir = os.fsdecode(bytes(tmp_path / "state?a=b#%41") + b"\xff")
    open_store(state_dir).close()

    reader = open_reader(state_dir)

    assert reader is not None
    reader.close()


def test_many_files_are_stored_and_found_quickly(store: Store) -> None:
    """20,000 files: stored in one transaction, found by fingerprint."""
    heads = [Head(100, b"%032d" % number) for number in range(20_000)]
    store.record(new=[a_row(f"n{n}", head=head, ino=n) for n, head in enumerate(heads)])

    assert len(store.known_files()) == 20_001
    assert [row.file_id for row in store.find_files(heads[777])] == ["n777"]
