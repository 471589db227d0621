"""The report: sums, tables, samples and the policy, as values and as HTML."""

from __future__ import annotations

import base64
import gzip
import re
from hashlib import sha256

import pytest

from shipper.reports.gathering import (
    MAX_PLACES,
    MAX_REASONS,
    MAX_ROWS,
    OTHERS,
    Gathering,
    status_class,
)
from shipper.reports.html import charts
from shipper.reports.html.page import policy_for
from shipper.reports.html.tables import size
from shipper.reports.html.text import attribute, shown
from shipper.reports.reasons import Change, Kind
from shipper.reports.samples import MAX_FIELDS, MAX_KINDS, cover_of
from shipper.reports.timeline import MAX_BUCKETS, Span, Timeline, seconds_of
from tests.support.exchanges import an_exchange, encoded
from tests.support.records import a_record_line, binary_body
from tests.support.reporting import a_page, a_previewer, gathered, seen


def an_id(number: int) -> str:
    """Return a record's id."""
    return f"0d4f8c1e-6f0a-4c52-9b1e-{number:012x}"


def test_endpoints_are_grouped() -> None:
    """By route, or by a path whose numbers and keys are taken together."""
    targets = ("/owls/7", "/owls/8?a=1", "/owls/3f2504e0-4f89-41d3-9a0c-0305e82c3301")
    lines = [encoded(an_exchange(target=target)) for target in targets]
    lines.append(encoded(an_exchange(target="/x/7", route="/x/{id}", status=404)))
    lines.append(encoded(an_exchange(target="/keys/a8f3c1d9e2b7a6f5e4d3")))
    found = gathered(a_previewer(), lines).endpoints.largest_first()

    assert [(group.name.text, group.records) for group in found] == [
        ("/owls/{id}", 3),
        ("/keys/{id}", 1),
        ("/x/{id}", 1),
    ]
    assert found[2].statuses == {"4xx": 1}


def test_groups_are_bounded() -> None:
    """A log with endless names cannot fill the memory."""
    lines = (a_record_line(url=f"https://h{n}/a") for n in range(MAX_ROWS + 50))
    found = gathered(a_previewer(), lines).endpoints.largest_first()

    assert len(found) == MAX_ROWS + 1
    assert (found[0].name.text, found[0].records) == (OTHERS, 50)


def test_reasons_and_their_places_are_bounded() -> None:
    """Names that a client makes up cannot fill the memory."""
    names = [f"n{number}" for number in range(MAX_REASONS + 50)]
    lines = [a_record_line(request_headers=[(name, "1")]) for name in names]
    denied = list(gathered(a_previewer(denylist=names), lines).reasons())
    (allowed,) = gathered(a_previewer(allowlist=["content-type"]), lines).reasons()

    assert len(denied) == MAX_REASONS + 1
    assert (denied[0].why, denied[0].changes) == (OTHERS, 50)
    assert len(allowed.places) <= MAX_PLACES + 1
    assert allowed.places[OTHERS] >= MAX_REASONS - MAX_PLACES


def test_a_url_that_is_none_is_an_endpoint_all_the_same() -> None:
    """What a client sent as its URL cannot stop a report."""
    found = gathered(a_previewer(), [a_record_line(url="https://[h/p")])

    assert [one.name.text for one in found.endpoints.largest_first()] == ["/p"]


def test_many_files_are_counted() -> None:
    """A few are named."""
    previewer = a_previewer()
    gathering = Gathering(previewer.reasons)
    for number in range(MAX_ROWS + 5):
        for one in previewer.show(seen([a_record_line()], path=f"{number}.log")):
            gathering.add(one)

    assert len(gathering.paths) == MAX_ROWS
    assert gathering.whole.records == MAX_ROWS + 5


def test_samples_show_each_treatment_once() -> None:
    """The same ones in any order, with how many they stand for."""
    plain = [a_record_line(envelope={"id": an_id(n)}) for n in range(5)]
    hidden = [
        a_record_line(envelope={"id": an_id(9 + n)}, request_headers=[("Pin", "1")])
        for n in range(3)
    ]
    one, other = (
        list(gathered(a_previewer(denylist=["pin"]), lines).samples.choose(8))
        for lines in (plain + hidden, hidden[::-1] + plain[::-1])
    )

    assert one == other
    assert [sample.like_it for sample in one] == [3, 5]


