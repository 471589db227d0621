"""`shipper tail` shows exchanges, a line each, and nothing that may not leave."""

from __future__ import annotations

import gzip
import json
import os
import re
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shipper.cli.root import main
from tests.support.combined import a_log
from tests.support.exchanges import an_exchange, encoded

Streams = pytest.CaptureFixture[str]

UNREADABLE = "/proc/self/mem"  # a regular file that fails even for root
MOMENT = "12:00:00.123"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable of the real environment change what is shown."""
    for name in ("SHIPPER_CONFIG", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of four exchanges of our own."""
    path = tmp_path / "exchanges.jsonl"
    write(path, target="/owls/1?page=2", caller={"id": "x", "label": "Owl"})
    write(path, target="/owls/2", status=404, request_body=b"hoot", method="POST")
    write(path, target="/bats/3", status=503, response_body_size=1_234_567)
    write(path, target="/bats/4", status=301)
    return path


def write(path: Path, **changes: Any) -> None:
    """Append an exchange."""
    caller = changes.pop("caller", None)
    record = msgspec.json.decode(encoded(an_exchange(**changes)))
    record |= {"caller": caller} if caller else {}
    with path.open("ab") as file:
        file.write(msgspec.json.encode(record) + b"\n")


def shown(capsys: Streams, *words: str) -> list[str]:
    """Return the lines that are shown of what is there."""
    assert main(["tail", "--no-follow", *words]) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("zone", "moment"),
    [("UTC+5", "0001-01-01T00:00:00Z"), ("UTC-9", "9999-12-31T23:59:59Z")],
)
def test_a_time_that_is_none_here_is_shown_as_it_is(
    zone: str,
    moment: str,
    tmp_path: Path,
    capsys: Streams,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Go writes the year 1 where there is no time, and other lines follow it."""
    log = tmp_path / "exchanges.jsonl"
    write(log)
    record = json.loads(log.read_bytes())
    del record["crc"]
    record["entry"]["startedDateTime"] = moment
    log.write_text(json.dumps(record) + "\n")
    monkeypatch.setenv("TZ", zone)
    time.tzset()

    try:
        (line,) = shown(capsys, str(log))
    finally:
        monkeypatch.setenv("TZ", "UTC")
        time.tzset()

    assert parts_of(line)[0] == f"{moment[11:19]}.000"


def test_a_line_says_what_a_developer_asks(log: Path, capsys: Streams) -> None:
    """Time, method, path, status, duration, caller, sizes."""
    first, second, third, _ = shown(capsys, str(log))

    assert parts_of(first) == [
        MOMENT,
        "GET",
        "/owls/1?page=2",
        "200",
        "12 ms",
        "Owl",
        "in 0 B, out 11 B",
    ]
    assert parts_of(second)[1:4] == ["POST", "/owls/2", "404"]
    assert second.endswith("in 4 B, out 11 B")
    assert third.endswith("out 1,234,567 B")


def parts_of(line: str) -> list[str]:
    """Return the parts of a line that is shown."""
    return re.split(r"\s{2,}", line)


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        ((), ["/owls/1?page=2", "/owls/2", "/bats/3", "/bats/4"]),
        (("-n", "1"), ["/bats/4"]),
        (("-n", "0"), []),
        (("--status", "5xx"), ["/bats/3"]),
        (("--status", "404", "--status", "300-399"), ["/owls/2", "/bats/4"]),
        (("--path", "/owls/*"), ["/owls/1?page=2", "/owls/2"]),
        (("--path", "/owls/*", "--status", "4xx"), ["/owls/2"]),
    ],
)
def test_only_what_is_asked_for(
    words: tuple[str, ...], paths: list[str], log: Path, capsys: Streams
) -> None:
    """The last lines, and of them the statuses and paths named."""
    lines = shown(capsys, str(log), *words)

    assert [parts_of(line)[2] for line in lines] == paths


def test_it_is_one_json_object_a_line(log: Path, capsys: Streams) -> None:
    """With the version of its shape in each, for those who begin in the middle."""
    with log.open("ab") as file:
        file.write(b"no record\n")
    *_, last, refused = map(json.loads, shown(capsys, str(log), "--json"))

    assert last == {
        "schema_version": 1,
        "kind": "exchange",
        "id": an_exchange().id,
        "time": f"2026-11-23T{MOMENT}Z",
        "method": "GET",
        "url": "https://api.example.com/bats/4",
        "path": "/bats/4",
        "status": 301,
        "duration_ms": 12,
        "caller": "anonymous",
        "request_bytes": 0,
        "response_bytes": 11,
        "file": str(log),
    }
    assert (refused["schema_version"], refused["kind"]) == (1, "refused")
    assert (refused["reason"], refused["file"]) == ("not-json", str(log))


@pytest.mark.parametrize(
    ("words", "environ", "has_colour"),
    [
        ((), {}, False),  # no terminal
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "0"}, False),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        (("--color", "auto"), {"FORCE_COLOR": "1"}, True),
    ],
)
def test_colour_is_as_asked_for(
    *,
    words: tuple[str, ...],
    environ: dict[str, str],
    has_colour: bool,
    log: Path,
    capsys: Streams,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The option wins over the variables, and no over yes."""
    for name, text in environ.items():
        monkeypatch.setenv(name, text)
    text = "\n".join(shown(capsys, str(log), *words))

    assert ("\x1b[" in text) is has_colour
    assert ("\x1b[33m404" in text) is has_colour


def test_a_log_cannot_write_on_the_terminal(log: Path, capsys: Streams) -> None:
    """Escapes, line ends and marks of direction are shown as what they are."""
    hostile = "\x1b]0;owned\x07\r\n\u202egpj\x9b31m"
    write(log, method="GET\x1b[2J", caller={"id": "x", "label": hostile})
    *_, last = shown(capsys, str(log))

    assert all(character.isprintable() for character in last)
    assert r"\x1b]0;owned\x07\r\n\u202egpj\x9b31m" in last
    assert len(shown(capsys, str(log))) == 5


def test_what_is_listed_is_hidden_here_too(
    log: Path, tmp_path: Path, capsys: Streams
) -> None:
    """The lists of the configuration hold for the eyes and for the HAR file."""
    config = tmp_path / "config.toml"
    config.write_text(
        f'[[source]]\npaths = ["{log}"]\n[filter]\ndenylist = ["page", "ssn"]\n'
    )
    body = b'{"ssn": "078-05-1120"}'
    write(log, request_body=body, request_type="application/json")
    out = tmp_path / "out.har"
    lines = shown(capsys, "--config", str(config), "--har", str(out))

    assert "page=%5BREDACTED%201%5D" in lines[0] + lines[-1]
    assert "page=2" not in "".join(lines) + out.read_text()
    assert "078-05" not in out.read_text()
    assert len(json.loads(out.read_text())["log"]["entries"]) == 5
    assert not (tmp_path / "state").exists()


def test_other_programs_logs_are_read_as_they_are_configured(
    tmp_path: Path, capsys: Streams
) -> None:
    """By the source that names the file; a file that none names is our own."""
    access = tmp_path / "access.log"
    access.write_bytes(a_log(1, first=9))
    config = tmp_path / "config.toml"
    config.write_text(
        f'[[source]]\npaths = ["{tmp_path}/acc*.log"]\nformat = "combined"\n'
        'base_url = "https://api.example.com"\nidentity = "client-ip"\n'
    )
    (line,) = shown(capsys, "--config", str(config))
    named = shown(capsys, "--config", str(config), str(access))

    assert parts_of(line)[2:4] == ["/owls/9", "200"]
    assert named == [line]


@pytest.mark.parametrize("name", ["access.log", "access.log.1"])
def test_a_given_file_is_read_as_the_table_that_names_it(
    name: str, tmp_path: Path, capsys: Streams
) -> None:
    """Rotated ones too; a glob ends at a slash, as it does for the shipper."""
    logs = tmp_path / "web"
    logs.mkdir()
    (logs / name).write_bytes(a_log(1, first=9))
    config = tmp_path / "config.toml"
    config.write_text(
        f'[[source]]\npaths = ["{tmp_path}/*.log"]\n'
        f'[[source]]\npaths = ["{logs}/access.log"]\nformat = "combined"\n'
        'base_url = "https://api.example.com"\nidentity = "client-ip"\n'
    )

    (line,) = shown(capsys, "--config", str(config), str(logs / name))

    assert parts_of(line)[2:4] == ["/owls/9", "200"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("missing.jsonl",), 66, "No such file"),
        (("/dev",), 66, "not a regular file"),
        (("/dev/null/log",), 66, "Not a directory"),
        (("--status", "9xx9"), 2, "4xx"),
        (("--path", "owls"), 2, "begins with /"),
        (("--har", "no/such/out.har"), 73, "No such file"),
    ],
)
def test_what_cannot_be_done_is_told(
    words: tuple[str, ...], code: int, told: str, log: Path, capsys: Streams
) -> None:
    """Before anything is shown, with the code for it."""
    files = (str(log),) if words[0].startswith("--") else ()

    assert main(["tail", "--no-follow", *files, *words]) == code
    streams = capsys.readouterr()
    assert (streams.out, told in streams.err) == ("", True)


