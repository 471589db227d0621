"""What is followed and what is remembered, together: rotation, restarts, losses.

Scenario numbers are those of the table in docs/guarantees.md.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shipper.errors import StateError
from shipper.fileid import FileState, Head
from shipper.source.places import Places
from shipper.source.sighting import Sighting
from shipper.store import Store, open_store
from tests.support.followed import (
    Following,
    MemoryCatalog,
    append,
    following,
    gzip_member,
    some_lines,
)

STAMP = "20261123T12000000000{}Z"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A directory for log files."""
    path = tmp_path / "logs"
    path.mkdir()
    return path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new state database."""
    store = open_store(str(tmp_path / "state"))
    yield store
    store.close()


@pytest.fixture
def log(logs: Path) -> Path:
    """The active file, with ten lines."""
    path = logs / "app.log"
    append(path, some_lines(0, 10))
    return path


@pytest.fixture
def shipper(logs: Path, store: Store) -> Iterator[Following]:
    """A source over the directory, remembered in the database."""
    shipper = following(logs, catalog=store)
    yield shipper
    shipper.source.close()


def test_a_restart_goes_on_after_the_last_commit(log: Path, shipper: Following) -> None:
    """Lines that were committed are not read again; all others are."""
    shipper.drain()
    shipper.commit(4)

    shipper.restart()

    assert shipper.drain() == some_lines(4, 6)


def test_a_restart_after_everything_was_committed_reads_nothing(
    log: Path, shipper: Following
) -> None:
    """The second run over the same file finds nothing to do."""
    shipper.drain()
    shipper.commit()

    shipper.restart()

    assert shipper.drain() == []


def test_a_rename_while_running_is_followed(log: Path, shipper: Following) -> None:
    """Scenario 2: appends to a renamed file and its successor are both read, once."""
    shipper.drain()
    os.rename(log, f"{log}.1")
    append(log, some_lines(20, 3))
    append(Path(f"{log}.1"), some_lines(10, 3))
    shipper.drain()
    append(Path(f"{log}.1"), some_lines(13, 1))
    append(log, some_lines(23, 1))
    shipper.drain()

    expected = some_lines(0, 14) + some_lines(20, 4)
    assert expected == sorted(shipper.read)


def test_a_rename_while_down_is_followed(log: Path, shipper: Following) -> None:
    """Scenario 12: a renamed file is read on from its position, then its successor."""
    shipper.drain()
    shipper.commit(7)
    os.rename(log, f"{log}.1")
    append(log, some_lines(10, 3))

    shipper.restart()

    assert shipper.drain() == some_lines(7, 6)


def test_several_rotations_while_down_are_read_oldest_first(
    log: Path, shipper: Following
) -> None:
    """Scenario 3: five generations of our own stamps are read in the order written."""
    shipper.drain()
    shipper.commit()
    for generation in range(5):
        os.rename(log, f"{log}.{STAMP.format(generation)}")
        append(log, some_lines(10 + generation * 3, 3))

    shipper.restart()

    assert shipper.drain() == some_lines(10, 15)


PACKERS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gz", gzip.compress),
    ("bz2", bz2.compress),
    ("xz", lzma.compress),
]


@pytest.mark.parametrize(("suffix", "pack"), PACKERS)
def test_packing_while_down_keeps_the_position(
    log: Path, shipper: Following, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    """Scenario 13: a rotated file that was packed goes on at its unpacked position."""
    shipper.drain()
    shipper.commit(6)
    Path(f"{log}.1.{suffix}").write_bytes(pack(log.read_bytes()))
    log.unlink()
    append(log, some_lines(10, 2))

    shipper.restart()

    assert shipper.drain() == some_lines(6, 6)
    assert FileState.ROTATED in {row.state for row in shipper.catalog.known_files()}


def test_zstd_is_unpacked_when_it_is_installed(log: Path, shipper: Following) -> None:
    """Scenario 13: zstandard files are read like the others."""
    zstd = pytest.importorskip("backports.zstd")
    shipper.drain()
    shipper.commit(6)
    Path(f"{log}.1.zst").write_bytes(zstd.compress(log.read_bytes()))
    log.unlink()

    shipper.restart()

    assert shipper.drain() == some_lines(6, 4)


def test_packing_while_running_sends_nothing_twice(
    log: Path, shipper: Following
) -> None:
    """Scenario 13: gzip beside its original, then without it, adds no line."""
    shipper.drain()
    shipper.commit()
    rotated = Path(f"{log}.1")
    os.rename(log, rotated)
    shipper.drain()
    packed = gzip_member(rotated.read_bytes())
    archive = Path(f"{log}.1.gz")
    archive.write_bytes(packed[: len(packed) // 2])
    shipper.drain()
    archive.write_bytes(packed)
    shipper.drain()
    rotated.unlink()
    shipper.drain()
    shipper.restart()
    shipper.drain()

    assert some_lines(0, 10) == shipper.read


def test_lines_added_just_before_packing_are_not_forgotten(
    log: Path, shipper: Following
) -> None:
    """Scenario 13: a committed file that grew, was packed and met a crash goes on."""
    shipper.drain()
    shipper.commit()
    shipper.clock.advance(20)
    shipper.drain()
    append(log, some_lines(10, 5))
    Path(f"{log}.1.gz").write_bytes(gzip_member(log.read_bytes()))
    log.unlink()
    shipper.restart()
    shipper.source.look()
    shipper.restart()

    assert shipper.drain() == some_lines(10, 5)


def test_a_packed_file_may_have_several_members(logs: Path, shipper: Following) -> None:
    """Scenario 18: members in a row are one stream, though cut inside a line."""
    text = b"".join(line + b"\n" for line in some_lines(0, 50))
    members = gzip_member(text[:2345]) + gzip_member(b"") + gzip_member(text[2345:])
    (logs / "app.log.2.gz").write_bytes(members)

    assert shipper.drain() == some_lines(0, 50)


def test_an_archive_seen_first_while_empty_is_unpacked(
    logs: Path, shipper: Following
) -> None:
    """Scenario 15: what a file holds is asked again until its first line is known."""
    archive = logs / "app.log.2.gz"
    archive.write_bytes(b"")
    shipper.drain()
    archive.write_bytes(gzip_member(b"".join(x + b"\n" for x in some_lines(0, 3))))

    assert shipper.drain() == some_lines(0, 3)


def test_an_archive_being_written_is_read_as_it_grows(
    logs: Path, shipper: Following
) -> None:
    """Scenario 15: half an archive gives whole lines only; the rest follows, once."""
    text = b"".join(os.urandom(40).hex().encode() + b"\n" for _ in range(5000))
    packed = gzip_member(text)
    archive = logs / "app.log.2.gz"
    archive.write_bytes(packed[: len(packed) // 2])
    first = shipper.drain()
    shipper.commit()
    shipper.restart()
    archive.write_bytes(packed)
    second = shipper.drain()

    assert 0 < len(first) < 5000
    assert text.split(b"\n")[:-1] == first + second


def test_half_an_archive_in_the_place_of_a_deleted_file_is_waited_for(
    log: Path, shipper: Following
) -> None:
    """Scenario 15: it may get the inode of a file that was deleted; nothing twice."""
    shipper.drain()
    os.rename(log, f"{log}.1")
    append(log, some_lines(10, 5))
    shipper.drain()
    shipper.commit()
    # The inode of the deleted file: with this one's blocks, as file systems give it.
    archive, packed = Path(f"{log}.2.gz"), gzip_member(log.read_bytes())
    os.rename(log, f"{log}.2")
    os.rename(f"{log}.1", archive)
    archive.write_bytes(packed[:12])
    shipper.restart()
    shipper.drain()
    archive.write_bytes(packed)
    Path(f"{log}.2").unlink()

    assert shipper.drain() == []


def test_a_first_line_that_was_finished_is_known_before_it_is_read(
    logs: Path, shipper: Following
) -> None:
    """Scenario 5: copied and emptied at once after that, nothing comes twice."""
    log, (line,) = logs / "app.log", some_lines(0, 1)
    log.write_bytes(line[:5])
    shipper.drain()
    append(log, [line[5:]])
    shipper.source.look()
    finished = shipper.source.next_line()
    assert finished is not None
    shipper.lines.append(finished)
    shipper.commit()
    Path(f"{log}.1").write_bytes(log.read_bytes())
    os.truncate(log, 0)
    shipper.restart()

    assert shipper.drain() == []


def test_a_file_is_known_by_its_first_line_before_that_is_committed(
    logs: Path, shipper: Following
) -> None:
    """Scenario 2: killed before the next look, renamed and packed, it comes once."""
    log, lines = logs / "app.log", some_lines(0, 3)
    log.write_bytes(b"")
    shipper.drain()
    append(log, lines)
    shipper.source.look()
    shipper.read_on()
    shipper.commit()
    Path(f"{log}.1.gz").write_bytes(gzip_member(log.read_bytes()))
    log.unlink()
    shipper.restart()

    assert shipper.drain() == []


def test_a_log_emptied_while_its_copy_is_compared_comes_once(
    log: Path, logs: Path, store: Store
) -> None:
    """Scenario 5: nothing is decided about the copy then; it takes over later."""
    opened: list[str] = []

    def open_file(path: str, flags: int, *rest: int) -> int:
        # Looked at alone first, the original is then compared with the copy.
        if path == str(log) and opened == [f"{log}.1", str(log), f"{log}.1"]:
            os.truncate(log, 0)
        opened.append(path)
        return os.open(path, flags, *rest)

    shipper = following(logs, catalog=store, open_file=open_file)
    shipper.drain()
    shipper.commit()
    Path(f"{log}.1").write_bytes(log.read_bytes())
    opened.clear()

    assert shipper.drain() == []
    assert log.stat().st_size == 0
    assert shipper.drain() == []
    shipper.source.close()


def test_a_copy_that_is_renamed_while_it_is_opened_comes_once(
    log: Path, logs: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scenario 5: two rotations in one look, and the copy is known under its new name.

    The original is let go of, as it holds other lines, before its copy was seen.
    """
    monkeypatch.setattr(Places, "is_moving", True)
    opened: list[str] = []

    def open_file(path: str, flags: int, *rest: int) -> int:
        if opened == [str(log)]:
            append(log, some_lines(10, 10))
        elif path == f"{log}.1":
            os.rename(path, f"{log}.2")
        opened.append(path)
        return os.open(path, flags, *rest)

    shipper = following(logs, catalog=store, open_file=open_file)
    shipper.drain()
    shipper.commit()
    Path(f"{log}.1").write_bytes(log.read_bytes())
    os.truncate(log, 0)
    opened.clear()

    assert shipper.drain() == some_lines(10, 10)
    assert opened[:3] == [str(log), str(log), f"{log}.1"]
    shipper.source.close()


