"""A log opened for a backfill, and what its lines become."""

from __future__ import annotations

import json
import lzma
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from shipper.backfill.choices import Choices
from shipper.backfill.log import Log
from shipper.follow import Position
from shipper.logfile import BadInputError
from tests.support.combined import a_log
from wsgi_writer.mask import Masks

CHOICES = Choices(base_url="https://h")


@pytest.mark.parametrize(
    "before",
    [
        b"#Version: 1.0\n#Fields: date time cs-method cs-uri-stem sc-status\n",
        b"\xef\xbb\xbf#Fields: date time cs-method cs-uri-stem sc-status\n",
        b"#Software: Owl\r\n\r\n#Fields: date time cs-method cs-uri-stem sc-status\n",
        b"#Fields: date time sc-status cs-method cs-uri-stem\n"
        b"2026-11-23 12:00:00 200 GET /b\n"
        b"#Fields: date time cs-method cs-uri-stem sc-status\n",
    ],
)
def test_the_columns_are_known_wherever_reading_begins(
    before: bytes, tmp_path: Path
) -> None:
    """Those of the last header before the place, wherever that stands."""
    path = tmp_path / "u_ex.log"
    path.write_bytes(before + b"2026-11-23 12:00:00 GET /a 200\n")
    with Log(str(path), CHOICES) as log:
        *_, line = log.lines(Position(), "f")
        translator = log.translator(Masks(), Position(line.start_bytes))
        record = translator.translate(line)

    assert isinstance(record, bytes)
    assert json.loads(record)["entry"]["request"]["url"] == "https://h/a"


def test_a_log_that_has_shrunk_has_fewer_lines_before_a_place(
    tmp_path: Path,
) -> None:
    """Counting stops where the log does."""
    path = tmp_path / "a.log"
    path.write_bytes(a_log(10))
    with Log(str(path), CHOICES) as found:
        assert found.line_number(Position(offset_bytes=10_000)) == 10


def test_text_in_utf_16_is_told_how_to_be_made_readable(tmp_path: Path) -> None:
    """Windows shells write it; no format here has it."""
    path = tmp_path / "a.log"
    path.write_bytes(a_log(3).decode().encode("utf-16"))
    with pytest.raises(BadInputError, match="UTF-16") as raised:
        Log(str(path), CHOICES)

    assert raised.value.hint == "make UTF-8 of it: iconv -f UTF-16 -t UTF-8"


def _zipped(content: bytes) -> bytes:
    archive = BytesIO()
    with ZipFile(archive, "w") as files:
        files.writestr("a.log", content)
    return archive.getvalue()


def _tarred(content: bytes) -> bytes:
    archive = BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as files:
        member = tarfile.TarInfo("a.log")
        member.size = len(content)
        files.addfile(member, BytesIO(content))
    return archive.getvalue()


def _packed_alone(content: bytes) -> bytes:
    return lzma.compress(content, format=lzma.FORMAT_ALONE)


@pytest.mark.parametrize(
    ("pack", "archive"),
    [(_zipped, "zip"), (_tarred, "tar"), (_packed_alone, "LZMA")],
)
def test_an_archive_of_files_is_told_to_be_unpacked(
    tmp_path: Path, pack: Callable[[bytes], bytes], archive: str
) -> None:
    """However many of its lines fit: the first one has the archive's own bytes."""
    path = tmp_path / "a.log"
    path.write_bytes(pack(a_log(300)))
    with pytest.raises(BadInputError, match=archive) as raised:
        Log(str(path), CHOICES)

    assert raised.value.hint == "unpack it first, and name the logs that are in it"


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b'{\n "status": 200\n}\n', "make one line of each object: jq -c . FILE"),
        (b'[{"a":1},\n{"a":2}]', "make one line of each object: jq -c '.[]' FILE"),
        (b'[\n{"a":1},\n{"a":2}\n]', "make one line of each object: jq -c '.[]' FILE"),
    ],
)
def test_json_that_is_not_an_object_a_line_is_told_how_to_become_it(
    tmp_path: Path, content: bytes, hint: str
) -> None:
    """The same program that laid it out so takes it apart."""
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(BadInputError) as raised:
        Log(str(path), CHOICES)

    assert raised.value.hint == hint


def test_a_log_that_fits_too_little_is_told_what_to_name_it(tmp_path: Path) -> None:
    """The best format is named, as the option takes it."""
    path = tmp_path / "a.log"
    path.write_bytes(a_log(3) + b"what is this\n")
    with pytest.raises(BadInputError, match="75 %") as raised:
        Log(str(path), CHOICES)

    assert raised.value.hint == "if it is that, name it: --format combined"