@pytest.mark.skipif(not os.path.exists(UNREADABLE), reason="no such file here")
def test_a_file_that_cannot_be_read_is_an_error(log: Path, capsys: Streams) -> None:
    """The readable ones are shown, and the code says that one was not."""
    alone = main(["tail", "--no-follow", UNREADABLE])
    told = capsys.readouterr()
    beside = main(["tail", "--no-follow", UNREADABLE, str(log)])
    streams = capsys.readouterr()

    assert (alone, beside) == (66, 66)
    assert f"{UNREADABLE}: cannot be read" in told.err
    assert len(streams.out.splitlines()) == 4


def test_a_version_that_is_not_known_stops_its_file(log: Path, capsys: Streams) -> None:
    """Nothing behind it is guessed at."""
    with log.open("ab") as file:
        file.write(b'{"v":2}\n')
    write(log, target="/later")
    assert main(["tail", "--no-follow", str(log)]) == 0
    streams = capsys.readouterr()

    assert "/later" not in streams.out
    assert len(streams.out.splitlines()) == 4


def test_an_archive_beside_it_is_passed_over(log: Path, capsys: Streams) -> None:
    """The last lines are those of files that can be read backwards."""
    packed = Path(f"{log}.20261101T000000000000Z.gz")
    packed.write_bytes(gzip.compress(log.read_bytes() * 50))
    os.utime(packed, (0, 0))

    assert len(shown(capsys, str(log))) == 4


