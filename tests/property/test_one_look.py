"""Lines that are looked at together become what they become one by one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shipper.glance import LEAST_BYTES, Glance
from shipper.model import Line
from shipper.pipeline import Shaper
from shipper.redact import Redactor
from shipper.values import Detector
from tests.property.test_detection import PLACES, placed
from tests.property.test_record_validity import MASKS, exchanges
from tests.support.exchanges import encoded
from tests.support.lines import a_line
from tests.support.planted import NAMES, planted
from tests.support.records import RECORD_ID
from tests.support.shapers import a_shaper
from tests.support.tokens import TOKENS, spoiled
from wsgi_writer.record import with_checksum

HEAD = f'{{"v":1,"id":"{RECORD_ID}"'.encode()
FILLING = b"." * LEAST_BYTES


def a_record_line(entry: bytes, *, has_checksum: bool) -> bytes:
    """Return a line of the log with this entry."""
    tail = b',"client":"203.0.113.9","entry":%b}\n' % entry
    head = with_checksum(HEAD, tail) if has_checksum else HEAD
    return head + tail


def a_pair(denylist: tuple[str, ...]) -> tuple[Shaper, Shaper]:
    """Return a shaper that looks at one line after the other, and one with a glance."""
    redactor, detector = Redactor(denylist=denylist), Detector(mode="redact")
    slow = replace(a_shaper(), redactor=redactor, detector=detector)
    return slow, replace(slow, glance=Glance(redactor.automata, detector.automata))


PAIRS = [a_pair(NAMES), a_pair(("name", "text", "cookie", "url")), a_pair(())]
LINES = st.one_of(
    exchanges().map(lambda exchange: encoded(exchange, MASKS)),
    st.builds(
        a_record_line,
        planted().map(lambda found: found.record.entry)
        | st.builds(
            placed,
            st.sampled_from(PLACES),
            st.sampled_from([text for _, text in TOKENS]) | spoiled(),
            st.sampled_from([0.0, 0.3, 0.9, 1.0]),
        ),
        has_checksum=st.booleans(),
    ),
)


@given(
    texts=st.lists(LINES, min_size=1, max_size=4),
    pair=st.sampled_from(PAIRS),
    before=st.sampled_from([b"", b"password 4111111111111111 ghp_\n", b"}\n"]),
)
@settings(max_examples=400, deadline=None)
def test_one_look_at_many_lines_changes_nothing(
    texts: list[bytes], pair: tuple[Shaper, Shaper], before: bytes
) -> None:
    """Whatever they hold, and whatever stands beside them."""
    slow, quick = pair
    block = before + b"".join(texts) + FILLING
    start = len(before)
    for text in texts:
        line = a_line(text.removesuffix(b"\n"))
        among: Line = replace(line, block=block, block_start=start)
        start += len(text)

        assert quick.shape(among) == slow.shape(line)
