"""Which files are followed: those that an entry of `paths` names where it names them.

Names on real disks, a real state, and everybody who looks at the files.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from shipper.cli.root import main
from shipper.config.settings import SourceSettings
from shipper.reports.audit import take_audit
from shipper.reports.browse import pending_lines
from shipper.reports.doctor.files import Files
from shipper.reports.following import Following as Tail
from shipper.reports.status import take_status
from shipper.reports.stretches import Kind
from shipper.source import Shelf
from shipper.store import Store, open_store
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents
from tests.support.exchanges import an_exchange, encoded
from tests.support.followed import Following, Table, append, some_lines

SEALED = ".20261123T120000000000Z"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new state."""
    store = open_store(str(tmp_path / "state"), clock=FakeClock())
    yield store
    store.close()


def make(directory: Path, *names: str) -> None:
    """Write a line into each file, telling which it is."""
    for name in names:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = name.encode().ljust(120, b".") + b"\n"
        path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)


def table_of(directory: Path, *patterns: str) -> Table:
    """Return a table of these patterns, all below the directory."""
    return Table(tuple(str(directory / pattern) for pattern in patterns))


def names_read(followed: Following) -> set[str]:
    """Read all there is; return whose lines came."""
    return {text.decode().rstrip(".") for text in followed.drain()}


@pytest.mark.parametrize(
    ("patterns", "named", "not_named"),
    [
        pytest.param(
            ("two/app.jsonl", "one/*.jsonl"),
            ("two/app.jsonl", "one/a.jsonl", "one/app.jsonl"),
            ("two/secret.jsonl", "one/deeper/a.jsonl", "app.jsonl"),
            id="a path and a glob",
        ),
        pytest.param(
            ("b/other.jsonl", "two/app.jsonl"),
            ("b/other.jsonl", "two/app.jsonl"),
            ("b/app.jsonl", "two/other.jsonl"),
            id="two paths",
        ),
        pytest.param(
            ("*/app.log", "x/db.log"),
            ("x/app.log", "y/app.log", "x/db.log"),
            ("y/db.log", "app.log", "x/y/app.log", ".hidden/app.log"),
            id="a glob of directories",
        ),
        pytest.param(
            ("a/**/app.log", "b/*.log"),
            ("a/app.log", "a/x/app.log", "a/x/y/app.log", "b/db.log"),
            ("a/db.log", "a/x/db.log", "b/x/app.log", "a/.hidden/app.log"),
            id="any depth",
        ),
        pytest.param(
            ("[ab]/x?/*.log", "a/xy/only.txt", "**/z/deep.log"),
            ("a/x1/db.log", "b/x2/db.log", "a/xy/only.txt", "q/z/deep.log"),
            ("c/x1/db.log", "a/x12/db.log", "b/xy/only.txt", "a/x1/z/db.log"),
            id="magic in several steps",
        ),
        pytest.param(
            (".h*/app.log", "v/*.log"),
            (".hidden/app.log", "v/db.log"),
            (".hidden/db.log", "h/app.log", "v/.db.log"),
            id="hidden directories on purpose",
        ),
    ],
)
def test_a_name_counts_in_its_own_directory_alone(
    patterns: tuple[str, ...],
    named: tuple[str, ...],
    not_named: tuple[str, ...],
    tmp_path: Path,
    store: Store,
) -> None:
    """With several entries in one table no neighbour is read, started anew too."""
    make(tmp_path, *named, *not_named)
    followed = Following(store, [table_of(tmp_path, *patterns)])
    first = names_read(followed)
    followed.restart()

    assert (first, names_read(followed)) == (set(named), set(named))


def test_rotated_siblings_are_found_beside_their_own_file(
    tmp_path: Path, store: Store
) -> None:
    """Numbers, dates and our own stamps, packed or not, and not a neighbour's."""
    ends = ("", ".1", ".2.gz", "-20261120", "-20261119.gz", SEALED, f"{SEALED}.gz")
    named = [f"{base}{end}" for base in ("b/db.log", "x/app.log") for end in ends]
    swapped = [f"{base}{end}" for base in ("x/db.log", "b/app.log") for end in ends]
    make(tmp_path, *named, *swapped)

    followed = Following(store, [table_of(tmp_path, "b/db.log", "x/app.log")])

    assert names_read(followed) == set(named)


def test_a_rotation_is_followed_beside_other_entries(
    tmp_path: Path, store: Store
) -> None:
    """What is renamed and packed goes on where it was, at a start too."""
    log = tmp_path / "a/x/app.log"
    log.parent.mkdir(parents=True)
    append(log, some_lines(0, 10))
    followed = Following(store, [table_of(tmp_path, "b/*.log", "a/**/app.log")])
    followed.drain()
    followed.commit(6)
    packed = Path(f"{log}.1.gz")
    packed.write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    followed.restart()
    append(log, some_lines(20, 2))

    assert followed.drain() == some_lines(6, 4) + some_lines(20, 2)


