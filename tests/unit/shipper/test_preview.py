"""The previewer: what becomes of each line, and the sums over all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pytest
from msgspec.structs import replace

from shipper.filters import Filters
from shipper.identify import Identifier
from shipper.model import Line, LineFault, Reject, Skip
from shipper.payload import PayloadBuilder
from shipper.pipeline import Shaper
from shipper.redact import Redactor
from shipper.reports.browse import Seen
from shipper.reports.listed import Listed
from shipper.reports.preview import Outcome, Previewer, Shape, Shown, Stage
from shipper.reports.reasons import Kind, Reasons
from tests.support.records import a_record_line

PIN = a_record_line(request_headers=[("Pin", "1234")])
ELSEWHERE = a_record_line(url="https://other.example.com/")


def a_shaper() -> Shaper:
    """Return one that hides a header, keeps one host, and wants a caller."""
    return Shaper(
        filters=Filters(allowed_http_hosts=["api.example.com"]),
        identifier=Identifier(rules=["header:Pin"], unidentified="drop"),
        redactor=Redactor(denylist=["pin"]),
        payloads=PayloadBuilder(version="1", development_mode=False, comment="c"),
    )


def a_previewer(stage: Stage = "payload", by_source: Sequence[Shape] = ()) -> Previewer:
    """Return one that uses that shaper."""
    shaper = a_shaper()
    reasons = Reasons(Listed(shaper.redactor.policy))
    return Previewer(shaper=shaper, reasons=reasons, stage=stage, by_source=by_source)


def seen(*lines: bytes, fault: LineFault | None = None) -> Iterator[Seen]:
    """Yield lines of one file."""
    for number, line in enumerate(lines):
        yield Seen("a.log", Line("f1", number, number + 1, 0, 0, line, fault))


def show(previewer: Previewer, *lines: bytes) -> list[Shown]:
    """Return what is shown of some lines."""
    return list(previewer.show(seen(*lines)))


@pytest.mark.parametrize(
    ("stage", "outcomes"),
    [
        ("parsed", ["kept", "kept", "kept", "rejected"]),
        ("filtered", ["kept", "kept", "skipped", "rejected"]),
        ("identified", ["kept", "skipped", "skipped", "rejected"]),
        ("payload", ["sent", "skipped", "skipped", "rejected"]),
    ],
)
def test_a_stage_shows_what_goes_on(stage: Stage, outcomes: list[str]) -> None:
    """Each stage leaves out what it decides, and no more."""
    shown = show(a_previewer(stage), PIN, a_record_line(), ELSEWHERE, b"junk")

    assert outcomes == [one.outcome for one in shown]


def test_the_sums_add_up() -> None:
    """Every line is counted once, and so is every change."""
    previewer = a_previewer()
    show(previewer, PIN, b" ", ELSEWHERE, b"junk", b'{"v":9}', PIN)
    totals = previewer.totals

    assert (totals.lines, totals.going_on, totals.blank, totals.stopped) == (4, 1, 1, 1)
    assert totals.skipped == {"host": 1}
    assert totals.rejected == {"not-json": 1}
    assert totals.changes == {Kind.LISTED: 1}


def test_a_file_of_another_version_is_shown_no_further() -> None:
    """As the shipper reads it no further."""
    shown = show(a_previewer(), b'{"v":9}', PIN)

    assert [one.outcome for one in shown] == [Outcome.STOPPED]
    assert "format version 9" in shown[0].detail


def test_a_line_without_usable_bytes_is_rejected() -> None:
    """Its reason is that of the reader."""
    lines = seen(b"{", fault=LineFault("too-long", "0" * 64))

    assert [one.reason for one in a_previewer().show(lines)] == ["too-long"]


def test_a_record_is_shown_as_it_was_understood() -> None:
    """All that is known of it, and its entry byte for byte."""
    head = {
        "caller": {"id": "sha512-x"},
        "auth": {"scheme": "bearer"},
        "notes": ["aborted"],
        "dropped": 3,
        "open": True,
    }
    line = a_record_line(envelope=head)
    (shown,) = show(a_previewer("parsed"), line)
    assert shown.text is not None

    assert line.partition(b'"entry":')[2] == shown.text.partition(b'"entry":')[2]
    assert json.loads(line).keys() == json.loads(shown.text).keys()
    assert json.loads(shown.text)["caller"] == {"id": "sha512-x"}


def test_a_line_of_another_format_is_told_as_the_record_it_becomes() -> None:
    """By the shaper of its source; one that becomes none is told by its format."""
    line = Line("a", 0, 9, 0, 0, PIN)
    lines = [
        Seen("a.log", line, 0),
        Seen("a.log", line, 1),
        Seen("a.log", line, 1, Reject("shape", "the fields are not those")),
        Seen("a.log", line, 1, Skip("header")),
    ]
    other = replace(a_shaper(), identifier=Identifier(unidentified="drop"))
    previewer = a_previewer(by_source=[a_shaper(), other])

    shown = list(previewer.show(lines))

    assert [(one.outcome, one.reason) for one in shown] == [
        (Outcome.SENT, None),
        (Outcome.SKIPPED, "unidentified"),
        (Outcome.REJECTED, "shape"),
        (Outcome.SKIPPED, "header"),
    ]
    assert [change.place for change in shown[0].changes] == ["request.headers[Pin]"]
