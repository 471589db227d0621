"""The power fails during an export: what was not forced onto the disk is gone.

What exports did to the disk of the state and of the bundles is written down call by
call, and of the moments between two calls the disk is made that a failure would have
left. What is exported there must be in bundles, and every record in one in the end.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.support.disk import Disk, Image, write_image
from tests.support.exporting import Export, a_story_of_an_export
from tests.support.straced import Make, Sync, deeds_of, tracing

pytestmark = pytest.mark.chaos

DRAWS = pytest.mark.parametrize(
    "draws",
    [100, pytest.param(2_000, marks=[pytest.mark.slow, pytest.mark.timeout(600)])],
)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """The exports of a log."""
    return a_story_of_an_export(tmp_path_factory.mktemp("story").resolve())


@contextmanager
def found(story: Export, image: Image) -> Iterator[None]:
    """Have on the disk what is found there, for a while."""
    write_image(image, story.root)
    try:
        yield
    finally:
        shutil.rmtree(story.root)


def check(story: Export, image: Image, cut: int) -> None:
    """Fail unless state and bundles agree after a failure just before a moment."""
    with found(story, image):
        settled = story.settled(story.root)

    assert story.sealed_by(cut) <= settled, f"not noted, before {cut}"


def check_next(story: Export, image: Image, cut: int) -> None:
    """Fail unless the next exports make every record part of one sealed bundle."""
    with found(story, image):
        exported = story.export_the_rest()
        settled = story.settled(story.root)

    assert sorted(exported) == sorted(story.ids), f"lost or twice, before {cut}"
    assert settled == story.ids


PROGRAM = """
import os, sys
root = sys.argv[1]
handle = os.open(root + "/new", os.O_WRONLY | os.O_CREAT, 0o600)
os.write(handle, b"1")
os.fsync(handle)
os.mkdir(root + "/made")
directory = os.open(root, os.O_RDONLY)
if sys.argv[2] == "synced":
    os.fsync(directory)
os.replace(root + "/new", root + "/whole")
os.rename("made", "named", src_dir_fd=directory, dst_dir_fd=directory)
os.rmdir(root + "/named")
"""


@pytest.mark.parametrize(
    ("ending", "files"),
    [
        ("synced", {("new",), ("whole",)}),
        ("unsynced", {(), ("new",), ("whole",)}),
    ],
)
def test_a_file_has_its_old_name_or_its_new_one(
    ending: str, files: set[tuple[str, ...]], tmp_path: Path
) -> None:
    """Both names change at once, on the disk too; a directory is one name of all."""
    root, record = tmp_path.resolve() / "disk", tmp_path / "calls"
    root.mkdir()
    command = [*tracing(record), sys.executable, "-c", PROGRAM, str(root), ending]
    subprocess.run(command, check=True)
    disk = Disk(root)
    for moment in deeds_of(record, root):
        disk.apply(moment)

    images = [disk.left(Random(seed)) for seed in range(200)]
    assert {tuple(name for name in image if image[name]) for image in images} == files
    directories = {tuple(name for name in image if not image[name]) for image in images}
    assert directories == {(), ("made",), ("named",)}


def test_what_is_exported_is_in_bundles_at_any_moment(story: Export) -> None:
    """Scenario 22: with all gone that was not synced, each can still be sealed."""
    for _, cut, image in story.found_at_syncs():
        check(story, image, cut)


@DRAWS
def test_what_is_exported_is_in_bundles_whatever_else_is_left(
    story: Export, draws: int
) -> None:
    """Scenario 22: pages, sectors and names that came to the disk by themselves."""
    for cut, image in story.found_after(story.moments_drawn(draws, seed=draws)):
        check(story, image, cut)


def test_the_next_export_goes_on_after_a_failure(story: Export) -> None:
    """Scenario 22: each record is in one sealed bundle, with what was synced alone."""
    for _, cut, image in story.found_at_syncs():
        check_next(story, image, cut)


@DRAWS
def test_the_next_export_goes_on_whatever_else_is_left(
    story: Export, draws: int
) -> None:
    """Scenario 22: so it is with whatever came to the disk by itself."""
    for cut, image in story.found_after(story.moments_drawn(draws, seed=-draws)):
        check_next(story, image, cut)


def numbers(story: Export, kind: type[Make | Sync], ending: str) -> list[int]:
    """Return the numbers of the moments in which that was done to such a file."""
    return [
        number
        for number, moment in enumerate(story.moments)
        if isinstance(moment.deed, kind) and moment.deed.path.endswith(ending)
    ]


def test_a_bundle_is_sealed_when_its_commit_is_on_the_disk(story: Export) -> None:
    """Scenario 22: also if the export that made it was killed while it synced that."""
    sealing = min(numbers(story, Make, "/SHA256SUMS.new"))
    life = max(each for each in numbers(story, Make, "/lock") if each < sealing)
    synced = max(each for each in numbers(story, Sync, "-wal") if each < life)
    moments = [*story.moments[:synced], *story.moments[life:]]
    story = replace(story, moments=moments)

    for _, cut, image in story.found_at_syncs():
        check(story, image, cut)
