"""What the reader of a log counts, the recount counts: any bytes, any block size."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import example, given
from hypothesis import strategies as st

from shipper.follow import Follower, Position
from shipper.model import Line
from shipper.reports.recount import recount
from shipper.store.account import Range
from shipper.store.sums import Outcomes

PIECES = st.sampled_from([b"\n", b"\0", b"\0" * 40, b"text", b" ", b"x" * 70, b"\r\n"])


class _Bytes:
    """Implements `shipper.follow.Stream` over bytes in memory."""

    is_complete = True

    def __init__(self, text: bytes) -> None:
        self._text = text

    def read_at(self, start_bytes: int, count: int) -> bytes:
        """Return up to `count` bytes."""
        return self._text[start_bytes : start_bytes + count]


def _lines_of(
    text: bytes, read_bytes: int, position: Position | None = None
) -> list[Line]:
    """Read everything from a position on, as the shipper reads a sealed file."""
    follower = Follower(
        "file-1",
        _Bytes(text),
        position=position or Position(),
        max_line_bytes=60,
        read_bytes=read_bytes,
    )
    lines: list[Line] = []
    while (block := follower.read(is_final=True)) is not None:
        lines += block
    return lines


def _range_of(lines: Sequence[Line]) -> Range:
    dead = sum(line.fault is not None for line in lines)
    blank = sum(line.fault is None and not line.data.strip() for line in lines)
    return Range(
        lines[0].start_bytes,
        lines[-1].end_bytes,
        lines[0].crc_before,
        lines[-1].crc_after,
        Outcomes(delivered=len(lines) - dead - blank, dead=dead, blank=blank),
        letters=dead,
        torn=sum(line.is_torn for line in lines),
    )


@given(
    text=st.lists(PIECES, min_size=1, max_size=30).map(b"".join),
    read_bytes=st.integers(16, 61),
    share=st.floats(0, 1),
)
@example(text=b"a\n" + bytes(300) + b"b\ntorn" + bytes(3), read_bytes=61, share=0.5)
def test_the_recount_agrees_with_the_reader(
    text: bytes, read_bytes: int, share: float
) -> None:
    """Holes, blank, torn and overlong lines add up, wherever the range is cut."""
    lines = _lines_of(text, read_bytes)
    middle = round(share * len(lines))

    faults = [
        recount(_Bytes(text), _range_of(part)).fault
        for part in (lines[:middle], lines[middle:])
        if part
    ]

    assert all(fault is None for fault in faults), faults


@given(
    text=st.lists(st.sampled_from([b"\n", b"text", b"x" * 70]), min_size=1).map(
        b"".join
    ),
    at=st.integers(0, 10_000),
    change=st.sampled_from(["cut", "alter", "line"]),
)
def test_the_recount_disagrees_after_any_change(
    text: bytes, at: int, change: str
) -> None:
    """A byte less, a bit changed, or one line more in the ledger is always seen."""
    committed = _range_of(_lines_of(text, 61))
    at %= committed.end_bytes
    if change == "cut":
        text = text[:at] + text[at + 1 :]
    elif change == "alter":
        text = text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :]
    else:
        sums = committed.lines
        more = Outcomes(sums.delivered + 1, sums.skipped, sums.dead, sums.blank)
        committed = Range(
            0,
            committed.end_bytes,
            0,
            committed.crc_after,
            more,
            letters=committed.letters,
        )

    assert recount(_Bytes(text), committed).fault is not None


@given(
    text=st.lists(PIECES, min_size=1, max_size=30).map(b"".join),
    added=st.lists(PIECES, min_size=1, max_size=5).map(b"".join),
    read_bytes=st.integers(16, 61),
)
@example(text=b"text", added=b"\n", read_bytes=61)
@example(text=b"x" * 70, added=b"text\n", read_bytes=61)
def test_what_is_added_to_a_torn_line_is_another_one(
    text: bytes, added: bytes, read_bytes: int
) -> None:
    """Both are in the ledger, and one range of both is as good as two."""
    before = _lines_of(text, read_bytes)
    place = Position(before[-1].end_bytes, before[-1].crc_after)
    lines = [*before, *_lines_of(text + added, read_bytes, place)]

    assert recount(_Bytes(text + added), _range_of(lines)).fault is None
