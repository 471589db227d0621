"""What the bytes of an entry rule out, no closer look finds."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any
from urllib.parse import quote, quote_plus

from hypothesis import example, given, settings
from hypothesis import strategies as st

from shipper.detect import Detectors
from shipper.values import Detector
from tests.support.records import a_record, binary_content, json_content, text_content
from tests.support.tokens import PEM, TOKENS, a_jwt, spoiled

ALL = Detectors()
# Hiding the key lets show that all before it is a token.
PACKED_KEY = base64.b64encode(PEM.encode()).decode().rstrip("=")
UNCOVERED = f"Bearer 012345{a_jwt()}0123{PACKED_KEY}AccountKey={'aB3+' * 9}aB"
WARN = Detector(mode="warn")
HIDE = Detector(mode="redact")
PLACES = (
    "url",
    "query",
    "header",
    "cookie",
    "form",
    "json",
    "nested",
    "text",
    "packed",
)


def escaped(text: str, share: float) -> str:
    """Return JSON of a text with a share of its characters escaped."""
    return (
        '"'
        + "".join(
            f"\\u{ord(letter):04x}"
            if (index * 7919 % 100) / 100 < share and ord(letter) < 65536
            else json.dumps(letter, ensure_ascii=False)[1:-1]
            for index, letter in enumerate(text)
        )
        + '"'
    )


def placed(place: str, text: str, share: float) -> bytes:
    """Return an entry with a text in some place and encoding."""
    encoded = quote(text, safe="") if share < 0.5 else quote_plus(text, safe="=.")
    percent = "".join(
        f"%{ord(letter):02x}" if letter.isascii() and share > 0.8 else letter
        for letter in encoded
        if letter != "%" or share <= 0.8
    )
    body = escaped(text, share)
    parts: dict[str, dict[str, Any]] = {
        "url": {"url": f"https://h/{percent}?q={percent}"},
        "query": {"query": [("q", text)]},
        "header": {"request_headers": [("X-It", text)]},
        "cookie": {"request_headers": [("Cookie", f"a={percent}")]},
        "form": {
            "sent": {
                "mimeType": "application/x-www-form-urlencoded",
                "text": f"a={percent}&b=1",
            }
        },
        "json": {"given": text_content(f'{{"a":[{body}]}}', "application/json")},
        "nested": {
            "given": text_content(
                json.dumps({"a": f'{{"b":{body}}}'}), "application/json"
            )
        },
        "text": {"given": text_content(body, "text/plain")},
        "packed": {"given": binary_content(b"\xff" + text.encode(), "application/x")},
    }
    return a_record(**parts[place]).entry


@given(
    place=st.sampled_from(PLACES),
    text=st.sampled_from([text for _, text in TOKENS]) | spoiled(),
    share=st.sampled_from([0.0, 0.02, 0.3, 0.6, 0.9, 1.0]),
)
@settings(max_examples=600, deadline=None)
def test_a_no_of_the_scan_is_never_wrong(place: str, text: str, share: float) -> None:
    """Whatever is found in an entry by looking at every text, its bytes promised."""
    entry = placed(place, text, share)

    assert WARN.check(entry) == WARN.examine(entry)


@given(
    place=st.sampled_from(PLACES),
    token=st.sampled_from([text for _, text in TOKENS if "sig=" not in text]),
)
@settings(max_examples=300, deadline=None)
def test_a_planted_secret_is_found_everywhere(place: str, token: str) -> None:
    """No place and no plain encoding hides one."""
    checked = WARN.check(placed(place, f"x {token} y", 0.0))

    assert checked is not None


@given(
    place=st.sampled_from(PLACES),
    text=st.sampled_from([text for _, text in TOKENS]) | spoiled(),
    share=st.sampled_from([0.0, 0.02, 0.3, 0.9]),
)
@example(place="url", text=UNCOVERED, share=0.0)
@example(place="form", text=UNCOVERED, share=0.0)
@settings(max_examples=600, deadline=None)
def test_what_was_hidden_is_found_no_more(place: str, text: str, share: float) -> None:
    """What leaves is an entry of the same layout in which nothing is suspected."""
    entry = placed(place, text, share)

    checked = HIDE.check(entry)

    left = entry if checked is None else checked.entry
    assert HIDE.examine(left) is None
    before, after = json.loads(entry), json.loads(left)
    assert before.keys() == after.keys()
    assert before["response"]["status"] == after["response"]["status"]
    content = before["response"]["content"]
    if content["mimeType"] == "application/json":
        was, now = content["text"], after["response"]["content"]["text"]
        assert is_json(was) <= (is_json(now) or now == "[NOT SENT: secret]")


def is_json(text: str) -> bool:
    """Tell whether a text is JSON."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@given(
    document=st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**12), 10**12)
        | st.text(max_size=12),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_a_neighbour_of_a_secret_stays_what_it_is(document: Any) -> None:
    """Only the value is replaced, whatever else the body holds."""
    entry = a_record(
        given=json_content({"card": "4111111111111111", "rest": document})
    ).entry

    checked = HIDE.check(entry)

    assert checked is not None
    body = json.loads(json.loads(checked.entry)["response"]["content"]["text"])
    assert body == {"card": "[REDACTED 16]", "rest": document}


def test_a_packed_body_is_opened() -> None:
    """A secret in gzip is found, and the body then stays here."""
    packed = gzip.compress(b"AKIA" + b"IOSFODNN7EXAMPLE")
    entry = a_record(
        response_headers=[("Content-Encoding", "gzip")],
        given=binary_content(packed, "text/html"),
    ).entry

    checked = HIDE.check(entry)

    assert checked is not None
    assert checked.withheld == ("secret",)
    assert base64.b64encode(packed)[:20] not in checked.entry
