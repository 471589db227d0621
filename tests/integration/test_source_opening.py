"""How a followed file begins: its fingerprint, its first lines, its headers."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from shipper.fileid import HEADER_BYTES, head_of
from shipper.follow import READ_BYTES
from shipper.source import Opening
from tests.support.followed import Following, append, following, some_lines


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The active file, with ten lines."""
    path = tmp_path / "app.log"
    append(path, some_lines(0, 10))
    return path


def opening(
    shipper: Following, *, headers_before: int | None = None, at: int = 0
) -> Opening:
    """Return how a followed file begins."""
    file_id = shipper.file_ids()[at]
    found = shipper.source.opening(file_id, headers_before=headers_before)
    assert found is not None
    return found


def test_it_is_known_with_the_first_line(log: Path) -> None:
    """The digest is that of the file's fingerprint, whoever asks."""
    shipper = following(log.parent)
    shipper.source.look()
    shipper.source.next_line()

    found = opening(shipper)

    assert head_of(log.read_bytes()).digest == found.digest
    assert tuple(some_lines(0, 10)) == found.lines
    assert found.headers == ()


def test_it_is_that_of_a_file_that_is_not_open(log: Path) -> None:
    """A dead letter may be of a file that nobody reads any more."""
    shipper = following(log.parent)
    shipper.drain()
    shipper.commit()
    shipper.restart()
    shipper.source.look()

    assert head_of(log.read_bytes()).digest == opening(shipper).digest
    assert shipper.source.open_files == 0


def test_it_is_that_of_an_archive_unpacked(log: Path) -> None:
    """The same as that of the file it was made of."""
    content = log.read_bytes()
    log.unlink()
    log.with_name("app.log.1.gz").write_bytes(gzip.compress(content))
    shipper = following(log.parent)
    shipper.drain()

    found = opening(shipper)

    assert head_of(content).digest == found.digest
    assert tuple(some_lines(0, 10)) == found.lines


def test_lines_of_what_replaced_them_are_not_theirs(log: Path) -> None:
    """The file was cut after its lines were read; the fingerprint stays."""
    shipper = following(log.parent)
    digest = head_of(log.read_bytes()).digest
    shipper.source.look()
    shipper.source.next_line()
    log.write_bytes(b"another first line, and no more\n")

    assert Opening(digest) == opening(shipper, headers_before=99)


def test_a_file_without_a_name_is_asked_by_its_handle(log: Path) -> None:
    """It was deleted while it was read."""
    shipper = following(log.parent)
    shipper.source.look()
    shipper.source.next_line()
    log.unlink()

    assert tuple(some_lines(0, 10)) == opening(shipper).lines


def test_a_file_that_cannot_be_opened_leaves_its_fingerprint(log: Path) -> None:
    """That is in the state; its lines are not."""
    shipper = following(log.parent)
    digest = head_of(log.read_bytes()).digest
    shipper.drain()
    shipper.commit()
    shipper.restart()
    log.rename(log.with_name("elsewhere"))

    assert Opening(digest) == opening(shipper)
    log.write_bytes(b"another file\n")
    assert Opening(digest) == opening(shipper)


def test_headers_before_a_place_are_all_of_them(log: Path) -> None:
    """However far apart, and however long what stands between them."""
    between = [b"x" * 99_999] * 8
    log.write_bytes(b"")
    lines = [b"#one", *between, b"# two", *between, b"#three"]
    append(log, lines)
    shipper = following(log.parent)
    shipper.drain()
    end = log.stat().st_size - len(b"#three\n")

    assert opening(shipper, headers_before=end).headers == (b"#one", b"# two")
    assert opening(shipper, headers_before=0).headers == ()
    assert opening(shipper, headers_before=50_000).headers == (b"#one",)


def test_a_file_without_a_whole_line_at_its_front_has_no_first_lines(
    log: Path,
) -> None:
    """They are looked for in 64 KiB, and at most 200 are given."""
    log.write_bytes(b"x" * HEADER_BYTES + b"\n")
    shipper = following(log.parent)
    shipper.drain()
    assert opening(shipper).lines == ()

    log.unlink()
    append(log, some_lines(0, 300))
    shipper = following(log.parent)
    shipper.drain()
    assert tuple(some_lines(0, 200)) == opening(shipper).lines


def test_a_file_that_begins_with_a_hole_has_no_fingerprint(log: Path) -> None:
    """Nor has it in a backfill; the lines behind the hole are read all the same."""
    log.write_bytes(b"\0" * 4096 + b"a line\n")
    shipper = following(log.parent)
    shipper.drain()

    assert opening(shipper).digest == b""


def test_a_file_in_the_place_of_another_does_not_lend_its_fingerprint(
    log: Path,
) -> None:
    """One that has none keeps none, whoever has its name by now."""
    log.write_bytes(b"\0" * 4096 + b"a line\n")
    shipper = following(log.parent)
    shipper.drain()
    shipper.commit()
    shipper.restart()
    log.rename(log.with_name("elsewhere"))
    append(log, some_lines(0, 10))

    assert Opening(b"") == opening(shipper)


def test_the_middle_of_a_line_is_no_header(log: Path) -> None:
    """Even where a block of the file begins with it."""
    log.write_bytes(b"x" * READ_BYTES + b"#no header\n#one\n")
    shipper = following(log.parent)
    shipper.drain()

    end = log.stat().st_size
    assert opening(shipper, headers_before=end).headers == (b"#one",)


def test_nobody_knows_a_file_that_is_not_followed(log: Path) -> None:
    """It may have been let go of."""
    assert following(log.parent).source.opening("who") is None


def test_a_file_is_at_rest_after_a_quiet_minute(log: Path) -> None:
    """By our clock while we run, by its own time after a start."""
    shipper = following(log.parent)
    shipper.source.look()
    (file_id,) = shipper.file_ids()
    assert not shipper.source.is_at_rest(file_id)
    shipper.drain()
    assert not shipper.source.is_at_rest(file_id)
    shipper.clock.advance(61.0)
    assert shipper.source.is_at_rest(file_id)

    shipper.commit()
    shipper.restart()
    shipper.drain()
    assert not shipper.source.is_at_rest(file_id)
    assert shipper.source.is_at_rest("who")


def test_a_file_that_was_cut_is_at_rest(log: Path) -> None:
    """What waits for more of it would wait for ever."""
    shipper = following(log.parent)
    shipper.drain()
    (file_id,) = shipper.file_ids()
    shipper.commit(5)
    with log.open("r+b") as file:
        file.truncate(300)
    shipper.drain()

    assert shipper.source.is_at_rest(file_id)