def test_samples_are_bounded() -> None:
    """In number, in places, and in the length of what they show."""
    lines = [
        a_record_line(
            request_headers=[(f"Pin{n}", "1"), *[("A", "x" * 3000)] * 200],
        )
        for n in range(MAX_KINDS + 9)
    ]
    names = [f"pin{n}" for n in range(len(lines))]
    samples = gathered(a_previewer(denylist=names), lines).samples
    found = list(samples.choose(1000))

    assert len(found) == MAX_KINDS
    assert max(len(sample.rows) for sample in found) <= 2 * MAX_FIELDS
    assert all(sample.more_rows > 100 for sample in found)
    assert max(len(row.before) for row in found[0].rows) < 300
    assert len(found[0].payload) < 10_000 < found[0].size_bytes


@pytest.mark.parametrize(
    ("change", "cover"),
    [
        (("listed", "hunter2", "[REDACTED 7]"), "hidden: 7 characters"),
        (("listed", "7", "[REDACTED 1]"), "hidden: 1 character"),
        (("listed", "12345", "[REDACTED]"), "hidden"),
        (("listed", "hunter2", None), "hidden"),
        (("withheld", "hunter2", "[NOT SENT: packed]"), "stays here"),
        (("opened", None, None), "laid out otherwise"),
        (("rule", None, "new"), "not there"),
    ],
)
def test_a_cover_says_no_more_than_leaves(
    change: tuple[str, str | None, str | None], cover: str
) -> None:
    """The length of a value is told only where the mark tells it."""
    kind, before, after = change

    assert cover_of(Change("place", Kind(kind), "why", before, after)) == cover


def test_a_timeline_is_bounded_and_loses_nothing() -> None:
    """Stretches grow with the time they span."""
    times = Timeline()
    for number in range(5000):
        times.add(1_000_000 + number * 977)
    assert times.span is not None

    assert times.span == Span(1_000_000, 1_000_000 + 4999 * 977)
    assert sum(map(bool, times.columns(5000, times.span))) <= MAX_BUCKETS
    assert sum(times.columns(24, times.span)) == 5000


def test_a_stamp_of_no_day_is_no_error() -> None:
    """The format lets the 31st of June pass."""
    assert seconds_of("2026-06-31T00:00:00Z") == 0
    assert seconds_of("1970-01-01T00:01:00.5Z") == 60


@pytest.mark.parametrize(
    ("status", "name"),
    [(0, "2xx"), (101, "2xx"), (204, "2xx"), (304, "3xx"), (404, "4xx"), (999, "5xx")],
)
def test_every_status_has_a_class(status: int, name: str) -> None:
    """Four colours for all of them."""
    assert status_class(status) == name


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1234, "1.2 kB"),
        (753_115, "753 kB"),
        (999_600, "1.0 MB"),
        (5 * 10**12, "5000 GB"),
    ],
)
def test_sizes_are_for_people(count: int, words: str) -> None:
    """Three figures and a unit."""
    assert size(count) == words


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<b>&\"'", "&lt;b&gt;&amp;&quot;&#x27;"),
        ("a\u202eb", 'a<span class="odd">U+202E</span>b'),
        (
            "\x1b\n\u3164",
            "".join(
                f'<span class="odd">{name}</span>'
                for name in ("ESC", "\u21b5", "U+3164")
            ),
        ),
        ("\u00e9\u2713\U0001f989", "\u00e9\u2713\U0001f989"),
    ],
)
def test_text_is_inert_and_visible(text: str, html: str) -> None:
    """Markup is escaped, and what has no shape is shown by its number."""
    assert shown(text) == html


def test_an_attribute_cannot_be_left() -> None:
    """Quotes are escaped, controls are spaces."""
    assert attribute("\"'>\n\u202e") == "&quot;&#x27;&gt;  "


