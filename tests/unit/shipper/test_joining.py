"""Texts cut into parts go out whole, and no position rests inside one."""

from __future__ import annotations

from msgspec.structs import replace

from shipper.formats.unwrap import CRI
from shipper.joining import Joiner
from shipper.model import Line, LineFault
from tests.support.lines import lines_of

STAMP = b"2016-10-06T00:17:09.669794202Z "


def out(text: bytes, tag: bytes = b"F") -> bytes:
    """Return a line of the container's standard output; a part with tag P."""
    return STAMP + b"stdout " + tag + b" " + text


def err(text: bytes, tag: bytes = b"F") -> bytes:
    """Return a line of its standard error."""
    return out(text, tag).replace(b"stdout", b"stderr")


def joined(lines: list[Line], joiner: Joiner | None = None) -> list[list[Line]]:
    """Return what each line lets through."""
    joiner = joiner or Joiner(CRI)
    return [list(joiner.take(line)) for line in lines]


def test_a_whole_line_passes_untouched() -> None:
    """The very value; so does a line without the wrapper, and a blank one."""
    lines = lines_of([out(b"a"), b"bare", b"", err(b"b")])

    assert [[line] for line in lines] == joined(lines)


def test_parts_become_one_line_of_the_bytes_on_disk() -> None:
    """It begins with the first part and ends with the last one, checksums too."""
    first, second, last = lines_of([out(b"a", b"P"), out(b"b", b"P"), out(b"c")])

    found = joined([first, second, last])

    whole = Line(
        "file-1",
        first.start_bytes,
        last.end_bytes,
        first.crc_before,
        last.crc_after,
        b"\n".join((first.data, second.data, last.data)),
        parts=3,
    )
    assert [[], [], [whole]] == found


def test_a_part_that_waits_keeps_no_block_in_memory() -> None:
    """A thousand containers may each have written one."""
    texts = [out(b"a", b"P"), out(b"b")]
    block = b"\n".join(texts)
    lines = [replace(line, block=block) for line in lines_of(texts)]

    *_, (whole,) = joined(lines)

    assert (whole.parts, whole.block) == (2, b"")


def test_a_line_of_the_other_stream_waits_for_the_text_around_it() -> None:
    """A position after it would lose the part before it."""
    begin, inner, end = lines_of([out(b"a", b"P"), err(b"x"), out(b"b")])

    *held, found = joined([begin, inner, end])

    assert held == [[], []]
    assert [replace(inner, is_open=True)] == found[:1]
    assert [(begin.start_bytes, end.end_bytes, 2, False)] == [
        (line.start_bytes, line.end_bytes, line.parts, line.is_open)
        for line in found[1:]
    ]


def test_texts_that_overlap_go_out_together() -> None:
    """In the order in which they end; the last one lets the position move."""
    a, x, b, y = lines_of(
        [out(b"a", b"P"), err(b"x", b"P"), out(b"b"), err(b"y")],
    )

    *held, found = joined([a, x, b, y])

    assert held == [[], [], []]
    assert [
        (a.start_bytes, b.end_bytes, 2, True),
        (x.start_bytes, y.end_bytes, 2, False),
    ] == [
        (line.start_bytes, line.end_bytes, line.parts, line.is_open) for line in found
    ]


def test_an_unfinished_text_is_held_until_it_is_given_up() -> None:
    """Whoever reads knows when no more will come."""
    joiner = Joiner(CRI)
    whole, part, inner = lines_of([out(b"a"), out(b"b", b"P"), err(b"x")])
    joined([whole, part, inner], joiner)
    held_from = joiner.held_from

    given_up = joiner.finish()

    assert part.start_bytes == held_from
    assert [replace(part, is_open=True), inner] == given_up
    assert joiner.held_from is None
    assert not joiner.finish()


def test_what_follows_a_text_that_was_given_up_stands_alone() -> None:
    """Its end comes too late to be joined."""
    joiner = Joiner(CRI)
    part, end = lines_of([out(b"a", b"P"), out(b"b")])
    joiner.take(part)
    joiner.finish()

    assert [end] == list(joiner.take(end))


def test_a_torn_line_ends_every_text() -> None:
    """Nothing follows it in the file."""
    part, torn = lines_of([out(b"a", b"P"), out(b"b")])
    torn = replace(torn, fault=LineFault("torn", "0" * 64))

    found = joined([part, torn])

    assert [[], [part, torn]] == found


def test_a_hole_ends_every_text() -> None:
    """It is one blank line, however long: its bytes cannot be joined."""
    part, hole = lines_of([out(b"a", b"P"), b""])
    hole = replace(hole, end_bytes=hole.end_bytes + 4096)

    found = joined([part, hole])

    assert [[], [part, hole]] == found


def test_the_last_part_may_lack_its_newline() -> None:
    """In a file to which nobody will add, that is a line like any other."""
    part, end = lines_of([out(b"a", b"P"), out(b"b")])
    end = replace(end, end_bytes=end.end_bytes - 1)

    found = joined([part, end])

    assert [(0, end.end_bytes, 2)] == [
        (line.start_bytes, line.end_bytes, line.parts) for line in found[1]
    ]


def test_no_more_than_so_many_lines_are_held() -> None:
    """A text that is never finished must not hold back the other stream."""
    lines = lines_of([out(b"a", b"P"), err(b"x"), err(b"y"), err(b"z")])

    found = joined(lines, Joiner(CRI, max_lines=3))

    assert [len(each) for each in found] == [0, 0, 3, 1]


def test_no_more_than_so_many_bytes_are_held() -> None:
    """Nor a text that has no end."""
    lines = lines_of([out(b"a" * 500, b"P")] * 3)

    found = joined(lines, Joiner(CRI, max_bytes=1_000))

    assert [len(each) for each in found] == [0, 1, 0]


def test_a_line_read_again_begins_anew() -> None:
    """The reader went back: what was held comes once more."""
    part, end = lines_of([out(b"a", b"P"), out(b"b")])

    found = joined([part, part, end])

    assert [len(each) for each in found] == [0, 0, 1]
    assert found[2][0].parts == 2
