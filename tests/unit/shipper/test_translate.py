"""Lines of a foreign log become lines of our own."""

from __future__ import annotations

import json
from typing import Any

from shipper.adopt import Adopter
from shipper.foreign import Hints
from shipper.formats import FORMATS
from shipper.formats.reader import HEADER
from shipper.joining import Joiner
from shipper.model import BLANK, Entry, Item, LineFault, Reject, Skip
from shipper.pipeline import Shaper
from shipper.record import UnknownVersion
from shipper.translate import ForeignShaper, Translator
from tests.support.lines import a_line, lines_of
from tests.support.records import RECORD_ID, a_record_line
from tests.support.shapers import a_shaper
from wsgi_writer.mask import Masks

COMBINED = (
    b'203.0.113.9 - - [23/Nov/2026:12:00:00 +0000] "GET /a?token=s3cr3t HTTP/1.1" '
    b'200 5 "-" "owl/1.0"'
)


def a_translator(name: str = "combined", **changes: Any) -> Translator:
    """Return a translator of one file."""
    given: dict[str, Any] = {
        "format_": FORMATS[name],
        "hints": Hints(),
        "adopter": Adopter(masks=Masks(), base_url="https://api.example.com"),
        "label": "",
        "head_digest": b"head",
        "wrapper": None,
    }
    return Translator(**{**given, **changes})


def translated(data: bytes, start_bytes: int = 0, **changes: Any) -> dict[str, Any]:
    """Return the record that one line becomes, decoded."""
    made = a_translator(**changes).translate(a_line(data, start_bytes=start_bytes))
    assert isinstance(made, bytes), made
    record: dict[str, Any] = json.loads(made)
    return record


def test_a_line_becomes_a_masked_record() -> None:
    """What the writer masks is masked here, by the same rooms."""
    record = translated(COMBINED)

    assert record["v"] == 1
    assert "s3cr3t" not in json.dumps(record)
    assert record["entry"]["request"]["url"].startswith("https://api.example.com/a?")


def test_the_same_line_has_the_same_id() -> None:
    """Another place, another label, another log: another id."""
    first = translated(COMBINED)["id"]

    assert translated(COMBINED)["id"] == first
    others = [
        translated(COMBINED, start_bytes=90)["id"],
        translated(COMBINED, label="web")["id"],
        translated(COMBINED, head_digest=b"other")["id"],
    ]
    assert len({first, *others}) == 4


def test_a_record_of_our_own_keeps_its_id() -> None:
    """It is passed on as it lies."""
    assert translated(a_record_line(), name="own")["id"] == RECORD_ID


def test_rejects_and_blanks_stay_what_they_are() -> None:
    """The reason is the format's."""
    translator = a_translator()
    no_base = a_translator(adopter=Adopter(masks=Masks()))

    assert translator.translate(a_line(b"")) == Skip(BLANK)
    assert isinstance(translator.translate(a_line(b"what is this")), Reject)
    refused = no_base.translate(a_line(COMBINED))
    assert isinstance(refused, Reject)
    assert refused.reason == "no-host"


STAMP = b"2026-11-23T12:00:00.000000000Z "


def test_a_wrapper_is_taken_off_and_its_parts_joined() -> None:
    """The id is that of the text inside, where its first part stands."""
    translator = a_translator(wrapper="cri")
    wrapped = [
        STAMP + b"stdout F hello",
        STAMP + b"stdout P " + COMBINED[:30],
        STAMP + b"stderr F what is this",
        STAMP + b"stdout F " + COMBINED[30:],
    ]
    joiner = Joiner("cri")
    lines = lines_of(wrapped)
    joined = [text for line in lines for text in joiner.take(line)]

    made = [translator.translate(line) for line in joined]

    assert [Reject, Reject, bytes] == [type(each) for each in made]
    assert isinstance(made[2], bytes)
    first = lines[1].start_bytes
    assert json.loads(made[2])["id"] == translated(COMBINED, start_bytes=first)["id"]


def test_lines_inside_a_wrapper_that_cannot_be_had_are_refused() -> None:
    """One lacks the wrapper, one the end of its text, which does not go on after."""
    translator = a_translator(wrapper="cri")

    made = [
        translator.translate(a_line(b"bare")),
        translator.translate(a_line(STAMP + b"stdout P " + COMBINED[:30])),
        translator.translate(a_line(STAMP + b"stdout F " + COMBINED)),
    ]

    assert [Reject, Reject, bytes] == [type(each) for each in made]
    assert [each.reason for each in made if isinstance(each, Reject)] == [
        "wrapper",
        "unfinished",
    ]


def test_header_lines_are_remembered() -> None:
    """A log that is read on from its middle is told what its columns are."""
    translator = a_translator("w3c")
    columns = b"#Fields: date time c-ip cs-method cs-uri-stem sc-status cs-host"
    translator.read_header(columns)
    made = translator.translate(
        a_line(b"2026-11-23 12:00:00 203.0.113.9 GET /a 200 api.example.com")
    )

    assert isinstance(made, bytes)


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    """It would be one of the client's address, or hide the columns."""
    marked = b"\xef\xbb\xbf" + COMBINED
    columns = a_translator("w3c")
    header = b"\xef\xbb\xbf#Fields: date time c-ip cs-method cs-uri-stem sc-status"

    assert translated(marked)["entry"] == translated(COMBINED)["entry"]
    assert columns.translate(a_line(header)) == Skip(HEADER)


def test_a_foreign_line_goes_the_way_of_every_record() -> None:
    """Filters, identity, lists and payload are the shaper's."""
    shaper = ForeignShaper(a_shaper(denylist=["user-agent"]), {"f": a_translator()}.get)
    item = shaper.shape(a_line(COMBINED, file_id="f"))

    assert isinstance(item, Entry)
    assert b"owl/1.0" not in item.payload


def test_a_line_of_an_own_log_is_not_translated() -> None:
    """A shipper follows both kinds."""
    shaper = ForeignShaper(a_shaper(), {"f": a_translator()}.get)
    item = shaper.shape(a_line(a_record_line(), file_id="own"))

    assert isinstance(item, Entry)
    assert item.id == RECORD_ID


def test_a_line_without_usable_bytes_is_no_ones() -> None:
    """Its fault is told as for every log."""
    shaper = ForeignShaper(a_shaper(), {"f": a_translator()}.get)
    line = a_line(b"x", file_id="f", fault=LineFault("too-long", "0" * 64))
    item: Item | UnknownVersion = shaper.shape(line)

    assert isinstance(item, Reject)
    assert item.reason == "too-long"
    assert isinstance(a_shaper(), Shaper)
