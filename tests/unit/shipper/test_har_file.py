"""A HAR file that is whole after every entry, and for one pair of eyes."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from msgspec import Struct

from shipper import har
from shipper.cli.har_file import HarFile
from shipper.cli.private_file import CannotWriteError
from shipper.formats.har import read_har
from shipper.model import Reject
from shipper.parse import parse
from shipper.record import Record
from shipper.reports.exchanges import Exchange
from tests.support.exchanges import an_exchange, encoded


class Creator(Struct, forbid_unknown_fields=True):
    """HAR 1.2, "creator"."""

    name: str
    version: str


class Log(Struct, forbid_unknown_fields=True):
    """HAR 1.2, "log", as far as we write it."""

    version: Literal["1.2"]
    creator: Creator
    entries: list[har.HarEntry]


class Document(Struct, forbid_unknown_fields=True):
    """A whole HAR, by the rules of `shipper.har`."""

    log: Log


def entries_in(path: Path) -> list[har.HarEntry]:
    """Return the entries of a valid HAR; our own reader of foreign ones agrees."""
    content = path.read_bytes()
    found = read_har(content)
    assert not isinstance(found, Reject)
    entries = msgspec.json.decode(content, type=Document).log.entries
    assert [isinstance(one.found, Reject) for one in found] == [False] * len(entries)
    return entries


def an_entry(path: str = "/owls/7", **changes: object) -> har.HarEntry:
    """Return the entry of an exchange."""
    record = parse(encoded(an_exchange(target=path, **changes)).rstrip(b"\n"))
    assert isinstance(record, Record)
    return record.har


def test_it_is_a_whole_document_after_every_entry(tmp_path: Path) -> None:
    """Whatever ends the command, even SIGKILL, what was shown can be opened."""
    path = tmp_path / "out.har"
    file = HarFile(str(path), may_replace=False)
    seen = [entries_in(path)]
    for number in range(3):
        file.add(an_entry(f"/owls/{number}"))
        seen.append(entries_in(path))
    file.close()

    urls = [[entry.request.url.rpartition("/")[2] for entry in one] for one in seen]
    assert urls == [[], ["0"], ["0", "1"], ["0", "1", "2"]]


def test_it_is_private_and_takes_no_others_place(tmp_path: Path) -> None:
    """Mode 0600 whatever the umask; a file that is there stays, unless told."""
    path = tmp_path / "out.har"
    path.write_text("precious")
    before = os.umask(0)
    try:
        with pytest.raises(CannotWriteError, match="there already"):
            HarFile(str(path), may_replace=False)
        kept = path.read_text()
        HarFile(str(path), may_replace=True).close()
    finally:
        os.umask(before)

    assert kept == "precious"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert entries_in(path) == []
    assert os.listdir(tmp_path) == ["out.har"]


@pytest.mark.parametrize("name", ["no/out.har", "."])
@pytest.mark.parametrize("may_replace", [True, False])
def test_a_place_that_cannot_be_written_is_told(
    name: str, may_replace: bool, tmp_path: Path
) -> None:
    """Exit 73 with the reason, and no temporary file is left."""
    with pytest.raises(CannotWriteError) as caught:
        HarFile(str(tmp_path / name), may_replace=may_replace)

    assert caught.value.exit_code == 73
    assert os.listdir(tmp_path) == []


def test_a_disk_that_is_full_leaves_the_entries_before(tmp_path: Path) -> None:
    """Half an entry is taken back, and the end of the document put there again."""
    path = tmp_path / "out.har"
    room = [10_000]

    def pwrite(handle: int, content: bytes, at_bytes: int) -> int:
        fits = room[0] - at_bytes
        if fits <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.pwrite(handle, content[:fits], at_bytes)

    file = HarFile(str(path), may_replace=False, os_pwrite=pwrite)
    file.add(an_entry("/first"))
    room[0] = path.stat().st_size + 100
    with pytest.raises(CannotWriteError, match="No space left"):
        file.add(an_entry("/second"))
    file.close()

    assert [entry.request.url[-6:] for entry in entries_in(path)] == ["/first"]


def full(_handle: int, _content: bytes, _at_bytes: int) -> int:
    """Write nothing, as on a full disk."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_that_is_full_from_the_start_is_no_bug(tmp_path: Path) -> None:
    """The first write is told of like every later one, and no empty file is left."""
    path = tmp_path / "out.har"

    with pytest.raises(CannotWriteError, match=r"out\.har: No space left"):
        HarFile(str(path), may_replace=False, os_pwrite=full)
    assert os.listdir(tmp_path) == []


def test_a_disk_without_room_for_a_new_document_keeps_the_old_one(
    tmp_path: Path,
) -> None:
    """What was to be replaced is there until a whole document takes its place."""
    path = tmp_path / "out.har"
    file = HarFile(str(path), may_replace=False)
    file.add(an_entry("/first"))
    file.close()

    with pytest.raises(CannotWriteError, match=r"out\.har: No space left"):
        HarFile(str(path), may_replace=True, os_pwrite=full)
    assert [entry.request.url[-6:] for entry in entries_in(path)] == ["/first"]
    assert os.listdir(tmp_path) == ["out.har"]


def test_a_disk_that_fails_altogether_is_no_bug(tmp_path: Path) -> None:
    """The end of the document cannot be put back, and the reason is told."""
    works: list[Callable[[int, bytes, int], int]] = [os.pwrite]

    def pwrite(handle: int, content: bytes, at_bytes: int) -> int:
        return works[0](handle, content, at_bytes)

    file = HarFile(str(tmp_path / "out.har"), may_replace=False, os_pwrite=pwrite)
    works[0] = full
    with pytest.raises(CannotWriteError, match=r"out\.har: No space left"):
        file.add(an_entry())
    file.close()


def test_an_entry_refers_to_no_page_that_is_not_there() -> None:
    """The route goes into the comment: a HAR without pages may name none."""
    entry = an_entry(route="/owls/{id}")
    commented = msgspec.structs.replace(entry, comment="cut")

    told = [Exchange("id", "", one).har_entry.comment for one in (entry, commented)]

    assert told == ["route /owls/{id}", "route /owls/{id}; cut"]
    assert Exchange("id", "", entry).har_entry.pageref is msgspec.UNSET