def test_small_shares_are_visible() -> None:
    """One among millions is drawn all the same; none is not."""
    assert 'width="2"' in charts.bar(1e-9, width=96, height=8, label="", tone="accent")
    assert charts.bar(0, width=96, height=8, label="", tone="a").count("<rect") == 1
    assert (
        charts.columns([0, 1, 10**9], width=9, height=9, label="").count("<rect") == 2
    )
    assert "NaN" not in charts.parts([("a", 0)], width=9, height=9, label="")


def test_the_policy_lets_the_style_in_and_nothing_else() -> None:
    """By the hash of what stands between the tags."""
    page = a_page([a_record_line()])
    inside = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert inside is not None
    digest = base64.b64encode(sha256(inside[1].encode()).digest()).decode()

    assert f"default-src 'none'; style-src 'sha256-{digest}';" in page
    assert policy_for(inside[1]) in page
    assert not re.search(r"<script|\sstyle=|\son\w+=|\ssrc=|url\(|@import", page)


def test_the_page_says_what_was_found() -> None:
    """Sums, reasons, endpoints, callers, lines that stay, and the rules."""
    lines = [
        a_record_line(
            url="https://h/pay?pin=1234",
            envelope={"caller": {"id": "sha512-" + "A" * 90, "label": "Owl"}},
            status=500,
        ),
        a_record_line(url="https://other/"),
        b"junk",
        b'{"v":9}',
    ]
    page = a_page(lines, hosts=["h"], denylist=["pin"])

    for words in (
        "<b>1 record</b>",
        "3 lines would stay",
        "Denylist &quot;pin&quot;",
        "request.url ?pin",
        "/pay",
        "100% errors",
        "Owl",
        "sha512-AAAAAA\u2026",
        "<code>host</code>",
        "<code>not-json</code>",
        "<code>version</code>",
        "hidden: 4 characters",
        "[REDACTED 4]",
        "a.log",
        "shipper 1.2.3",
    ):
        assert words in page


def test_removed_and_opened_values_are_told_as_such() -> None:
    """Where nothing takes a value's place, words do."""
    packed = binary_body(gzip.compress(b'{"pin":1,"a":"[REDACTED 3]"}'), "text/json")
    line = a_record_line(
        envelope={"open": True, "notes": ["body-withheld"]},
        request_headers=[("Content-Encoding", "gzip"), ("Pin", "1")],
        sent=packed,
    )
    page = a_page([line], denylist=["pin"], redaction="remove")

    assert '<span class="gone">removed</span>' in page
    assert '<span class="gone">as below</span>' in page
    assert "left out by the writer" in page.lower()
    assert '<span class="nil">empty</span>' in page


def test_a_suspected_secret_is_told_and_covered() -> None:
    """It leaves, so a reviewer must know; the page is no place for it."""
    card = "4111111111111111"
    line = a_record_line(
        url=f"https://h/{card}",
        request_headers=[("A", f"x {card}")],
        given={"size": 1, "mimeType": "text/plain", "text": f"{'y' * 9000} {card}"},
    )
    told = a_page([line], mode="warn")
    hidden = a_page([line], mode="redact")

    assert card not in told + hidden
    assert "Leaves, looks secret" in told
    assert "\u2039card-number\u203a" in told
    assert "Hidden by a detector" in hidden


def test_an_empty_report_says_so() -> None:
    """Nothing waits, and nothing is drawn."""
    page = a_page([])

    assert page.count("No record would be sent.") == 3
    assert "Every record leaves as it lies on disk." in page
    assert "<svg" not in page


def test_a_long_report_says_how_much_it_leaves_out() -> None:
    """Tables end, and say what they left out."""
    lines = [
        a_record_line(url=f"https://h/{chr(97 + n % 26)}/{chr(97 + n // 26)}")
        for n in range(60)
    ]
    page = a_page(lines)

    assert "and 20 more endpoints" in page


def test_the_digest_is_that_of_the_payloads() -> None:
    """Anybody can make it again from the preview's output."""
    lines = [a_record_line(), a_record_line(status=404)]
    texts = [one.text or b"" for one in a_previewer().show(seen(lines))]
    expected = sha256(b"".join(text + b"\n" for text in texts)).hexdigest()

    assert gathered(a_previewer(), lines).digest == expected