@pytest.mark.parametrize("where", ["", "x/"])
def test_a_file_below_any_depth_is_missed_when_it_goes(
    where: str, tmp_path: Path, store: Store
) -> None:
    """At the top as well, where no directory lies between."""
    make(tmp_path, f"a/{where}app.log")
    followed = Following(store, [table_of(tmp_path, "a/**/app.log")])
    followed.drain()
    followed.commit()
    (tmp_path / f"a/{where}app.log").unlink()
    followed.clock.advance(120.0)
    followed.drain()
    followed.clock.advance(120.0)
    followed.drain()

    assert followed.events.names() == ["file_found", "file_gone", "source_empty"]


def an_earlier_look(tmp_path: Path, store: Store, *names: str) -> None:
    """Leave a state in which one line of each file is committed, and one waits."""
    make(tmp_path, *names)
    for name in names:
        append(tmp_path / name, some_lines(0, 1))
    followed = Following(store, [table_of(tmp_path, *names)])
    followed.drain()
    firsts = [line for line in followed.lines if line.start_bytes == 0]
    followed.lines = firsts
    followed.commit()
    followed.source.close()


def test_what_was_followed_and_is_not_named_is_left_as_it_is(
    tmp_path: Path, store: Store
) -> None:
    """Its lines stay unread, nothing is told of it, and its row is not changed."""
    an_earlier_look(tmp_path, store, "two/app.jsonl", "two/secret.jsonl")
    before = {row.path: row for row in store.known_files()}
    followed = Following(store, [table_of(tmp_path, "two/app.jsonl", "one/*.jsonl")])
    read = followed.drain()
    (tmp_path / "two/secret.jsonl").unlink()
    followed.clock.advance(120.0)
    followed.drain()

    secret = str(tmp_path / "two/secret.jsonl")
    assert read == some_lines(0, 1)
    assert followed.events.names() == ["source_empty"]
    assert {row.path: row for row in store.known_files()}[secret] == before[secret]
    assert "lost_bytes" not in store.sums().counters


def test_reports_tell_of_it_as_named_by_nobody(tmp_path: Path, store: Store) -> None:
    """What was committed of it counts; what was not is neither pending nor lost."""
    an_earlier_look(tmp_path, store, "two/app.jsonl", "two/secret.jsonl")
    sources = [table_of(tmp_path, "two/app.jsonl", "one/*.jsonl")]
    state = str(tmp_path / "state")
    events, clock = RecordingEvents(), FakeClock()
    status = take_status(state, sources, events=events, clock=clock)
    audit = take_audit(state, sources, events=events, clock=clock)

    secret = str(tmp_path / "two/secret.jsonl")
    (told,) = [file for file in status.files if file.path == secret]
    (explained,) = [file for file in audit.files if file.path == secret]
    assert (told.state, told.records.delivered) == ("unnamed", 1)
    assert (told.records.pending, told.pending_bytes) == (0, 0)
    assert explained.state == "unnamed"
    assert {each.kind for each in explained.stretches} == {Kind.RECORDED}


def two_tables(tmp_path: Path) -> list[Table]:
    """Return the tables of two logs, of which neither names the other's file."""
    make(tmp_path, "p/own.log", "q/access.log")
    return [table_of(tmp_path, "p/*.log"), table_of(tmp_path, "q/access.log")]


def test_a_known_file_belongs_to_the_table_that_names_it(
    tmp_path: Path, store: Store
) -> None:
    """Found, at the next start, and for whoever follows nothing: always the same."""
    tables = two_tables(tmp_path)
    followed = Following(store, tables)
    followed.drain()
    followed.commit()
    rows = {Path(row.path).name: row for row in store.known_files()}
    found = {name: followed.source.source_of(row.file_id) for name, row in rows.items()}
    followed.restart()
    shelf = Shelf(patterns=[table.paths for table in tables], find_file=store.file)

    again = {name: followed.source.source_of(row.file_id) for name, row in rows.items()}
    kept = {name: shelf.source_of(row.file_id) for name, row in rows.items()}
    assert found == again == kept == {"own.log": 0, "access.log": 1}


def test_a_file_that_two_tables_name_has_one_reader(
    tmp_path: Path, store: Store
) -> None:
    """The first of them, at the next start as well."""
    make(tmp_path, "p/app.log")
    tables = [table_of(tmp_path, "p/*.log"), table_of(tmp_path, "p/app.log")]
    followed = Following(store, tables)
    first = followed.drain()
    followed.commit()
    followed.restart()
    append(tmp_path / "p/app.log", some_lines(0, 2))
    second = followed.drain()

    assert (len(first), second) == (1, some_lines(0, 2))
    assert [followed.source.source_of(each) for each in followed.file_ids()] == [0]


