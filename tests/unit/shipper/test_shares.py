"""Whose log is whose, and that no file has two readers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from shipper.fileid import FileRow, FileState, Head
from shipper.source import Kin
from shipper.workers.shares import Shares

STRONG = Head(100, b"digest")
SHORT = Head(40, b"digest")


@dataclass
class Disk:
    """Implements `shipper.workers.shares.Places`: ``/logs/NAME`` and its siblings."""

    kin: dict[str, Kin] = field(default_factory=dict)

    def base_of(self, path: str) -> str | None:
        """Return the path without what follows a tilde; None elsewhere."""
        return path.partition("~")[0] if path.startswith("/logs/") else None

    def kin_of(self, path: str) -> Kin | None:
        """Return what was put here for the path."""
        return self.kin.get(path)


def a_row(path: str, ino: int = 1, **changes: object) -> FileRow:
    """Return a remembered file."""
    row = FileRow(file_id=f"id-{ino}", path=path, dev=7, ino=ino, size_bytes=100)
    return replace(row, **changes)


def shares(
    known: Sequence[FileRow] = (), *, workers: int = 2, disk: Disk | None = None
) -> Shares:
    """Return shares among so many workers."""
    return Shares(
        workers=range(1, workers + 1),
        known=known,
        places=disk or Disk(),
        find_files=lambda head: [row for row in known if row.head == head],
    )


def test_new_logs_go_to_whoever_has_fewest() -> None:
    """Eight logs are four for each of two workers, whoever asks first."""
    parted = shares()

    owners = [parted.whose(f"/logs/{n}", f"/logs/{n}") for n in range(8)]

    assert owners == [1, 2] * 4


def test_a_log_stays_with_its_worker() -> None:
    """Asked again, also with the name of a rotated file, the answer is the same."""
    parted = shares()
    parted.whose("/logs/a", "/logs/a")

    again = [parted.whose("/logs/b", f"/logs/b{end}") for end in ("", "~1", "~2")]

    assert again == [2, 2, 2]


def test_known_logs_with_much_to_send_are_dealt_first() -> None:
    """The two logs with a backlog go to different workers, siblings counted in."""
    known = [
        a_row("/logs/a", 1),
        a_row("/logs/b", 2, offset_bytes=100),
        a_row("/logs/c~1", 3, size_bytes=5000),
        a_row("/logs/d", 4, size_bytes=4000),
    ]

    parted = shares(known)

    assert parted.worker_of(known[2]) != parted.worker_of(known[3])
    assert sorted(map(str, map(parted.worker_of, known))) == ["1", "1", "2", "2"]


def test_a_file_that_no_pattern_names_is_nobodys() -> None:
    """What is not followed any more has no worker, and does no harm."""
    row = a_row("/elsewhere/a")

    assert shares([row]).worker_of(row) is None


def test_a_renamed_file_goes_to_the_worker_that_knows_it() -> None:
    """A name never seen that leads to a known inode belongs to that file's worker."""
    known = [a_row("/logs/a", 1), a_row("/logs/b", 2)]
    disk = Disk({"/logs/new": Kin((7, 2), Head())})
    parted = shares(known, disk=disk)

    assert parted.whose("/logs/new", "/logs/new") == parted.worker_of(known[1])


@pytest.mark.parametrize("head", [STRONG, SHORT])
def test_a_copy_goes_to_the_worker_that_knows_its_content(head: Head) -> None:
    """The same first line in another file: only its worker can tell a copy."""
    known = [a_row("/logs/a", 1), a_row("/logs/b", 2, head=head)]
    disk = Disk({"/logs/copy": Kin((7, 99), head)})
    parted = shares(known, disk=disk)

    assert parted.whose("/logs/copy", "/logs/copy") == parted.worker_of(known[1])


def test_no_file_has_two_readers() -> None:
    """Of two workers that see one inode under two logs' names, the first has it."""
    parted = shares()

    assert parted.may_follow(1, (7, 5))
    assert not parted.may_follow(2, (7, 5))
    assert parted.may_follow(1, (7, 5))


def test_an_inode_that_was_not_taken_is_free_after_the_look() -> None:
    """Asking holds a file back from others only until the asker has come round."""
    parted = shares()
    parted.may_follow(1, (7, 5))

    parted.looked(1)

    assert parted.may_follow(2, (7, 5))


def test_a_recorded_file_is_held_until_it_is_gone() -> None:
    """The registry of files says who follows what; one that is gone is free."""
    parted = shares()
    row = a_row("/logs/a", 5)
    parted.recorded(1, [row])
    held = parted.may_follow(2, (7, 5))

    parted.recorded(1, [replace(row, state=FileState.GONE)])

    assert (held, parted.may_follow(2, (7, 5))) == (False, True)


def test_a_file_that_moved_leaves_its_inode_to_the_next() -> None:
    """An archive in place of a file frees the file's inode, and holds its own."""
    parted = shares()
    parted.recorded(1, [a_row("/logs/a~1", 5)])

    parted.recorded(1, [a_row("/logs/a~1", 6, file_id="id-5")])

    assert parted.may_follow(2, (7, 5))
    assert not parted.may_follow(2, (7, 6))


def test_a_reused_inode_belongs_to_its_new_file() -> None:
    """A new file at the old inode of a moved one is held, in either order."""
    parted = shares()
    parted.recorded(1, [a_row("/logs/a~1", 5)])

    parted.recorded(
        1,
        [
            a_row("/logs/a", 5, file_id="new"),
            a_row("/logs/a~1", 6, file_id="id-5"),
        ],
    )

    assert not parted.may_follow(2, (7, 5))


def test_what_others_follow_is_not_open_but_gone_files_are() -> None:
    """A file found under another log's name is taken up only when it was let go of."""
    known = [a_row("/logs/a", 1), a_row("/logs/b", 2)]
    parted = shares(known)
    owner = parted.worker_of(known[0])
    assert owner is not None
    other = 3 - owner

    assert parted.is_open_to(owner, known[0])
    assert not parted.is_open_to(other, known[0])
    assert parted.is_open_to(other, replace(known[0], state=FileState.GONE))


def test_a_worker_at_its_end_gets_no_more_logs() -> None:
    """With `--once`, what is found late goes to a worker that still reads."""
    parted = shares()
    parted.retire(1)

    assert {parted.whose(f"/logs/{n}", f"/logs/{n}") for n in range(4)} == {2}
