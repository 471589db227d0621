"""Promises of `capture`: bodies are watched, counted and cut, never disturbed."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from wsgi_writer.capture import Prefix, RequestBody

LIMIT = 10


def fed(*chunks: Any, limit: int = LIMIT) -> Prefix:
    """A prefix that was given these chunks."""
    prefix = Prefix(limit)
    for chunk in chunks:
        prefix.feed(chunk)
    return prefix


def reading(data: bytes, read: Callable[[Any], object]) -> RequestBody:
    """A request body that an application has read in some way."""
    body = RequestBody(io.BytesIO(data), LIMIT)
    read(body)
    return body


def test_keeps_a_short_body_whole() -> None:
    """A body under the limit is kept as it is, however it was cut into chunks."""
    assert fed(b"abc", b"", b"de").content == b"abcde"


@pytest.mark.parametrize("size", [1, 3, 7, 10, 30])
def test_keeps_the_first_bytes_and_counts_all(size: int) -> None:
    """T22: over the limit the first bytes stay, and the size is the true one."""
    data = bytes(range(30))
    prefix = fed(*[data[at : at + size] for at in range(0, 30, size)])

    assert prefix.content == data[:LIMIT]
    assert prefix.size == 30


def test_a_limit_of_nothing_still_counts() -> None:
    """With bodies switched off the size is known and no byte is kept."""
    prefix = fed(b"secret", limit=0)

    assert (prefix.content, prefix.size) == (b"", 6)


@pytest.mark.parametrize("view", [bytearray, memoryview])
def test_copies_buffers_that_the_application_may_reuse(
    view: type[bytearray | memoryview],
) -> None:
    """T29: a bytearray or memoryview is copied, for its owner may change it."""
    buffer = bytearray(b"abcd")
    prefix = fed(buffer if view is bytearray else memoryview(buffer))
    buffer[:] = b"XXXX"

    assert prefix.content == b"abcd"


def test_does_not_hold_on_to_a_large_chunk() -> None:
    """T29: of a large chunk only the kept bytes stay in memory."""
    chunk = bytes(1000)
    prefix = fed(chunk)

    assert len(prefix.content) == LIMIT
    assert prefix.content is not chunk


def test_leaves_out_what_is_not_bytes() -> None:
    """T1: a str chunk is the server's to refuse; it is neither kept nor an error."""
    assert fed("text", None, 7, b"ok").content == b"ok"


def test_counts_bytes_of_wide_memoryviews() -> None:
    """A memoryview's size is its bytes, not its items."""
    view = memoryview(bytes(8)).cast("I")

    assert fed(view).size == 8


READERS: dict[str, Callable[[Any], object]] = {
    "read": lambda body: body.read(),
    "read(None)": lambda body: body.read(None),
    "read(-1)": lambda body: body.read(-1),
    "read in steps": lambda body: [body.read(4) for _ in range(4)],
    "readline": lambda body: [body.readline() for _ in range(4)],
    "readline(n)": lambda body: [body.readline(3) for _ in range(8)],
    "readlines": lambda body: body.readlines(),
    "iter": list,
    "next": lambda body: [next(body) for _ in range(3)],
    "readinto": lambda body: [body.readinto(bytearray(5)) for _ in range(4)],
    "read1": lambda body: [body.read1(100), body.read1(100)],
    "buffered": lambda body: io.BufferedReader(body).read(),
}


@pytest.mark.parametrize("name", READERS)
def test_every_way_of_reading_is_passed_on_and_kept(name: str) -> None:
    """T13: whichever method reads it, the application and the record get the body."""
    data = b"one\ntwo\nthree"
    read = READERS[name]
    alone = read(io.BytesIO(data))
    body = RequestBody(io.BytesIO(data), LIMIT)

    assert read(body) == alone
    assert body.prefix.content == data[:LIMIT]
    assert body.prefix.size == len(data)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("all at once", lambda body: body.read()),
        ("until nothing came", lambda body: [body.read(5), body.read(5), body.read(5)]),
        ("all lines", lambda body: body.readlines()),
        ("every line", list),
        ("into a buffer", lambda body: [body.readinto(bytearray(9)) for _ in "ab"]),
    ],
)
def test_knows_when_the_end_was_seen(name: str, read: Callable[[Any], object]) -> None:
    """T14: the end of a chunked body is known by having been read."""
    assert reading(b"abcdefgh", read).at_end, name


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("nothing read", lambda body: None),
        ("no bytes asked for", lambda body: body.read(0)),
        ("a part", lambda body: body.read(3)),
        ("some lines", lambda body: body.readlines(1)),
        ("what is at hand", lambda body: body.read1(3)),
    ],
)
def test_does_not_take_a_part_for_the_end(
    name: str, read: Callable[[Any], object]
) -> None:
    """T14: a body that was read in part is not complete."""
    assert not reading(b"abc\ndefgh\n", read).at_end, name


