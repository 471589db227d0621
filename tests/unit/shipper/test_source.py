"""The followed files as one stream: turns, bounds, and what cannot be followed."""

from __future__ import annotations

import errno
import gc
import gzip
import os
import stat
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from shutil import rmtree

import pytest

from shipper.errors import StateError
from shipper.model import Line
from shipper.source import Source
from shipper.source.examine import MOST_PROBLEMS, Examiner
from shipper.source.ours import WHY
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents
from tests.support.followed import (
    Following,
    MemoryCatalog,
    Table,
    append,
    following,
    some_lines,
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The active file, with ten lines."""
    path = tmp_path / "app.log"
    append(path, some_lines(0, 10))
    return path


class Opener:
    """Stands for `os.open`; refuses some paths, and counts what is open."""

    def __init__(self) -> None:
        # Mutable state: why each path is refused, and every path opened.
        self.refused: dict[str, int] = {}
        self.opened: list[str] = []

    def __call__(self, path: str, flags: int) -> int:
        """Open a file, or fail as told."""
        if path in self.refused:
            code = self.refused[path]
            raise OSError(code, os.strerror(code), path)
        self.opened.append(path)
        return os.open(path, flags)


def test_lines_come_in_the_order_written(log: Path) -> None:
    """One file is read from its beginning to its end."""
    shipper = following(log.parent)

    assert shipper.drain() == some_lines(0, 10)


def test_appended_lines_are_found_without_a_scan(log: Path) -> None:
    """A look finds what was added to a file, however short ago the last scan was."""
    shipper = following(log.parent)
    shipper.drain()
    append(log, some_lines(10, 2))

    assert shipper.drain(scan=False) == some_lines(10, 2)


def test_a_rotation_is_found_without_a_scan(log: Path) -> None:
    """A look sees that the name leads elsewhere, at once and again when it is back."""
    shipper = following(log.parent)
    shipper.drain()
    os.rename(log, f"{log}.1")
    between = shipper.drain(scan=False)
    append(log, some_lines(10, 2))

    assert between == []
    assert shipper.drain(scan=False) == some_lines(10, 2)


def test_new_files_are_found_by_a_scan_or_when_told(log: Path) -> None:
    """A new match waits for the interval unless `rescan` is called."""
    shipper = following(log.parent, pattern="*.log")
    shipper.drain()
    append(log.with_name("other.log"), some_lines(50, 1))
    early = shipper.drain(scan=False)
    shipper.source.rescan()

    assert early == []
    assert shipper.drain(scan=False) == some_lines(50, 1)


def test_one_large_file_does_not_keep_small_ones_waiting(tmp_path: Path) -> None:
    """Scenario 44: after each block the next file has its turn."""
    append(tmp_path / "a.log", some_lines(0, 1000))
    append(tmp_path / "b.log", some_lines(5000, 1))
    shipper = following(tmp_path, pattern="*.log", read_bytes=1024)

    texts = shipper.drain()

    assert texts.index(some_lines(5000, 1)[0]) <= 20
    assert len(texts) == 1001


def test_older_generations_are_read_first(log: Path) -> None:
    """Numbered rotations go by their last change, the active file comes last."""
    for number, name in enumerate([".3.gz-not", ".3", ".2", ".1"]):
        path = Path(f"{log}{name}")
        append(path, some_lines(100 * number, 2))
        os.utime(path, (number, number))
    shipper = following(log.parent)

    expected = some_lines(100, 2) + some_lines(200, 2) + some_lines(300, 2)
    assert shipper.drain() == expected + some_lines(0, 10)


class Listing:
    """Stands for `os.listdir`; the log is rotated when it has been listed once.

    Args:
        stamp_ns: What the directory is stamped with then, or None for the truth.
    """

    def __init__(self, log: Path, stamp_ns: int | None = None) -> None:
        self._log = log
        self._stamp_ns = stamp_ns
        self._list = os.listdir

    def __call__(self, directory: str) -> list[str]:
        """List a directory, and rotate."""
        names = self._list(directory)
        if not os.path.exists(f"{self._log}.1"):
            os.rename(self._log, f"{self._log}.1")
            append(self._log, some_lines(20, 10))
            if self._stamp_ns is not None:
                os.utime(directory, ns=(self._stamp_ns, self._stamp_ns))
        return names


@pytest.mark.parametrize("is_known", [False, True])
def test_a_rotation_during_the_listing_is_seen_whole(
    log: Path, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    """The older file stands under neither name that is looked at, and is read first."""
    shipper = following(log.parent)
    if is_known:
        shipper.drain()
        append(log, some_lines(10, 10))
    monkeypatch.setattr(os, "listdir", Listing(log))

    older = some_lines(10, 10) if is_known else some_lines(0, 10)
    assert shipper.drain() == older + some_lines(20, 10)
    assert "file_lost" not in shipper.events.names()


def test_a_rotation_within_one_step_of_the_clock_is_seen_whole(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves the directory with the stamp that it had."""
    shipper = following(log.parent)
    stamp_ns = int((shipper.clock.now().timestamp() + 1.0) * 1e9)  # when it looks
    os.utime(log.parent, ns=(stamp_ns, stamp_ns))
    monkeypatch.setattr(os, "listdir", Listing(log, stamp_ns))

    assert shipper.drain() == some_lines(0, 10) + some_lines(20, 10)


def test_a_rotation_during_the_first_listing_leaves_the_end_where_it_was(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was there before the very first run is not read under another name."""
    shipper = following(log.parent, read_from="end")
    monkeypatch.setattr(os, "listdir", Listing(log))

    assert shipper.drain() == []


def test_a_directory_that_never_rests_is_read_all_the_same(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that has gone from it is missed, and the others are read."""
    shipper = following(log.parent)
    rotated = Path(f"{log}.20261123T120000000000Z")
    append(rotated, some_lines(50, 3))
    shipper.drain()
    listed = os.listdir

    def list_busily(directory: str) -> list[str]:
        names = listed(directory)
        Path(directory, "other").touch()
        Path(directory, "other").unlink()
        return names

    monkeypatch.setattr(os, "listdir", list_busily)
    rotated.unlink()
    append(log, some_lines(10, 2))

    assert shipper.drain() == some_lines(10, 2)
    assert "file_gone" in shipper.events.names()


def test_an_archive_that_was_empty_a_moment_ago_is_unpacked(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it begins with is looked at once, and not what it began with before."""
    packed = gzip.compress(b"".join(line + b"\n" for line in some_lines(50, 40)))
    archive = Path(f"{log}.2.gz")
    archive.touch()
    read = os.pread

    def read_early(handle: int, count: int, offset: int) -> bytes:
        found = read(handle, count, offset)
        if not found and not archive.stat().st_size:
            archive.write_bytes(packed)
        return found

    monkeypatch.setattr(os, "pread", read_early)
    shipper = following(log.parent)

    first = shipper.drain()

    assert first + shipper.drain() == some_lines(0, 10) + some_lines(50, 40)


@pytest.mark.parametrize(
    "name",
    [
        "app.log.20261123T120000000000Z",
        "app.log.1",
        "app.log-20261123",
        "app.log-20261123.1",
        "app.log-2026112312",
        "app.log-20261123-1795435200",
        "app.log.2026-11-23",
        "app.log.2026-11-23_12-00-00",
    ],
)
def test_rotated_siblings_are_found_by_themselves(log: Path, name: str) -> None:
    """The names that our writer, logrotate and logging.handlers give."""
    append(log.with_name(name), some_lines(50, 1))

    assert sorted(following(log.parent).drain()) == some_lines(0, 10) + some_lines(
        50, 1
    )


@pytest.mark.parametrize(
    "name",
    [
        "app.log~",
        "app.log.swp",
        ".app.log.swp",
        "app.log.tmp",
        "app.log.bak",
        "app.log.1~",
        "app.log.old-style",
        "app.logger.1",
        "xapp.logs",
        "app.log.1.2.3",
    ],
)
@pytest.mark.parametrize("pattern", ["app.log", "*.log"])
def test_other_neighbours_are_left_alone(log: Path, name: str, pattern: str) -> None:
    """Editor backups, temporary files and other logs are not ours."""
    append(log.with_name(name), some_lines(50, 1))

    assert following(log.parent, pattern=pattern).drain() == some_lines(0, 10)


def test_a_file_with_two_names_is_read_once(log: Path) -> None:
    """Scenario 46: a symbolic or hard link beside the file adds nothing."""
    log.with_name("link.log").symlink_to(log)
    os.link(log, log.with_name("hard.log"))

    assert following(log.parent, pattern="*.log").drain() == some_lines(0, 10)


def test_what_we_write_ourselves_is_never_opened(log: Path) -> None:
    """Under another name either; nor where our output goes."""
    own, output = log.with_name("own.sqlite3"), log.with_name("output.log")
    append(own, some_lines(0, 3))
    log.unlink()
    log.symlink_to(own)
    opener = Opener()
    with _stderr_in(output):
        followed = following(
            log.parent, pattern="*.log", own_files=[str(own)], open_file=opener
        )
        append(output, some_lines(0, 3))
        found = followed.drain()

    assert (found, opener.opened) == ([], [])
    refused = [each for each in followed.events.told if each[0] == "file_refused"]
    assert refused == [
        ("file_refused", {"path": str(path), "why": WHY}) for path in (log, output)
    ]


@contextmanager
def _stderr_in(path: Path) -> Iterator[None]:
    kept = os.dup(2)
    with path.open("wb") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def test_a_switched_symlink_is_followed(tmp_path: Path) -> None:
    """Scenario 46: the old target is read to its end, then the new one whole."""
    old, new = tmp_path / "old", tmp_path / "new"
    append(old, some_lines(0, 3))
    append(new, some_lines(10, 3))
    link = tmp_path / "app.log"
    link.symlink_to(old)
    shipper = following(tmp_path)
    first = shipper.drain()
    append(old, some_lines(3, 2))
    link.unlink()
    link.symlink_to(new)

    assert first == some_lines(0, 3)
    assert sorted(shipper.drain()) == some_lines(3, 2) + some_lines(10, 3)


def test_the_place_behind_a_symlink_is_worth_watching(tmp_path: Path) -> None:
    """Scenario 46: events come from where the file lies, not from where the link is."""
    (tmp_path / "far").mkdir()
    (tmp_path / "near").mkdir()
    append(tmp_path / "far" / "real", some_lines(0, 1))
    (tmp_path / "near" / "app.log").symlink_to(tmp_path / "far" / "real")
    shipper = following(tmp_path / "near")
    shipper.drain()

    expected = (str(tmp_path / "near"), str(tmp_path / "far"))
    assert expected == shipper.source.directories()


def test_what_is_no_file_is_refused_once(tmp_path: Path) -> None:
    """Scenario 46: directory, FIFO, dangling link: told once or passed over."""
    (tmp_path / "directory.log").mkdir()
    os.mkfifo(tmp_path / "fifo.log")
    (tmp_path / "dangling.log").symlink_to(tmp_path / "nowhere")
    append(tmp_path / "good.log", some_lines(0, 1))
    shipper = following(tmp_path, pattern="*.log")
    shipper.drain()
    shipper.drain()
    told = [fields for name, fields in shipper.events.told if name == "file_refused"]

    assert some_lines(0, 1) == shipper.read
    assert {"a directory", "a FIFO"} == {fields["why"] for fields in told}
    assert len(told) == 2


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.ESTALE])
def test_a_file_closed_to_us_is_read_when_it_opens(log: Path, code: int) -> None:
    """Scenarios 46 and 47: told once, tried again, and read from where it was."""
    opener = Opener()
    opener.refused[str(log)] = code
    shipper = following(log.parent, open_file=opener)
    shipper.drain()
    shipper.drain()
    closed = list(shipper.read)
    del opener.refused[str(log)]
    shipper.drain()

    assert closed == []
    assert some_lines(0, 10) == shipper.read
    assert shipper.events.names().count("file_unreadable") == 1


def test_permission_lost_in_the_middle_loses_nothing(log: Path) -> None:
    """Scenario 46: a file that cannot be opened for a while stays the same file."""
    opener = Opener()
    shipper = following(log.parent, open_file=opener)
    shipper.drain()
    shipper.commit()
    shipper.restart()
    opener.refused[str(log)] = errno.EACCES
    append(log, some_lines(10, 2))
    shipper.drain()
    opener.refused.clear()

    assert shipper.drain() == some_lines(10, 2)
    assert "file_lost" not in shipper.events.names()


def test_open_files_stay_under_the_bound(tmp_path: Path) -> None:
    """Scenario 42: 100 files are read in turns with four descriptors."""
    expected = []
    for number in range(100):
        lines = some_lines(number * 100, 30)
        append(tmp_path / f"{number}.log", lines)
        expected += lines
    shipper = following(tmp_path, pattern="*.log", max_open_files=4, read_bytes=1024)
    shipper.source.look()
    most, texts = 0, []
    while (line := shipper.source.next_line()) is not None:
        texts.append(line.data)
        most = max(most, shipper.source.open_files)

    assert sorted(texts) == expected
    assert most <= 4


def test_descriptors_that_run_out_are_given_back(tmp_path: Path) -> None:
    """Scenario 42: EMFILE closes one of ours and tries again."""
    for number in range(6):
        append(tmp_path / f"{number}.log", some_lines(number * 10, 2))
    opened: list[int] = []

    def scarce(path: str, flags: int) -> int:
        alive = [handle for handle in opened if _is_open(handle)]
        if len(alive) >= 3:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        opened[:] = [*alive, os.open(path, flags)]
        return opened[-1]

    shipper = following(tmp_path, pattern="*.log", open_file=scarce)

    assert len(shipper.drain()) == 12
    assert "file_unreadable" not in shipper.events.names()


def _is_open(handle: int) -> bool:
    try:
        return stat.S_ISREG(os.fstat(handle).st_mode)
    except OSError:
        return False


def test_idle_files_cost_no_descriptor_and_are_not_opened_again(
    tmp_path: Path,
) -> None:
    """Scenario 43: after a restart, unchanged files are known by their stat."""
    for number in range(300):
        append(tmp_path / f"{number}.log", some_lines(number * 10, 2))
    opener = Opener()
    shipper = following(tmp_path, pattern="*.log", open_file=opener)
    shipper.drain()
    shipper.clock.advance(20)
    shipper.drain()
    shipper.commit()
    shipper.restart()
    opener.opened.clear()
    shipper.drain()

    assert opener.opened == []
    assert shipper.source.open_files == 0


def test_a_stopped_file_moves_nothing_and_others_go_on(tmp_path: Path) -> None:
    """An unknown record version stops its file alone, at the line it stands on."""
    append(tmp_path / "a.log", some_lines(0, 5))
    append(tmp_path / "b.log", some_lines(50, 5))
    shipper = following(tmp_path, pattern="*.log")
    shipper.source.look()
    line = shipper.source.next_line()
    second = shipper.source.next_line()
    assert line is not None
    assert second is not None
    shipper.source.stop_file(line.file_id, "unknown record version 2")
    rest = shipper.drain()

    (stopped,) = [f for name, f in shipper.events.told if name == "file_stopped"]
    assert stopped["position"] == second.start_bytes
    assert len(rest) == 5
    assert rest in (some_lines(0, 5), some_lines(50, 5))
    assert shipper.source.pending_bytes() > 0


def test_a_missing_file_is_said_once_and_followed_when_it_comes(
    tmp_path: Path,
) -> None:
    """No match yet is a warning with a hint, not an end."""
    shipper = following(tmp_path / "later")
    shipper.drain()
    shipper.drain()
    (tmp_path / "later").mkdir()
    append(tmp_path / "later" / "app.log", some_lines(0, 2))

    assert shipper.drain() == some_lines(0, 2)
    assert shipper.events.names().count("source_empty") == 1


def test_tables_read_in_turn_and_know_their_files(tmp_path: Path) -> None:
    """Two tables make one stream; each line's file leads back to its table."""
    append(tmp_path / "a.log", some_lines(0, 3))
    append(tmp_path / "b.log", some_lines(10, 3))
    tables = [Table((str(tmp_path / "a.log"),)), Table((str(tmp_path / "b.log"),))]
    shipper = Following(MemoryCatalog(), tables)
    shipper.drain()
    numbers = {
        line.data: shipper.source.source_of(line.file_id) for line in shipper.lines
    }

    assert (
        dict.fromkeys(some_lines(0, 3), 0) | dict.fromkeys(some_lines(10, 3), 1)
        == numbers
    )


def test_a_file_of_two_tables_is_read_once(log: Path) -> None:
    """The first table has it; the second says that it is taken."""
    tables = [Table((str(log),)), Table((str(log.with_name("*.log")),))]
    shipper = Following(MemoryCatalog(), tables)

    assert shipper.drain() == some_lines(0, 10)
    assert shipper.events.names().count("file_refused") == 1


@pytest.mark.parametrize("is_first", [True, False])
def test_a_file_that_was_never_read_claims_no_inode_of_another(
    tmp_path: Path, *, is_first: bool
) -> None:
    """It was empty when nobody named it any more, and its inode was given out again."""
    empty, log = tmp_path / "empty.log", tmp_path / "app.log"
    empty.touch()
    catalog = MemoryCatalog()
    Following(catalog, [Table((str(empty),))]).drain()
    empty.rename(log)  # for certain the same inode
    append(log, some_lines(0, 5))
    shipper = Following(catalog, [Table((str(log),))])
    shipper.drain()
    shipper.commit()
    shipper.source.close()
    rows = sorted(catalog.rows.items(), key=lambda item: item[1].head.is_known)
    catalog.rows = dict(rows if is_first else reversed(rows))

    assert Following(catalog, [Table((str(tmp_path / "*.log"),))]).drain() == []


def test_files_wait_until_the_database_knows_them(log: Path) -> None:
    """A full disk under the state: nothing is read, it is told once, then it heals."""
    catalog = MemoryCatalog()
    catalog.failure = StateError("full", path="/state", is_temporary=True, hint="space")
    shipper = following(log.parent, catalog=catalog)
    during = shipper.drain()
    catalog.failure = None
    after = shipper.drain()

    assert (during, after) == ([], some_lines(0, 10))
    assert [name for name in shipper.events.names() if name.startswith("state_")] == [
        "state_write_failed",
        "state_write_resumed",
    ]


def test_a_state_that_cannot_heal_stops_us(log: Path) -> None:
    """A damaged database is not waited for."""
    catalog = MemoryCatalog()
    catalog.failure = StateError("damaged", path="/state")

    with pytest.raises(StateError, match="damaged"):
        following(log.parent, catalog=catalog).source.look()


def test_a_quiet_source_writes_nothing(log: Path) -> None:
    """Looking at files that do not change leaves the database alone."""
    catalog = MemoryCatalog()
    shipper = following(log.parent, catalog=catalog)
    shipper.drain()
    shipper.clock.advance(20)
    shipper.drain()
    before = catalog.writes
    for _ in range(50):
        shipper.drain()

    assert before == catalog.writes


def test_a_look_in_the_middle_of_a_block_keeps_the_chain(log: Path) -> None:
    """Looking between two lines changes neither lines nor checksums."""
    shipper = following(log.parent)
    shipper.source.look()
    lines: list[Line] = []
    while (line := shipper.source.next_line()) is not None:
        lines.append(line)
        shipper.source.rescan()
        shipper.source.look()

    assert [line.data for line in lines] == some_lines(0, 10)
    assert all(a.crc_after == b.crc_before for a, b in pairwise(lines))


def test_a_file_closed_in_the_middle_of_a_block_keeps_the_chain(log: Path) -> None:
    """A rotated file read to its end is closed by a look; a late line still joins."""
    sealed = Path(f"{log}.20261123T120000000000Z")
    os.rename(log, sealed)
    shipper = following(log.parent)
    shipper.source.look()
    first = shipper.source.next_line()
    assert first is not None
    shipper.lines.append(first)
    shipper.source.rescan()
    shipper.source.look()
    closed = shipper.source.open_files
    append(sealed, some_lines(10, 1))
    shipper.drain()
    shipper.commit()

    assert closed == 0
    assert some_lines(1, 10) == shipper.read


def test_copies_that_come_and_go_leave_nothing_behind(
    tmp_path: Path, log: Path
) -> None:
    """Who archives a log every hour must not make the shipper grow for years."""
    shipper = following(log.parent)
    shipper.drain()
    kept = tmp_path / "elsewhere"
    kept.mkdir()

    def come_and_go(count: int) -> None:
        for number in range(count):
            copy = Path(f"{log}.{number}")
            copy.write_bytes(log.read_bytes())
            os.link(copy, kept / str(len(os.listdir(kept))))  # its inode is not reused
            assert shipper.drain() == []
            copy.unlink()

    tracemalloc.start()
    try:
        come_and_go(10)
        before = _bytes_made_in("copies.py")
        come_and_go(200)
        after = _bytes_made_in("copies.py")
    finally:
        tracemalloc.stop()

    assert after - before < 2000


def test_directories_that_are_gone_leave_nothing_behind(tmp_path: Path) -> None:
    """A pattern of one directory a day, each removed in the end."""
    shipper = following(tmp_path, pattern="*/*.log")

    def come_and_go(count: int) -> None:
        for number in range(count):
            day = tmp_path / f"day-{number}"
            day.mkdir()
            append(day / "0.log", some_lines(0, 1))
            for name in range(1, 20):
                (day / f"{name}.log").hardlink_to(day / "0.log")
            shipper.drain()
            rmtree(day)

    tracemalloc.start()
    try:
        come_and_go(2)
        before = _bytes_made_in("siblings.py") + _bytes_made_in("places.py")
        come_and_go(50)
        after = _bytes_made_in("siblings.py") + _bytes_made_in("places.py")
    finally:
        tracemalloc.stop()

    assert after - before < 10_000


def test_trouble_that_comes_and_goes_leaves_little_behind() -> None:
    """A path of which trouble was told long ago is told of once more, if need be."""
    events = RecordingEvents()
    examiner = Examiner(open_file=os.open, events=events)
    for number in range(MOST_PROBLEMS + 1):
        examiner.trouble(f"/logs/{number}", "file_unreadable", "Permission denied")

    examiner.trouble("/logs/1", "file_unreadable", "Permission denied")
    examiner.trouble("/logs/0", "file_unreadable", "Permission denied")

    assert events.names().count("file_unreadable") == MOST_PROBLEMS + 2


def _bytes_made_in(room: str) -> int:
    gc.collect()
    made = tracemalloc.Filter(True, f"*/source/{room}")
    traces = tracemalloc.take_snapshot().filter_traces([made]).traces
    return sum(trace.size for trace in traces)


def test_views_tell_how_far_reading_has_come(log: Path) -> None:
    """Size, place and rest of a file, before and after."""
    shipper = following(log.parent)
    shipper.source.look()
    (before,) = shipper.source.files()
    shipper.drain()
    with log.open("ab") as file:
        file.write(b"half")
    shipper.drain()
    (after,) = shipper.source.files()

    assert (
        before.size_bytes,
        before.offset_bytes,
        before.unread_bytes,
    ) == (1010, 0, 1010)
    assert (after.size_bytes, after.offset_bytes, after.unread_bytes) == (1014, 1010, 4)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """20,000 small files."""
    for number in range(20_000):
        (tmp_path / f"{number}.log").write_bytes(b"line %06d of a quiet log\n" % number)
    return tmp_path


@pytest.mark.slow
def test_twenty_thousand_idle_files_are_cheap(many: Path) -> None:
    """Scenario 43: few descriptors, and a look that is a matter of the busy files."""
    source = Source(
        sources=[Table((str(many / "*.log"),))],
        catalog=MemoryCatalog(),
        events=RecordingEvents(),
        clock=FakeClock(),
    )
    source.look()
    while source.next_line() is not None:
        pass
    started = time.process_time()
    for _ in range(100):
        source.look()
    elapsed = time.process_time() - started

    assert source.open_files <= 256
    assert elapsed / 100 < 0.01
