"""Any bytes, in any pieces, through any block size: the same lines."""

from __future__ import annotations

from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from shipper.follow import Follower, Position
from shipper.model import Line

TEXTS = st.lists(
    st.one_of(
        st.binary(max_size=30),
        st.sampled_from([b"", b"\n", b"\r\n", b"\n\n", b"x" * 90, b"# head\n"]),
    ),
    max_size=20,
)


class Growing:
    """Implements `shipper.follow.Stream` over bytes that grow."""

    is_complete = False

    def __init__(self) -> None:
        # Mutable state: what has been written so far.
        self.text = b""

    def read_at(self, start_bytes: int, count: int) -> bytes:
        """Return up to `count` bytes."""
        return self.text[start_bytes : start_bytes + count]


@given(
    pieces=TEXTS,
    read_bytes=st.integers(1, 64),
    max_line_bytes=st.integers(1, 64),
    restarts=st.sets(st.integers(0, 20)),
)
def test_lines_partition_the_file(
    pieces: list[bytes], read_bytes: int, max_line_bytes: int, restarts: set[int]
) -> None:
    """Lines join without gap or overlap, and their chain is the file's checksum."""
    stream = Growing()
    position = Position()
    options = {"max_line_bytes": max_line_bytes, "read_bytes": read_bytes}
    follower = Follower("f", stream, position=position, **options)
    lines: list[Line] = []
    for number, piece in enumerate([*pieces, b"\n"]):
        stream.text += piece
        if number in restarts:
            follower = Follower("f", stream, position=follower.position, **options)
        while (block := follower.read()) is not None:
            lines += block

    assert stream.text[: follower.offset_bytes] == stream.text
    assert lines[0].start_bytes == 0
    assert [line.end_bytes for line in lines] == [
        *(line.start_bytes for line in lines[1:]),
        len(stream.text),
    ]
    for line in lines:
        on_disk = stream.text[line.start_bytes : line.end_bytes]
        assert crc32(on_disk, line.crc_before) == line.crc_after
        is_hole = not on_disk.strip(b"\0")
        if line.fault is None and not is_hole:
            assert on_disk == line.data + b"\n"
        elif line.fault is not None:
            assert len(on_disk) > max_line_bytes + 1
    assert crc32(stream.text) == lines[-1].crc_after
