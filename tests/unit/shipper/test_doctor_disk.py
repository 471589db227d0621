"""What the doctor says of disks, and of how long they hold what waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipper.errors import EXIT_IO_ERROR, EXIT_OK
from shipper.reports.doctor import disk
from shipper.reports.doctor.check import Verdict, exit_code_of
from shipper.reports.doctor.disk import Generation

GIB = 1024**3


def hourly(*sizes: int, unread_from: int = 0) -> list[Generation]:
    """Return one file an hour, unread from one of them on."""
    return [
        Generation(size, size if at >= unread_from else 0, 3600.0 * at)
        for at, size in enumerate(sizes)
    ]


def test_nothing_unread_can_be_lost() -> None:
    """Rotation takes what was sent."""
    check = disk.rotation_check(
        "log", hourly(GIB, GIB, unread_from=9), is_foreign=False, free_bytes=0
    )

    assert (check.verdict, "nothing unread" in check.why) == ("ok", True)


def test_the_budget_is_reached_at_the_speed_that_files_show() -> None:
    """2 GiB are held and 1 GiB an hour comes: 4 GiB are reached in two hours."""
    check = disk.rotation_check(
        "log",
        hourly(GIB, GIB, GIB, unread_from=1),
        is_foreign=False,
        free_bytes=100 * GIB,
    )

    assert check.verdict is Verdict.WARNING
    assert "2.0 GiB unread; it grows by 1.0 GiB/h, seen over 2.0 hours" in check.why
    assert "lost in 2.0 hours by the writer's default max_total_bytes" in check.why


def test_a_full_disk_comes_before_the_budget() -> None:
    """What is free above the writer's floor is used up in half an hour."""
    check = disk.rotation_check(
        "log", hourly(GIB, GIB), is_foreign=False, free_bytes=GIB
    )

    assert "lost in 30.0 minutes by the writer's default min_free_bytes" in check.why


def test_a_slow_log_has_time() -> None:
    """No warning while there is more than a day."""
    check = disk.rotation_check(
        "log", hourly(1000, 1000), is_foreign=False, free_bytes=100 * GIB
    )

    assert check.verdict is Verdict.OK


def test_what_another_program_keeps_is_not_known() -> None:
    """Only the disk can be foreseen."""
    check = disk.rotation_check(
        "log", hourly(GIB, GIB), is_foreign=True, free_bytes=10 * GIB
    )

    assert "the disk is full in 10.0 hours" in check.why
    assert "cannot be known" in check.why


@pytest.mark.parametrize(
    "generations",
    [hourly(GIB), [Generation(5, 5, 1.0), Generation(5, 5, 2.0)], hourly(5, 0)],
    ids=["one file", "too short a span", "nothing grew"],
)
def test_a_growth_that_does_not_show_is_not_guessed(
    generations: list[Generation],
) -> None:
    """It says that it cannot be known."""
    check = disk.rotation_check("log", generations, is_foreign=False, free_bytes=0)

    assert (check.verdict, "cannot be known" in check.why) == ("ok", True)


def test_a_disk_below_the_writers_floor_is_told(tmp_path: Path) -> None:
    """Where our writer writes; for logs of others it is only a number."""
    checks = disk.space_checks(
        {"logs": True, "others": False, "gone": True},
        free_bytes_of={"logs": 5, "others": 5}.get,
    )

    assert [check.verdict for check in checks] == ["warning", "ok"]
    assert disk.free_bytes(str(tmp_path / "no")) is None


def test_rotated_files_that_are_there_are_not_denied() -> None:
    """Two files within a minute say nothing of the growth, and they are two."""
    young = [Generation(5, 5, 1.0), Generation(5, 5, 2.0)]
    check = disk.rotation_check("log", young, is_foreign=False, free_bytes=0)
    alone = disk.rotation_check("log", young[:1], is_foreign=False, free_bytes=0)

    assert check.why.endswith("its 2 files do not show yet how fast the log grows")
    assert alone.why.endswith("no rotated files show how fast the log grows")


@pytest.mark.parametrize(
    ("free_bytes", "verdict"),
    [
        (0, "failure"),
        (disk.COMMIT_BYTES - 1, "failure"),
        (disk.COMMIT_BYTES, "warning"),
        (disk.STATE_BYTES - 1, "warning"),
        (disk.STATE_BYTES, "ok"),
    ],
)
def test_a_state_needs_room_for_its_commits(free_bytes: int, verdict: str) -> None:
    """Without it nothing is sent, and with little of it somebody should look."""
    check = disk.state_space_check("/state", free_bytes)

    assert (check.verdict, bool(check.mend)) == (verdict, verdict != "ok")
    assert exit_code_of([check]) == (EXIT_IO_ERROR if verdict == "failure" else EXIT_OK)


def test_a_full_disk_of_the_state_says_what_it_means() -> None:
    """The number, the consequence and the mend stand together."""
    check = disk.state_space_check("/state", 0)

    assert check.why == (
        "0 bytes free, and below 1.0 MiB positions cannot be saved: "
        "nothing more is sent"
    )
    assert check.mend == "free some disk space, or set state_dir to another disk"
