"""The journal of a bundle: what was settled is never forgotten, half a line is."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from shipper.airgap.layout import BundleError, CannotWriteError
from shipper.airgap.progress import Progress, Step
from shipper.errors import StateLockedError
from shipper.store import DeadRecord
from tests.support.bundles import BUNDLE_ID

DEAD = DeadRecord("f", 0, 10, "id-0", "refused", "400: no", "{}", "00", 2)


def _opened(directory: Path, manifest_sha256: str = "aa") -> Progress:
    return Progress(str(directory), BUNDLE_ID, manifest_sha256)


def _journal(directory: Path) -> Path:
    return directory / "bundles" / f"{BUNDLE_ID}.jsonl"


def _filled(directory: Path) -> None:
    with closing(_opened(directory)) as progress:
        progress.add([Step(1, 100, 5, 1)], [DEAD])
        progress.add([Step(1, 250, 3, 0), Step(2, 40, 2, 0)], [])


def test_it_begins_at_the_front(tmp_path: Path) -> None:
    """Nothing was settled before."""
    with closing(_opened(tmp_path)) as progress:
        assert (progress.part, progress.offset_bytes) == (1, 0)
        assert (progress.delivered, progress.dead) == (0, 0)


def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    """Sums, position and dead records are there again."""
    _filled(tmp_path)

    with closing(_opened(tmp_path)) as progress:
        assert (progress.part, progress.offset_bytes) == (2, 40)
        assert (progress.delivered, progress.dead) == (10, 1)
        assert list(progress.dead_records()) == [DEAD]


@pytest.mark.parametrize("kept", [0, 1, 30])
def test_half_a_line_counts_for_nothing(kept: int, tmp_path: Path) -> None:
    """A crash while a line was written leaves what stood before it."""
    _filled(tmp_path)
    lines = _journal(tmp_path).read_bytes().splitlines(keepends=True)
    _journal(tmp_path).write_bytes(b"".join(lines[:2]) + lines[2][:kept])

    with closing(_opened(tmp_path)) as progress:
        assert (progress.part, progress.offset_bytes) == (1, 100)
        progress.add([Step(1, 250, 3, 0)], [])
    with closing(_opened(tmp_path)) as progress:
        assert (progress.delivered, progress.dead) == (8, 1)


@pytest.mark.parametrize("blank", [slice(0, 20), slice(20, -1)])
def test_a_last_line_with_nuls_counts_for_nothing(tmp_path: Path, blank: slice) -> None:
    """A power failure may leave its end on the disk and not its beginning."""
    _filled(tmp_path)
    lines = _journal(tmp_path).read_bytes().splitlines(keepends=True)
    torn = bytearray(lines[2])
    torn[blank] = bytes(len(torn[blank]))
    _journal(tmp_path).write_bytes(b"".join([*lines[:2], torn]))

    with closing(_opened(tmp_path)) as progress:
        assert (progress.part, progress.offset_bytes) == (1, 100)
        progress.add([Step(1, 250, 3, 0)], [])
    with closing(_opened(tmp_path)) as progress:
        assert (progress.delivered, progress.dead) == (8, 1)


def test_nuls_before_the_last_line_are_damage(tmp_path: Path) -> None:
    """What follows them was written when they were on the disk."""
    _filled(tmp_path)
    content = _journal(tmp_path).read_bytes()
    _journal(tmp_path).write_bytes(content.replace(b"100", b"\0\0\0"))

    with pytest.raises(BundleError, match="it is no journal of ours"):
        _opened(tmp_path)


def test_a_torn_head_is_written_anew(tmp_path: Path) -> None:
    """A crash in the first line leaves a journal that nobody has used."""
    _filled(tmp_path)
    _journal(tmp_path).write_bytes(_journal(tmp_path).read_bytes()[:20])

    with closing(_opened(tmp_path)) as progress:
        assert progress.delivered == 0


def test_another_bundle_of_the_same_id_is_refused(tmp_path: Path) -> None:
    """What was sent of one says nothing of the other."""
    _filled(tmp_path)

    with pytest.raises(BundleError, match="another bundle with the id"):
        _opened(tmp_path, "bb")


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    """Nothing is guessed, and the hint says what to do."""
    _filled(tmp_path)
    _journal(tmp_path).write_bytes(b'{"bundle":1}\n')

    with pytest.raises(BundleError, match="it is no journal of ours") as caught:
        _opened(tmp_path)

    assert "remove it" in (caught.value.hint or "")


def test_two_do_not_send_the_same_bundle(tmp_path: Path) -> None:
    """The second is told to try again later."""
    with (
        closing(_opened(tmp_path)),
        pytest.raises(StateLockedError, match="another shipper sends this bundle"),
    ):
        _opened(tmp_path)


def test_where_nothing_can_be_written_nothing_is_sent(tmp_path: Path) -> None:
    """The error names the place."""
    (tmp_path / "bundles").write_text("a file")

    with pytest.raises(CannotWriteError, match="bundles"):
        _opened(tmp_path)