def test_all_lines_of_a_large_body_are_not_held_a_second_time() -> None:
    """T29: an upload that the application reads whole takes no more memory."""
    body = RequestBody(io.BytesIO((b"x" * 99 + b"\n") * 50_000), LIMIT)
    tracemalloc.start()
    lines = body.readlines()
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 1.2 * held
    assert body.prefix.size == sum(map(len, lines))


def test_never_asks_for_more_than_the_application() -> None:
    """T13, T15: the server sees the very calls that the application made."""
    calls: list[tuple[Any, ...]] = []

    class Source:
        def read(self, *args: Any) -> bytes:
            calls.append(args)
            return b"xyz"[: args[0]]

    RequestBody(Source(), LIMIT).read(2)

    assert calls == [(2,)]


def test_sizes_may_be_given_by_name() -> None:
    """T13: a server's own keyword arguments reach it, and still mean a part."""

    class Source:
        def read(self, size: int = -1) -> bytes:
            return b"xyz"[:size]

    body = RequestBody(Source(), LIMIT)

    assert body.read(size=2) == b"xy"
    assert not body.at_end


def test_going_back_does_not_count_twice() -> None:
    """T13: bytes read again after a seek are kept and counted once."""
    body = reading(b"abcdef", lambda b: [b.read(4), b.seek(0), b.read(), b.seek(2)])

    assert body.prefix.content == b"abcdef"
    assert body.prefix.size == 6


def test_measuring_by_seek_leaves_the_body_whole() -> None:
    """T13: seeking to the end and back, to learn the size, loses nothing."""
    body = reading(b"abcdef", lambda b: [b.seek(0, 2), b.tell(), b.seek(0), b.read()])

    assert body.prefix.content == b"abcdef"


def test_what_follows_a_gap_is_not_taken_for_the_beginning() -> None:
    """T13: bytes beyond a part that was skipped are not put in its place."""
    body = reading(b"abcdef", lambda b: [b.read(1), b.seek(3), b.read()])

    assert body.prefix.content == b"a"


def test_other_attributes_are_the_servers() -> None:
    """T13: what else the server's input can do, its stand-in can do."""
    source = io.BytesIO(b"abc")
    body = RequestBody(source, LIMIT)

    assert body.getvalue() == b"abc"
    assert body.closed is False


def test_may_be_used_as_the_files_of_most_servers_may() -> None:
    """In a `with` statement the server's own object is entered and left."""
    source = io.BytesIO(b"abc")
    body = RequestBody(source, 10)
    with body as stream:
        read = stream.read()

    assert (read, body.prefix.content) == (b"abc", b"abc")
    assert source.closed


def test_lacks_what_the_servers_input_lacks() -> None:
    """T13: an optional method is there exactly when the real input has it."""

    class Bare:
        def read(self, size: int = -1) -> bytes:
            return b""

    body = RequestBody(Bare(), LIMIT)

    assert not hasattr(body, "readinto")
    assert not hasattr(body, "seek")


def test_an_error_of_the_connection_rises_to_the_application() -> None:
    """T1: what the server raises on a read is what the application gets."""

    class Broken:
        def read(self, size: int = -1) -> bytes:
            raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError, match="gone"):
        RequestBody(Broken(), LIMIT).read()


def test_an_answer_that_is_not_bytes_is_passed_on() -> None:
    """T1: a non-blocking input's None reaches the application untouched."""

    class Empty:
        def read(self, size: int = -1) -> None:
            return None

    assert RequestBody(Empty(), LIMIT).read(5) is None
