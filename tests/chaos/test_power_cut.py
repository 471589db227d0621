"""The power fails: what was not forced onto the disk is gone, or some of it is.

A shipper's lives are written down call by call, and of the moments between two calls
the disk is made that a failure would have left. What is settled there must have been
answered for, and what had gone out beyond it is no more than the window.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from shipper.cli.root import main
from shipper.store.snapshot import open_snapshot
from tests.support.accounts import Accounts
from tests.support.commands import Shop
from tests.support.disk import Disk, Image, write_image
from tests.support.doomed import Doom, Nursery
from tests.support.outage import (
    BATCHES,
    WINDOW,
    Story,
    a_story,
    a_story_of_a_bundle,
    lines_of,
    write_anew,
    write_with,
)
from tests.support.straced import Write, deeds_of, tracing
from wsgi_writer.rotate import RotatingFile

pytestmark = pytest.mark.chaos

RECORDS = 40  # of the last life
SEVERAL = """
[[source]]
paths = ["app*.jsonl"]
"""
# So many that SQLite folds its log back in the middle of a life, and begins it anew.
MANY_RECORDS = 700
JOURNALS = pytest.mark.parametrize("is_remote", [False, True], ids=["wal", "rollback"])
DRAWS = pytest.mark.parametrize(
    "draws", [150, pytest.param(2_000, marks=pytest.mark.slow)]
)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """One fork server for all tests that need no record."""
    with Nursery() as nursery:
        yield nursery


@pytest.fixture(scope="module")
def told() -> dict[tuple[bool, int], Story]:
    """Every story that was told so far."""
    return {}


@pytest.fixture
def records() -> int:
    """How many records the last life sends."""
    return RECORDS


@pytest.fixture
def is_remote() -> bool:
    """Whether the state seems to be on a network file system."""
    return False


@pytest.fixture
def story(
    is_remote: bool,
    records: int,
    told: dict[tuple[bool, int], Story],
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    """The lives of a shipper, with the journal that SQLite has on such a disk."""
    key = is_remote, records
    if key not in told:
        directory = tmp_path_factory.mktemp("story").resolve()
        told[key] = a_story(directory, is_remote=is_remote, records=records)
    return told[key]


def check(story: Story, image: Image, at: Path, first: int, last: int) -> None:
    """Fail unless a state is right for failures from one moment to another.

    Args:
        story: What had happened.
        image: What is found on the disk.
        at: Where it is written down for the time of the check.
        first: The number of the moment that the failure came just before.
        last: The same of the last one for which the disk is as it is.
    """
    write_image(image, at)
    settled = story.settled(at)
    shutil.rmtree(at)

    assert settled <= story.answered_by(first), f"lost, before {first}"
    twice = story.sent_by(last) - settled
    assert len(twice) <= WINDOW, f"repeated {len(twice)}, before {last}"


def check_all(story: Story, at: Path) -> None:
    """Fail unless all is right after any failure that leaves what was synced alone."""
    for first, last, image in story.found_at_syncs():
        check(story, image, at, first, last)


PROGRAM = """
import os, sys
root = sys.argv[1]
os.mkdir(root + "/kept")
for name in ("a", "b"):
    handle = os.open(root + "/kept/" + name, os.O_RDWR | os.O_CREAT, 0o600)
    os.pwrite(handle, b"1" * 5000, 0)
    os.fsync(handle)
    os.pwrite(handle, b"2" * 5000, 0)
    if name == "a":
        for path in (root + "/kept", root):
            os.fsync(os.open(path, os.O_RDONLY))
