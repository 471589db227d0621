"""Too much of everything: slower, never wrong, memory flat.

Each measurement runs in a process of its own; Linux says what it used.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.followed import append, some_lines
from tests.support.servers import ROOT

pytestmark = pytest.mark.chaos

NOBODY = 65_534
GIGABYTE = 1 << 30

FOLLOW = """
    import json, os, resource, sys, time
    from pathlib import Path
    from shipper.clock import SystemClock
    from shipper.source import Source
    from shipper.store import open_store
    from tests.support.events import RecordingEvents
    from tests.support.followed import Table, append, following, some_lines

    directory = Path(sys.argv[1])
    events = RecordingEvents()

    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    def descriptors():
        return len(os.listdir("/proc/self/fd"))

    def shipper(pattern="*.log", **options):
        return following(
            directory, pattern=pattern, catalog=open_store(sys.argv[2]), **options
        )
    """


def run_beside(script: str, directory: Path, *, seconds: float = 50) -> dict[str, int]:
    """Run a script in a process of its own and return the figures it prints."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            textwrap.dedent(FOLLOW) + textwrap.dedent(script),
            str(directory),
            str(directory.parent / "state"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures: dict[str, int] = json.loads(done.stdout)
    return figures


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A directory for log files."""
    path = tmp_path / "logs"
    path.mkdir()
    return path


@pytest.mark.parametrize(
    "length",
    [
        50_000_000,
        pytest.param(GIGABYTE, marks=[pytest.mark.slow, pytest.mark.timeout(300)]),
    ],
)
def test_a_line_without_end_is_a_dead_letter(logs: Path, length: int) -> None:
    """Scenario 39: 1 GB without a newline costs no memory, and the file goes on."""
    with (logs / "app.log").open("wb") as file:
        for _ in range(length // 1_000_000):
            file.write(b"x" * 1_000_000)
    figures = run_beside(
        """
        one = shipper("app.log")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        waiting = one.drain()
        append(directory / "app.log", [b"", *some_lines(0, 3)])
        one.drain()
        one.commit()
        first = one.read[0]
        print(json.dumps({
            "waiting": len(waiting),
            "lines": len(one.read),
            "kept": len(first),
            "grown": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before,
        }))
        """,
        logs,
        seconds=280,
    )

    assert (figures["waiting"], figures["lines"]) == (0, 4)
    assert figures["kept"] <= 4096
    assert figures["grown"] < 16 * 1024  # KiB: some blocks and the longest line


def test_sixty_four_descriptors_are_enough(logs: Path) -> None:
    """Scenario 42: 500 files, all growing, under a limit of 64: each line once."""
    for number in range(500):
        append(logs / f"{number}.log", some_lines(10 * number, 2))
    figures = run_beside(
        """
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        one = shipper(read_bytes=1024)
        most = 0
        for turn in range(3):
            one.drain()
            most = max(most, descriptors())
            for number in range(500):
                line = some_lines(10 * number + 2 + turn, 1)
                append(directory / f"{number}.log", line)
        one.drain()
        one.commit()
        print(json.dumps({
            "lines": len(one.read),
            "different": len(set(one.read)),
            "most": most,
            "unreadable": one.events.names().count("file_unreadable"),
        }))
        """,
        logs,
    )

    assert (figures["lines"], figures["different"]) == (2500, 2500)
    assert figures["unreadable"] == 0
    assert figures["most"] < 64


@pytest.mark.parametrize(
    "idle",
    [
        500,
        pytest.param(20_000, marks=[pytest.mark.slow, pytest.mark.timeout(300)]),
    ],
)
def test_idle_files_cost_little_beside_busy_ones(logs: Path, idle: int) -> None:
    """Scenario 43: idle files are looked at now and then; busy ones cost no more.

    A hundred looks stand for two seconds of a busy shipper.
    """
    for number in range(idle):
        append(logs / f"{number}.log", some_lines(number, 1))
    figures = run_beside(
        """
        one = shipper()
        started = time.process_time()
        one.drain()
        one.commit()
        start = time.process_time() - started
        # The idle ones cool down: only those that changed lately are looked at.
        one.clock.advance(100)
        one.drain()
        for number in range(5):
            append(directory / f"hot-{number}.log", some_lines(10**6 * (number + 1), 1))
        one.drain()
        before, read, looks = resident(), len(one.read), time.process_time()
        for turn in range(1, 101):
            for number in range(5):
                append(directory / f"hot-{number}.log",
                       some_lines(10**6 * (number + 1) + turn, 1))
            one.source.look()
            while (line := one.source.next_line()) is not None:
                one.read.append(line.data)
        looks = time.process_time() - looks
        print(json.dumps({
            "lines": len(one.read) - read,
            "twice": len(one.read) - len(set(one.read)),
            "descriptors": descriptors(),
            "grown": resident() - before,
            "start_ms": round(start * 1000),
            "look_us": round(looks / 100 * 1e6),
        }))
        """,
        logs,
        seconds=250,
    )

    assert (figures["lines"], figures["twice"]) == (500, 0)
    assert figures["descriptors"] < 100
    assert figures["grown"] < 4_000_000
    assert figures["start_ms"] < 1000 + idle  # 50 us a file leave room for slow disks
    assert figures["look_us"] < 20_000


@pytest.mark.parametrize(
    ("count", "most_bytes"),
    [
        # The database's page cache weighs more the fewer files there are.
        (5_000, 5_000),
        pytest.param(
            500_000, 2_500, marks=[pytest.mark.slow, pytest.mark.timeout(1800)]
        ),
    ],
)
def test_many_small_files_fit(logs: Path, count: int, most_bytes: int) -> None:
    """Half a million files are read once each, and remembered in little memory."""
    for number in range(count):
        (logs / f"{number}.log").write_bytes(some_lines(number, 1)[0] + b"\n")
    figures = run_beside(
        """
        class Silent:
            def emit(self, name, **fields):
                pass

        before = resident()
        source = Source(
            sources=[Table((str(directory / "*.log"),))],
            catalog=open_store(sys.argv[2]),
            events=Silent(),
            clock=SystemClock(),
        )
        source.look()
        lines = 0
        while source.next_line() is not None:
            lines += 1
        first = resident()
        for _ in range(3):
            source.rescan()
            source.look()
        print(json.dumps({
            "lines": lines,
            "each": (resident() - before) // lines,
            "grown": resident() - first,
            "descriptors": descriptors(),
        }))
        """,
        logs,
        seconds=1700,
    )

    assert figures["lines"] == count
    assert figures["each"] < most_bytes
    assert figures["grown"] < max(10_000_000, count * 300)
    assert figures["descriptors"] < 100


@pytest.fixture
def nobodys() -> Iterator[Path]:
    """A directory of somebody else's; those of pytest let nobody through."""
    with TemporaryDirectory() as name:
        for path in (Path(name), Path(name, "logs")):
            path.mkdir(exist_ok=True)
            os.chown(path, NOBODY, NOBODY)
        yield Path(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_file_closed_to_our_user_is_read_when_it_opens(nobodys: Path) -> None:
    """Scenario 46: a real loss of permission: told once, nothing lost or repeated."""
    logs = nobodys / "logs"
    append(logs / "app.log", some_lines(0, 10))
    figures = run_beside(
        f"""
        log = directory / "app.log"
        os.seteuid({NOBODY})
        one = shipper("app.log")
        one.drain()
        one.commit(6)
        one.source.close()

        os.seteuid(0)
        log.chmod(0)
        append(log, some_lines(10, 5))
        os.seteuid({NOBODY})
        one.lines = []
        one.restart()
        closed = len(one.drain()) + len(one.drain())

        os.seteuid(0)
        log.chmod(0o644)
        os.seteuid({NOBODY})
        after = one.drain()
        print(json.dumps({{
            "closed": closed,
            "right": int(after == some_lines(6, 9)),
            "told": one.events.names().count("file_unreadable"),
            "lost": one.events.names().count("file_lost"),
        }}))
        """,
        logs,
    )

    assert figures == {"closed": 0, "right": 1, "told": 1, "lost": 0}