@pytest.mark.parametrize(("words", "is_told"), [((), True), (("--quiet",), False)])
def test_a_line_that_is_no_exchange_is_told_apart(
    words: tuple[str, ...], is_told: bool, log: Path, capsys: Streams
) -> None:
    """On stderr, with its place and reason and nothing of what stands in it."""
    with log.open("ab") as file:
        file.write(b"\x1b[31msecret\n\n")
    assert main(["tail", "--no-follow", str(log), *words]) == 0
    streams = capsys.readouterr()

    assert len(streams.out.splitlines()) == 4
    assert ("is not shown: not-json" in streams.err) is is_told
    assert "secret" not in streams.err


def test_what_a_container_engine_has_wrapped_is_shown_whole(
    tmp_path: Path, capsys: Streams
) -> None:
    """A text in two parts is one exchange."""
    (text,) = a_log(1, first=7).decode().splitlines()
    stamp = '"stream":"stdout","time":"2026-11-23T12:00:00Z"'
    log = tmp_path / "container.log"
    log.write_text(
        "".join(
            f'{{"log":{json.dumps(part)},{stamp}}}\n'
            for part in (text[:30], text[30:] + "\n")
        )
    )
    config = tmp_path / "config.toml"
    config.write_text(
        f'[[source]]\npaths = ["{log}"]\nformat = "combined"\nwrapper = "docker"\n'
        'base_url = "https://api.example.com"\nidentity = "client-ip"\n'
    )
    (line,) = shown(capsys, "--config", str(config))

    assert parts_of(line)[2] == "/owls/7"