"""


def test_the_disk_forgets_what_was_not_synced(tmp_path: Path) -> None:
    """Bytes are gone without their sync, or some of them are left; so are names."""
    root, record = tmp_path.resolve() / "disk", tmp_path / "calls"
    root.mkdir()
    command = [*tracing(record), sys.executable, "-c", PROGRAM, str(root)]
    subprocess.run(command, check=True)
    disk = Disk(root)
    for moment in deeds_of(record, root):
        disk.apply(moment)

    images = [disk.left(Random(seed)) for seed in range(200)]
    found = {image["kept/a"] for image in images}
    pages = [b"1" * 4096, b"2" * 4096]
    assert disk.left(None) == {"kept": None, "kept/a": b"1" * 5000}
    assert {"kept/b" in image for image in images} == {False, True}
    assert {first + last[:904] for first in pages for last in pages} < found, (
        "pages, and sectors too"
    )


@JOURNALS
def test_what_was_synced_is_enough_at_any_moment(story: Story, tmp_path: Path) -> None:
    """Scenario 22: all else is gone: nothing lost, at most the window repeated."""
    check_all(story, tmp_path / "image")


@JOURNALS
@DRAWS
def test_whatever_else_is_left_does_no_harm(
    story: Story, tmp_path: Path, draws: int
) -> None:
    """Scenario 22: pages, sectors and names that came to the disk by themselves."""
    for cut, image in story.found_after(story.moments_drawn(draws, seed=draws)):
        check(story, image, tmp_path / "image", cut, cut)


@DRAWS
@pytest.mark.parametrize("records", [MANY_RECORDS])
def test_a_checkpoint_in_the_middle_of_a_life_does_no_harm(
    story: Story, tmp_path: Path, draws: int
) -> None:
    """Scenario 22: while SQLite folds its log back, and begins to write it anew."""
    at = [
        number
        for number, moment in enumerate(story.moments)
        if isinstance(moment.deed, Write)
        and moment.deed.path.endswith("-wal")
        and moment.deed.at_bytes == 0
    ]
    # The last time it begins is in the last life, which found a log already.
    begun, lot = at[-1], Random(draws)
    cuts = sorted(lot.randint(begun - 50, begun + 50) for _ in range(draws))

    assert any(
        isinstance(moment.deed, Write) and moment.deed.path.endswith("sqlite3")
        for moment in story.moments[begun - 50 : begun]
    )
    for cut, image in story.found_after(cuts):
        check(story, image, tmp_path / "image", cut, cut)


@JOURNALS
def test_the_next_shipper_delivers_the_rest(
    story: Story,
    nursery: Nursery,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Scenario 22: over both runs everything arrives, the window twice at most."""
    cuts = story.moments_drawn(3, seed=3)
    for number, (cut, image) in enumerate(story.found_after(cuts)):
        shop = Shop(tmp_path / str(number))
        shop.directory.mkdir()
        write_image(image, shop.directory / "disk")
        with shop.receiving():
            story.configure(shop)
            doom = Doom(nursery, shop.config, shop.directory / "events.log")
            code = doom.live()
        audit = main(["audit", "--config", str(shop.config)])

        arrived = shop.received()
        assert code == 0, doom.log.read_text()
        assert len(arrived) == len(set(arrived))
        assert story.answered_by(cut) | set(arrived) == story.ids
        assert len(story.sent_by(cut) & set(arrived)) <= WINDOW
        assert audit == 0, capsys.readouterr().out


@DRAWS
def test_a_sender_of_a_bundle_goes_on_after_a_failure(
    tmp_path: Path, draws: int
) -> None:
    """Scenario 22: its journal knows what was answered for, at any moment."""
    story = a_story_of_a_bundle(tmp_path.resolve())

    check_all(story, tmp_path / "image")
    for cut, image in story.found_after(story.moments_drawn(draws, seed=draws)):
        check(story, image, tmp_path / "image", cut, cut)


@dataclass(frozen=True)
class Loss:
    """What a failure does to a log that nobody has synced.

    Attributes:
        lines: How many are left beyond the position, less than 0 for fewer.
        is_blank: Its length was on the disk already: the end is NULs.
        is_app_first: The application writes before the shipper is there again.
    """

    lines: int
    is_blank: bool = False
    is_app_first: bool = False

    def inflict(self, log: Path, left: int) -> None:
        """Take away what stands beyond `left` bytes."""
        length = log.stat().st_size
        os.truncate(log, left)
        if self.is_blank:
            os.truncate(log, length)