def test_a_damaged_archive_gives_what_can_be_read_and_says_so(
    logs: Path, shipper: Following
) -> None:
    """Scenario 16: the readable part is read once, the damage is told once."""
    text = b"".join(os.urandom(40).hex().encode() + b"\n" for _ in range(5000))
    packed = bytearray(gzip_member(text))
    packed[len(packed) // 2] ^= 0xFF
    packed[-8:-4] = b"\0\0\0\0"
    (logs / "app.log.2.gz").write_bytes(packed)

    first, second = shipper.drain(), shipper.drain()

    assert text.split(b"\n")[:1000] == first[:1000]
    assert second == []
    assert shipper.events.names().count("file_unreadable") == 1


def test_a_log_emptied_while_it_is_opened_beside_its_copy_comes_once(
    log: Path, shipper: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scenario 5: its `stat` tells of all its bytes, and a read finds none."""
    shipper.drain()
    copy = Path(f"{log}.1")
    copy.write_bytes(log.read_bytes())
    whole = Sighting.is_copy_of
    calls: list[str] = []

    def emptied(self: Sighting, other: Sighting) -> bool:
        if other.path == str(log) and not calls:
            calls.append(other.path)
            os.truncate(log, 0)
            other.head = Head()
        return whole(self, other)

    monkeypatch.setattr(Sighting, "is_copy_of", emptied)
    shipper.drain()
    append(log, some_lines(20, 3))
    shipper.drain()

    assert calls
    assert sorted(shipper.read) == some_lines(0, 10) + some_lines(20, 3)


def test_an_inode_that_holds_another_copy_before_it_is_read(
    log: Path, shipper: Following
) -> None:
    """Scenario 5: packed and made anew between the look and the first read."""
    copy = Path(f"{log}.1")
    append(copy, some_lines(20, 5))
    shipper.source.look()
    Path(f"{log}.2.gz").write_bytes(gzip_member(copy.read_bytes()))
    copy.write_bytes(log.read_bytes())
    unseen = shipper.read_on()
    for _ in range(3):
        shipper.drain()

    assert sorted(unseen + shipper.read) == some_lines(0, 10) + some_lines(20, 5)
    assert "file_lost" not in shipper.events.names()


def test_lines_that_were_overwritten_before_they_were_read_are_counted(
    log: Path, shipper: Following
) -> None:
    """Scenario 6: nobody has them any more; those in their place come once."""
    shipper.source.look()
    os.truncate(log, 0)
    append(log, some_lines(20, 5))
    unseen = shipper.read_on()
    for _ in range(3):
        shipper.drain()

    assert unseen + shipper.read == some_lines(20, 5)
    assert "file_truncated" in shipper.events.names()


def test_a_file_that_comes_back_leaves_its_old_inode_to_its_successor(
    log: Path, shipper: Following
) -> None:
    """Scenario 5: emptied in place, and found again as an archive later on."""
    lines = log.read_bytes()
    shipper.drain()
    shipper.commit()
    os.truncate(log, 0)
    shipper.drain()
    Path(f"{log}.2.gz").write_bytes(gzip_member(lines))
    shipper.drain()
    shipper.drain()
    append(log, some_lines(20, 3))
    shipper.drain()

    assert sorted(shipper.read) == some_lines(0, 10) + some_lines(20, 3)
    assert "file_lost" not in shipper.events.names()


@pytest.mark.parametrize("regrown", [3, 30])
def test_copytruncate_with_the_copy_in_sight_loses_nothing(
    log: Path, shipper: Following, regrown: int
) -> None:
    """Scenario 5: the copy takes over the position, the emptied file starts anew."""
    shipper.drain()
    shipper.commit()
    append(log, some_lines(10, 5))
    Path(f"{log}.1").write_bytes(log.read_bytes())
    with log.open("r+b") as file:
        file.truncate(0)
    append(log, some_lines(100, regrown))
    shipper.drain()

    assert sorted(shipper.read) == some_lines(0, 15) + some_lines(100, regrown)


def test_a_copy_in_the_inode_of_an_empty_file_comes_once(
    log: Path, shipper: Following
) -> None:
    """A log that had nothing to say was rotated, and its inode is given out again."""
    empty = log.with_name("app.log.1")
    log.rename(log.with_name("app.log.2"))
    log.touch()
    shipper.drain()
    shipper.commit()
    log.rename(empty)
    append(log, some_lines(10, 10))
    shipper.drain()
    shipper.commit()
    shipper.restart()
    empty.write_bytes(log.read_bytes())
    shipper.drain()
    log.write_bytes(b"")
    append(log, some_lines(20, 1))
    shipper.drain()

    assert shipper.read == some_lines(0, 21)


def test_what_is_added_to_an_empty_file_after_its_rotation_is_read(
    log: Path, shipper: Following
) -> None:
    """Its writer had it open still; nothing else has these lines."""
    log.rename(log.with_name("app.log.2"))
    log.touch()
    shipper.drain()
    log.rename(log.with_name("app.log.1"))
    shipper.drain()
    shipper.commit()
    shipper.restart()
    append(log.with_name("app.log.1"), some_lines(10, 3))
    shipper.drain()

    assert shipper.read == some_lines(0, 13)


def test_a_copy_beside_its_original_is_left_alone(
    log: Path, shipper: Following
) -> None:
    """Scenario 5: between copy and truncation nothing is read twice."""
    shipper.drain()
    Path(f"{log}.1").write_bytes(log.read_bytes())
    shipper.drain()
    append(log, some_lines(10, 2))
    shipper.drain()

    assert some_lines(0, 12) == shipper.read


def test_lines_cut_away_before_they_were_read_are_in_the_copy(
    log: Path, shipper: Following
) -> None:
    """Scenario 5: a copy of lines that the original lost unread is read as a file."""
    shipper.source.look()
    log.write_bytes(b"")
    append(log, some_lines(100, 10))
    first = shipper.drain(scan=False)
    append(Path(f"{log}.2"), some_lines(0, 10))
    log.write_bytes(b"")
    second = shipper.drain()

    assert some_lines(0, 10) + some_lines(100, 10) == sorted(first + second)


def test_lines_cut_away_before_they_were_read_leave_no_trace(
    log: Path, shipper: Following
) -> None:
    """Scenario 8: the fingerprint is that of lines that were read, not older ones."""
    shipper.source.look()
    log.write_bytes(b"")
    append(log, some_lines(100, 10))
    first = shipper.drain(scan=False)
    shipper.commit()
    shipper.restart()
    append(log, some_lines(110, 1))

    assert (some_lines(100, 10), some_lines(110, 1)) == (first, shipper.drain())


@pytest.mark.parametrize("is_down", [False, True])
def test_truncate_and_regrow_past_the_position_is_seen(
    log: Path, shipper: Following, *, is_down: bool
) -> None:
    """Scenarios 8 and 9: what was emptied and refilled beyond the position is read."""
    shipper.drain()
    shipper.commit()
    log.write_bytes(b"")
    append(log, some_lines(100, 30))
    if is_down:
        shipper.restart()

    assert shipper.drain() == some_lines(100, 30)
    assert "file_truncated" in shipper.events.names()
    assert "file_lost" not in shipper.events.names()


@pytest.mark.parametrize("lines", [0, 3, 15, 60])
@pytest.mark.parametrize("is_slow", [False, True])
def test_what_was_unread_of_a_replaced_log_is_counted(
    lines: int, logs: Path, log: Path, store: Store, *, is_slow: bool
) -> None:
    """Scenario 6: by what it had, not by what stands there now; seen early or late."""
    shipper = following(logs, catalog=store, read_bytes=500)
    shipper.source.look()
    shipper.lines += filter(None, (shipper.source.next_line() for _ in range(4)))
    shipper.commit()
    append(log, some_lines(10, 10))
    shipper.clock.advance(1.0)
    shipper.source.look()
    log.write_bytes(b"")
    append(log, some_lines(100, lines))
    shipper.clock.advance(1.0 if is_slow else 0.0)
    shipper.drain(scan=False)
    shipper.drain()
    shipper.source.close()

    assert shipper.read == some_lines(100, lines)
    assert store.sums().counters["lost_bytes"] == 16 * 101


def test_truncate_to_a_smaller_file_is_seen(log: Path, shipper: Following) -> None:
    """Scenario 7: a shorter file with other lines is read from its beginning."""
    shipper.drain()
    log.write_bytes(b"")
    append(log, some_lines(100, 2))

    assert shipper.drain() == some_lines(100, 2)


@pytest.mark.parametrize("is_down", [False, True])
def test_a_file_that_lost_its_end_is_not_read_again(
    log: Path, shipper: Following, *, is_down: bool
) -> None:
    """Scenario 22: after a power cut reading goes on at the new end; it is counted."""
    shipper.drain()
    shipper.commit()
    os.truncate(log, 5 * 101 + 7)
    if is_down:
        shipper.restart()
    shipper.drain()
    with log.open("ab") as file:
        file.write(b"\n")
    append(log, some_lines(10, 2))

    assert shipper.drain()[-2:] == some_lines(10, 2)
    assert len(shipper.read) == 13
    assert "file_shrunk" in shipper.events.names()


@pytest.mark.parametrize("grown", [0, 4])
@pytest.mark.parametrize("left", [5 * 101, 5 * 101 + 7, 10 * 101 - 20, 10 * 101 - 1])
def test_a_file_whose_end_became_nuls_is_not_read_again(
    log: Path, shipper: Following, left: int, grown: int
) -> None:
    """Scenario 22: its length was on the disk, its bytes were not: as if shorter."""
    shipper.drain()
    shipper.commit()
    append(log, some_lines(10, grown))  # written, and never read
    length = log.stat().st_size
    os.truncate(log, left)
    os.truncate(log, length)
    shipper.restart()
    shipper.drain()
    with log.open("ab") as file:
        file.write(b"\n")  # as our writer closes what it finds torn
    append(log, some_lines(20, 2))
    shipper.drain()

    shrunk = 10 * 101 - left // 101 * 101
    told = ("file_shrunk", {"path": str(log), "shrunk_bytes": shrunk})
    assert [line for line in shipper.read[10:] if line.startswith(b"line")][-2:] == (
        some_lines(20, 2)
    )
    assert not set(shipper.read[10:]) & set(some_lines(0, 20))
    assert told in shipper.events.told
    assert "file_lost" not in shipper.events.names()


def test_a_nul_in_a_line_that_is_there_is_no_loss(
    log: Path, shipper: Following
) -> None:
    """Text in UTF-16 is no power failure: byte for byte it is what was read."""
    append(log, ["no record".encode("utf-16-le")])
    shipper.drain()
    shipper.commit()
    shipper.restart()

    assert shipper.drain() == []
    assert "file_shrunk" not in shipper.events.names()


@pytest.mark.parametrize("is_down", [False, True])
def test_a_reused_inode_is_a_new_file(
    log: Path, shipper: Following, *, is_down: bool
) -> None:
    """Scenario 11: another file under the same number is read from its beginning."""
    shipper.drain()
    shipper.commit()
    # The same inode for certain: overwritten in place, longer than before.
    inode = log.stat().st_ino
    log.write_bytes(b"")
    append(log, some_lines(50, 40))
    assert inode == log.stat().st_ino
    if is_down:
        shipper.restart()

    assert shipper.drain() == some_lines(50, 40)


def test_a_reused_inode_under_another_name_is_no_truncation(
    log: Path, shipper: Following
) -> None:
    """A rotation that deletes the oldest file and makes a new one replaces nothing."""
    oldest = log.rename(f"{log}.3")
    shipper.drain()
    shipper.commit()
    # The inode of the deleted file for certain: moved, and filled anew.
    oldest.rename(log).write_bytes(b"".join(line + b"\n" for line in some_lines(50, 9)))
    shipper.restart()

    assert shipper.drain() == some_lines(50, 9)
    assert "file_truncated" not in shipper.events.names()
    assert "file_gone" in shipper.events.names()


def test_a_deleted_file_is_read_to_its_end(logs: Path, store: Store) -> None:
    """Scenario 4: what our handle holds is not lost with the name."""
    log = logs / "app.log"
    append(log, some_lines(0, 100))
    shipper = following(logs, catalog=store, read_bytes=1024)
    shipper.source.look()
    first = shipper.source.next_line()
    os.unlink(log)

    assert first is not None
    assert [first.data, *shipper.drain()] == some_lines(0, 100)
    assert "file_lost" not in shipper.events.names()
    shipper.source.close()


def test_lines_added_just_before_the_file_was_deleted_are_read(
    log: Path, shipper: Following
) -> None:
    """Scenario 4: what came after the last look is in the open handle as well."""
    shipper.drain()
    append(log, some_lines(10, 5))
    log.unlink()
    texts = []
    for _ in range(70):
        # As a polling shipper looks: every time at everything.
        shipper.clock.advance(1.0)
        shipper.source.look()
        while (line := shipper.source.next_line()) is not None:
            texts.append(line.data)

    assert some_lines(10, 5) == texts
    assert shipper.source.open_files == 0


def test_a_file_deleted_while_down_is_counted_as_lost(
    log: Path, shipper: Following, store: Store
) -> None:
    """Scenario 4: bytes that vanished unread are counted and told as an error."""
    shipper.drain()
    shipper.commit(4)
    shipper.clock.advance(20)
    shipper.drain()
    log.unlink()
    shipper.restart()
    shipper.drain()

    assert store.sums().counters["lost_bytes"] == 6 * 101
    assert shipper.events.names().count("file_lost") == 1


def test_a_vanished_directory_freezes_its_files(
    logs: Path, log: Path, shipper: Following
) -> None:
    """Scenario 47: a directory that is away for a while costs nothing."""
    shipper.drain()
    shipper.commit()
    away = logs.with_name("away")
    os.rename(logs, away)
    shipper.restart()
    shipper.drain()
    os.rename(away, logs)
    append(log, some_lines(10, 1))

    assert shipper.drain() == some_lines(10, 1)
    assert "file_gone" not in shipper.events.names()


def test_a_file_that_was_away_for_a_moment_is_not_read_again(
    log: Path, shipper: Following
) -> None:
    """What was read and is not committed yet stays read, and commits without a gap."""
    sealed = Path(f"{log}.{STAMP.format(1)}")
    os.rename(log, sealed)
    shipper.drain()
    shipper.commit(4)
    away = log.parent.parent / "away"
    os.rename(sealed, away)
    shipper.drain()
    os.rename(away, sealed)
    again = shipper.drain()
    shipper.commit()

    assert again == []
    assert [row.offset_bytes for row in shipper.catalog.known_files()] == [1010]


def test_a_restored_copy_goes_on_where_the_lost_file_was(
    log: Path, shipper: Following
) -> None:
    """A directory restored from a backup is known by content, not by inode."""
    shipper.drain()
    shipper.commit(8)
    content = log.read_bytes()
    log.unlink()
    shipper.restart()
    shipper.drain()
    (log.parent / "hole").write_bytes(b"takes the freed inode")
    log.write_bytes(content)
    shipper.restart()

    assert shipper.drain() == some_lines(8, 2)


def test_two_files_with_equal_heads_are_both_read(logs: Path, store: Store) -> None:
    """Scenario 45: equal first kilobytes do not make two logs one."""
    head = [b"#" * 0 + b"x" * 4096 * 20]
    append(logs / "a.log", head + some_lines(0, 5))
    append(logs / "b.log", head + some_lines(5, 5))
    shipper = following(logs, pattern="*.log", catalog=store)

    assert sorted(shipper.drain())[:10] == some_lines(0, 10)
    shipper.source.close()


def pack(log: Path) -> None:
    """Rename a log and put an archive in its place."""
    Path(f"{log}.1.gz").write_bytes(gzip_member(log.read_bytes()))
    log.unlink()


def copy_and_empty(log: Path) -> None:
    """Do what `copytruncate` does."""
    Path(f"{log}.1").write_bytes(log.read_bytes())
    os.truncate(log, 0)


@pytest.mark.parametrize("rotate", [pack, copy_and_empty])
@pytest.mark.parametrize("is_down", [False, True])
def test_a_log_with_a_short_first_line_is_known_again(
    logs: Path, shipper: Following, rotate: Callable[[Path], None], *, is_down: bool
) -> None:
    """Scenarios 5, 13: what stands before the position tells it from others."""
    log = logs / "app.log"
    append(log, some_lines(0, 5, width=40))
    shipper.drain()
    shipper.commit()
    rotate(log)
    append(log, some_lines(5, 2, width=40))
    if is_down:
        shipper.restart()

    assert shipper.drain() == some_lines(5, 2, width=40)


def test_a_header_makes_no_copy_of_a_short_log(logs: Path, store: Store) -> None:
    """Scenario 45: two quiet sites, both asked by the same monitor once."""
    lines = [b"#Software: " + b"s" * 100, b"2026-11-23 12:00:00 ::1 GET / 200"]
    append(logs / "a.log", lines)
    append(logs / "b.log", lines)
    shipper = following(logs, pattern="*.log", catalog=store)

    assert sorted(lines * 2) == sorted(shipper.drain())
    shipper.source.close()


def test_a_short_first_line_alone_makes_no_two_files_one(
    logs: Path, shipper: Following
) -> None:
    """Scenario 45: one that begins as a file did that is gone is read as a new one."""
    log = logs / "app.log"
    append(log, [b"{}", *some_lines(0, 3)])
    shipper.drain()
    shipper.commit()
    log.unlink()
    shipper.drain()
    other = [b"{}", *some_lines(3, 9)]
    append(logs / "app.log.1", other)
    append(logs / "app.log.2", [b"{}"])

    assert sorted([*other, b"{}"]) == sorted(shipper.drain())


def test_large_logs_that_part_late_are_both_read(logs: Path, store: Store) -> None:
    """Scenario 45: equal for more than is compared at the front; their ends differ."""
    shared = some_lines(0, 1000)
    append(logs / "a.log", shared + some_lines(2000, 5))
    append(logs / "b.log", shared + some_lines(3000, 5))
    append(logs / "c.log", shared + some_lines(2000, 5))
    shipper = following(logs, pattern="*.log", catalog=store)
    texts = shipper.drain()

    assert len(texts) == 2 * 1005
    assert set(some_lines(2000, 5) + some_lines(3000, 5)) <= set(texts)
    shipper.source.close()


def test_a_touched_file_that_is_done_stays_done(log: Path, shipper: Following) -> None:
    """A new time stamp on old bytes makes no line."""
    sealed = Path(f"{log}.{STAMP.format(1)}")
    os.rename(log, sealed)
    shipper.drain()
    shipper.commit()
    shipper.restart()
    os.utime(sealed, (1, 1))
    texts = shipper.drain()
    (row,) = shipper.catalog.known_files()

    assert (texts, row.state) == ([], FileState.DONE)


def test_read_from_end_skips_archives_too(logs: Path, store: Store) -> None:
    """`read_from = "end"`: what was packed before the first run is history."""
    archive = logs / "app.log.1.gz"
    archive.write_bytes(gzip_member(b"".join(x + b"\n" for x in some_lines(0, 5))))
    (logs / "app.log").write_bytes(b"no newline in this one")
    shipper = following(logs, catalog=store, read_from="end")
    shipper.drain()
    shipper.restart()
    os.utime(archive, (1, 1))
    texts = shipper.drain()
    with (logs / "app.log").open("ab") as file:
        file.write(b"\n")

    assert (texts, [b"no newline in this one"]) == ([], shipper.drain())
    shipper.source.close()


def test_read_from_end_skips_what_was_there_first(log: Path, store: Store) -> None:
    """`read_from = "end"` skips old lines, and only at the very first run."""
    shipper = following(log.parent, catalog=store, read_from="end")
    shipper.drain()
    append(log, some_lines(10, 2))
    shipper.drain()
    os.rename(log, f"{log}.{STAMP.format(1)}")
    append(log, some_lines(12, 2))
    shipper.commit()
    shipper.restart()
    shipper.drain()

    assert some_lines(10, 4) == shipper.read
    shipper.source.close()


def test_read_from_end_does_not_begin_again_when_all_files_are_gone(
    log: Path, store: Store
) -> None:
    """What is written into an empty directory while we are down is sent."""
    shipper = following(log.parent, catalog=store, read_from="end")
    shipper.drain()
    log.unlink()
    shipper.restart()
    shipper.drain()
    shipper.restart()
    append(log, some_lines(10, 2))

    assert shipper.drain() == some_lines(10, 2)
    assert "file_gone" in shipper.events.names()
    shipper.source.close()


def test_a_torn_end_of_a_sealed_file_is_a_fault(log: Path, shipper: Following) -> None:
    """Scenario 23: a killed writer's half line is told apart; the next is intact."""
    with log.open("ab") as file:
        file.write(b'{"half')
    sealed = Path(f"{log}.{STAMP.format(1)}")
    os.rename(log, sealed)
    os.utime(sealed, ns=(0, 0))
    append(log, some_lines(10, 2))
    shipper.drain()
    shipper.commit()
    shipper.restart()

    assert [*some_lines(0, 10), b'{"half', *some_lines(10, 2)] == shipper.read
    assert shipper.drain() == []


def test_half_a_line_in_a_fresh_sealed_file_may_still_be_finished(
    log: Path, shipper: Following
) -> None:
    """Scenario 23: a rotation may overtake one append: a second is waited for it."""
    with log.open("ab") as file:
        file.write(some_lines(10, 1)[0][:30])
    sealed = Path(f"{log}.{STAMP.format(1)}")
    os.rename(log, sealed)
    os.utime(sealed, (2**31, 2**31))
    first = shipper.drain(scan=False)
    with sealed.open("ab") as file:
        file.write(some_lines(10, 1)[0][30:] + b"\n")
    os.utime(sealed, (2**31, 2**31))

    assert (some_lines(0, 10), some_lines(10, 1)) == (first, shipper.drain())


def test_a_fresh_torn_line_is_told_after_a_second(
    log: Path, shipper: Following
) -> None:
    """Scenario 23: when nothing came in a second, the half line stands alone."""
    with log.open("ab") as file:
        file.write(b"half")
    sealed = Path(f"{log}.{STAMP.format(1)}")
    os.rename(log, sealed)
    os.utime(sealed, (2**31, 2**31))
    early = shipper.drain(scan=False)
    shipper.clock.advance(1.5)

    assert (some_lines(0, 10), [b"half"]) == (early, shipper.drain(scan=False))


@pytest.mark.parametrize("is_down", [False, True])
def test_a_late_append_to_a_finished_file_is_read(
    log: Path, shipper: Following, *, is_down: bool
) -> None:
    """Sealed, delivered and done: if it grows all the same, it is read on."""
    shipper.drain()
    sealed = Path(f"{log}.{STAMP.format(1)}")
    os.rename(log, sealed)
    shipper.drain()
    shipper.commit()
    shipper.restart()
    shipper.drain()
    append(sealed, some_lines(10, 1))
    if is_down:
        shipper.restart()

    assert shipper.drain() == some_lines(10, 1)


def test_a_late_append_that_was_packed_before_the_next_run_is_read(
    log: Path, shipper: Following
) -> None:
    """Scenario 13: Done as it was, its archive holds a line more than was read."""
    rotated = Path(f"{log}.1")
    os.rename(log, rotated)
    shipper.drain()
    shipper.commit()
    append(rotated, some_lines(10, 1))
    Path(f"{rotated}.gz").write_bytes(gzip_member(rotated.read_bytes()))
    rotated.unlink()
    shipper.restart()
    found = shipper.drain()
    shipper.commit()
    (row,) = shipper.catalog.known_files()

    assert (found, row.state) == (some_lines(10, 1), FileState.DONE)


@pytest.mark.parametrize("is_down", [False, True])
def test_a_member_that_comes_late_to_a_finished_archive_is_read(
    log: Path, shipper: Following, *, is_down: bool
) -> None:
    """Scenario 18: it was whole with its first member, read, delivered and done."""
    archive = Path(f"{log}.1.gz")
    os.rename(log, archive)
    archive.write_bytes(gzip_member(archive.read_bytes()))
    shipper.drain()
    shipper.commit()
    shipper.restart()
    shipper.drain()
    (done,) = shipper.catalog.known_files()
    (line,) = some_lines(10, 1)
    with archive.open("ab") as file:
        file.write(gzip_member(line + b"\n"))
    if is_down:
        shipper.restart()
    found = shipper.drain()
    shipper.commit()
    (again,) = shipper.catalog.known_files()

    assert found == [line]
    assert done.state == again.state == FileState.DONE


def test_an_archive_nothing_can_unpack_is_refused_once(
    logs: Path, shipper: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the zstd extra the file is named, with what to install."""
    monkeypatch.setitem(sys.modules, "backports.zstd", None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    (logs / "app.log.1.zst").write_bytes(b"\x28\xb5\x2f\xfd and more")
    shipper.drain()
    shipper.drain()
    told = [fields for name, fields in shipper.events.told if name == "file_refused"]

    assert shipper.read == []
    assert len(told) == 1
    assert "hartail[shipper,zstd]" in str(told[0]["why"])


def test_sealed_and_committed_files_are_done_and_closed(
    log: Path, shipper: Following
) -> None:
    """A rotated file that is delivered needs neither a handle nor a look inside."""
    shipper.drain()
    os.rename(log, f"{log}.{STAMP.format(1)}")
    shipper.drain()
    shipper.commit()
    shipper.drain()
    states = {row.state for row in shipper.catalog.known_files()}

    assert states == {FileState.DONE}
    assert shipper.source.open_files == 0
    assert shipper.source.pending_bytes() == 0


@pytest.mark.parametrize("first_bytes", [0, 5, 10, 40])
def test_an_archive_is_no_file_before_its_first_line_can_be_unpacked(
    first_bytes: int, logs: Path, log: Path, shipper: Following, store: Store
) -> None:
    """Scenario 15: seen empty or as a header only, it is not taken for a new file."""
    rotated = logs / f"app.log.{STAMP.format(1)}"
    os.rename(log, rotated)
    read = shipper.drain()
    shipper.commit()
    packed = gzip.compress(rotated.read_bytes(), mtime=0)

    with Path(f"{rotated}.gz").open("wb", buffering=0) as archive:
        archive.write(packed[:first_bytes])
        seen_early = shipper.drain()
        archive.write(packed[first_bytes:])
        seen_late = shipper.drain(scan=False)
        seen_later = shipper.drain()
    rotated.unlink()
    seen_last = shipper.drain()

    assert read == some_lines(0, 10)
    assert (seen_early, seen_late, seen_later, seen_last) == ([], [], [], [])
    assert len(store.known_files()) == 1
    assert set(shipper.events.names()) <= {"file_found", "source_empty"}


def test_an_archive_that_began_with_its_header_is_known_again(
    logs: Path, store: Store
) -> None:
    """Read while it was written under its own name, then fetched anew: not twice."""
    shipper = following(logs, pattern="*.gz", catalog=store)
    header, lines = b"#Fields: a b\n", some_lines(0, 3)
    text = b"".join(line + b"\n" for line in lines)
    packer = zlib.compressobj(wbits=31)
    archive = logs / "E1.2026-11-23-12.gz"
    with archive.open("wb", buffering=0) as file:
        file.write(packer.compress(header) + packer.flush(zlib.Z_SYNC_FLUSH))
        early = shipper.drain()
        file.write(packer.compress(text) + packer.flush())
    late = shipper.drain()
    shipper.commit()
    fetched = logs / "fetched.part"
    fetched.write_bytes(gzip_member(header + text))
    fetched.rename(archive)

    assert shipper.drain() == []
    assert [header.strip(), *lines] == early + late


def test_a_cut_is_seen_while_nothing_can_be_read(log: Path, shipper: Following) -> None:
    """A look is enough, the next after the cut: what is added later is read."""
    shipper.drain()
    shipper.commit()
    os.truncate(log, 5 * 101)
    shipper.source.look()
    append(log, some_lines(10, 2))

    assert shipper.drain() == some_lines(10, 2)


def test_a_file_cut_while_lines_are_in_flight_loses_none_that_is_left(
    log: Path, shipper: Following
) -> None:
    """Scenario 7: Read, not committed, cut behind them, killed: they are read again."""
    shipper.drain()
    shipper.commit(2)
    os.truncate(log, 606)
    shipper.drain()

    shipper.restart()

    assert shipper.drain() == some_lines(2, 4)


@pytest.mark.parametrize("added", [0, 2, 9])
def test_a_file_cut_while_lines_are_in_flight_goes_on_when_they_are_committed(
    added: int, log: Path, shipper: Following, store: Store
) -> None:
    """Scenario 7: the old row takes the commit; what is added is read once."""
    shipper.drain()
    os.truncate(log, 606)
    in_between = shipper.drain()
    append(log, some_lines(20, added))
    in_between += shipper.drain()
    shipper.commit()
    seen = shipper.drain()
    append(log, some_lines(40, 2))

    seen += shipper.drain()

    shipper.commit()
    shipper.restart()
    assert in_between == []
    assert seen == some_lines(20, added) + some_lines(40, 2)
    assert shipper.drain() == []
    assert store.sums().counters["shrunk_bytes"] == 404


def _cut_in_flight(log: Path, shipper: Following, committed: int) -> None:
    """Read ten lines, commit some, and leave six of them in the file."""
    shipper.drain()
    shipper.commit(committed)
    os.truncate(log, 606)
    shipper.drain()


@pytest.mark.parametrize("added", [0, 1, 9])
@pytest.mark.parametrize("committed", [2, 6, 8])
def test_a_restart_goes_on_where_the_file_was_cut(
    committed: int, added: int, log: Path, shipper: Following, store: Store
) -> None:
    """Scenario 7: Cut in flight, grown, killed: what was added is read, once."""
    _cut_in_flight(log, shipper, committed)
    append(log, some_lines(20, added))

    shipper.restart()
    seen = shipper.drain()
    shipper.commit()
    shipper.restart()

    left = some_lines(committed, 6 - committed) if committed < 6 else []
    assert seen == left + some_lines(20, added)
    assert shipper.drain() == []
    shrunk = max(0, committed - 6) * 101
    assert store.sums().counters.get("shrunk_bytes", 0) == shrunk
    assert "lost_bytes" not in store.sums().counters


def test_a_file_that_waits_for_its_commits_may_be_restarted_often(
    log: Path, shipper: Following
) -> None:
    """Scenario 7: the place does not move by what is added before it is used."""
    _cut_in_flight(log, shipper, 8)
    for number in range(3):
        append(log, some_lines(20 + number, 1))
        shipper.source.close()
        shipper.source = following(log.parent, catalog=shipper.catalog).source

    assert shipper.drain() == some_lines(20, 3)


def test_a_cut_is_forgotten_before_anything_beyond_it_is_committed(
    log: Path, shipper: Following
) -> None:
    """Scenario 7: a later restart does not go back to a place that was passed."""
    _cut_in_flight(log, shipper, 2)
    append(log, some_lines(20, 4))
    shipper.restart()
    shipper.drain()
    shipper.commit(7)

    shipper.restart()

    assert shipper.drain() == some_lines(23, 1)


def test_nothing_is_read_while_a_cut_cannot_be_forgotten(logs: Path) -> None:
    """Scenario 29: the state cannot be written: a crash would go back to the cut."""
    log = logs / "app.log"
    append(log, some_lines(0, 10))
    catalog = MemoryCatalog()
    shipper = following(logs, catalog=catalog)
    _cut_in_flight(log, shipper, 2)
    shipper.restart()
    catalog.failure = StateError("disk full", path="x", is_temporary=True)
    in_need = shipper.drain()
    catalog.failure = None

    assert (in_need, shipper.drain()) == ([], some_lines(2, 4))
    shipper.source.close()


@pytest.mark.parametrize("is_down", [False, True])
def test_a_file_may_be_cut_again_while_it_waits(
    log: Path, shipper: Following, store: Store, *, is_down: bool
) -> None:
    """Scenario 7: the shorter place counts, whoever sees it."""
    _cut_in_flight(log, shipper, 8)
    if is_down:
        shipper.restart()
    os.truncate(log, 404)
    shipper.drain()
    append(log, some_lines(20, 3))

    shipper.restart()

    assert shipper.drain() == some_lines(20, 3)
    assert store.sums().counters["shrunk_bytes"] == 404


@pytest.mark.parametrize("is_down", [False, True])
@pytest.mark.parametrize("committed", [2, 8])
def test_a_file_that_was_cut_may_be_packed_while_it_waits(
    committed: int, log: Path, shipper: Following, store: Store, *, is_down: bool
) -> None:
    """Scenario 13: the place counts unpacked bytes, as every position does."""
    _cut_in_flight(log, shipper, committed)
    append(log, some_lines(20, 3))
    archive = Path(f"{log}.1.gz")
    archive.write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    if is_down:
        shipper.restart()
    else:
        shipper.drain()
        shipper.commit()

    seen = shipper.drain()
    shipper.commit()
    shipper.restart()

    left = some_lines(2, 4) if is_down and committed < 6 else []
    assert seen == left + some_lines(20, 3)
    assert shipper.drain() == []
    beyond = (8 if is_down else 10) - 6 if committed > 6 or not is_down else 0
    assert store.sums().counters.get("shrunk_bytes", 0) == beyond * 101


def test_the_copy_of_a_file_that_was_cut_is_known_after_a_kill(
    log: Path, shipper: Following
) -> None:
    """Scenario 5: copied and emptied while it waited: read on in the copy."""
    _cut_in_flight(log, shipper, 8)
    append(log, some_lines(20, 1))
    Path(f"{log}.1").write_bytes(log.read_bytes())
    log.write_bytes(b"")
    append(log, some_lines(30, 1))

    shipper.restart()

    assert sorted(shipper.drain()) == some_lines(20, 1) + some_lines(30, 1)


def test_a_file_deleted_while_it_waits_has_lost_what_was_added(
    log: Path, shipper: Following, store: Store
) -> None:
    """Scenario 4: what stood beyond the cut was never read, and is counted."""
    _cut_in_flight(log, shipper, 8)
    append(log, some_lines(20, 3))
    shipper.clock.advance(60.0)
    shipper.source.look()
    log.unlink()

    shipper.restart()

    assert shipper.drain() == []
    assert store.sums().counters["lost_bytes"] == 303


@pytest.mark.parametrize("is_seen", [False, True])
def test_a_file_deleted_while_it_waits_is_drained_from_where_it_was_cut(
    log: Path, shipper: Following, store: Store, *, is_seen: bool
) -> None:
    """Scenario 4: our handle has what was added; nothing is lost while we live."""
    shipper.drain()
    shipper.commit(8)
    with log.open("ab", buffering=0) as writer:
        os.truncate(log, 606)
        if is_seen:
            shipper.drain()
        log.unlink()
        in_between = shipper.drain()
        writer.write(b"".join(line + b"\n" for line in some_lines(20, 3)))
        shipper.commit()
        seen = shipper.drain()
    shipper.commit()
    shipper.clock.advance(61.0)
    shipper.drain()

    assert (in_between, seen) == ([], some_lines(20, 3))
    assert shipper.source.open_files == 0
    assert store.sums().counters == {"shrunk_bytes": 404}


def test_a_file_emptied_and_deleted_is_let_go_of(log: Path, shipper: Following) -> None:
    """Scenario 4: nothing is in it; its handle is closed, and no scan is asked for."""
    shipper.drain()
    shipper.commit()
    os.truncate(log, 0)
    log.unlink()

    shipper.drain()

    assert shipper.source.open_files == 0
    assert shipper.file_ids() == []


def test_a_file_that_was_cut_may_go_and_come_back(
    log: Path, shipper: Following, store: Store
) -> None:
    """Scenario 47: what was left of it is one file, and not two that are alike."""
    _cut_in_flight(log, shipper, 8)
    append(log, some_lines(20, 3))
    shipper.restart()
    shipper.drain()
    shipper.commit()
    aside = log.with_name("aside")
    os.rename(log, aside)
    shipper.restart()
    shipper.drain()
    os.rename(aside, log)
    append(log, some_lines(30, 1))

    assert shipper.drain() == some_lines(30, 1)
    assert "identity_ambiguous" not in store.sums().counters
