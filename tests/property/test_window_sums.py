"""Whatever the answers and their order, every entry has exactly one end."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from shipper.batch import Batcher
from shipper.gate import Gate
from shipper.model import BLANK, Item, Reject, Skip
from shipper.receipt import Delivered, Receipt, Refused
from shipper.settle import commit_of
from shipper.window import Window
from tests.support.events import RecordingEvents
from tests.support.lines import an_entry, lines_of
from tests.support.posting import ScriptedPoster, deferred_by

RECEIPTS: st.SearchStrategy[Receipt] = st.one_of(
    st.just(Delivered(202)),
    st.just(Refused(400, "no")),
    st.just(Refused(413, "large", is_too_large=True)),
    st.sampled_from(["hold", "forbidden", "busy", "unavailable", "network"]).map(
        deferred_by
    ),
    st.just(deferred_by("timeout", body_sent=True)),
)


def item_of(kind: int, number: int) -> Item:
    """Return an item of one of the four kinds."""
    return (an_entry(number), Skip("host"), Skip(BLANK), Reject("not-json", "no"))[kind]


@settings(max_examples=150, deadline=None)
@given(
    kinds=st.lists(st.sampled_from([0, 0, 0, 1, 2, 3]), max_size=60),
    max_records=st.integers(1, 20),
    data=st.data(),
)
def test_every_line_is_committed_once(
    kinds: list[int], max_records: int, data: st.DataObject
) -> None:
    """Commits are contiguous, sums equal the lines, ids are delivered xor dead."""
    events = RecordingEvents()
    poster = ScriptedPoster()
    window = Window(
        poster=poster,
        gate=Gate(events=events, jitter=lambda: 0.5),
        events=events,
        jitter=lambda: 0.5,
        max_in_flight=3,
        max_records=max_records,
    )
    batcher = Batcher(
        max_records=max_records, max_bytes=200, buffer_length=1, max_age_seconds=1
    )
    lines = lines_of([b"text"] * len(kinds))
    todo = [
        (line, item_of(kind, n))
        for n, (line, kind) in enumerate(zip(lines, kinds, strict=True))
    ]
    now, position, chain = 0.0, 0, 0
    delivered = skipped = dead = blank = 0
    buried: list[str] = []
    accepted: set[bytes] = set()

    for turn in range(4000):
        while todo and window.has_room:
            line, item = todo.pop(0)
            if not batcher.has_room_for(item):
                batch = batcher.take()
                assert batch is not None
                window.admit(batch)
            batcher.add(line, item, now)
            if batcher.is_full or not todo:
                batch = batcher.take()
                assert batch is not None
                window.admit(batch)
        window.turn(now)
        if poster.out:
            ticket = data.draw(st.sampled_from(sorted(poster.out)))
            receipt = data.draw(RECEIPTS) if turn < 40 else Delivered(202)
            if isinstance(receipt, Delivered):
                accepted.update(poster.out[ticket])
            poster.answer(ticket, receipt)
        else:
            now += window.due_in(now) or 0.0
        settled = window.settled()
        commit = commit_of(settled)
        for advance in commit.advances:
            assert (advance.start_bytes, advance.crc_before) == (position, chain)
            position, chain = advance.end_bytes, advance.crc_after
            delivered += advance.delivered
            skipped += advance.skipped
            dead += advance.dead
            blank += advance.blank
        buried += [letter.id for letter in commit.dead_letters if letter.id]
        window.leave(len(settled))
        if not todo and batcher.is_empty and window.is_empty:
            break

    assert window.is_empty
    assert position == (lines[-1].end_bytes if lines else 0)
    assert delivered + skipped + dead + blank == len(kinds)
    assert delivered == len(accepted)
    assert len(buried) + delivered == kinds.count(0)
    assert dead == kinds.count(3) + len(set(buried))