@pytest.mark.parametrize(
    "loss",
    [
        Loss(-5),
        Loss(-5, is_blank=True),
        Loss(-5, is_blank=True, is_app_first=True),
        Loss(5),
        Loss(5, is_app_first=True),
        Loss(5, is_blank=True, is_app_first=True),
    ],
    ids=str,
)
def test_a_log_that_lost_its_end_is_read_on(
    loss: Loss, nursery: Nursery, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Scenario 22: what is left of it comes once, and so does what is added."""
    shop = Shop(tmp_path)
    accounts = Accounts(shop)
    accounts.write(60)
    ends = [line.end_bytes for line in lines_of(shop.log)]
    later: list[str] = []
    with shop.receiving():
        shop.configure_more(BATCHES)
        doom = Doom(nursery, shop.config, tmp_path / "events.log")
        doom.live("after COMMIT", 5)
        before = shop.received()
        with open_snapshot(str(tmp_path / "state")) as snapshot:
            (file,) = snapshot.sums.files
        settled = ends.index(file.offset_bytes) + 1
        left = settled + loss.lines
        loss.inflict(shop.log, ends[left - 1] + 100)
        if loss.is_app_first:
            later += write_anew(shop.log, 2)
        codes = [doom.live()]
        later += write_anew(shop.log, 2)
        codes.append(doom.live())
    audit = main(["audit", "--config", str(shop.config)])

    arrived, told = shop.received(), doom.log.read_text()
    assert codes == [0, 0], told
    assert set(arrived) == {*before, *accounts.sent[:left], *later}
    assert len(arrived) - len(set(arrived)) <= (WINDOW if loss.lines > 0 else 0)
    assert ("file_shrunk" in told) == (loss.lines < 0)
    assert audit == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("left", "added", "workers"),
    [(5, 1, 1), (5, 30, 1), (39, 1, 1), (39, 3, 1), (5, 60, 2)],
)
def test_an_application_that_is_back_first_loses_nothing(
    left: int,
    added: int,
    workers: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Scenario 22: the numbers of the lines tell what was added since, and what not.

    So it is if the log is still shorter than it was, and if it is longer again.
    """
    shop = Shop(tmp_path)
    with shop.receiving():
        shop.configure_more(f"{BATCHES}workers = {workers}\n")
        before = write_anew(shop.log, 40)
        first = shop.shipper("run", "--once")
        ends = [line.end_bytes for line in lines_of(shop.log)]
        os.truncate(shop.log, ends[left - 1] + 100)
        later = write_anew(shop.log, added)
        second = shop.shipper("run", "--once")
    audit = main(["audit", "--config", str(shop.config)])

    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert sorted(shop.received()) == sorted([*before, *later])
    assert "file_shrunk" in second.stderr
    assert "file_truncated" not in second.stderr
    assert audit == 0, capsys.readouterr().out


@pytest.mark.parametrize("workers", [1, 2])
def test_of_several_logs_that_were_cut_none_loses_anything(
    workers: int, tmp_path: Path
) -> None:
    """Scenario 22: what is known of the writers of one log is known for the next."""
    shop = Shop(tmp_path)
    logs = [tmp_path / f"app{number}.jsonl" for number in range(5)]
    with shop.receiving():
        shop.configure_more(f"{BATCHES}workers = {workers}\n{SEVERAL}")
        sent = [name for log in logs for name in write_anew(log, 20)]
        first = shop.shipper("run", "--once")
        for number, log in enumerate(logs):
            os.truncate(log, lines_of(log)[9].end_bytes + 100)
            sent += write_anew(log, 3 if number % 2 else 30)
        second = shop.shipper("run", "--once")

    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert sorted(shop.received()) == sorted(sent)


def test_a_writer_that_was_silent_when_another_log_was_cut_is_new(
    tmp_path: Path,
) -> None:
    """Scenario 22: a process may be there for long before its first record."""
    shop = Shop(tmp_path)
    one, other = tmp_path / "app1.jsonl", tmp_path / "app2.jsonl"
    with shop.receiving():
        shop.configure_more(BATCHES + SEVERAL)
        sent = [*write_anew(one, 20), *write_anew(other, 20)]
        shop.shipper("run", "--once")
        silent = RotatingFile(other, min_free_bytes=0)
        os.truncate(one, lines_of(one)[9].end_bytes)
        shop.shipper("run", "--once")
        os.truncate(other, lines_of(other)[9].end_bytes)
        sent += write_with(silent, 3)
        last = shop.shipper("run", "--once")

    assert last.returncode == 0, last.stderr
    assert sorted(shop.received()) == sorted(sent)