@pytest.mark.parametrize("is_same_log", [True, False])
def test_a_file_that_another_table_had_once_is_read(
    is_same_log: bool, tmp_path: Path, store: Store
) -> None:
    """Moved from its directory, or a new log that was given the inode of a gone one."""
    tables = [table_of(tmp_path, "p/*.log"), table_of(tmp_path, "q/*.log")]
    before, after = tmp_path / "q/app.log", tmp_path / "p/app.log"
    make(tmp_path, "p/other.log", "q/other.log")
    append(before, some_lines(0, 5))
    followed = Following(store, tables)
    followed.drain()
    followed.commit()
    followed.restart()
    before.rename(after)
    if is_same_log:
        append(after, some_lines(5, 3))
    else:
        after.write_bytes(b"".join(line + b"\n" for line in some_lines(5, 3)))

    found = followed.drain() + followed.drain()

    assert found == some_lines(5, 3)
    assert "file_refused" not in followed.events.names()


class Everybody:
    """All who look at the files of one configuration."""

    def __init__(self, directory: Path, patterns: tuple[str, ...]) -> None:
        self._directory = directory
        self._sources = [
            SourceSettings(paths=tuple(str(directory / each) for each in patterns))
        ]
        self._state = str(directory / "state")
        self.config = directory / "config.toml"
        self.config.write_text(
            f'state_dir = "state"\n[[source]]\npaths = {json.dumps(list(patterns))}\n'
            '[readme]\nendpoint = "http://127.0.0.1:9/v1/request"\n'
        )

    def sets(self) -> dict[str, set[str]]:
        """Return the files that each of them sees."""
        sources, events, clock = self._sources, RecordingEvents(), FakeClock()
        status = take_status(self._state, sources, events=events, clock=clock)
        audit = take_audit(self._state, sources, events=events, clock=clock)
        doctor = Files(self._state, sources, clock=clock)
        preview = pending_lines(
            self._state, sources, ways=[None], events=events, clock=clock
        )
        tail = Tail(
            sources=[SourceSettings(sources[0].paths, read_from="end")],
            ways=[None],
            last=1000,
            events=events,
            clock=clock,
            watch="poll",
            poll_interval_seconds=1.0,
        )
        return {
            "status": self._names(file.path for file in status.files),
            "audit": self._names(file.path for file in audit.files),
            "doctor": self._names(view.path for view in doctor.views),
            "preview": self._names(seen.path for seen in preview),
            "tail": self._names(
                seen.path for seen in tail.lines(is_over=lambda: False, follows=False)
            ),
        }

    def _names(self, paths: Iterator[str]) -> set[str]:
        return {os.path.relpath(path, self._directory) for path in paths}


def test_everybody_sees_the_same_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reports, tail and the shipper itself; `validate` counts what each entry names."""
    monkeypatch.setenv("README_API_KEY", "rdme_xn8s9h3f2owlkey")
    patterns = ("two/app.log", "one/*.log", "any/**/deep.log", "*/each.log")
    named = {
        *("two/app.log", "two/each.log", "one/a.log", "one/each.log"),
        *("any/deep.log", "any/x/y/deep.log", "any/each.log"),
    }
    others = {"two/a.log", "two/deep.log", "any/a.log", "any/x/each.log", "app.log"}
    for name in named | others:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(an_exchange(id=str(uuid4()))))
    everybody = Everybody(tmp_path, patterns)

    sets = everybody.sets()
    code = main(["validate", "--config", str(everybody.config)])
    told = [line for line in capsys.readouterr().out.splitlines() if "source:" in line]

    assert sets == dict.fromkeys(sets, named)
    assert code == 0
    assert [line.rpartition(" (")[2] for line in told] == [
        "1 file)",
        "2 files)",
        "2 files)",
        "3 files)",
    ]


def test_an_archive_that_two_tables_name_is_no_new_file_to_the_second(
    tmp_path: Path, store: Store
) -> None:
    """The first knows what is in it, also while it lies beside the log it is of."""
    log = tmp_path / "p/app.log.1"
    log.parent.mkdir()
    append(log, some_lines(0, 10))
    tables = [table_of(tmp_path, "p/app.log"), table_of(tmp_path, "p/*.log")]
    followed = Following(store, tables)
    followed.drain()
    followed.commit()
    Path(f"{log}.gz").write_bytes(gzip.compress(log.read_bytes()))
    beside = followed.drain()
    log.unlink()
    alone = followed.drain()

    assert (beside, alone) == ([], [])
    assert [followed.source.source_of(each) for each in followed.file_ids()] == [0]


def test_a_log_of_the_doctor_has_its_own_generations(tmp_path: Path) -> None:
    """Rotated files are counted to the log beside them, each log once."""
    make(tmp_path, "b/other.log", "b/other.log.1", "two/app.log", "two/app.log.1.gz")
    make(tmp_path, "b/app.log", "two/other.log.1")
    sources = [SourceSettings((f"{tmp_path}/b/./other.log", f"{tmp_path}/two/app.log"))]

    logs = Files(str(tmp_path / "state"), sources, clock=FakeClock()).logs()

    assert {log.where: len(log.generations) for log in logs} == {
        str(tmp_path / "b/other.log"): 2,
        str(tmp_path / "two/app.log"): 2,
    }
