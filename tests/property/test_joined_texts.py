"""However two streams cut their texts in between each other, each arrives whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shipper.batch import Batcher
from shipper.formats.unwrap import CRI, Unwrapper, Whole
from shipper.joining import Joiner
from shipper.model import PART, Entry, Line
from tests.support.lines import lines_of

STAMP = b"2016-10-06T00:17:09.669794202Z"
parts = st.lists(
    st.builds(
        lambda stream, tag, text: b" ".join((STAMP, stream, tag, text)),
        st.sampled_from([b"stdout", b"stderr"]),
        st.sampled_from([b"F", b"P"]),
        st.binary(max_size=5).map(lambda text: text.replace(b"\n", b"")),
    )
    | st.just(b"")
    | st.just(b"bare"),
    max_size=30,
)


def _joined(lines: list[Line], max_lines: int = 1_000) -> list[Line]:
    joiner = Joiner(CRI, max_lines=max_lines)
    found = [text for line in lines for text in joiner.take(line)]
    return [*found, *joiner.finish()]


def _text_in(line: Line) -> bytes | None:
    unwrapper = Unwrapper(CRI)
    for part in line.data.split(b"\n"):
        taken = unwrapper.take(part, line.start_bytes)
    return taken.data if isinstance(taken, Whole) else None


@given(parts)
def test_every_text_is_found_where_it_begins(raw: list[bytes]) -> None:
    """As an unwrapper finds them that is given the parts one by one."""
    lines = lines_of(raw)
    unwrapper = Unwrapper(CRI)
    taken = [unwrapper.take(line.data, line.start_bytes) for line in lines]
    texts = [(one.start_bytes, one.data) for one in taken if isinstance(one, Whole)]

    found = [(line.start_bytes, _text_in(line)) for line in _joined(lines)]

    assert texts == [text for text in found if text[1] is not None]


@given(parts, st.integers(1, 8), st.integers(1, 4))
def test_batches_cover_the_file_and_break_no_text(
    raw: list[bytes], max_lines: int, max_records: int
) -> None:
    """Their spans join without a gap, and every line of the file has an outcome."""
    lines = lines_of(raw)
    batcher = Batcher(
        max_records=max_records,
        max_bytes=10_000,
        buffer_length=1,
        max_age_seconds=1.0,
    )
    joined = _joined(lines, max_lines)
    batches = []
    for line in joined:
        entry = Entry(id="", payload=line.data)
        if not batcher.has_room_for(entry):
            batches.append(batcher.take())
        batcher.add(line, entry, 0.0)
        if batcher.is_full:
            batches.append(batcher.take())
    batches.append(batcher.take())

    spans = [span for batch in batches if batch is not None for span in batch.spans]
    at, crc = 0, 0
    for span in spans:
        assert (at, crc) == (span.start_bytes, span.crc_before)
        at, crc = span.end_bytes, span.crc_after
        # No text begins before a position and ends behind it.
        assert not any(line.start_bytes < at < line.end_bytes for line in joined)
        tail = b"".join(line.data + b"\n" for line in lines if line.end_bytes <= at)
        assert tail.endswith(span.tail)
    assert (lines[-1].end_bytes if lines else 0) == at
    assert len(lines) == sum(span.entries + span.skipped for span in spans)
    counted = [dict(batch.counters) for batch in batches if batch is not None]
    skipped = sum(each.get(f"skipped:{PART}", 0) for each in counted)
    assert skipped == sum(span.skipped for span in spans)
